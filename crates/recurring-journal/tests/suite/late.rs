//! What a worker reports after it has lost its attempt.

use recurring_facade::PaymentRef;
use recurring_journal::store::{Change, Late, Owners};
use recurring_journal::{State, StoreError};

use super::{Place, armed, at, attempt, state};

pub(crate) async fn a_late_worker_is_heard(place: &dyn Place) {
    let store = place.open().await;
    let late = |taken| Late { payment: Some(PaymentRef::new("p-1")), taken, note: "it was paid".to_owned() };
    armed(&*store, "open", 0).await;
    store.abandon(&Owners::default(), at(900), at(301)).await.unwrap();
    store.testify(&attempt("open"), &late(true), at(302)).await.unwrap();
    let record = store.get(&attempt("open")).await.unwrap().unwrap();
    assert_eq!((record.state, record.payment), (State::Unknown, Some(PaymentRef::new("p-1"))));
    assert_eq!(record.next_look, Some(at(302)));
    for (name, end, taken, then) in [
        ("gone", State::NotApplied, true, State::Review),
        ("no", State::Declined, true, State::Review),
        ("still-gone", State::NotApplied, false, State::NotApplied),
        ("done", State::Paid, true, State::Paid),
    ] {
        let fence = armed(&*store, name, 0).await;
        store.change(&attempt(name), fence, &Change::to(end), at(1)).await.unwrap();
        store.testify(&attempt(name), &late(taken), at(2)).await.unwrap();
        assert_eq!(state(&*store, name).await, then, "{name}");
    }
    // A second try is under way, and the first one was taken: the second worker gets no further.
    let fence = armed(&*store, "again", 0).await;
    store.change(&attempt("again"), fence, &Change::to(State::NotApplied), at(1)).await.unwrap();
    let again = armed(&*store, "again", 2).await;
    store.testify(&attempt("again"), &late(true), at(3)).await.unwrap();
    let record = store.get(&attempt("again")).await.unwrap().unwrap();
    assert_eq!((record.state, record.payment), (State::Review, Some(PaymentRef::new("p-1"))));
    let lines = store.events(&attempt("again")).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.what == "late").count(), 1);
    let mut change = Change::to(State::Paid);
    change.payment = Some(PaymentRef::new("p-2"));
    let written = store.change(&attempt("again"), again, &change, at(4)).await;
    assert_eq!(written, Err(StoreError::Fenced));
}

pub(crate) async fn late_payment_beside_another_is_reviewed(place: &dyn Place) {
    let store = place.open().await;
    for (end, payment, taken, then) in [
        (State::Paid, "p-1", true, State::Paid),
        (State::Paid, "p-2", true, State::Review),
        (State::Paid, "p-2", false, State::Paid),
        (State::Pending, "p-2", true, State::Review),
        (State::Unknown, "p-2", true, State::Review),
    ] {
        let name = format!("{end}-{payment}-{taken}");
        let fence = armed(&*store, &name, 0).await;
        let mut change = Change::to(end);
        change.payment = Some(PaymentRef::new("p-1"));
        store.change(&attempt(&name), fence, &change, at(1)).await.unwrap();
        let late = Late { payment: Some(PaymentRef::new(payment)), taken, note: "it was paid".to_owned() };
        store.testify(&attempt(&name), &late, at(2)).await.unwrap();
        let record = store.get(&attempt(&name)).await.unwrap().unwrap();
        assert_eq!((record.state, record.payment), (then, Some(PaymentRef::new("p-1"))), "{name}");
        if then == State::Review {
            let note = record.note.unwrap();
            assert!(note.contains("p-1") && note.contains("p-2") && note.contains("refund"), "{note}");
        }
    }
}
