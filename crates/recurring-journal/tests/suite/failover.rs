//! What a failover means for payments and for names.

use recurring_facade::{PaymentRef, ProviderId};
use recurring_journal::State;
use recurring_journal::store::{Change, Claim, Failover, FoundCharge, Store};

use super::names::enrolment;
use super::{armed, at, attempt};

/// Fills a store, and says what an operator has found at the gateways since.
pub(crate) async fn before_failover(store: &dyn Store) -> Failover {
    let fence = armed(store, "paid", 0).await;
    let mut paid = Change::to(State::Paid);
    paid.payment = Some(PaymentRef::new("p-1"));
    store.change(&attempt("paid"), fence, &paid, at(1)).await.unwrap();
    store.reserve(&enrolment("enrolled", "ann"), at(0)).await.unwrap();
    let reserved = store.reserve(&enrolment("unsent", "ann"), at(0)).await.unwrap();
    let Claim::Acquired(fence) = reserved else { panic!("{reserved:?}") };
    let mut unsent = Change::to(State::NotApplied);
    unsent.unsent = true;
    store.change(&attempt("unsent"), fence, &unsent, at(1)).await.unwrap();
    let found = |name: &str, payment: &str| FoundCharge {
        attempt: attempt(name),
        provider: ProviderId::EMSPAY,
        payment: Some(PaymentRef::new(payment)),
    };
    Failover {
        by: "ann".to_owned(),
        why: "compared until noon".to_owned(),
        planned_were_not_sent: false,
        charged: vec![
            found("same", "p-1"),
            found("new", "p-2"),
            found("twice", "p-2"),
            found("paid", "p-1"),
            found("enrolled", "p-3"),
        ],
    }
}

/// A payment still belongs to one attempt, and an enrolment is as it was.
pub(crate) async fn assert_failed_over(store: &dyn Store) {
    let get = async |name: &str| store.get(&attempt(name)).await.unwrap().unwrap();
    for (name, payment, other) in [
        ("same", None, Some("p-1 belongs to the attempt paid")),
        ("new", Some("p-2"), None),
        ("twice", None, Some("p-2 belongs to the attempt new")),
    ] {
        let record = get(name).await;
        assert_eq!((record.state, record.lapsed), (State::Review, true), "{name}");
        assert_eq!(record.payment, payment.map(PaymentRef::new), "{name}");
        let note = record.note.unwrap();
        assert!(note.starts_with("found at the gateway: compared until noon"), "{note}");
        assert!(other.is_none_or(|other| note.contains(other)), "{note}");
    }
    let paid = get("paid").await;
    assert_eq!((paid.state, paid.payment), (State::Paid, Some(PaymentRef::new("p-1"))));
    for (name, state) in [("enrolled", State::Pending), ("unsent", State::NotApplied)] {
        let record = get(name).await;
        assert_eq!((record.state, record.lapsed, record.payment), (state, false, None), "{name}");
    }
}
