//! How much memory a reply or a notification of 1 MB costs: at most ten times its size, for every call of every
//! gateway and every reader of notifications.
#![cfg(all(
    feature = "omno",
    feature = "ngenius",
    feature = "tokenpay-signed",
    feature = "revio",
    feature = "emspay"
))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

#[path = "../hostile/emspay_operations.rs"]
mod emspay_operations;
#[path = "../hostile/ngenius_operations.rs"]
mod ngenius_operations;
#[path = "../hostile/omno_operations.rs"]
mod omno_operations;
#[path = "../hostile/operation.rs"]
#[allow(dead_code, reason = "what the other test reads: how often a call may be sent")]
mod operation;
#[path = "../hostile/revio_operations.rs"]
mod revio_operations;
#[path = "../hostile/tokenpay_operations.rs"]
mod tokenpay_operations;

mod bodies;
mod notifications;
mod server;

use std::time::Duration;

use operation::{Operation, stored};
use recurring_core::{HttpOptions, RetryPolicy};
use server::Server;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Times the size of the body, at most.
const BOUND: usize = 10;

/// The most that the heap grew while `run` ran.
pub(crate) fn peak(run: impl FnOnce()) -> usize {
    let profiler = dhat::Profiler::builder().testing().build();
    run();
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

/// The worst body for one decoder.
#[derive(Default)]
struct Worst {
    tenths: usize,
    body: String,
}

impl Worst {
    fn add(&mut self, body: &str, peak: usize, size: usize) {
        let tenths = peak.saturating_mul(10).checked_div(size).unwrap_or(0);
        if tenths >= self.tenths {
            *self = Worst { tenths, body: body.to_owned() };
        }
    }

    /// Prints the row; answers whether it is within the bound.
    fn report(&self, decoder: &str) -> bool {
        println!("{decoder:45} {:3}.{} times  {}", self.tenths / 10, self.tenths % 10, self.body);
        self.tenths <= BOUND * 10
    }
}

fn options() -> HttpOptions {
    HttpOptions::new()
        .with_timeout(Duration::from_secs(60))
        .with_connect_timeout(Duration::from_secs(50))
        .with_pool_idle_timeout(Duration::ZERO)
        .with_retry(RetryPolicy::new().with_max_attempts(1))
}

fn worst_reply(operation: &Operation) -> Worst {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = Server::start(operation.token.map(|(path, case)| (path, stored(case).bytes())));
    let call = || drop(runtime.block_on((operation.call)(&server.url(), options())));
    // The first call builds what is built once: the client, and an access token.
    server.answer(operation.good.bytes());
    call();
    let mut worst = Worst::default();
    for (name, body) in bodies::of(&operation.good.body) {
        let size = body.len();
        server.answer(recurring_fixtures::fault::RawReply { body, ..operation.good.clone() }.bytes());
        worst.add(&name, peak(call), size);
    }
    worst
}

#[test]
fn body_of_1_mb_costs_at_most_ten_times_its_size() {
    let operations = [
        omno_operations::operations(),
        ngenius_operations::operations(),
        tokenpay_operations::operations(),
        revio_operations::operations(),
        emspay_operations::operations(),
    ];
    let mut is_bounded = true;
    for operation in operations.iter().flatten() {
        is_bounded &= worst_reply(operation).report(operation.name);
    }
    for (name, good, read) in notifications::readers() {
        let mut worst = Worst::default();
        for (body_name, body) in bodies::of(&good) {
            let size = body.len();
            worst.add(&body_name, read(body), size);
        }
        is_bounded &= worst.report(name);
    }
    assert!(is_bounded, "a body costs more than {BOUND} times its size");
}
