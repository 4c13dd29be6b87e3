//! A payment of a gateway belongs to one attempt.

use recurring_facade::{PaymentRef, ProviderId, RefundRequest};
use recurring_journal::store::{Change, Claim, Late, Owners};
use recurring_journal::{Intent, State, StoreError};

use super::{Place, armed, at, attempt, lease};

fn with_payment(state: State, payment: &str) -> Change {
    let mut change = Change::to(state);
    change.payment = Some(PaymentRef::new(payment));
    change
}

pub(crate) async fn payment_belongs_to_one_attempt(place: &dyn Place) {
    let store = place.open().await;
    let taken = || StoreError::PaymentTaken { payment: PaymentRef::new("p-1"), attempt: attempt("first") };
    let first = armed(&*store, "first", 0).await;
    store.change(&attempt("first"), first, &with_payment(State::Paid, "p-1"), at(1)).await.unwrap();
    let second = armed(&*store, "second", 2).await;
    let mut anchor = with_payment(State::Armed, "p-1");
    anchor.keep_lease = true;
    for change in [anchor, with_payment(State::Paid, "p-1"), with_payment(State::Declined, "p-1")] {
        let written = store.change(&attempt("second"), second, &change, at(3)).await;
        assert_eq!(written, Err(taken()), "{change:?}");
    }
    // Nothing of it was stored, and the worker still has its attempt.
    let record = store.get(&attempt("second")).await.unwrap().unwrap();
    assert_eq!((record.state, record.payment), (State::Armed, None));
    assert_eq!(store.events(&attempt("second")).await.unwrap().len(), 1);
    store.change(&attempt("second"), second, &with_payment(State::Paid, "p-2"), at(4)).await.unwrap();
    // The same payment once more for the attempt that has it; another gateway's payments are its own.
    let foreign = r#"{"provider":"revio","client_id":"c","recurring_token":"t"}"#;
    let mut foreign = recurring_facade::ChargeRequest::new(
        attempt("foreign"),
        serde_json::from_str(foreign).unwrap(),
        super::request("a").amount,
    );
    foreign.reason = None;
    let claim = store.arm(&Intent::charge(&foreign), &lease(&*store, 5).await).await.unwrap();
    let Claim::Acquired(fence) = claim else { panic!("{claim:?}") };
    store.change(&attempt("foreign"), fence, &with_payment(State::Paid, "p-1"), at(6)).await.unwrap();
    // A refund names the payment that it gives back.
    for name in ["back-1", "back-2"] {
        let refund = RefundRequest::new(attempt(name), PaymentRef::new("p-1"));
        let intent = Intent::refund(&refund, ProviderId::EMSPAY);
        let claim = store.arm(&intent, &lease(&*store, 7).await).await.unwrap();
        let Claim::Acquired(fence) = claim else { panic!("{claim:?}") };
        store.change(&attempt(name), fence, &with_payment(State::Paid, "p-1"), at(8)).await.unwrap();
    }
    // What is armed again gives its old payment free.
    let third = armed(&*store, "third", 9).await;
    store.change(&attempt("third"), third, &with_payment(State::NotApplied, "p-3"), at(10)).await.unwrap();
    let third = armed(&*store, "third", 11).await;
    store.change(&attempt("third"), third, &with_payment(State::Paid, "p-4"), at(12)).await.unwrap();
    let fourth = armed(&*store, "fourth", 13).await;
    store.change(&attempt("fourth"), fourth, &with_payment(State::Paid, "p-3"), at(14)).await.unwrap();
    // An old fence is an old fence, whatever is written under it.
    let late = store.change(&attempt("third"), fourth, &with_payment(State::Paid, "p-1"), at(15)).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
}

pub(crate) async fn payment_of_eight_attempts_at_once_belongs_to_one(place: &dyn Place) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, name) = (place.open().await, format!("a-{number}"));
        let fence = armed(&*store, &name, 0).await;
        tasks.spawn(async move {
            store.change(&attempt(&name), fence, &with_payment(State::Paid, "p-1"), at(1)).await
        });
    }
    let all = tasks.join_all().await;
    let owner = all.iter().find_map(|written| written.as_ref().ok()).unwrap().attempt.clone();
    let refused = Err(StoreError::PaymentTaken { payment: PaymentRef::new("p-1"), attempt: owner });
    assert_eq!(all.iter().filter(|written| **written == refused).count(), 7, "{all:?}");
}

pub(crate) async fn late_payment_of_another_attempt_is_not_kept(place: &dyn Place) {
    let store = place.open().await;
    let first = armed(&*store, "first", 0).await;
    store.change(&attempt("first"), first, &with_payment(State::Paid, "p-1"), at(1)).await.unwrap();
    armed(&*store, "second", 2).await;
    store.expire_leases(&Owners::default(), at(900), at(400)).await.unwrap();
    let mut late = Late {
        payment: Some(PaymentRef::new("p-1")),
        taken: true,
        review: false,
        note: "it was paid".to_owned(),
    };
    let told = store.record_late_result(&attempt("second"), &late, at(401)).await;
    assert_eq!(
        told,
        Err(StoreError::PaymentTaken { payment: PaymentRef::new("p-1"), attempt: attempt("first") })
    );
    let before = store.get(&attempt("second")).await.unwrap().unwrap();
    assert_eq!((before.state, store.events(&attempt("second")).await.unwrap().len()), (State::Unknown, 2));
    (late.payment, late.taken, late.review) = (None, false, true);
    store.record_late_result(&attempt("second"), &late, at(402)).await.unwrap();
    let record = store.get(&attempt("second")).await.unwrap().unwrap();
    assert_eq!((record.state, &record.payment, record.next_look), (State::Review, &None, None));
    assert!(record.fence() > before.fence());
    let lines: Vec<_> =
        store.events(&attempt("second")).await.unwrap().into_iter().map(|event| event.what).collect();
    assert_eq!(lines, ["armed", "unknown", "late", "review"]);
}
