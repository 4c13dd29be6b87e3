//! Billing runs at a gateway that refuses every charge, or asks to be called less often.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use recurring_core::ErrorKind;
use recurring_facade::{ChargeRequest, Facade, ProviderId, StoredCredential};
use recurring_fixtures::Case;
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, refused_url};
use recurring_journal::{BillingRun, EncryptionKey, Journal, Report, SkipReason, State, Summary};
use recurring_sandbox::FaultKind;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::rand_core::OsRng;
use world::common::{self, FADING_CARD, GOOD_CARD};
use world::{CHARGING, World, charging, request};

/// A stream of what is in a list, one after the other.
struct Due(std::vec::IntoIter<ChargeRequest>);

impl Stream for Due {
    type Item = Result<ChargeRequest, recurring_journal::UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

fn due(credential: &StoredCredential, name: &str, count: u32) -> Vec<ChargeRequest> {
    (0..count).map(|number| request(credential, &format!("{name}-{number:03}"))).collect()
}

/// Runs to the end, and says why how many were left.
async fn run(run: BillingRun, due: Vec<ChargeRequest>) -> (Summary, BTreeMap<String, u64>) {
    let mut left = BTreeMap::new();
    let summary = run.run(Due(due.into_iter()), |report| {
        if let Report::Skipped { provider, why, .. } = report {
            *left.entry(format!("{provider}: {}", reason(&why))).or_default() += 1;
        }
    });
    (summary.await.unwrap(), left)
}

fn reason(why: &SkipReason) -> String {
    match why {
        SkipReason::Refusing(refusal) => format!("refusing, {}", refusal.kind),
        SkipReason::Paused(why) => why.clone(),
        other => format!("{other:?}"),
    }
}

/// How often money was taken for each of these.
fn taken(world: &World, name: &str, count: u32) -> Vec<usize> {
    (0..count).map(|number| world.taken(&format!("{name}-{number:03}"))).collect()
}

/// The sandbox's settings with another key at one gateway.
fn with_another_key(world: &World, id: &ProviderId) -> Facade {
    let settings = common::settings(&world.sandbox);
    let settings = match id.as_str() {
        "tokenpay-signed" => settings.set("TOKENPAY_PRIVATE_KEY_FILE", another_private_key(world)),
        "emspay" => settings.set("EMSPAY_API_KEY", "another"),
        "revio" => settings.set("REVIO_API_KEY", "another"),
        _ => settings.set("OMNO_CLIENT_SECRET", "another"),
    };
    settings.unwrap().facade().unwrap()
}

/// The file of a private key that the sandbox does not know: all sandboxes of a process have the same one.
fn another_private_key(world: &World) -> String {
    let key = rsa::RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
    let file = world.file("another_private_key.pem");
    std::fs::write(&file, key.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_key_stops_one_gateway_and_costs_nothing() {
    for id in CHARGING {
        let world = World::new().await;
        let refused = world.credential(&id, GOOD_CARD).await;
        let other = if id == ProviderId::EMSPAY { ProviderId::REVIO } else { ProviderId::EMSPAY };
        let good = world.credential(&other, GOOD_CARD).await;
        let all = || [due(&refused, "a", 40), due(&good, "b", 20), due(&refused, "c", 200)].concat();
        let billing = BillingRun::new(&world.journal, &with_another_key(&world, &id));
        let (summary, left) = run(billing, all()).await;
        assert_eq!(summary.of(State::NotApplied), 3, "{summary:?}");
        assert_eq!((summary.left, summary.made.values().sum::<u64>()), (237, 23), "{id}");
        assert_eq!(left, BTreeMap::from([(format!("{id}: refusing, authentication"), 237)]));
        let refusing: Vec<_> = summary.refusing.iter().map(|(id, why)| (id.clone(), why.kind)).collect();
        assert_eq!(refusing, [(id.clone(), ErrorKind::Authentication)]);
        // The same process goes on with the same lines, once the key is right.
        let (summary, _) = run(BillingRun::new(&world.journal, &world.facade), all()).await;
        assert_eq!((summary.left, summary.again.values().sum::<u64>()), (0, 20), "{id}: {summary:?}");
        assert!(summary.refusing.is_empty());
        let taken = [taken(&world, "a", 40), taken(&world, "b", 20), taken(&world, "c", 200)].concat();
        assert_eq!(taken, vec![1; 260], "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_run_goes_on_after_a_refused_key() {
    for id in [ProviderId::REVIO, ProviderId::TOKENPAY_SIGNED] {
        planned_run_after_refused_key(&id).await;
    }
}

async fn planned_run_after_refused_key(id: &ProviderId) {
    let world = World::new().await;
    let credential = world.credential(id, GOOD_CARD).await;
    let before = world.sandbox.ledger().len();
    let key = EncryptionKey::new(&recurring_fixtures::key(5)).unwrap();
    let journal = Journal::builder().with_encryption_key(key).with_store(world.store().await).await.unwrap();
    let all = due(&credential, "a", 10);
    for request in &all {
        journal.plan(request).await.unwrap();
    }
    let refused = BillingRun::new(&journal, &with_another_key(&world, id)).planned(|_| {}).await.unwrap();
    assert_eq!((refused.of(State::NotApplied), refused.left), (3, 7), "{id}: {refused:?}");
    assert_eq!(refused.refusing[id].kind, ErrorKind::Authentication);
    assert_eq!(world.sandbox.ledger().len(), before, "{id}");
    assert_eq!(taken(&world, "a", 10), [0; 10]);
    // What was left is planned and free; what the gateway refused is given again by its name.
    let summary = BillingRun::new(&journal, &world.facade).planned(|_| {}).await.unwrap();
    assert_eq!((summary.of(State::Paid), summary.left), (7, 0), "{id}: {summary:?}");
    for request in &all {
        assert!(journal.charge_planned(&world.facade, &request.attempt).await.unwrap().is_paid());
    }
    assert_eq!(taken(&world, "a", 10), [1; 10], "{id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_port_stops_the_gateway() {
    let world = World::new().await;
    for id in CHARGING {
        let credential = world.credential(&id, GOOD_CARD).await;
        let facade = common::facade_at(&id, &refused_url(), &world.sandbox);
        let (summary, left) =
            run(BillingRun::new(&world.journal, &facade), due(&credential, id.as_str(), 10)).await;
        assert_eq!((summary.of(State::NotApplied), summary.left), (3, 7), "{id}: {left:?}");
        assert_eq!(summary.refusing[&id].kind, ErrorKind::Transport, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_and_a_refused_key_is_a_refusal() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let facade = with_another_key(&world, &ProviderId::EMSPAY);
    let (summary, _) = run(BillingRun::new(&world.journal, &facade), due(&credential, "a", 1)).await;
    assert!(summary.refusing.contains_key(&ProviderId::EMSPAY) && summary.left == 0, "{summary:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_stop_a_gateway_only_in_a_row() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    for (refused, not_applied, left) in [(&[2, 3, 5, 6][..], 4, 0), (&[2, 4, 5, 6][..], 4, 5)] {
        let facade = gateway(&world, move |number| match refused.contains(&number) {
            true => Some(RawReply::json(401, Case::load("emspay/create-order/unauthorized").response_body())),
            false => None,
        });
        let (facade, _server) = facade.await;
        let (summary, reasons) =
            run(BillingRun::new(&world.journal, &facade), due(&credential, &format!("a{left}"), 12)).await;
        assert_eq!((summary.of(State::NotApplied), summary.left), (not_applied, left), "{reasons:?}");
        assert_eq!(summary.refusing.len(), usize::from(left > 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_and_invalid_lines_are_no_refusal() {
    let world = World::new().await;
    let fading = world.credential(&ProviderId::REVIO, FADING_CARD).await;
    let (summary, left) = run(BillingRun::new(&world.journal, &world.facade), due(&fading, "a", 10)).await;
    assert_eq!((summary.of(State::Declined), summary.left), (10, 0), "{left:?}");
    assert!(summary.refusing.is_empty());
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let mut all = due(&credential, "b", 12);
    for wrong in all.iter_mut().take(6) {
        // A series is in the currency of its first payment.
        wrong.amount = common::price(&ProviderId::TOKENPAY_SIGNED);
    }
    let (summary, left) = run(BillingRun::new(&world.journal, &world.facade), all).await;
    assert_eq!((summary.of(State::NotApplied), summary.left), (6, 0), "{left:?}");
    assert!(summary.refusing.is_empty());
    assert_eq!(taken(&world, "b", 12), [[0; 6], [1; 6]].concat());
}

/// 429, until it is told otherwise.
fn too_many(id: &ProviderId, wait: u32) -> recurring_sandbox::Fault {
    charging(id, FaultKind::Status { status: 429, retry_after: Some(wait) }).until_cleared()
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_that_is_too_long_leaves_the_rest() {
    let world = World::new().await;
    for id in CHARGING {
        let credential = world.credential(&id, GOOD_CARD).await;
        world.sandbox.inject(too_many(&id, 3600)).unwrap();
        let billing = BillingRun::new(&world.journal, &world.facade);
        let (summary, left) = run(billing, due(&credential, id.as_str(), 20)).await;
        // It takes the wait from each gateway's reply.
        let reason = left.keys().next().unwrap();
        assert!(reason.contains("asks to wait 3600 s, and a run waits 600 s"), "{id}: {reason}");
        assert_eq!((summary.of(State::Unknown), summary.left, left.len()), (1, 19, 1), "{id}");
        assert!(summary.refusing.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_is_taken_and_then_the_rest_is_charged() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let mut made = 0;
    let billing = BillingRun::new(&world.journal, &world.facade).with_concurrency(4);
    let summary = billing.run(Due(due(&credential, "a", 80).into_iter()), |report| {
        let Report::Made(answer) = report else { panic!("{report:?}") };
        made += 1;
        if made == 60 {
            world.sandbox.inject(too_many(&ProviderId::EMSPAY, 1)).unwrap();
        }
        if answer.record.state == State::Unknown {
            world.sandbox.clear_faults();
        }
    });
    let summary = summary.await.unwrap();
    // No more than were under way when the first was refused.
    let unknown = summary.of(State::Unknown);
    assert!((1..=4).contains(&unknown) && summary.left == 0, "{summary:?}");
    assert_eq!(summary.of(State::Pending), 80 - unknown);
    assert_eq!(taken(&world, "a", 80).iter().sum::<usize>(), 80 - usize::try_from(unknown).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_that_does_not_help_leaves_the_rest() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    world.sandbox.inject(too_many(&ProviderId::EMSPAY, 0)).unwrap();
    let billing = BillingRun::new(&world.journal, &world.facade);
    let (summary, left) = run(billing, due(&credential, "a", 20)).await;
    assert_eq!((summary.of(State::Unknown), summary.left), (3, 17), "{left:?}");
    assert!(left.keys().all(|why| why.contains("waiting did not help")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_holds_up_no_other_gateway_and_ends_with_the_run() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    let other = world.credential(&ProviderId::REVIO, GOOD_CARD).await;
    world.sandbox.inject(too_many(&ProviderId::EMSPAY, 500)).unwrap();
    let billing = BillingRun::new(&world.journal, &world.facade).with_concurrency(4);
    let (shutdown_handle, paid, sent) = (billing.shutdown_handle(), AtomicUsize::new(0), AtomicUsize::new(0));
    // Far more than are charged at a time, and those of the other gateway behind them.
    let all = [due(&credential, "a", 400), due(&other, "b", 40)].concat();
    let running = billing.run(Due(all.into_iter()), |report| {
        let Report::Made(answer) = report else { return };
        match answer.record.state {
            State::Paid if paid.fetch_add(1, Ordering::SeqCst) == 39 => shutdown_handle.stop(),
            State::Paid => {}
            _ => drop(sent.fetch_add(1, Ordering::SeqCst)),
        }
    });
    let summary = tokio::time::timeout(Duration::from_secs(240), running).await.expect("it stops").unwrap();
    assert!(summary.stopped);
    assert_eq!((paid.load(Ordering::SeqCst), sent.load(Ordering::SeqCst), summary.left), (40, 1, 399));
    // What waited was let go: it can be charged at once.
    world.sandbox.clear_faults();
    let again = BillingRun::new(&world.journal, &world.facade);
    let (summary, _) = run(again, due(&credential, "a", 400)).await;
    assert_eq!((summary.of(State::Pending), summary.now(State::Unknown), summary.left), (399, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_with_a_limit_sees_few_charges_too_many() {
    let world = World::new().await;
    let credential = world.credential(&ProviderId::EMSPAY, GOOD_CARD).await;
    // Takes 10 charges; then, by its own clock, refuses all for a second, and takes no more than 10 in any other one.
    let taken = Mutex::new((0, None));
    let (facade, _server) = gateway(&world, move |_| {
        let (taken, since) = &mut *taken.lock().unwrap();
        if since.is_some_and(|since: Instant| since.elapsed() >= Duration::from_secs(1)) {
            (*taken, *since) = (0, Some(Instant::now()));
        }
        *taken += 1;
        if *taken <= 10 {
            return None;
        }
        since.get_or_insert_with(Instant::now);
        Some(RawReply::new(429).header("Retry-After", "1"))
    })
    .await;
    let (summary, left) = run(BillingRun::new(&world.journal, &facade), due(&credential, "a", 30)).await;
    let unknown = summary.of(State::Unknown);
    assert!((1..=3).contains(&unknown) && summary.left == 0, "{summary:?} {left:?}");
    assert_eq!(summary.of(State::Pending), 30 - unknown);
}

/// A gateway of its own, in the way of emspay: told the number of the charge, it says how it refuses it, if it does.
async fn gateway(
    world: &World,
    refusal: impl Fn(usize) -> Option<RawReply> + Send + Sync + 'static,
) -> (Facade, FaultServer) {
    let server = FaultServer::start(move |received, number| {
        if let Some(refused) = refusal(number) {
            return Behavior::Reply(refused);
        }
        let sent: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
        let order = serde_json::json!({
            "id": format!("order-{number}"), "merchant_order_id": sent["merchant_order_id"], "status": "processing",
            "amount": sent["amount"], "currency": sent["currency"], "transactions": [],
        });
        Behavior::Reply(RawReply::json(200, order.to_string()))
    })
    .await;
    let settings = common::settings(&world.sandbox).set("EMSPAY_BASE_URL", server.url()).unwrap();
    (settings.facade_of(&ProviderId::EMSPAY).unwrap(), server)
}
