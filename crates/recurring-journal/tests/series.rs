//! The tries of a period, with what is sent to the gateway for them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod fake;
mod world;

use std::sync::Arc;

use fake::{Fake, Means, lost, payment};
use recurring_facade::{Effect, ErrorKind, Outcome, Proof, ProviderId};
use recurring_journal::{
    BillingRun, ChargeIntent, EncryptionKey, Journal, JournalError, Report, SeriesTry, State,
};
use world::common::{attempt, credential};
use world::{World, request};

fn try_of(number: u32) -> ChargeIntent {
    let name = format!("sub-1.2026-11.{number}");
    let series = SeriesTry::new("sub-1", "2026-11", number).unwrap();
    ChargeIntent::new(request(&credential(&ProviderId::EMSPAY), &name)).with_series(series)
}

fn name(number: u32) -> recurring_facade::AttemptId {
    try_of(number).request().attempt.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn try_is_sent_only_when_the_others_are_over() {
    let world = World::new().await;
    let answers = [
        Ok(payment(Outcome::Declined, Some("p-1"), name(1).as_str())),
        Err(lost(None)),
        Ok(payment(Outcome::Paid, Some("p-3"), name(3).as_str())),
    ];
    let (fake, facade) = Fake::new(Means::LookUp).answers(answers).facade();
    let state = |number| {
        let (journal, facade) = (world.journal.clone(), facade.clone());
        async move { journal.charge(&facade, try_of(number)).await.map(|answer| answer.record.state) }
    };
    assert_eq!(state(1).await, Ok(State::Declined));
    assert_eq!(state(2).await, Ok(State::Unknown));
    // Nothing is sent for the third while the second is open.
    let refused = state(3).await.unwrap_err();
    assert_eq!((refused.kind(), refused.effect()), (ErrorKind::Conflict, Effect::NotApplied(Proof::Local)));
    assert!(refused.to_string().contains("sub-1.2026-11.2, another try of the same period, is unknown"));
    assert_eq!(fake.left(), 1);
    let decision = recurring_journal::Decision {
        what: recurring_journal::Decided::NotApplied,
        payment: None,
        by: "ann".to_owned(),
        why: "not in the portal".to_owned(),
        force: true,
    };
    world.journal.resolve(&facade, &name(2), &decision).await.unwrap();
    assert_eq!(state(3).await, Ok(State::Paid));
    // Neither a further one, nor the one that was not applied, which could otherwise be made again.
    for number in [2, 4] {
        match state(number).await {
            Err(JournalError::OtherTry(by)) => assert_eq!((by.other, by.state), (name(3), State::Paid)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fake.left(), 0);
    let tries = world.journal.series("sub-1").await.unwrap();
    let states: Vec<_> = tries.iter().map(|record| record.state).collect();
    assert_eq!(states, [State::Declined, State::NotApplied, State::Paid]);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_makes_one_try_of_a_period() {
    let world = World::new().await;
    let answer = |number: u32, outcome| Ok(payment(outcome, Some("p-1"), name(number).as_str()));
    let (fake, facade) = Fake::new(Means::LookUp).answers([answer(1, Outcome::Paid)]).facade();
    let mut due = [1, 2].map(|number| Ok(try_of(number))).into_iter();
    let due = Items(&mut due);
    let mut refused = Vec::new();
    let summary = BillingRun::new(&world.journal, &facade)
        .run(due, |report| {
            if let Report::Refused { attempt, error: JournalError::OtherTry(by), .. } = report {
                refused.push((attempt, by.other));
            }
        })
        .await
        .unwrap();
    assert_eq!((summary.of(State::Paid), summary.refused, fake.left()), (1, 1, 0), "{summary:?}");
    assert_eq!(refused, [(name(2), name(1))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_try_keeps_its_series() {
    let world = World::new().await;
    let key = EncryptionKey::new(&recurring_fixtures::key(8)).unwrap();
    let store = world.store().await;
    let journal = Journal::builder().with_encryption_key(key).with_clock(world.clock.clone());
    let journal = journal.with_store(Arc::clone(&store)).await.unwrap();
    journal.plan(try_of(1)).await.unwrap();
    let paid = Ok(payment(Outcome::Paid, Some("p-1"), name(1).as_str()));
    let (fake, facade) = Fake::new(Means::LookUp).answers([paid]).facade();
    // It is charged by its name alone, as a run of what is planned does.
    let answer = journal.charge_planned(&facade, &name(1)).await.unwrap();
    assert_eq!((answer.record.state, fake.left()), (State::Paid, 0));
    assert_eq!(answer.record.series, try_of(1).series().cloned());
    assert!(matches!(journal.plan(try_of(2)).await, Err(JournalError::OtherTry(_))));
    assert_eq!(store.get(&attempt("sub-1.2026-11.2")).await, Ok(None));
}

struct Items<'a>(&'a mut dyn Iterator<Item = Result<ChargeIntent, recurring_journal::UnreadableLine>>);

impl futures_core::Stream for Items<'_> {
    type Item = Result<ChargeIntent, recurring_journal::UnreadableLine>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}
