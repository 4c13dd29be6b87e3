mod lane;
mod pace;
mod report;
mod source;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures_core::Stream;
use recurring_core::AttemptId;
use recurring_facade::{Facade, Operation, ProviderId};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep_until;

use crate::attempt::{AttemptRecord, Fence, State};
use crate::breaker::Breaker;
use crate::error::{JournalError, refuse_archived, require};
use crate::intent::Intent;
use crate::journal::Journal;
use crate::observe;
use crate::perform::Answer;
use crate::series::ChargeIntent;
use crate::store::{Change, Claim};
use lane::{Lane, Next};
use pace::Epoch;
pub use report::{Refusal, Report, SkipReason, Summary, UnreadableLine};
use source::{Charges, Chunk, Given, Source};

/// Attempts that are let go of at the same time.
const LET_GO: usize = 64;

/// Charges many attempts that are due, each at most once.
///
/// What is due comes as a stream of any length; no more of it is held than is being worked on, and up to 4096 charges of a
/// gateway that has to be called slowly, so that the other gateways are not held up by it. Several runs, in one process or
/// on several machines, may share one journal and be given the same attempts: each attempt is claimed by one of them. A
/// run that was stopped or killed is resumed by giving it the same attempts again: what was made is answered from the
/// journal, what may have been made is left to [`reconcile`](Journal::reconcile).
///
/// Each gateway has its own pace. A run begins with one charge at a time, and has one more under way for every 16 that the
/// gateway answered, up to [`with_concurrency`](Self::with_concurrency): what is under way when a gateway breaks down or refuses is
/// unknown, or refused in vain. A gateway that answers 429 is waited for as it asks (`Retry-After`), and then called at
/// half the rate that it took. [`Breaker`] says when nothing more is sent to it.
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
pub struct ShutdownHandle(Arc<watch::Sender<bool>>);

impl ShutdownHandle {
    /// Stops it.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// A charge that ended: which it was, before which 429s it was begun, and what it gave.
struct Ended {
    attempt: AttemptId,
    provider: ProviderId,
    begun: Epoch,
    result: Result<Answer, JournalError>,
}

impl BillingRun {
    /// A run with up to 16 charges at a time for each gateway and no limit of the rate.
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

    /// How many charges are under way at a time at each gateway, at most.
    #[must_use]
    pub fn with_concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// How many charges a second are begun at each gateway, at most.
    #[must_use]
    pub fn with_rate(mut self, per_second: NonZeroU32) -> Self {
        self.rate = Some(per_second);
        self
    }

    /// When nothing more is sent to a gateway.
    #[must_use]
    pub fn with_breaker(mut self, breaker: Breaker) -> Self {
        self.breaker = breaker;
        self
    }

    /// Stops this run from elsewhere.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        ShutdownHandle(Arc::clone(&self.stop))
    }

    /// **Takes money**: charges what the stream gives, each at most once. `report` is called for every attempt, in the
    /// order in which they end. An `Err` is reported, and the run goes on.
    ///
    /// # Errors
    /// When the store fails. What was under way has ended by then.
    pub async fn run(
        self,
        due: impl Stream<Item = Result<impl Into<ChargeIntent>, UnreadableLine>>,
        report: impl FnMut(Report),
    ) -> Result<Summary, JournalError> {
        self.drive(Source::given(pin!(due)), report).await
    }

    /// **Takes money**: charges what was [planned](Journal::plan) with a sealed credential.
    ///
    /// # Errors
    /// When the journal has no [`EncryptionKey`](crate::EncryptionKey), or the store fails.
    pub async fn planned(self, report: impl FnMut(Report)) -> Result<Summary, JournalError> {
        self.journal.key_of_plans()?;
        self.drive(Source::<Given>::planned(), report).await
    }

    /// **Takes money**: charges those of these attempts that were [planned](Journal::plan) with a sealed credential. For
    /// an engine of your own that is given no more than their names. What is no charge, or is not in the journal, is
    /// [`Unreadable`](Report::Unreadable).
    ///
    /// # Errors
    /// Those of [`planned`](Self::planned).
    pub async fn named(
        self,
        attempts: &[AttemptId],
        report: impl FnMut(Report),
    ) -> Result<Summary, JournalError> {
        let given = Given::planned(&self.journal, attempts).await?;
        self.run(given, report).await
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
        let mut held = Vec::new();
        let mut more = true;
        let mut tell = |report_of: Report| {
            summary.count(&report_of);
            report(report_of);
        };
        loop {
            let stopping = *stopped.borrow_and_update() || failed.is_some();
            // What is held back keeps its lease until the run ends where the run would otherwise be given it again at once.
            let free = stopping || !source.comes_again();
            let mut wake: Option<Instant> = None;
            for (provider, lane) in &mut lanes {
                let next = self.begin(provider, lane, stopping, &mut held, &mut running, &mut tell).await;
                wake = [wake, next].into_iter().flatten().min();
            }
            if free {
                self.let_go(std::mem::take(&mut held)).await;
            }
            let reading = more && !stopping && lanes.values().all(Lane::has_room);
            if !reading && running.is_empty() && wake.is_none() {
                break;
            }
            // Waiting for what is due must not keep a run from stopping, nor from ending what is under way. What has come
            // so far stays in the source.
            tokio::select! {
                biased;
                _ = stopped.changed(), if !stopping => {}
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    self.end(ended, &mut lanes, &mut failed, &mut tell);
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now).into()), if wake.is_some() => {}
                () = source.fill(), if reading => {
                    let now = Instant::now();
                    let left = |provider: &ProviderId| lanes.get(provider)?.left(now);
                    match source.claim(&self.journal, left).await {
                        Ok(Some(chunk)) => failed = self.sort(chunk, &mut lanes, &mut tell).await.err(),
                        Ok(None) => more = false,
                        Err(error) => failed = Some(error),
                    }
                }
            }
        }
        self.let_go(held).await;
        summary.stopped = *stopped.borrow();
        summary.refusing =
            lanes.into_iter().filter_map(|(provider, lane)| Some((provider, lane.refusal()?))).collect();
        match failed {
            Some(error) => Err(error),
            None => Ok(summary),
        }
    }

    /// Begins as many of a lane's charges as may be under way, and says when more may be begun, if that is a matter of
    /// time. What waits in a lane to which nothing is sent, or in a run that stops, is held back.
    async fn begin(
        &self,
        provider: &ProviderId,
        lane: &mut Lane,
        stopping: bool,
        held: &mut Vec<(AttemptId, Fence)>,
        running: &mut JoinSet<Ended>,
        tell: &mut impl FnMut(Report),
    ) -> Option<Instant> {
        let mut wake = None;
        while !lane.waiting.is_empty() {
            let now = Instant::now();
            let next = if stopping { Next::Leave(SkipReason::Stopped) } else { lane.next(now) };
            let why = match next {
                Next::Full => break,
                Next::At(at) => {
                    wake = Some(at);
                    break;
                }
                Next::Begin => None,
                Next::Leave(why) => Some(why),
            };
            let Some((request, fence)) = lane.waiting.pop_front() else { break };
            match why {
                None => self.spawn(provider.clone(), request, lane.begun(now), running),
                Some(why) => {
                    let attempt = request.attempt().clone();
                    held.extend(fence.map(|fence| (attempt.clone(), fence)));
                    tell(Report::Skipped { attempt, provider: provider.clone(), why });
                }
            }
        }
        wake
    }

    fn spawn(&self, provider: ProviderId, request: ChargeIntent, begun: Epoch, running: &mut JoinSet<Ended>) {
        let (journal, facade) = (self.journal.clone(), self.facade.clone());
        running.spawn(async move {
            let attempt = request.attempt().clone();
            let result = journal.charge(&facade, request).await;
            Ended { attempt, provider, begun, result }
        });
    }

    /// Frees attempts that were only claimed. When that fails, their lease frees them.
    async fn let_go(&self, claimed: Vec<(AttemptId, Fence)>) {
        for some in claimed.chunks(LET_GO) {
            let Ok(now) = self.journal.now().await else { return };
            let mut writes = JoinSet::new();
            for (attempt, fence) in some.iter().cloned() {
                let journal = self.journal.clone();
                writes.spawn(async move {
                    let _ = journal.store().change(&attempt, fence, &Change::to(State::Planned), now).await;
                });
            }
            writes.join_all().await;
        }
    }

    fn end(
        &self,
        ended: Result<Ended, JoinError>,
        lanes: &mut HashMap<ProviderId, Lane>,
        failed: &mut Option<JournalError>,
        tell: &mut impl FnMut(Report),
    ) {
        let Ok(Ended { attempt, provider, begun, result }) = ended else {
            *failed = Some(JournalError::CutOff);
            return;
        };
        if let Some(lane) = lanes.get_mut(&provider) {
            let now = Instant::now();
            let was_open = lane.left(now).is_some();
            lane.ended(begun, &result, now);
            match lane.left(now) {
                Some(SkipReason::Refusing(_)) if !was_open => observe::breaker_opened(&provider, "refusing"),
                Some(_) if !was_open => observe::breaker_opened(&provider, "paused"),
                _ => {}
            }
        }
        match result {
            Ok(answer) if answer.again && matches!(answer.record.state, State::Armed | State::Planned) => {
                tell(Report::Skipped { attempt, provider, why: SkipReason::InProgress });
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
    async fn sort(
        &self,
        chunk: Chunk,
        lanes: &mut HashMap<ProviderId, Lane>,
        tell: &mut impl FnMut(Report),
    ) -> Result<(), JournalError> {
        for problem in chunk.unreadable {
            tell(Report::Unreadable(problem));
        }
        for (request, why) in chunk.left {
            // What was made before is answered all the same.
            let record = self.journal.store().get(request.attempt()).await?;
            let made = record.filter(|record| record.state != State::Planned);
            let standing = made.and_then(|record| self.standing(&request, record));
            let (attempt, provider) = (request.attempt().clone(), request.provider());
            tell(standing.unwrap_or(Report::Skipped { attempt, provider, why }));
        }
        for (request, claim) in chunk.claimed {
            let (attempt, provider) = (request.attempt().clone(), request.provider());
            if let Err(error) = require(&self.facade, &provider, Operation::Charge) {
                if let Claim::Acquired(fence) = claim {
                    self.let_go(vec![(attempt.clone(), fence)]).await;
                }
                tell(Report::Refused { attempt, provider, error });
                continue;
            }
            let fence = match claim {
                Claim::Acquired(fence) => Some(fence),
                Claim::Existing(record) => match self.standing(&request, *record) {
                    None => None,
                    Some(report) => {
                        tell(report);
                        continue;
                    }
                },
                Claim::Blocked(other) => {
                    tell(Report::Refused { attempt, provider, error: JournalError::OtherTry(other) });
                    continue;
                }
            };
            let lane =
                lanes.entry(provider).or_insert_with(|| Lane::new(self.concurrency, self.rate, self.breaker));
            lane.waiting.push_back((request, fence));
        }
        Ok(())
    }

    /// The report of an attempt that could not be claimed; `None` when it can be made all the same.
    fn standing(&self, request: &ChargeIntent, record: AttemptRecord) -> Option<Report> {
        let (attempt, provider) = (request.attempt().clone(), request.provider());
        let intent = Intent::from(request);
        if let Err(error) = self.journal.same(&intent, &record) {
            return Some(Report::Refused { attempt, provider, error });
        }
        if let Err(error) = refuse_archived(&record) {
            return Some(Report::Refused { attempt, provider, error });
        }
        match record.state {
            // Proven not to have happened: it may be made.
            State::NotApplied => None,
            State::Planned | State::Armed => {
                Some(Report::Skipped { attempt, provider, why: SkipReason::InProgress })
            }
            _ => Some(Report::Made(Box::new(Answer::existing(record)))),
        }
    }
}
