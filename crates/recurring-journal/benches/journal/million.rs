//! A long run costs no more for each attempt than a short one, and no more memory.

use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_core::Stream;
use recurring_facade::{ChargeRequest, Facade, StoredCredential};
use recurring_journal::{BillingRun, Journal, State};

use crate::gateway::{AtOnce, request};
use crate::{Bound, Measured};

const SHORT: usize = 10_000;
const LONG: usize = 1_000_000;
const SHORT_RUNS: usize = 10;

pub(crate) fn measure() -> Vec<Measured> {
    let some = || (0..SHORT_RUNS / 2).map(|_| run(SHORT).0).collect::<Vec<f64>>();
    // Before and after the long one, which takes minutes: the machine may be another one by then.
    let mut short = some();
    let (long, memory) = run(LONG);
    short.extend(some());
    short.sort_by(f64::total_cmp);
    let short = (short[SHORT_RUNS / 2 - 1] + short[SHORT_RUNS / 2]) / 2.0;
    vec![
        Measured {
            what: format!("{short:.1} us for each of {SHORT}, {long:.1} us for each of {LONG}"),
            value: long / short,
            bound: Bound::AtMost(1.1),
        },
        Measured {
            what: "the most memory that the long run ever had, in MB".to_owned(),
            value: memory,
            bound: Bound::AtMost(100.0),
        },
    ]
}

/// A run in a process of its own: microseconds for each attempt, and its peak of memory in MB.
fn run(number: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["million", folder.path().to_str().unwrap(), &number.to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

pub(crate) fn child(folder: &str, number: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let took = runtime.block_on(async {
        let journal = Journal::create(&format!("sqlite:{folder}/j.db")).await.unwrap();
        let facade = Facade::new().with_provider(AtOnce);
        let credential = serde_json::from_str(r#"{"provider":"emspay","vault_token":"a-token"}"#).unwrap();
        let begun = Instant::now();
        let billing = BillingRun::new(&journal, &facade).with_concurrency(256);
        let summary = billing.run(Due::new(number, credential), |_| {}).await.unwrap();
        assert_eq!(summary.of(State::Paid), u64::try_from(number).unwrap());
        begun.elapsed()
    });
    println!("{} {}", took.as_secs_f64() * 1e6 / number as f64, peak());
}

/// The most memory that this process ever had, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
}

/// What is due, made as it is asked for.
pub(crate) struct Due {
    next: usize,
    end: usize,
    credential: StoredCredential,
}

impl Due {
    pub(crate) fn new(end: usize, credential: StoredCredential) -> Self {
        Self { next: 0, end, credential }
    }
}

impl Stream for Due {
    type Item = Result<ChargeRequest, recurring_journal::UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.next == self.end {
            return Poll::Ready(None);
        }
        let name = format!("sub-{:08}-2026-11", self.next);
        self.next += 1;
        Poll::Ready(Some(Ok(request(&name, &self.credential))))
    }
}
