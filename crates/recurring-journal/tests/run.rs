//! Billing runs, against the sandbox, whose ledger is the judge.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_core::Stream;
use recurring_facade::{ChargeRequest, ProviderId, StoredCredential};
use recurring_journal::{
    BillingRun, Breaker, EncryptionKey, Journal, JournalError, Report, SkipReason, State, Summary,
    UnreadableLine,
};
use recurring_sandbox::{FaultKind, Moment};
use world::common::{GOOD_CARD, attempt};
use world::{World, charging, request};

/// A stream of what is in a list, one after the other.
struct Due(std::vec::IntoIter<Result<ChargeRequest, UnreadableLine>>);

impl Stream for Due {
    type Item = Result<ChargeRequest, UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next())
    }
}

fn due(credential: &StoredCredential, numbers: std::ops::Range<u32>) -> Due {
    let all: Vec<_> = numbers.map(|number| Ok(request(credential, &format!("a-{number:03}")))).collect();
    Due(all.into_iter())
}

async fn emspay(world: &World) -> StoredCredential {
    world.credential(&ProviderId::EMSPAY, GOOD_CARD).await
}

/// Runs to the end, and says which attempts were made now.
async fn run(run: BillingRun, due: Due) -> (Summary, Vec<String>) {
    let mut made = Vec::new();
    let summary = run.run(due, |report| {
        if let Report::Made(answer) = report
            && !answer.again
        {
            made.push(answer.record.attempt.to_string());
        }
    });
    (summary.await.unwrap(), made)
}

/// How many had been made before.
fn already(summary: &Summary) -> u64 {
    summary.again.values().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn run_charges_what_is_due_once() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let (summary, made) = run(BillingRun::new(&world.journal, &world.facade), due(&credential, 0..300)).await;
    assert_eq!((made.len(), summary.left, summary.refused, already(&summary)), (300, 0, 0, 0));
    let (summary, made) = run(BillingRun::new(&world.journal, &world.facade), due(&credential, 0..310)).await;
    assert_eq!((made.len(), already(&summary)), (10, 300));
    for number in 0..310 {
        assert_eq!(world.taken(&format!("a-{number:03}")), 1, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_one_list_without_overlap() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (journal, facade, credential) = (world.another().await, world.facade.clone(), credential.clone());
        tasks.spawn(async move { run(BillingRun::new(&journal, &facade), due(&credential, 0..1000)).await });
    }
    let all = tasks.join_all().await;
    let names: Vec<_> = all.iter().flat_map(|(_, made)| made).collect();
    assert_eq!(names.len(), 1000);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 1000);
    assert!(all.iter().filter(|(_, made)| !made.is_empty()).count() > 1, "one process did everything");
    assert_eq!(world.sandbox.ledger().len(), 1001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_ends_what_is_under_way_and_is_resumed() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let first = BillingRun::new(&world.journal, &world.facade).with_concurrency(4);
    let shutdown_handle = first.shutdown_handle();
    let mut seen = 0;
    let summary = first.run(due(&credential, 0..200), |report| {
        if let Report::Made(_) = report {
            seen += 1;
            if seen == 20 {
                shutdown_handle.stop();
            }
        }
    });
    let summary = summary.await.unwrap();
    let made: u64 = summary.made.values().sum();
    assert!(summary.stopped && (20..=24).contains(&made), "{summary:?}");
    assert_eq!(
        world
            .journal
            .store()
            .count()
            .await
            .unwrap()
            .iter()
            .filter(|(state, _)| *state == State::Armed)
            .count(),
        0
    );
    let (summary, now) = run(BillingRun::new(&world.journal, &world.facade), due(&credential, 0..200)).await;
    assert_eq!((already(&summary), u64::try_from(now.len()).unwrap()), (made, 200 - made));
    assert_eq!(world.sandbox.ledger().len(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_with_too_many_unknown_is_paused() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let other = world.credential(&ProviderId::REVIO, GOOD_CARD).await;
    let lost =
        charging(&ProviderId::EMSPAY, FaultKind::Close).with_moment(Moment::AfterActing).until_cleared();
    world.sandbox.inject(lost).unwrap();
    let mut all: Vec<_> =
        (0..100).map(|number| Ok(request(&credential, &format!("a-{number:03}")))).collect();
    all.extend((0..50).map(|number| Ok(request(&other, &format!("b-{number:03}")))));
    let mut breaker = Breaker::default();
    (breaker.window, breaker.most_unknown) = (10, 5);
    let billing = BillingRun::new(&world.journal, &world.facade).with_concurrency(2).with_breaker(breaker);
    let mut reasons = BTreeSet::new();
    let summary = billing.run(Due(all.into_iter()), |report| {
        if let Report::Skipped { provider, why: SkipReason::Paused(why), .. } = report {
            reasons.insert(format!("{provider}: {}", why.split(':').next().unwrap()));
        }
    });
    let summary = summary.await.unwrap();
    // The other gateway goes on.
    assert_eq!(summary.of(State::Paid), 50);
    let unknown = summary.of(State::Unknown);
    assert!((5..=6).contains(&unknown), "{summary:?}");
    assert_eq!(summary.left, 100 - unknown);
    assert!(
        reasons.iter().all(|why| why.starts_with("emspay: ") && why.contains("are unknown")),
        "{reasons:?}"
    );
    // Once the gateway answers again, the next run makes what was left. What is unknown is not made again.
    world.sandbox.clear_faults();
    let again = world.another().await;
    drop(world.journal);
    let (summary, made) = run(BillingRun::new(&again, &world.facade), due(&credential, 0..100)).await;
    assert_eq!(
        (u64::try_from(made.len()).unwrap(), already(&summary) + summary.left),
        (100 - unknown, unknown)
    );
    assert_eq!(world.sandbox.ledger().len(), 2 + 50 + 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_planned_is_charged_from_the_journal_alone() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let key = || EncryptionKey::new(&recurring_fixtures::key(5)).unwrap();
    let journal =
        Journal::builder().with_encryption_key(key()).with_store(world.store().await).await.unwrap();
    for number in 0..150 {
        journal.plan(&request(&credential, &format!("a-{number:03}"))).await.unwrap();
    }
    let without = world.another().await;
    let error = BillingRun::new(&without, &world.facade).planned(|_| {}).await.unwrap_err();
    assert!(matches!(error, JournalError::Invalid { field: "journal_key", .. }), "{error:?}");
    let wrong = Journal::builder()
        .with_encryption_key(EncryptionKey::new(&recurring_fixtures::key(6)).unwrap())
        .with_store(world.store().await)
        .await
        .unwrap();
    let mut problems = 0;
    let summary = BillingRun::new(&wrong, &world.facade).planned(|_| problems += 1).await.unwrap();
    assert_eq!((summary.refused, problems), (150, 150));
    drop(wrong);
    let summary = BillingRun::new(&journal, &world.facade).planned(|_| {}).await.unwrap();
    let made: u64 = summary.made.values().sum();
    assert_eq!((made, summary.refused), (150, 0));
    assert_eq!(world.sandbox.ledger().len(), 151);
    assert!(world.journal.attempt(&attempt("a-000")).await.unwrap().state != State::Planned);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_lines_and_taken_names_are_reported() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let _ = world.journal.charge(&world.facade, request(&credential, "taken")).await.unwrap();
    let mut dearer = request(&credential, "taken");
    dearer.amount = recurring_facade::Money::from_minor(5000, dearer.amount.currency()).unwrap();
    let all = vec![
        Err(UnreadableLine::new("line 1: not JSON")),
        Ok(dearer),
        Ok(request(&credential, "twice")),
        Ok(request(&credential, "twice")),
    ];
    let reports = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&reports);
    let billing = BillingRun::new(&world.journal, &world.facade);
    let summary =
        billing.run(Due(all.into_iter()), move |report| kept.lock().unwrap().push(report)).await.unwrap();
    assert_eq!(
        (summary.refused, summary.left + already(&summary), summary.made.values().sum()),
        (2, 1, 1_u64)
    );
    assert_eq!((world.taken("twice"), world.taken("taken")), (1, 1));
    let reports = reports.lock().unwrap();
    assert!(
        matches!(&reports[0], Report::Unreadable(text) if text.to_string().contains("line 1")),
        "{reports:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn report_as_json_has_no_token() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let token = serde_json::to_value(&credential).unwrap()["vault_token"].as_str().unwrap().to_owned();
    let mut dearer = request(&credential, "made");
    dearer.amount = recurring_facade::Money::from_minor(5000, dearer.amount.currency()).unwrap();
    let lines = [Ok(request(&credential, "made")), Ok(dearer), Err(UnreadableLine::new("line 3: not JSON"))];
    let mut reports = Vec::new();
    for line in lines {
        let run = BillingRun::new(&world.journal, &world.facade);
        let _ = run.run(Due(vec![line].into_iter()), |report| reports.push(report)).await.unwrap();
    }
    // Three refused charges in a row, after which the fourth is left.
    let settings = world::common::settings(&world.sandbox).set("EMSPAY_API_KEY", "another").unwrap();
    let (mut left, refusing) = (Vec::new(), settings.facade().unwrap());
    let run =
        BillingRun::new(&world.journal, &refusing).run(due(&credential, 0..4), |report| left.push(report));
    let _ = run.await.unwrap();
    reports.extend(left.into_iter().filter(|report| matches!(report, Report::Skipped { .. })));
    let json = serde_json::to_value(&reports).unwrap();
    assert_eq!(json[0]["made"]["record"]["attempt"], "made", "{json}");
    let refused = json[1]["refused"]["error"].as_str().unwrap();
    assert!(refused.contains("already used for another amount"), "{refused}");
    assert_eq!(json[2], serde_json::json!({"unreadable": "line 3: not JSON"}));
    let skipped = &json[3]["skipped"];
    assert_eq!((&skipped["attempt"], &skipped["provider"]), (&"a-003".into(), &"emspay".into()), "{json}");
    assert_eq!(skipped["why"]["refusing"]["kind"], "authentication", "{json}");
    assert!(token.len() > 4 && !json.to_string().contains(&token), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_rate_is_not_begun_and_is_let_go_by_a_stop() {
    let world = World::new().await;
    let credential = emspay(&world).await;
    let billing =
        BillingRun::new(&world.journal, &world.facade).with_rate(NonZeroU32::MIN).with_concurrency(32);
    let (shutdown_handle, mut made) = (billing.shutdown_handle(), 0);
    let summary = billing.run(due(&credential, 0..32), |report| {
        if let Report::Made(_) = report {
            made += 1;
            shutdown_handle.stop();
        }
    });
    let summary = summary.await.unwrap();
    // One a second: a slow machine makes a second one, but not all that could be under way.
    assert!(made < 16 && summary.left == 32 - made, "{summary:?}");
    assert_eq!(u64::try_from(world.sandbox.ledger().len()).unwrap(), 1 + made);
}
