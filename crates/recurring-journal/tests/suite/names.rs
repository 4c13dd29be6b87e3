//! What a name is bound to: an intent that may have been sent, or an enrolment.

use recurring_facade::{Customer, EnrolRequest, Money, PaymentRef, ProviderId};
use recurring_journal::store::{Change, Claim, Due, Filter, Lease, Owners, Store};
use recurring_journal::{EncryptionKey, Fence, Intent, Journal, Operation, State};

use super::{Place, armed, at, attempt, intent, lease, request};

fn dearer(name: &str) -> Intent {
    let mut request = request(name);
    request.amount = Money::from_minor(4001, request.amount.currency()).unwrap();
    Intent::charge(&request)
}

fn unsent() -> Change {
    let mut change = Change::to(State::NotApplied);
    change.unsent = true;
    change
}

async fn arm(store: &dyn Store, intent: &Intent, second: i64) -> Option<Fence> {
    match store.arm(intent, &lease(store, second).await).await.unwrap() {
        Claim::Acquired(fence) => Some(fence),
        Claim::Existing(_) | Claim::Blocked(_) => None,
    }
}

pub(crate) async fn unsent_attempt_takes_another_intent(place: &dyn Place) {
    let store = place.open().await;
    let first = armed(&*store, "a", 0).await;
    assert_eq!(arm(&*store, &dearer("a"), 1).await, None, "armed");
    store.change(&attempt("a"), first, &unsent(), at(1)).await.unwrap();
    let second = arm(&*store, &dearer("a"), 2).await.unwrap();
    let record = store.get(&attempt("a")).await.unwrap().unwrap();
    assert_eq!((record.state, record.amount.map(Money::minor)), (State::Armed, Some(4001)));
    // The first intent is another one now.
    assert_eq!(arm(&*store, &intent("a"), 3).await, None, "the old amount");
    // And again, as long as nothing was sent.
    store.change(&attempt("a"), second, &unsent(), at(4)).await.unwrap();
    let third = arm(&*store, &intent("a"), 5).await.unwrap();
    store.change(&attempt("a"), third, &Change::to(State::NotApplied), at(6)).await.unwrap();
    assert_eq!(arm(&*store, &dearer("a"), 7).await, None, "refused by the gateway");
    // What was sealed for the first intent does not stay with the second one.
    let key = EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    let journal = Journal::builder().with_encryption_key(key).with_store(place.open().await).await.unwrap();
    journal.plan(&request("sealed")).await.unwrap();
    let fence = arm(&*store, &intent("sealed"), 0).await.unwrap();
    store.change(&attempt("sealed"), fence, &unsent(), at(1)).await.unwrap();
    let fence = arm(&*store, &dearer("sealed"), 2).await.unwrap();
    let mut planned = Change::to(State::Planned);
    planned.unsent = true;
    store.change(&attempt("sealed"), fence, &planned, at(3)).await.unwrap();
    assert_eq!(store.take(&Due::Planned, 10, &lease(&*store, 4).await).await.unwrap(), []);
    // Planned and given back, it is still unsent; another operation or gateway is never taken.
    store.claim(&[intent("b")], &lease(&*store, 0).await).await.unwrap();
    let fence = store.get(&attempt("b")).await.unwrap().unwrap().fence();
    store.change(&attempt("b"), fence, &Change::to(State::Planned), at(1)).await.unwrap();
    let fence = armed(&*store, "b", 2).await;
    store.change(&attempt("b"), fence, &unsent(), at(3)).await.unwrap();
    let refund = recurring_facade::RefundRequest::new(attempt("b"), PaymentRef::new("p-1"));
    assert_eq!(arm(&*store, &Intent::refund(&refund, ProviderId::EMSPAY), 4).await, None, "a refund");
    assert!(arm(&*store, &dearer("b"), 5).await.is_some());
}

pub(crate) async fn attempt_that_may_have_been_sent_stays_bound(place: &dyn Place) {
    let store = place.open().await;
    // Refused by the gateway; unsent the second time; with a payment; crashed.
    let fence = armed(&*store, "refused", 0).await;
    store.change(&attempt("refused"), fence, &Change::to(State::NotApplied), at(1)).await.unwrap();
    let fence = armed(&*store, "second-try", 0).await;
    store.change(&attempt("second-try"), fence, &Change::to(State::NotApplied), at(1)).await.unwrap();
    let fence = armed(&*store, "second-try", 2).await;
    store.change(&attempt("second-try"), fence, &unsent(), at(3)).await.unwrap();
    let fence = armed(&*store, "anchored", 0).await;
    let mut anchor = Change::to(State::Armed);
    (anchor.payment, anchor.keep_lease) = (Some(PaymentRef::new("p-1")), true);
    store.change(&attempt("anchored"), fence, &anchor, at(1)).await.unwrap();
    store.change(&attempt("anchored"), fence, &unsent(), at(2)).await.unwrap();
    armed(&*store, "crashed", 0).await;
    assert_eq!(store.expire_leases(&Owners::default(), at(900), at(400)).await.unwrap(), 1);
    let fence = store.get(&attempt("crashed")).await.unwrap().unwrap().fence();
    assert_eq!(arm(&*store, &dearer("crashed"), 401).await, None, "unknown");
    store.change(&attempt("crashed"), fence, &Change::to(State::NotApplied), at(402)).await.unwrap();
    for name in ["refused", "second-try", "anchored", "crashed"] {
        assert_eq!(arm(&*store, &dearer(name), 500).await, None, "{name}");
        assert!(arm(&*store, &intent(name), 500).await.is_some(), "{name}");
    }
}

pub(crate) fn enrolment(name: &str, customer: &str) -> Intent {
    let customer = Customer::new(customer, "ann@example.org");
    Intent::enrolment(&EnrolRequest::new(attempt(name), request("a").amount, customer), ProviderId::EMSPAY)
}

pub(crate) async fn enrolment_reserves_its_name(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    let ann = enrolment("a", "ann");
    let first = one.reserve(&ann, at(0)).await.unwrap();
    assert!(matches!(first, Claim::Acquired(_)), "{first:?}");
    let record = one.get(&attempt("a")).await.unwrap().unwrap();
    assert_eq!((record.state, record.operation), (State::Pending, Operation::Enrolment));
    assert_eq!((record.next_look, record.payment.clone(), record.armed), (None, None, None));
    for intent in [&ann, &enrolment("a", "bob")] {
        let again = two.reserve(intent, at(1)).await.unwrap();
        assert_eq!(again, Claim::Existing(Box::new(record.clone())));
    }
    // Nothing else gets the name, and it is not looked up or freed.
    assert_eq!(arm(&*two, &intent("a"), 2).await, None);
    let claims = two.claim(&[intent("a")], &lease(&*two, 2).await).await.unwrap();
    assert!(matches!(claims.as_slice(), [Claim::Existing(_)]), "{claims:?}");
    let year = Lease { now: at(40_000_000), until: at(40_000_300), ..lease(&*two, 0).await };
    for due in [Due::Look, Due::One(attempt("a")), Due::Planned] {
        assert_eq!(two.take(&due, 10, &year).await.unwrap(), [], "{due:?}");
    }
    assert_eq!(two.expire_leases(&Owners::default(), year.now, year.now).await.unwrap(), 0);
    assert_eq!(two.get(&attempt("a")).await.unwrap(), Some(record.clone()));
    // It is listed, and not counted.
    let pending = Filter { state: Some(State::Pending), ..Filter::default() };
    assert_eq!(two.list(&pending, 10).await.unwrap(), [record]);
    assert_eq!(two.count().await.unwrap(), []);
    // The other way round.
    armed(&*one, "charge", 0).await;
    let stands = one.reserve(&enrolment("charge", "ann"), at(1)).await.unwrap();
    assert!(matches!(stands, Claim::Existing(record) if record.state == State::Armed));
}

pub(crate) async fn enrolment_is_taken_to_record_its_end(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    one.reserve(&enrolment("a", "ann"), at(0)).await.unwrap();
    let due = Due::Enrolment(attempt("a"));
    let mut taken = one.take(&due, 1, &lease(&*one, 1).await).await.unwrap();
    let first = taken.pop().unwrap();
    assert_eq!((first.state, taken.len()), (State::Pending, 0));
    assert_eq!(two.take(&due, 1, &lease(&*two, 2).await).await.unwrap(), [], "the other one has it");
    for end in [State::Declined, State::Canceled, State::Pending, State::Paid] {
        let record = one.take(&due, 1, &lease(&*one, 3).await).await.unwrap().pop().unwrap();
        let written = one.change(&attempt("a"), record.fence(), &Change::to(end), at(4)).await.unwrap();
        assert_eq!((written.state, written.lease_until), (end, None));
    }
    let late = one.change(&attempt("a"), first.fence(), &Change::to(State::Declined), at(5)).await;
    assert_eq!(late, Err(recurring_journal::StoreError::Fenced));
    assert_eq!(two.take(&due, 1, &lease(&*two, 6).await).await.unwrap(), [], "it is paid");
    assert_eq!(arm(&*two, &intent("a"), 7).await, None);
    assert!(matches!(two.reserve(&enrolment("a", "ann"), at(8)).await.unwrap(), Claim::Existing(_)));
    // Nothing but an enrolment is taken so.
    armed(&*one, "charge", 0).await;
    let other = Due::Enrolment(attempt("charge"));
    let year = Lease { now: at(40_000_000), until: at(40_000_300), ..lease(&*two, 0).await };
    assert_eq!(two.take(&other, 1, &year).await.unwrap(), []);
}

pub(crate) async fn unsent_enrolment_is_replaced(place: &dyn Place) {
    let store = place.open().await;
    let reserved = store.reserve(&enrolment("a", "ann"), at(0)).await.unwrap();
    let Claim::Acquired(fence) = reserved else { panic!("{reserved:?}") };
    store.change(&attempt("a"), fence, &unsent(), at(1)).await.unwrap();
    assert_eq!(arm(&*store, &intent("a"), 2).await, None, "an enrolment is not a charge");
    let again = store.reserve(&enrolment("a", "bob"), at(3)).await.unwrap();
    let Claim::Acquired(second) = again else { panic!("{again:?}") };
    assert!(second > fence);
    let late = store.change(&attempt("a"), fence, &unsent(), at(4)).await;
    assert_eq!(late, Err(recurring_journal::StoreError::Fenced));
    let record = store.get(&attempt("a")).await.unwrap().unwrap();
    assert_eq!((record.state, record.updated), (State::Pending, at(3)));
    // A charge that was not sent is not taken for an enrolment.
    let fence = armed(&*store, "charge", 0).await;
    store.change(&attempt("charge"), fence, &unsent(), at(1)).await.unwrap();
    let stands = store.reserve(&enrolment("charge", "ann"), at(2)).await.unwrap();
    assert!(matches!(stands, Claim::Existing(_)), "{stands:?}");
}
