//! Runs the cases of TLS and judges them.

use std::sync::{Arc, Mutex};

use recurring_core::{Effect, HttpOptions};
use recurring_fixtures::fault::Received;
use recurring_fixtures::tls::{self, TlsScript, TlsServer};

use super::operation::{Answer, Operation, stored};
use super::run::{Judged, Tally, is_unread, judged, options, patiently, side_by_side, wrong};
use super::tls_faults::{TlsFault, faults};

pub(crate) async fn matrix(operations: Vec<Operation>) -> Tally {
    side_by_side(operations, |operation| async move { against_every_fault(&operation).await }).await
}

async fn against_every_fault(operation: &Operation) -> Vec<Judged> {
    let mut stage = Stage::open(operation).await;
    let good = stage.good_value(operation).await;
    let mut all = Vec::new();
    for fault in faults(operation) {
        all.push(judge(operation, &mut stage, &fault, &good).await);
    }
    all
}

/// A server of TLS, and what it does with the next connection.
struct Stage {
    server: TlsServer,
    script: Arc<Mutex<TlsScript>>,
}

/// How many requests began to arrive, and how many arrived as a whole.
#[derive(Clone, Copy)]
struct Seen {
    begun: usize,
    whole: usize,
}

impl Stage {
    async fn open(operation: &Operation) -> Stage {
        let script = Arc::new(Mutex::new(TlsScript::answer(operation.good.bytes())));
        let next = Arc::clone(&script);
        let token = operation.token.map(|(path, case)| (path, stored(case)));
        let prelude = move |request: &Received| {
            token.as_ref().filter(|(path, _)| request.path == *path).map(|(_, granted)| granted.clone())
        };
        let server = TlsServer::start(prelude, move || next.lock().expect("not poisoned").clone()).await;
        Stage { server, script }
    }

    /// The value of the good reply. An access token is fetched here, and kept for the cases.
    async fn good_value(&self, operation: &Operation) -> Answer {
        let good = TlsScript::answer(operation.good.bytes());
        let good = &good;
        patiently(|| async move { self.play(operation, good).await.0 }).await
    }

    async fn play(&self, operation: &Operation, script: &TlsScript) -> (Answer, Seen) {
        self.script.lock().expect("not poisoned").clone_from(script);
        let before = self.seen();
        let answer = (operation.call)(&self.server.url(), trusting()).await;
        let after = self.seen();
        (answer, Seen { begun: after.begun - before.begun, whole: after.whole - before.whole })
    }

    fn seen(&self) -> Seen {
        Seen { begun: self.server.begun(), whole: self.server.received() }
    }
}

fn trusting() -> HttpOptions {
    options().with_root_certificate(tls::root())
}

async fn judge(operation: &Operation, stage: &mut Stage, fault: &TlsFault, good: &Answer) -> Judged {
    let (mut answer, mut seen) = stage.play(operation, &fault.script).await;
    for _ in 0..5 {
        if fault.reads_nothing || !is_unread(operation, &answer, seen.whole) {
            break;
        }
        // The server may read it later, and would count it with another case.
        *stage = Stage::open(operation).await;
        drop(stage.good_value(operation).await);
        if seen.whole > 0 {
            break;
        }
        // Without a request the case says nothing.
        (answer, seen) = stage.play(operation, &fault.script).await;
    }
    let is_never_sent = matches!(&answer, Err(failed) if failed.effect != Effect::Unknown);
    let wrong = match (&answer, fault.reads_nothing) {
        (Ok(_), true) => Some("a success without a request"),
        (Err(_), true) => None,
        (_, false) if is_never_sent && seen.begun > 0 => Some("claims a proof, and something was received"),
        (_, false) => wrong(operation, fault.expected, &answer, good, seen.whole),
    };
    judged(operation, &fault.name, &answer, seen.whole, wrong)
}
