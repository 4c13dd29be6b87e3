//! The inbox.

use std::sync::Arc;

use recurring_facade::{Authenticity, PaymentRef, ProviderId, ReceivedNotification};
use recurring_journal::store::Change;
use recurring_journal::{InboxEntry, State};

use super::{Place, armed, at, attempt};

fn entry(provider: ProviderId, authenticity: Authenticity, key: &str) -> InboxEntry {
    InboxEntry::from(&ReceivedNotification::new(provider, authenticity, key))
}

pub(crate) async fn a_notification_is_counted_and_dealt_with_once(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    let mut received = ReceivedNotification::new(ProviderId::REVIO, Authenticity::Verified, "key-1");
    received.event = Some("purchase.paid".to_owned());
    received.payment = Some(PaymentRef::new("p-1"));
    let entry = InboxEntry::from(&received);
    let first = one.receive(&entry, at(0)).await.unwrap();
    assert_eq!((first.times, first.handled), (1, false));
    assert_eq!(two.unhandled(10).await.unwrap(), std::slice::from_ref(&entry));
    let again = two.receive(&entry, at(1)).await.unwrap();
    assert_eq!((again.times, again.handled), (2, false));
    two.handled(&entry, again.times, at(2)).await.unwrap();
    let third = one.receive(&entry, at(3)).await.unwrap();
    assert_eq!((third.times, third.handled), (3, true));
    assert_eq!(one.unhandled(10).await.unwrap(), []);
    // The same key of another gateway is another notification.
    received.provider = ProviderId::EMSPAY;
    received.authenticity = Authenticity::Unsigned;
    let other = one.receive(&InboxEntry::from(&received), at(4)).await.unwrap();
    assert_eq!((other.times, other.handled), (1, false));
    // Found by the payment, as long as it is open.
    let fence = armed(&*one, "a", 0).await;
    let mut change = Change::to(State::Pending);
    change.payment = Some(PaymentRef::new("p-9"));
    one.change(&attempt("a"), fence, &change, at(1)).await.unwrap();
    let find = |id: &'static str| {
        let two = Arc::clone(&two);
        async move { two.open_with_payment(&ProviderId::EMSPAY, &PaymentRef::new(id)).await.unwrap().len() }
    };
    assert_eq!((find("p-9").await, find("p-8").await), (1, 0));
}

pub(crate) async fn unsigned_notification_is_read_again_each_time(place: &dyn Place) {
    let store = place.open().await;
    for (provider, authenticity, is_left) in [
        (ProviderId::EMSPAY, Authenticity::Unsigned, true),
        (ProviderId::REVIO, Authenticity::Verified, false),
    ] {
        let entry = entry(provider, authenticity, "key");
        let first = store.receive(&entry, at(0)).await.unwrap();
        store.handled(&entry, first.times, at(1)).await.unwrap();
        assert_eq!(store.unhandled(9).await.unwrap(), []);
        let again = store.receive(&entry, at(2)).await.unwrap();
        assert_eq!((again.times, again.handled), (2, true), "{authenticity}");
        // What was begun by the first delivery does not end the second one.
        store.handled(&entry, first.times, at(3)).await.unwrap();
        assert_eq!(store.unhandled(9).await.unwrap().len(), usize::from(is_left), "{authenticity}");
        store.handled(&entry, again.times, at(4)).await.unwrap();
        assert_eq!(store.unhandled(9).await.unwrap(), [], "{authenticity}");
    }
}

pub(crate) async fn backlog_is_listed_in_pages_by_gateway(place: &dyn Place) {
    let store = place.open().await;
    for (second, provider, key) in [
        (3, ProviderId::OMNO, "d"),
        (1, ProviderId::OMNO, "b"),
        (1, ProviderId::OMNO, "a"),
        (2, ProviderId::EMSPAY, "c"),
        (4, ProviderId::OMNO, "e"),
    ] {
        store.receive(&entry(provider, Authenticity::Unsigned, key), at(second)).await.unwrap();
    }
    let (mut last, mut keys) = (None, Vec::new());
    loop {
        let page = store.backlog(Some(&ProviderId::OMNO), last.as_ref(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        keys.extend(page.iter().map(|row| (row.entry.dedupe_key.clone(), row.first_received, row.times)));
        last = page.last().cloned();
    }
    let expected = [("a", 1), ("b", 1), ("d", 3), ("e", 4)];
    assert_eq!(keys, expected.map(|(key, second)| (key.to_owned(), at(second), 1)));
    assert_eq!(store.backlog(None, None, 9).await.unwrap().len(), 5);
}
