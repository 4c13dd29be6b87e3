//! Many calls at once: one access token, no charge lost, and no gateway that holds up another.
//!
//! `RECURRING_LOAD_CHARGES` sets how many charges are made at once (default 400), `RECURRING_SOAK_SECONDS` for how long
//! rounds of them are repeated (three at least): see docs/reliability.md.
#![cfg(all(feature = "revio", feature = "emspay"))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{GOOD_CARD, attempt, credential, enrolled, facade_at, good, price, sandbox, settings};
use recurring_core::{Effect, Outcome, Secret};
use recurring_facade::{ChargeRequest, Facade, ProviderId, StoredCredential};
use recurring_fixtures::fault::{Behavior, FaultServer};
use recurring_gateway::{AccessToken, TokenCache};
use recurring_sandbox::{Fault, FaultKind, LedgerEntry, LedgerKind, Moment, Sandbox};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_fetch_one_token() {
    let cache = Arc::new(TokenCache::<String>::new());
    let fetched = Arc::new(AtomicUsize::new(0));
    let get = |lives: Duration, limit: u64| {
        let (cache, fetched) = (Arc::clone(&cache), Arc::clone(&fetched));
        async move {
            cache
                .get(|| async move {
                    fetched.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(limit)).await;
                    Ok(AccessToken { text: Secret::new("t"), lives })
                })
                .await
        }
    };
    get(Duration::ZERO, 0).await.expect("a token that has expired");
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
    let tasks: Vec<_> = (0..10_000).map(|_| tokio::spawn(get(Duration::from_secs(3_600), 200))).collect();
    for task in tasks {
        task.await.expect("no panic").expect("a token");
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 2, "one request for 10,000 tasks");
}

fn charge(credential: &StoredCredential, id: &ProviderId, name: &str) -> ChargeRequest {
    ChargeRequest::new(attempt(name), credential.clone(), price(id))
}

/// How one round of charges ended, compared with the ledger.
#[derive(Debug, Default)]
struct Round {
    paid: usize,
    unknown_and_taken: usize,
    unknown_and_not_taken: usize,
    not_applied: usize,
}

fn captures(sandbox: &Sandbox) -> BTreeMap<String, Vec<LedgerEntry>> {
    let mut by_reference = BTreeMap::<String, Vec<LedgerEntry>>::new();
    for entry in sandbox.ledger().into_iter().filter(|entry| entry.kind == LedgerKind::Charge) {
        by_reference.entry(entry.reference.clone()).or_default().push(entry);
    }
    by_reference
}

/// Makes the charges at once, and compares what each one answered with the ledger.
async fn round(sandbox: &Sandbox, facade: &Facade, of: &StoredCredential, name: &str, count: usize) -> Round {
    let tasks: Vec<_> = (0..count)
        .map(|index| {
            let name = format!("{name}-{index}");
            let (facade, request) = (facade.clone(), charge(of, &ProviderId::REVIO, &name));
            tokio::spawn(async move { (name, facade.charge(request).await) })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("no panic"));
    }
    sandbox.settle().await;
    let taken = captures(sandbox);
    let mut round = Round::default();
    for (name, answer) in answers {
        let times = taken.get(&name).map_or(0, Vec::len);
        assert!(times <= 1, "{name} was charged {times} times");
        match answer {
            Ok(payment) if payment.outcome == Outcome::Paid => {
                assert_eq!(times, 1, "{name} is paid by the answer and not by the ledger");
                round.paid += 1;
            }
            Ok(payment) => panic!("{name}: {:?}", payment.outcome),
            Err(error) if error.effect() == Effect::Unknown && times == 1 => round.unknown_and_taken += 1,
            Err(error) if error.effect() == Effect::Unknown => round.unknown_and_not_taken += 1,
            Err(error) => {
                assert_eq!(times, 0, "{name} was charged, and the answer denies it: {error}");
                round.not_applied += 1;
            }
        }
    }
    round
}

async fn sandbox_with_faults() -> (Sandbox, Facade, StoredCredential) {
    let (sandbox, plain) = sandbox().await;
    let card = enrolled(&plain, &ProviderId::REVIO, "load", GOOD_CARD).await;
    let faults = [(FaultKind::Close, Moment::BeforeActing), (FaultKind::Close, Moment::AfterActing)];
    for (seed, (kind, moment)) in (1..).zip(faults) {
        let fault = Fault::new(kind)
            .with_operation("POST /revio/**/charge/")
            .with_moment(moment)
            .with_probability(1, seed)
            .until_cleared();
        sandbox.inject(fault).expect("a fault");
    }
    let patient = settings(&sandbox).with_timeout(Duration::from_secs(60));
    let facade = patient.facade_of(&ProviderId::REVIO).expect("a facade");
    (sandbox, facade, card)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_charge_is_lost_among_many() {
    let (sandbox, facade, card) = sandbox_with_faults().await;
    let count = number("RECURRING_LOAD_CHARGES", 400);
    let started = Instant::now();
    let ended = round(&sandbox, &facade, &card, "load", count).await;
    println!("{count} charges at once in {:?}: {ended:?}", started.elapsed());
    let all = ended.paid + ended.unknown_and_taken + ended.unknown_and_not_taken + ended.not_applied;
    assert_eq!(all, count);
    let taken =
        captures(&sandbox).keys().filter(|name| name.starts_with("load-") && *name != "load-first").count();
    assert_eq!(taken, ended.paid + ended.unknown_and_taken, "the ledger is what was answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak_keeps_memory_and_descriptors_flat() {
    let seconds = number("RECURRING_SOAK_SECONDS", 0);
    let lasts = Duration::from_secs(u64::try_from(seconds).expect("seconds"));
    let started = Instant::now();
    let mut first = None;
    let mut charges = 0;
    // Three rounds at least: the first is what the others are compared with.
    while charges < 600 || started.elapsed() < lasts {
        // A new sandbox each time: its ledger grows with every charge.
        let (sandbox, facade, card) = sandbox_with_faults().await;
        round(&sandbox, &facade, &card, "soak", 200).await;
        sandbox.shutdown().await;
        drop(facade);
        charges += 200;
        // Connections are closed by their own tasks.
        for _ in 0..500 {
            if first.is_none_or(|(_, files)| descriptors() < files + 20) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let now = (resident_kb(), descriptors());
        let (memory, files) = *first.get_or_insert(now);
        println!("{:?}: {charges} charges, {} kB, {} descriptors", started.elapsed(), now.0, now.1);
        assert!(now.0 < memory * 2 + 50_000, "memory grew from {memory} to {} kB", now.0);
        assert!(now.1 < files + 20, "descriptors grew from {files} to {}", now.1);
    }
}

/// The memory that this process holds.
fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_gateway_does_not_hold_up_another() {
    let (sandbox, facade) = sandbox().await;
    let card = enrolled(&facade, &ProviderId::REVIO, "other", GOOD_CARD).await;
    let silent = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let hanging = settings(&sandbox)
        .set("EMSPAY_BASE_URL", silent.url())
        .expect("a known name")
        .with_timeout(Duration::from_secs(600))
        .facade()
        .expect("a facade");
    let held: Vec<_> = (0..200)
        .map(|index| {
            let of = credential(&ProviderId::EMSPAY);
            let request = charge(&of, &ProviderId::EMSPAY, &format!("held-{index}"));
            let facade = hanging.clone();
            tokio::spawn(async move { facade.charge(request).await })
        })
        .collect();
    while silent.requests() < 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for index in 0..50 {
        let request = charge(&card, &ProviderId::REVIO, &format!("free-{index}"));
        assert_eq!(hanging.charge(request).await.expect("a payment").outcome, Outcome::Paid);
    }
    assert!(held.iter().all(|call| !call.is_finished()), "the others still wait");
}

/// A server that answers every request with 1xx answers, until it is told to stop; then it is silent.
fn flooding(stop: Arc<AtomicBool>, begun: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 16 * 1024];
            let hints = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100);
            if stream.read(&mut buffer).is_err() {
                continue;
            }
            while !stop.load(Ordering::SeqCst) && stream.write_all(&hints).is_ok() {
                begun.fetch_add(100, Ordering::SeqCst);
            }
            held.push(stream);
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_1xx_does_not_hold_up_another_gateway() {
    let (stop, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (sandbox, _) = sandbox().await;
    let flooded = facade_at(&ProviderId::EMSPAY, &flooding(Arc::clone(&stop), Arc::clone(&begun)), &sandbox);
    let of = credential(&ProviderId::EMSPAY);
    let request = charge(&of, &ProviderId::EMSPAY, "flooded");
    let call = tokio::spawn(async move { flooded.charge(request).await });
    while begun.load(Ordering::SeqCst) < 1_000 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let charged = good("revio/charge-purchase/paid");
    let other = FaultServer::start(move |_, _| Behavior::Reply(charged.clone())).await;
    let facade = facade_at(&ProviderId::REVIO, &other.url(), &sandbox);
    let of = credential(&ProviderId::REVIO);
    let answered = facade.charge(charge(&of, &ProviderId::REVIO, "free")).await;
    assert!(other.requests() > 0, "the other gateway was called: {answered:?}");
    stop.store(true, Ordering::SeqCst);
    let error = call.await.expect("no panic").expect_err("no answer");
    assert_eq!(error.effect(), Effect::Unknown, "{error}");
}
