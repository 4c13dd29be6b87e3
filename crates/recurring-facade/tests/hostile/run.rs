//! Runs the cases, many at a time, and judges each answer by what the server saw.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recurring_core::{Effect, ErrorKind, HttpOptions, Proof, RetryPolicy};
use recurring_fixtures::fault::{Behavior, FaultServer, Received, refused_url};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::faults::{Expected, Fault, faults};
use super::operation::{Answer, Failed, Operation, stored};

/// How many operations run at the same time.
const AT_ONCE: usize = 24;

/// How often a read may be sent.
pub(crate) const MOST_READS: usize = 2;

/// What all cases came to.
#[derive(Default)]
pub(crate) struct Tally {
    pub cases: usize,
    /// How many cases ended each way.
    pub ends: BTreeMap<String, usize>,
    pub problems: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} cases", self.cases)?;
        for (end, count) in &self.ends {
            writeln!(f, "{count:6} {end}")?;
        }
        self.problems.iter().try_for_each(|problem| writeln!(f, "{problem}"))
    }
}

/// Time-outs that a loaded machine keeps, and short waits between two sends of a read.
pub(crate) fn options() -> HttpOptions {
    let retry = RetryPolicy::new()
        .with_max_attempts(2)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    HttpOptions::new()
        .with_timeout(Duration::from_millis(1_000))
        .with_connect_timeout(Duration::from_millis(900))
        // Each case has a connection of its own.
        .with_pool_idle_timeout(Duration::ZERO)
        .with_retry(retry)
}

/// Runs every operation against every fault.
pub(crate) async fn matrix(operations: Vec<Operation>) -> Tally {
    side_by_side(operations, |operation| async move { against_every_fault(&operation).await }).await
}

/// Runs the cases of the operations side by side, and counts how they ended.
pub(crate) async fn side_by_side<Running>(
    operations: Vec<Operation>,
    cases: impl Fn(Operation) -> Running + Copy + Send + 'static,
) -> Tally
where
    Running: Future<Output = Vec<Judged>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for operation in operations {
        let permits = Arc::clone(&permits);
        running.spawn(async move {
            let _permit = permits.acquire().await.expect("open");
            cases(operation).await
        });
    }
    let mut tally = Tally::default();
    while let Some(judged) = running.join_next().await {
        for (end, problem) in judged.expect("cases that do not panic") {
            tally.cases += 1;
            *tally.ends.entry(end).or_default() += 1;
            tally.problems.extend(problem);
        }
    }
    tally.problems.sort();
    tally
}

/// How a case ended, and what is wrong with that.
pub(crate) type Judged = (String, Option<String>);

async fn against_every_fault(operation: &Operation) -> Vec<Judged> {
    let mut stage = Stage::open(operation).await;
    let good = stage.good_value(operation).await;
    let mut all = Vec::new();
    for fault in faults(operation) {
        all.push(judge(operation, &mut stage, &fault, &good).await);
    }
    all
}

/// A server that grants what an operation needs first and does one thing with everything else, which is counted.
struct Stage {
    server: FaultServer,
    behavior: Arc<Mutex<Behavior>>,
    seen: Arc<AtomicUsize>,
}

impl Stage {
    async fn open(operation: &Operation) -> Stage {
        let behavior = Arc::new(Mutex::new(Behavior::StaySilent));
        let seen = Arc::new(AtomicUsize::new(0));
        let token = operation.token.map(|(path, case)| (path, stored(case)));
        let (counted, next) = (Arc::clone(&seen), Arc::clone(&behavior));
        let server = FaultServer::start(move |request: &Received, _| match &token {
            Some((path, granted)) if request.path == *path => Behavior::Reply(granted.clone()),
            _ => {
                counted.fetch_add(1, Ordering::SeqCst);
                next.lock().expect("not poisoned").clone()
            }
        })
        .await;
        Stage { server, behavior, seen }
    }

    /// The value of the good reply: the only one that may come out of a case.
    async fn good_value(&self, operation: &Operation) -> Answer {
        let good = Behavior::Reply(operation.good.clone());
        let good = &good;
        patiently(|| async move { self.play(operation, good).await.0 }).await
    }

    /// Calls the operation; answers also how many requests for it came.
    async fn play(&self, operation: &Operation, behavior: &Behavior) -> (Answer, usize) {
        self.behavior.lock().expect("not poisoned").clone_from(behavior);
        self.seen.store(0, Ordering::SeqCst);
        let answer = (operation.call)(&self.server.url(), options()).await;
        (answer, self.seen.load(Ordering::SeqCst))
    }
}

async fn judge(operation: &Operation, stage: &mut Stage, fault: &Fault, good: &Answer) -> Judged {
    let (mut answer, mut seen) = play(operation, stage, fault).await;
    for _ in 0..5 {
        if !is_unread(operation, &answer, seen) {
            break;
        }
        // The server may read it later, and would count it with another case.
        *stage = Stage::open(operation).await;
        if seen > 0 {
            break;
        }
        // Without a request the case says nothing.
        (answer, seen) = play(operation, stage, fault).await;
    }
    let wrong = wrong(operation, fault.expected, &answer, good, seen);
    judged(operation, &fault.name, &answer, seen, wrong)
}

pub(crate) fn judged(
    operation: &Operation,
    fault: &str,
    answer: &Answer,
    seen: usize,
    wrong: Option<&str>,
) -> Judged {
    let end = match answer {
        Ok(_) => "ok".to_owned(),
        Err(failed) => format!("{} {}", failed.effect, failed.kind),
    };
    let problem =
        wrong.map(|why| format!("{} / {fault}: {why}; {seen} requests; {answer:.300?}", operation.name));
    (end, problem)
}

async fn play(operation: &Operation, stage: &Stage, fault: &Fault) -> (Answer, usize) {
    match &fault.behavior {
        None => ((operation.call)(&refused_url(), options()).await, 0),
        Some(behavior) => stage.play(operation, behavior).await,
    }
}

/// Whether a time-out ended a call before the server had read all that was sent, as it can on a loaded machine.
pub(crate) fn is_unread(operation: &Operation, answer: &Answer, seen: usize) -> bool {
    let is_lost = |failed: &Failed| failed.effect == Effect::Unknown && failed.kind == ErrorKind::Transport;
    answer.as_ref().is_err_and(is_lost) && seen < most(operation)
}

/// How often an operation may be sent.
fn most(operation: &Operation) -> usize {
    if operation.is_write { 1 } else { MOST_READS }
}

/// What is wrong with an answer, given how many requests for the operation the server saw.
pub(crate) fn wrong(
    operation: &Operation,
    expected: Expected,
    answer: &Answer,
    good: &Answer,
    seen: usize,
) -> Option<&'static str> {
    if seen > most(operation) {
        return Some("sent too often");
    }
    match (answer, expected) {
        (Ok(value), Expected::GoodOrUnknown) if good.as_ref().is_ok_and(|good| good == value) => None,
        (Ok(_), _) => Some("a success that is not ours"),
        (Err(failed), Expected::NeverSent) => {
            let proven = failed.effect == Effect::NotApplied(Proof::NeverSent) && seen == 0;
            (!proven).then_some("never sent, and not said so")
        }
        (Err(failed), _) if failed.effect != Effect::Unknown => Some("claims a proof that it has not"),
        (Err(failed), _) if failed.kind == ErrorKind::Config => Some("blames the configuration"),
        (Err(_), _) if seen == 0 => Some("nothing was sent"),
        (Err(_), _) => None,
    }
}

/// Asks again for an answer that did not come in time: the machine may be loaded.
pub(crate) async fn patiently<Asking: Future<Output = Answer>>(ask: impl Fn() -> Asking) -> Answer {
    let mut answer = ask().await;
    for _ in 0..5 {
        if !matches!(&answer, Err(failed) if failed.kind == ErrorKind::Transport) {
            break;
        }
        answer = ask().await;
    }
    answer
}
