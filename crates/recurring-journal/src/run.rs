mod source;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures_core::Stream;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use recurring_core::AttemptId;
use recurring_facade::{ChargeRequest, Facade, ProviderId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::attempt::{AttemptRecord, Fence, Intent, State};
use crate::breaker::{Breaker, Health, Verdict};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::perform::Answer;
use crate::store::{Change, Claim};
use source::{Charges, Chunk, Nothing, Source};

/// Charges many attempts that are due, each at most once.
///
/// What is due comes as a stream of any length; no more of it is held than is being worked on. Several runs, in one
/// process or on several machines, may share one journal and be given the same attempts: each attempt is claimed by
/// one of them. A run that was stopped or killed is resumed by giving it the same attempts again: what was made is
/// answered from the journal, what may have been made is left to [`reconcile`](Journal::reconcile).
#[derive(Debug)]
pub struct BillingRun {
    journal: Journal,
    facade: Facade,
    concurrency: usize,
    rate: Option<NonZeroU32>,
    breaker: Breaker,
    stop: Arc<watch::Sender<bool>>,
}

/// Stops a run from elsewhere: nothing new is begun, what is under way ends.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Stops it.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// What became of one attempt that was due.
#[derive(Debug)]
#[non_exhaustive]
pub enum Report {
    /// It was made, now or before ([`Answer::again`]).
    Made(Box<Answer>),
    /// It was not made, and may be in the next run. Nothing was sent.
    Left {
        /// The attempt.
        attempt: AttemptId,
        /// Which gateway.
        provider: ProviderId,
        /// Why.
        why: Left,
    },
    /// It was refused: the name is another payment's, or the gateway is not set up. Nothing was sent.
    Refused {
        /// The attempt.
        attempt: AttemptId,
        /// Which gateway.
        provider: ProviderId,
        /// Why.
        error: JournalError,
    },
    /// What came from the stream was no charge.
    Unreadable(String),
}

/// Why an attempt was left for another run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Somebody else has it.
    InProgress,
    /// The gateway is paused, and why.
    Paused(String),
    /// The run was stopped.
    Stopped,
}

/// What became of all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// How many ended in each state, made now.
    pub made: BTreeMap<&'static str, u64>,
    /// How many had been made before, and are in each state now.
    pub again: BTreeMap<&'static str, u64>,
    /// How many were left for another run.
    pub left: u64,
    /// How many were refused, or were no charge.
    pub refused: u64,
    /// Whether the run was stopped.
    pub stopped: bool,
}

impl Summary {
    /// How many ended in this state, made now.
    pub fn of(&self, state: State) -> u64 {
        self.made.get(state.as_str()).copied().unwrap_or_default()
    }

    /// How many are in this state, made now or before.
    pub fn now(&self, state: State) -> u64 {
        self.of(state) + self.again.get(state.as_str()).copied().unwrap_or_default()
    }

    fn count(&mut self, report: &Report) {
        let counter = match report {
            Report::Made(answer) if answer.again => {
                self.again.entry(answer.record.state.as_str()).or_default()
            }
            Report::Made(answer) => self.made.entry(answer.record.state.as_str()).or_default(),
            Report::Left { .. } => &mut self.left,
            Report::Refused { .. } | Report::Unreadable(_) => &mut self.refused,
        };
        *counter = counter.saturating_add(1);
    }
}

/// One gateway's part of a run.
struct Lane {
    waiting: VecDeque<(ChargeRequest, Option<Fence>)>,
    under_way: usize,
    health: Health,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
}

/// What a charge that was under way gave; nothing, when the run was stopped before it was armed.
type Ended = (AttemptId, ProviderId, Option<Result<Answer, JournalError>>);

impl BillingRun {
    /// A run with 16 charges at a time for each gateway and no limit of the rate.
    pub fn new(journal: &Journal, facade: &Facade) -> Self {
        Self {
            journal: journal.clone(),
            facade: facade.clone(),
            concurrency: 16,
            rate: None,
            breaker: Breaker::default(),
            stop: Arc::new(watch::channel(false).0),
        }
    }

    /// How many charges are under way at a time at each gateway.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// How many charges a second are begun at each gateway.
    #[must_use]
    pub fn rate(mut self, per_second: NonZeroU32) -> Self {
        self.rate = Some(per_second);
        self
    }

    /// When a gateway is paused.
    #[must_use]
    pub fn breaker(mut self, breaker: Breaker) -> Self {
        self.breaker = breaker;
        self
    }

    /// Stops this run from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// **Takes money**: charges what the stream gives, each at most once. `report` is told of every attempt, in the
    /// order in which they end.
    ///
    /// # Errors
    /// When the store fails. What was under way has ended by then.
    pub async fn run(
        self,
        due: impl Stream<Item = Result<ChargeRequest, String>>,
        report: impl FnMut(Report),
    ) -> Result<Summary, JournalError> {
        self.drive(Source::given(pin!(due)), report).await
    }

    /// **Takes money**: charges what was [planned](Journal::plan) with a sealed credential.
    ///
    /// # Errors
    /// When the journal has no [`EncryptionKey`](crate::EncryptionKey), or the store fails.
    pub async fn planned(self, report: impl FnMut(Report)) -> Result<Summary, JournalError> {
        if self.journal.key().is_none() {
            let rule = "is needed to charge what was only planned".to_owned();
            return Err(JournalError::Invalid { field: "journal_key", rule });
        }
        self.drive(Source::<Nothing>::planned(), report).await
    }

    async fn drive<S: Charges>(
        self,
        mut source: Source<'_, S>,
        mut report: impl FnMut(Report),
    ) -> Result<Summary, JournalError> {
        self.journal.recover().await?;
        let mut stopped = self.stop.subscribe();
        let mut lanes: HashMap<ProviderId, Lane> = HashMap::new();
        let mut running: JoinSet<Ended> = JoinSet::new();
        let mut summary = Summary::default();
        let mut failed = None;
        let mut more = true;
        let mut tell = |report_of: Report, summary: &mut Summary| {
            summary.count(&report_of);
            report(report_of);
        };
        loop {
            let stopping = *stopped.borrow_and_update() || failed.is_some();
            for (provider, lane) in &mut lanes {
                self.begin(provider, lane, stopping, &mut running, &mut |left| tell(left, &mut summary))
                    .await;
            }
            let room = lanes.values().all(|lane| lane.waiting.len() < self.concurrency);
            if more && room && !stopping {
                // Waiting for what is due must not keep a run from stopping, nor from ending what is under way. What
                // has come so far stays in the source.
                tokio::select! {
                    biased;
                    _ = stopped.changed() => continue,
                    Some(ended) = running.join_next(), if !running.is_empty() => {
                        self.end(ended, &mut lanes, &mut failed, &mut |made| tell(made, &mut summary));
                        continue;
                    }
                    () = source.fill() => {}
                }
                match source.claim(&self.journal).await {
                    Ok(Some(chunk)) => {
                        self.sort(chunk, &mut lanes, &mut |refused| tell(refused, &mut summary)).await;
                    }
                    Ok(None) => more = false,
                    Err(error) => failed = Some(error),
                }
            } else if running.is_empty() {
                break;
            } else if let Some(ended) = running.join_next().await {
                self.end(ended, &mut lanes, &mut failed, &mut |made| tell(made, &mut summary));
            }
        }
        summary.stopped = *stopped.borrow();
        match failed {
            Some(error) => Err(error),
            None => Ok(summary),
        }
    }

    /// Begins as many of a lane's charges as may be under way; a lane that is paused, or a run that stops, lets go of
    /// what waits.
    async fn begin(
        &self,
        provider: &ProviderId,
        lane: &mut Lane,
        stopping: bool,
        running: &mut JoinSet<Ended>,
        tell: &mut impl FnMut(Report),
    ) {
        while stopping || lane.under_way < self.concurrency {
            let Some((request, fence)) = lane.waiting.pop_front() else { break };
            let why = match (stopping, lane.health.ask(Instant::now())) {
                (true, _) => Left::Stopped,
                (false, Verdict::Paused(why)) => Left::Paused(why),
                (false, Verdict::Go) => {
                    lane.under_way += 1;
                    let (journal, facade) = (self.journal.clone(), self.facade.clone());
                    let (limiter, provider) = (lane.limiter.clone(), provider.clone());
                    let mut stopped = self.stop.subscribe();
                    running.spawn(async move {
                        let attempt = request.attempt.clone();
                        if let Some(limiter) = limiter {
                            tokio::select! {
                                () = limiter.until_ready() => {}
                                _ = stopped.wait_for(|stopped| *stopped) => return (attempt, provider, None),
                            }
                        }
                        let result = journal.charge(&facade, request).await;
                        (attempt, provider, Some(result))
                    });
                    continue;
                }
            };
            let attempt = request.attempt;
            if stopping {
                // What is held back by a pause keeps its lease: otherwise this run would be given it again at once.
                self.let_go(&attempt, fence).await;
            }
            tell(Report::Left { attempt, provider: provider.clone(), why });
        }
    }

    /// Frees an attempt that was only claimed. When that fails, its lease frees it.
    async fn let_go(&self, attempt: &AttemptId, fence: Option<Fence>) {
        if let Some(fence) = fence {
            let Ok(now) = self.journal.now().await else { return };
            let _ = self.journal.store().change(attempt, fence, &Change::to(State::Planned), now).await;
        }
    }

    fn end(
        &self,
        ended: Result<Ended, tokio::task::JoinError>,
        lanes: &mut HashMap<ProviderId, Lane>,
        failed: &mut Option<JournalError>,
        tell: &mut impl FnMut(Report),
    ) {
        let Ok((attempt, provider, result)) = ended else {
            *failed = Some(JournalError::CutOff);
            return;
        };
        if let Some(lane) = lanes.get_mut(&provider) {
            lane.under_way = lane.under_way.saturating_sub(1);
        }
        let Some(result) = result else {
            tell(Report::Left { attempt, provider, why: Left::Stopped });
            return;
        };
        if let Some(lane) = lanes.get_mut(&provider) {
            let unknown = matches!(&result, Ok(answer) if answer.record.state == State::Unknown);
            lane.health.tell(unknown, Instant::now());
        }
        match result {
            Ok(answer) if answer.again && matches!(answer.record.state, State::Armed | State::Planned) => {
                tell(Report::Left { attempt, provider, why: Left::InProgress });
            }
            Ok(answer) => tell(Report::Made(Box::new(answer))),
            Err(error @ (JournalError::Store(_) | JournalError::CutOff)) => {
                // Without its journal a run does not go on.
                *failed = Some(error.clone());
                tell(Report::Refused { attempt, provider, error });
            }
            Err(error) => tell(Report::Refused { attempt, provider, error }),
        }
    }

    /// Puts what was claimed into its lanes, and reports the rest.
    async fn sort(&self, chunk: Chunk, lanes: &mut HashMap<ProviderId, Lane>, tell: &mut impl FnMut(Report)) {
        for problem in chunk.unreadable {
            tell(Report::Unreadable(problem));
        }
        for (request, claim) in chunk.claimed {
            let (attempt, provider) = (request.attempt.clone(), request.credential.provider());
            if self.facade.charger(&provider).is_none() {
                if let Claim::Yours(fence) = claim {
                    self.let_go(&attempt, Some(fence)).await;
                }
                let error = JournalError::NoCapability { provider: provider.clone() };
                tell(Report::Refused { attempt, provider, error });
                continue;
            }
            let fence = match claim {
                Claim::Yours(fence) => Some(fence),
                Claim::Stands(record) => match self.standing(&request, *record) {
                    None => None,
                    Some(report) => {
                        tell(report);
                        continue;
                    }
                },
            };
            let lane = lanes.entry(provider).or_insert_with(|| Lane {
                waiting: VecDeque::new(),
                under_way: 0,
                health: Health::new(self.breaker),
                limiter: self.rate.map(|rate| Arc::new(RateLimiter::direct(Quota::per_second(rate)))),
            });
            lane.waiting.push_back((request, fence));
        }
    }

    /// What is said of an attempt that could not be claimed; `None` when it can be made all the same.
    fn standing(&self, request: &ChargeRequest, record: AttemptRecord) -> Option<Report> {
        let (attempt, provider) = (request.attempt.clone(), request.credential.provider());
        let intent = Intent::charge(request);
        if let Err(error) = self.journal.same(&intent, &record) {
            return Some(Report::Refused { attempt, provider, error });
        }
        match record.state {
            // Proven not to have happened: it may be made.
            State::NotApplied => None,
            State::Planned | State::Armed => Some(Report::Left { attempt, provider, why: Left::InProgress }),
            _ => Some(Report::Made(Box::new(Answer::stands(record)))),
        }
    }
}
