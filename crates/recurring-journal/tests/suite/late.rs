//! What a worker reports after it has lost its attempt.

use recurring_facade::PaymentRef;
use recurring_journal::store::{Change, Late, Owners};
use recurring_journal::{State, StoreError};

use super::{Place, armed, at, attempt, state};

pub(crate) async fn late_result_is_recorded(place: &dyn Place) {
    let store = place.open().await;
    let payment = |name: &str| Some(PaymentRef::new(format!("p-{name}")));
    let late = |name: &str, taken| Late {
        payment: payment(name),
        taken,
        review: false,
        note: "it was paid".to_owned(),
    };
    armed(&*store, "open", 0).await;
    store.expire_leases(&Owners::default(), at(900), at(301)).await.unwrap();
    store.record_late_result(&attempt("open"), &late("open", true), at(302)).await.unwrap();
    let record = store.get(&attempt("open")).await.unwrap().unwrap();
    assert_eq!((record.state, record.payment), (State::Unknown, payment("open")));
    assert_eq!(record.next_look, Some(at(302)));
    for (name, end, taken, then) in [
        ("gone", State::NotApplied, true, State::Review),
        ("no", State::Declined, true, State::Review),
        ("still-gone", State::NotApplied, false, State::NotApplied),
        ("done", State::Paid, true, State::Paid),
    ] {
        let fence = armed(&*store, name, 0).await;
        store.change(&attempt(name), fence, &Change::to(end), at(1)).await.unwrap();
        store.record_late_result(&attempt(name), &late(name, taken), at(2)).await.unwrap();
        assert_eq!(state(&*store, name).await, then, "{name}");
    }
    // A second try is under way, and the first one was taken: the second worker gets no further.
    let fence = armed(&*store, "again", 0).await;
    store.change(&attempt("again"), fence, &Change::to(State::NotApplied), at(1)).await.unwrap();
    let again = armed(&*store, "again", 2).await;
    store.record_late_result(&attempt("again"), &late("again", true), at(3)).await.unwrap();
    let record = store.get(&attempt("again")).await.unwrap().unwrap();
    assert_eq!((record.state, record.payment), (State::Review, payment("again")));
    let lines = store.events(&attempt("again")).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.what == "late").count(), 1);
    let mut change = Change::to(State::Paid);
    change.payment = Some(PaymentRef::new("p-2"));
    let written = store.change(&attempt("again"), again, &change, at(4)).await;
    assert_eq!(written, Err(StoreError::Fenced));
}

pub(crate) async fn late_payment_beside_another_is_reviewed(place: &dyn Place) {
    let store = place.open().await;
    for (end, number, taken, then) in [
        (State::Paid, 1, true, State::Paid),
        (State::Paid, 2, true, State::Review),
        (State::Paid, 2, false, State::Paid),
        (State::Pending, 2, true, State::Review),
        (State::Unknown, 2, true, State::Review),
    ] {
        let name = format!("{end}-{number}-{taken}");
        let payment = |number: i32| PaymentRef::new(format!("{name}-p-{number}"));
        let fence = armed(&*store, &name, 0).await;
        let mut change = Change::to(end);
        change.payment = Some(payment(1));
        store.change(&attempt(&name), fence, &change, at(1)).await.unwrap();
        let late =
            Late { payment: Some(payment(number)), taken, review: false, note: "it was paid".to_owned() };
        store.record_late_result(&attempt(&name), &late, at(2)).await.unwrap();
        let record = store.get(&attempt(&name)).await.unwrap().unwrap();
        assert_eq!((record.state, record.payment), (then, Some(payment(1))), "{name}");
        if then == State::Review {
            let note = record.note.unwrap();
            assert!(
                [1, 2].iter().all(|number| note.contains(payment(*number).as_str()))
                    && note.contains("refund"),
                "{note}"
            );
        }
    }
}
