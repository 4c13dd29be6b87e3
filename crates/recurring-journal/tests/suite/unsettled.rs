//! What is counted as not settled.

use std::time::Duration;

use recurring_facade::{Customer, EnrolRequest, ProviderId};
use recurring_journal::store::{Change, Filter};
use recurring_journal::{EncryptionKey, Intent, Journal, State};

use super::{Place, armed, at, attempt, lease, request};

pub(crate) async fn unsettled_counts_by_gateway_and_state(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.unsettled().await.unwrap(), []);
    for (name, second, state) in [
        ("armed-1", 10, State::Armed),
        ("armed-2", 20, State::Armed),
        ("pending", 30, State::Pending),
        ("unknown-1", 50, State::Unknown),
        ("unknown-2", 40, State::Unknown),
        ("review", 60, State::Review),
        ("paid", 1, State::Paid),
        ("held", 2, State::Authorized),
        ("declined", 3, State::Declined),
        ("void", 4, State::Canceled),
        ("refused", 5, State::NotApplied),
    ] {
        let fence = armed(&*store, name, second).await;
        let change = Change { keep_lease: state == State::Armed, ..Change::to(state) };
        store.change(&attempt(name), fence, &change, at(second + 100)).await.unwrap();
    }
    let revio = r#"{"provider":"revio","client_id":"c","recurring_token":"t"}"#;
    let mut other = request("other");
    other.credential = serde_json::from_str(revio).unwrap();
    store.arm(&Intent::charge(&other), &lease(&*store, 7).await).await.unwrap();
    // What the caller has to hand in again is not due; an enrolment moves no money.
    store.plan(&Intent::charge(&request("unsealed")), at(0)).await.unwrap();
    let customer = Customer::new("customer-1", "ann@example.org");
    let enrolment = EnrolRequest::new(attempt("enrolment"), request("a").amount, customer);
    store.reserve(&Intent::enrolment(&enrolment, ProviderId::REVIO), at(0)).await.unwrap();
    let key = EncryptionKey::new(&recurring_fixtures::key(5)).unwrap();
    let journal = Journal::builder().with_encryption_key(key).with_store(place.open().await).await.unwrap();
    let planned = journal.plan(&request("sealed")).await.unwrap();

    let found = store.unsettled().await.unwrap();
    let lines: Vec<_> =
        found.iter().map(|line| (line.provider.as_str(), line.state, line.count, line.oldest)).collect();
    assert_eq!(
        lines,
        [
            ("emspay", State::Armed, 2, at(10)),
            ("emspay", State::Pending, 1, at(30)),
            ("emspay", State::Planned, 1, planned.created),
            ("emspay", State::Review, 1, at(60)),
            ("emspay", State::Unknown, 2, at(40)),
            ("revio", State::Armed, 1, at(7)),
        ]
    );
    let oldest = found.iter().find(|line| line.state == State::Planned).unwrap();
    assert!(oldest.age < Duration::from_secs(600), "{oldest:?}");
    // Each state is listed from the same index.
    let filter = Filter { state: Some(State::Unknown), ..Filter::default() };
    let names: Vec<_> = store.list(&filter, 9).await.unwrap();
    assert_eq!(
        names.iter().map(|record| record.attempt.as_str()).collect::<Vec<_>>(),
        ["unknown-1", "unknown-2"]
    );
}
