//! Every fault on the request for an access token: without a token nothing else is sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use recurring_core::{Effect, ErrorKind, Proof};
use recurring_fixtures::fault::{Behavior, FaultServer, Received};

use super::faults::{Expected, Fault, token_faults};
use super::operation::{Answer, Operation, stored};
use super::run::{Judged, MOST_READS, Tally, judged, options, side_by_side};

pub(crate) async fn matrix(operations: Vec<Operation>) -> Tally {
    let with_token = operations.into_iter().filter(|operation| operation.token.is_some()).collect();
    side_by_side(with_token, |operation| async move { against_every_fault(&operation).await }).await
}

async fn against_every_fault(operation: &Operation) -> Vec<Judged> {
    let mut stage = Stage::open(operation).await;
    let mut all = Vec::new();
    let (_, granted) = operation.token.expect("an operation that needs a token");
    for fault in token_faults(&stored(granted)) {
        all.push(judge(operation, &mut stage, &fault).await);
    }
    all
}

/// A server that does one thing with every request for a token, and answers all others well.
struct Stage {
    server: FaultServer,
    behavior: Arc<Mutex<Behavior>>,
    tokens: Arc<AtomicUsize>,
    others: Arc<AtomicUsize>,
}

impl Stage {
    async fn open(operation: &Operation) -> Stage {
        let (path, _) = operation.token.expect("an operation that needs a token");
        let good = operation.good.clone();
        let behavior = Arc::new(Mutex::new(Behavior::StaySilent));
        let (tokens, others) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (next, asked, sent) = (Arc::clone(&behavior), Arc::clone(&tokens), Arc::clone(&others));
        let server = FaultServer::start(move |request: &Received, _| {
            if request.path == path {
                asked.fetch_add(1, Ordering::SeqCst);
                return next.lock().expect("not poisoned").clone();
            }
            sent.fetch_add(1, Ordering::SeqCst);
            Behavior::Reply(good.clone())
        })
        .await;
        Stage { server, behavior, tokens, others }
    }

    /// The answer, how often a token was asked for, and how many other requests came.
    async fn play(&self, operation: &Operation, behavior: &Behavior) -> (Answer, usize, usize) {
        self.behavior.lock().expect("not poisoned").clone_from(behavior);
        self.tokens.store(0, Ordering::SeqCst);
        self.others.store(0, Ordering::SeqCst);
        let answer = (operation.call)(&self.server.url(), options()).await;
        (answer, self.tokens.load(Ordering::SeqCst), self.others.load(Ordering::SeqCst))
    }
}

async fn judge(operation: &Operation, stage: &mut Stage, fault: &Fault) -> Judged {
    let behavior = fault.behavior.as_ref().expect("a server");
    let (mut answer, mut tokens, mut others) = stage.play(operation, behavior).await;
    for _ in 0..5 {
        let is_lost = matches!(&answer, Err(failed) if failed.kind == ErrorKind::Transport);
        if !is_lost || tokens == MOST_READS {
            break;
        }
        // On a loaded machine a time-out can end a call before the server has read it.
        *stage = Stage::open(operation).await;
        (answer, tokens, others) = stage.play(operation, behavior).await;
    }
    if answer.is_ok() {
        // The client keeps a token that it was granted, and would not ask for the next one.
        *stage = Stage::open(operation).await;
    }
    let wrong = wrong(fault.expected, &answer, tokens, others);
    judged(operation, &format!("token: {}", fault.name), &answer, tokens + others, wrong)
}

fn wrong(expected: Expected, answer: &Answer, tokens: usize, others: usize) -> Option<&'static str> {
    match answer {
        _ if tokens > MOST_READS => Some("a token was asked for too often"),
        Ok(_) if expected == Expected::GoodOrUnknown && others == 1 => None,
        Ok(_) => Some("a success without a token"),
        Err(_) if others > 0 => Some("was sent without a token"),
        Err(_) if tokens == 0 => Some("no token was asked for"),
        Err(failed) if matches!(failed.effect, Effect::NotApplied(Proof::NeverSent | Proof::Refused)) => None,
        Err(_) => Some("was never sent, and that is not said"),
    }
}
