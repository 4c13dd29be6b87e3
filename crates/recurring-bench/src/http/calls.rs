//! Charges over TLS: one after another, or 64 at a time.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::chargers::{Charger, connections};
use crate::repeat::measured;

const AT_A_TIME: usize = 64;

/// Charges one after another over a kept connection. Prints the median and the processor time of a charge in
/// nanoseconds, the memory in KiB after the first thousand charges and after all, and how many connections were made.
pub(crate) fn one_by_one(charger: &Charger, port: &str, root: &str, times: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let before = runtime.block_on(async {
        let before = connections(port, root).await;
        // The first makes the connection.
        charger.charge().await;
        before
    });
    // Written to before the first measurement, so that its pages do not count as memory of the charges.
    let mut took = vec![u128::MAX; times];
    let mut memory = memory_kib();
    let cpu = cpu_nanos();
    // Not the handshake: what collects entropy for it takes as many instructions as the time makes it.
    measured((), |()| {
        runtime.block_on(async {
            for (charge, took) in took.iter_mut().enumerate() {
                let begun = Instant::now();
                charger.charge().await;
                *took = begun.elapsed().as_nanos();
                if charge == 1_000 {
                    memory = memory_kib();
                }
            }
        });
    });
    let cpu = cpu_nanos().saturating_sub(cpu) / u64::try_from(times).unwrap_or(1).max(1);
    took.sort_unstable();
    let median = took.get(times / 2).copied().unwrap_or_default();
    let after = memory_kib();
    // The one that asks is new each time.
    let made = runtime.block_on(connections(port, root)).saturating_sub(before).saturating_sub(1);
    println!("{median} {cpu} {memory} {after} {made}");
}

/// Charges 64 at a time. Prints the nanoseconds for all, and how many connections were made.
pub(crate) fn many(charger: &Charger, port: &str, root: &str, times: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let before = connections(port, root).await;
        let left = Arc::new(AtomicUsize::new(times));
        let begun = Instant::now();
        let workers: Vec<_> = (0..AT_A_TIME)
            .map(|_| {
                let (charger, left) = (charger.clone(), Arc::clone(&left));
                tokio::spawn(async move {
                    let one_less = |left: usize| left.checked_sub(1);
                    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
                        charger.charge().await;
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.expect("no panic");
        }
        let took = begun.elapsed().as_nanos();
        // The one that asks is new each time.
        let made = connections(port, root).await.saturating_sub(before).saturating_sub(1);
        println!("{took} {made}");
    });
}

/// The processor time of all threads of this process, which the kernel counts in nanoseconds.
pub(crate) fn cpu_nanos() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let of = |task: std::fs::DirEntry| -> Option<u64> {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    tasks.flatten().filter_map(of).sum()
}

fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
