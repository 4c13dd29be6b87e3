//! Old attempts leave for a file, and their names stay.

use recurring_core::Timestamp;
use recurring_facade::PaymentRef;
use recurring_journal::store::{Change, Claim, Departure, Due, Filter, Late, Lease, Store};
use recurring_journal::{
    ChargeIntent, EncryptionKey, Intent, Journal, JournalError, SeriesTry, State, StoreError,
};
use sha2::{Digest, Sha256};

use super::{Place, attempt, intent, request};

/// Long ago for the store, whose clock is this machine's.
fn past(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_600_000_000 + second).unwrap()
}

async fn lease(store: &dyn Store) -> Lease {
    Lease { owner: store.owner().await.unwrap(), now: past(0), until: past(300) }
}

async fn made(store: &dyn Store, intent: &Intent, state: State, payment: Option<&str>) {
    let Claim::Acquired(fence) = store.arm(intent, &lease(store).await).await.unwrap() else {
        panic!("{intent:?} was not armed")
    };
    let mut change = Change::to(state);
    change.payment = payment.map(PaymentRef::new);
    store.change(intent.attempt(), fence, &change, past(1)).await.unwrap();
}

/// The SHA-256 of a line as `sha256sum` prints it.
fn digest(line: &str) -> String {
    Sha256::digest(line.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) async fn archived_attempt_leaves_its_log_and_keeps_its_name(place: &dyn Place) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.jsonl");
    let store = place.open().await;
    let key = EncryptionKey::new(&recurring_fixtures::key(4)).unwrap();
    let journal = Journal::builder().with_encryption_key(key).with_store(place.open().await).await.unwrap();
    let planned = journal.plan(&request("planned")).await.unwrap();
    made(&*store, &intent("paid"), State::Paid, Some("p-1")).await;
    made(&*store, &intent("declined"), State::Declined, None).await;
    made(&*store, &intent("refused"), State::NotApplied, None).await;
    for (name, state) in [("unknown", State::Unknown), ("pending", State::Pending), ("review", State::Review)]
    {
        made(&*store, &intent(name), state, None).await;
    }
    let before = store.get(&attempt("paid")).await.unwrap().unwrap();
    // What was changed at this very time stays.
    assert_eq!(journal.archive(past(1), &file).await.unwrap().attempts, 0);
    std::fs::remove_file(&file).unwrap();
    let done = journal.archive(past(2), &file).await.unwrap();
    assert_eq!((done.attempts, done.stayed), (3, 0));

    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let head: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((&head["archive"], &head["journal"]), (&1.into(), &journal.identity().into()));
    let names: Vec<String> = lines[1..]
        .iter()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["events"].as_array().unwrap().len(), 2, "{value}");
            value["attempt"]["attempt"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(names, ["declined", "paid", "refused"]);
    for (name, line) in names.iter().zip(&lines[1..]) {
        let log = store.events(&attempt(name)).await.unwrap();
        assert_eq!(log.len(), 1, "{log:?}");
        assert!(log[0].note.as_deref().unwrap().ends_with(&digest(line)), "{log:?}");
    }
    for (name, lines) in [("planned", 1), ("unknown", 2), ("pending", 2), ("review", 2)] {
        assert_eq!(store.events(&attempt(name)).await.unwrap().len(), lines, "{name}");
    }
    assert_eq!(store.get(&planned.attempt).await.unwrap(), Some(planned));

    let record = store.get(&attempt("paid")).await.unwrap().unwrap();
    assert!(record.archived.is_some() && record.fence() > before.fence(), "{record:?}");
    assert_eq!(
        (record.state, &record.payment, record.amount, record.created),
        (State::Paid, &before.payment, before.amount, before.created)
    );
    // The same file goes on where it was; another time needs another file.
    assert_eq!(journal.archive(past(2), &file).await.unwrap().attempts, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let error = journal.archive(past(3), &file).await.unwrap_err().to_string();
    assert!(error.contains("name a new file"), "{error}");
    let future = Timestamp::now() + std::time::Duration::from_secs(3600);
    let error = journal.archive(future, &folder.path().join("future")).await.unwrap_err();
    assert!(matches!(error, JournalError::Invalid { field: "before", .. }), "{error:?}");
}

pub(crate) async fn archived_name_is_never_charged_again(place: &dyn Place) {
    let store = place.open().await;
    let journal = Journal::builder().with_store(place.open().await).await.unwrap();
    let try_of = |name: &str, number| {
        let series = SeriesTry::new("sub-1", "2020-09", number).unwrap();
        ChargeIntent::new(request(name)).with_series(series)
    };
    made(&*store, &Intent::from(&try_of("paid", 1)), State::Paid, Some("p-1")).await;
    made(&*store, &intent("refused"), State::NotApplied, None).await;
    let old = store.get(&attempt("paid")).await.unwrap().unwrap().fence();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(journal.archive(past(2), &folder.path().join("a")).await.unwrap().attempts, 2);

    // The same words are answered with the end it had; it is not armed.
    for (name, state) in [("paid", State::Paid), ("refused", State::NotApplied)] {
        let asked = if name == "paid" { Intent::from(&try_of("paid", 1)) } else { intent(name) };
        for claims in [
            vec![store.arm(&asked, &lease(&*store).await).await.unwrap()],
            store.claim(&[asked], &lease(&*store).await).await.unwrap(),
        ] {
            let [Claim::Existing(record)] = claims.as_slice() else { panic!("{claims:?}") };
            assert!(record.state == state && record.archived.is_some(), "{record:?}");
        }
    }
    assert_eq!(journal.plan(try_of("paid", 1)).await.unwrap().state, State::Paid);
    let other = journal.plan(ChargeIntent::new(request("paid"))).await.unwrap_err();
    assert!(matches!(other, JournalError::OtherPayment { .. }), "{other:?}");
    assert_eq!(store.take(&Due::Planned, 9, &lease(&*store).await).await.unwrap(), []);

    // Its payment and its period are taken still.
    let Claim::Acquired(fence) = store.arm(&intent("new"), &lease(&*store).await).await.unwrap() else {
        panic!("not armed")
    };
    let mut change = Change::to(State::Paid);
    change.payment = Some(PaymentRef::new("p-1"));
    let taken = store.change(&attempt("new"), fence, &change, past(3)).await;
    assert!(
        matches!(&taken, Err(StoreError::PaymentTaken { attempt: holder, .. }) if *holder == attempt("paid"))
    );
    let second = journal.plan(try_of("second", 2)).await;
    assert!(matches!(&second, Err(JournalError::OtherTry(by)) if by.other == attempt("paid")), "{second:?}");
    // Who had it before the archiving writes nothing more.
    let late = store.change(&attempt("paid"), old, &Change::to(State::Declined), past(4)).await;
    assert_eq!(late, Err(StoreError::Fenced));
    let filter = Filter { state: Some(State::Paid), ..Filter::default() };
    assert_eq!(store.list(&filter, 9).await.unwrap().len(), 1);
}

pub(crate) async fn archived_attempt_still_raises_the_alarm(place: &dyn Place) {
    let store = place.open().await;
    let journal = Journal::builder().with_store(place.open().await).await.unwrap();
    made(&*store, &intent("a"), State::Declined, None).await;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(journal.archive(past(2), &folder.path().join("a")).await.unwrap().attempts, 1);
    let late = Late {
        payment: Some(PaymentRef::new("p-1")),
        taken: true,
        review: false,
        note: "it was paid".to_owned(),
    };
    store.record_late_result(&attempt("a"), &late, Timestamp::now()).await.unwrap();
    let record = store.get(&attempt("a")).await.unwrap().unwrap();
    assert_eq!((record.state, record.archived), (State::Review, None));
    let log: Vec<_> = store.events(&attempt("a")).await.unwrap();
    let words: Vec<_> = log.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(words, ["declined", "late", "review"]);
}

pub(crate) async fn attempt_that_changed_meanwhile_stays(place: &dyn Place) {
    let store = place.open().await;
    for name in ["a", "b", "c"] {
        made(&*store, &intent(name), State::Declined, None).await;
    }
    let page = store.archivable(None, past(9), 2).await.unwrap();
    assert_eq!((page.attempts.len(), page.last), (2, Some(attempt("b"))));
    // Something is learned of one of them between the file and the journal, and another one is gone over twice.
    let late = Late { payment: None, taken: false, review: false, note: "nothing new".to_owned() };
    store.record_late_result(&attempt("a"), &late, past(5)).await.unwrap();
    let departures: Vec<_> =
        page.attempts.iter().map(|(record, _)| Departure::of(record, "archived".to_owned())).collect();
    assert_eq!(store.archive(&departures, Timestamp::now()).await, Ok(1));
    assert_eq!(store.archive(&departures, Timestamp::now()).await, Ok(0));
    assert_eq!(store.events(&attempt("a")).await.unwrap().len(), 4);
    assert_eq!(store.events(&attempt("b")).await.unwrap().len(), 1);
    let rest =
        store.archivable(page.attempts.last().map(|(record, _)| &record.attempt), past(9), 2).await.unwrap();
    assert_eq!((rest.attempts.len(), rest.last), (1, Some(attempt("c"))));
    assert_eq!(store.archivable(Some(&attempt("c")), past(9), 2).await.unwrap().last, None);
}
