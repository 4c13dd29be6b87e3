//! What looking leaves to an operator, settled by a statement: the ledger of the sandbox is the statement and the judge.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod world;

use std::time::Duration;

use recurring_core::{Currency, Money, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};
use recurring_journal::State;
use recurring_journal::statement::{Control, FindingKind, LineKind, Period, Statement, StatementLine};
use recurring_journal::store::Filter;
use recurring_sandbox::{FaultKind, LedgerKind, Moment};
use world::common::GOOD_CARD;
use world::{CHARGING, World, charging, request, schedule_request};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Charges of which the answer is lost in different ways, before and after the gateway has acted; then what is found by
/// looking. Gives the names.
async fn lost_answers(world: &World, id: &ProviderId) -> Vec<String> {
    let kinds = [
        FaultKind::Close,
        FaultKind::Reset,
        FaultKind::Cut { at: 0 },
        FaultKind::Cut { at: 90 },
        FaultKind::Status { status: 408, retry_after: None },
        FaultKind::Status { status: 500, retry_after: None },
        FaultKind::Status { status: 503, retry_after: None },
        FaultKind::Garbage,
        FaultKind::OtherAmount,
    ];
    let credential = match id.as_str() {
        "ngenius" => None,
        _ => Some(world.credential(id, GOOD_CARD).await),
    };
    let mut names = Vec::new();
    for kind in [None].into_iter().chain(kinds.into_iter().map(Some)) {
        for when in [Moment::BeforeActing, Moment::AfterActing] {
            if let Some(kind) = &kind {
                if !kind.moments().contains(&when) {
                    continue;
                }
                world.sandbox.inject(charging(id, kind.clone()).with_moment(when)).unwrap();
            }
            let name = format!("lost-{}", names.len());
            // How it ends is judged by the ledger.
            let _ = match &credential {
                Some(credential) => {
                    world.journal.charge(&world.facade, request(credential, &name)).await.unwrap()
                }
                None => world.journal.schedule(&world.facade, id, schedule_request(&name)).await.unwrap(),
            };
            world.sandbox.clear_faults();
            names.push(name);
        }
    }
    world.reconciled().await;
    names
}

/// The ledger. What the journal has charged was charged at `start`; the enrolment before it, outside of the journal.
fn lines(world: &World, id: &ProviderId, start: Timestamp) -> Vec<StatementLine> {
    let ledger = world.sandbox.ledger();
    let own = ledger.iter().filter(|entry| entry.gateway == id.as_str());
    own.zip(1..)
        .map(|(entry, number)| {
            let currency = Currency::from_code(&entry.currency).unwrap();
            let ours = entry.reference.starts_with("lost-");
            StatementLine {
                number,
                reference: Some(entry.reference.clone()),
                // The ledger of ngenius has another identifier than its interface.
                payment: (*id != ProviderId::NGENIUS).then(|| PaymentRef::new(entry.payment.clone())),
                kind: if entry.kind == LedgerKind::Charge { LineKind::Charge } else { LineKind::Refund },
                amount: Some(Money::from_minor(entry.amount_minor, currency).unwrap()),
                at: if ours { Some(start) } else { start.checked_sub(HOUR) },
            }
        })
        .collect()
}

async fn state(world: &World, name: &str) -> State {
    world.journal.attempt(&world::common::attempt(name)).await.unwrap().state
}

async fn in_review(world: &World) -> usize {
    let filter = Filter { state: Some(State::Review), ..Filter::default() };
    world.journal.list(&filter, 1000).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_settles_what_looking_leaves() {
    let (mut all, mut before, mut after) = (0, 0, 0);
    for id in CHARGING.into_iter().chain([ProviderId::NGENIUS]) {
        let world = World::new().await;
        let start = recurring_journal::Clock::now(&world.clock);
        let names = lost_answers(&world, &id).await;
        let review = in_review(&world).await;
        let period = Period::new(
            start.checked_sub(HOUR).unwrap(),
            start.checked_add(HOUR * 2).unwrap(),
            Duration::ZERO,
        );
        let period = period.unwrap();
        let of = |lines: Vec<StatementLine>, announced: Option<usize>| {
            let count = announced.map(|count| u64::try_from(count).unwrap());
            let control = Control { lines: count, totals: Vec::new() };
            Statement::new(id.clone(), period, lines, Vec::new(), control, "ledger")
        };
        let full = lines(&world, &id, start);
        let settle = async |statement: &Statement| {
            world.journal.settle_by_statement(&world.facade, statement, "ann", false).await.unwrap()
        };
        // Half of it, by the count of the whole: nothing is settled as not applied.
        let half = settle(&of(full[..full.len() / 2].to_vec(), Some(full.len()))).await;
        let settled = half.findings.iter().filter(|finding| finding.finding == FindingKind::Settled);
        assert!(settled.into_iter().all(|finding| finding.state == Some(State::Paid)), "{half:#?}");
        let count = full.len();
        let report = settle(&of(full, Some(count))).await;
        let left = in_review(&world).await;
        println!(
            "{id}: of {} attempts, {review} were in review, and {left} are after the statement",
            names.len()
        );
        for name in &names {
            let (state, taken) = (state(&world, name).await, world.taken(name));
            let right = match state {
                State::Paid => taken == 1,
                State::NotApplied | State::Declined => taken == 0,
                _ => true,
            };
            assert!(right, "{id} {name}: {state}, {taken} taken: {report:#?}");
        }
        (all, before, after) = (all + names.len(), before + review, after + left);
    }
    println!("of {all} attempts, {before} were in review, and {after} are after the statement");
    assert!(before * 10 > all, "looking leaves too few to show anything: {before} of {all}");
    assert!(after * 100 <= all, "{after} of {all} are left to an operator");
}
