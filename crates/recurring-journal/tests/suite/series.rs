//! The tries of a period: at most one is open or paid.

use std::sync::Arc;

use recurring_core::Timestamp;
use recurring_facade::{ChargeRequest, PaymentRef};
use recurring_journal::store::{Change, Claim, Due, Filter, Late, Store};
use recurring_journal::{
    ChargeIntent, EncryptionKey, Intent, Journal, JournalError, OtherTry, SeriesTry, State, StoreError,
};

use super::{Place, at, attempt, lease, request};

fn charge(name: &str, period: &str, number: u32) -> ChargeIntent {
    ChargeIntent::new(request(name)).with_series(SeriesTry::new("sub-1", period, number).unwrap())
}

fn intent(name: &str, period: &str, number: u32) -> Intent {
    Intent::from(&charge(name, period, number))
}

async fn arm(store: &dyn Store, intent: &Intent, second: i64) -> Claim {
    store.arm(intent, &lease(store, second).await).await.unwrap()
}

fn blocked(name: &str, other: &str, state: State) -> OtherTry {
    OtherTry { attempt: attempt(name), other: attempt(other), state, same_number: false }
}

/// An attempt of `2026-11` in this state.
async fn made(store: &dyn Store, name: &str, number: u32, state: State) {
    let intent = intent(name, "2026-11", number);
    if state == State::Planned {
        store.plan(&intent, at(0)).await.unwrap();
        return;
    }
    let Claim::Acquired(fence) = arm(store, &intent, 0).await else { panic!("{name} was not armed") };
    if state != State::Armed {
        store.change(&attempt(name), fence, &Change::to(state), at(1)).await.unwrap();
    }
}

pub(crate) async fn series_is_listed_by_period_and_try(place: &dyn Place) {
    let store = place.open().await;
    for (name, period, number) in [("d", "2026-12", 1), ("a", "2026-11", 2), ("c", "2026-11", 1)] {
        let Claim::Acquired(fence) = arm(&*store, &intent(name, period, number), 0).await else {
            panic!("{name}")
        };
        store.change(&attempt(name), fence, &Change::to(State::Declined), at(1)).await.unwrap();
    }
    store.plan(&Intent::charge(&request("b")), at(0)).await.unwrap();
    let other = SeriesTry::new("sub-2", "2026-11", 1).unwrap();
    store.plan(&Intent::from(&ChargeIntent::new(request("e")).with_series(other)), at(0)).await.unwrap();
    let all = place.open().await.series("sub-1").await.unwrap();
    let tries: Vec<_> = all.iter().map(|record| record.series.clone().unwrap()).collect();
    let expected = [("2026-11", 1), ("2026-11", 2), ("2026-12", 1)];
    assert_eq!(tries, expected.map(|(period, number)| SeriesTry::new("sub-1", period, number).unwrap()));
    let filter = Filter { series: Some("sub-1".to_owned()), ..Filter::default() };
    let names = |records: Vec<recurring_journal::AttemptRecord>| -> Vec<String> {
        records.iter().map(|record| record.attempt.to_string()).collect()
    };
    assert_eq!(names(store.list(&filter, 2).await.unwrap()), ["a", "c"]);
    let filter = Filter { state: Some(State::Planned), ..filter };
    assert_eq!(names(store.list(&filter, 9).await.unwrap()), Vec::<String>::new());
    assert_eq!(store.series("sub").await.unwrap(), []);
}

pub(crate) async fn try_waits_for_every_other_of_its_period(place: &dyn Place) {
    for state in State::ALL.iter().copied() {
        // A series for each state: the first try has it, and the second one is asked for.
        let store = place.open().await;
        let of = |number| SeriesTry::new(format!("sub-{state}"), "2026-11", number).unwrap();
        let (one, two) = (format!("{state}-1"), format!("{state}-2"));
        let first = Intent::from(&ChargeIntent::new(request(&one)).with_series(of(1)));
        let second = Intent::from(&ChargeIntent::new(request(&two)).with_series(of(2)));
        if state == State::Planned {
            store.plan(&first, at(0)).await.unwrap();
        } else {
            let Claim::Acquired(fence) = arm(&*store, &first, 0).await else { panic!("{one}") };
            let change = Change { keep_lease: state == State::Armed, ..Change::to(state) };
            store.change(&attempt(&one), fence, &change, at(1)).await.unwrap();
        }
        let lease = lease(&*store, 2).await;
        if matches!(state, State::Declined | State::Canceled | State::NotApplied) {
            assert!(store.plan(&second, at(2)).await.is_ok(), "{state}");
            assert!(matches!(arm(&*store, &second, 3).await, Claim::Acquired(_)), "{state}");
            continue;
        }
        let other = blocked(&two, &one, state);
        assert_eq!(store.plan(&second, at(2)).await, Err(StoreError::OtherTry(other.clone())));
        assert_eq!(store.arm(&second, &lease).await, Ok(Claim::Blocked(other.clone())));
        // What else is claimed with it is claimed.
        let free = Intent::charge(&request(&format!("{state}-free")));
        let claims = store.claim(&[second, free], &lease).await.unwrap();
        assert!(matches!(claims.as_slice(), [Claim::Blocked(found), Claim::Acquired(_)] if *found == other));
        assert_eq!(store.get(&attempt(&two)).await, Ok(None), "{state}");
    }
}

pub(crate) async fn number_of_a_try_is_given_once(place: &dyn Place) {
    let store = place.open().await;
    made(&*store, "a", 1, State::Declined).await;
    let same = OtherTry { same_number: true, ..blocked("b", "a", State::Declined) };
    assert_eq!(arm(&*store, &intent("b", "2026-11", 1), 2).await, Claim::Blocked(same.clone()));
    assert_eq!(store.plan(&intent("b", "2026-11", 1), at(2)).await, Err(StoreError::OtherTry(same.clone())));
    assert!(same.to_string().contains("the next number"), "{same}");
    // Two tries of one period that are claimed together: the first one gets it.
    let both = [intent("c", "2026-12", 1), intent("d", "2026-12", 2)];
    let claims = store.claim(&both, &lease(&*store, 2).await).await.unwrap();
    assert!(matches!(claims.as_slice(), [Claim::Acquired(_), Claim::Blocked(_)]), "{claims:?}");
}

pub(crate) async fn tries_at_once_on_four_machines_arm_one(place: &dyn Place) {
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(place.open().await);
    }
    for round in 0..25 {
        let period = format!("p-{round}");
        let first = format!("{period}-1");
        let Claim::Acquired(fence) = arm(&*stores[0], &intent(&first, &period, 1), 0).await else {
            panic!("{first}")
        };
        stores[0].change(&attempt(&first), fence, &Change::to(State::Declined), at(1)).await.unwrap();
        // Each machine has computed another number, and each goes its own way to the gateway.
        let mut tasks = tokio::task::JoinSet::new();
        for (machine, store) in (2..).zip(&stores) {
            let (store, period) = (Arc::clone(store), period.clone());
            tasks.spawn(async move {
                let name = format!("{period}-{machine}");
                let intent = intent(&name, &period, machine);
                match machine % 3 {
                    0 => drop(store.plan(&intent, at(2)).await),
                    1 => drop(store.claim(std::slice::from_ref(&intent), &lease(&*store, 2).await).await),
                    _ => {}
                }
                let claim = arm(&*store, &intent, 2).await;
                matches!(claim, Claim::Acquired(_))
            });
        }
        let armed = tasks.join_all().await.into_iter().filter(|armed| *armed).count();
        let all = stores[0].series("sub-1").await.unwrap();
        let open = all.iter().filter(|record| {
            record.series.as_ref().is_some_and(|of| of.period() == period) && !record.state.is_final()
        });
        assert!(armed <= 1 && open.count() == 1, "{round}: {armed} armed, {all:?}");
    }
}

pub(crate) async fn try_that_turns_out_open_bars_the_next(place: &dyn Place) {
    let store = place.open().await;
    made(&*store, "a", 1, State::Declined).await;
    store.plan(&intent("b", "2026-11", 2), at(2)).await.unwrap();
    // A worker that had lost the first try reports that it was taken.
    let late = Late {
        payment: Some(PaymentRef::new("p-1")),
        taken: true,
        review: false,
        note: "it was paid".to_owned(),
    };
    store.record_late_result(&attempt("a"), &late, at(3)).await.unwrap();
    let other = blocked("b", "a", State::Review);
    assert_eq!(arm(&*store, &intent("b", "2026-11", 2), 4).await, Claim::Blocked(other));
    let third = blocked("c", "a", State::Review);
    assert_eq!(store.plan(&intent("c", "2026-11", 3), at(4)).await, Err(StoreError::OtherTry(third)));
}

pub(crate) async fn try_that_was_not_applied_waits_for_the_next(place: &dyn Place) {
    let store = place.open().await;
    made(&*store, "a", 1, State::NotApplied).await;
    made(&*store, "b", 2, State::Armed).await;
    let first = intent("a", "2026-11", 1);
    assert_eq!(arm(&*store, &first, 2).await, Claim::Blocked(blocked("a", "b", State::Armed)));
    let fence = store.get(&attempt("b")).await.unwrap().unwrap().fence();
    store.change(&attempt("b"), fence, &Change::to(State::Canceled), at(3)).await.unwrap();
    assert!(matches!(arm(&*store, &first, 4).await, Claim::Acquired(_)));
    assert_eq!(
        arm(&*store, &intent("c", "2026-11", 3), 5).await,
        Claim::Blocked(blocked("c", "a", State::Armed))
    );
}

pub(crate) async fn series_is_compared_when_planned_again(place: &dyn Place) {
    let journal = Journal::builder().with_store(place.open().await).await.unwrap();
    let first = journal.plan(charge("a", "2026-11", 1)).await.unwrap();
    assert_eq!(journal.plan(&charge("a", "2026-11", 1)).await.unwrap(), first);
    for other in [charge("a", "2026-11", 2), charge("a", "2026-12", 1), ChargeIntent::new(request("a"))] {
        match journal.plan(other).await {
            Err(JournalError::OtherPayment { difference, .. }) => assert_eq!(difference, "try of a series"),
            other => panic!("{other:?}"),
        }
    }
    let refused = journal.plan(charge("b", "2026-11", 2)).await.unwrap_err();
    assert_eq!(refused.kind(), recurring_facade::ErrorKind::Conflict);
    let text = refused.to_string();
    assert!(
        text.contains("cannot make the attempt b: a, another try of the same period, is planned"),
        "{text}"
    );
    assert!(text.ends_with("nothing was sent"), "{text}");
}

/// The customer pays with another card before the planned try was sent.
pub(crate) async fn planned_try_is_made_with_another_card(place: &dyn Place) {
    let store = place.open().await;
    let with = |name: &str, token: &str, minor: i64, number: u32| {
        let mut charge = request(name);
        let credential = format!(r#"{{"provider":"emspay","vault_token":"{token}"}}"#);
        charge.credential = serde_json::from_str(&credential).unwrap();
        charge.amount = recurring_facade::Money::from_minor(minor, charge.amount.currency()).unwrap();
        let series = SeriesTry::new("sub-1", name, number).unwrap();
        Intent::from(&ChargeIntent::new(charge).with_series(series))
    };
    let taken = |claim: Claim| match claim {
        Claim::Acquired(fence) => Some(fence),
        Claim::Existing(_) | Claim::Blocked(_) => None,
    };
    for (name, is_run) in [("a", false), ("b", true)] {
        let (first, second) = (with(name, "canary-1", 4000, 1), with(name, "canary-2", 4000, 1));
        store.plan(&first, at(0)).await.unwrap();
        // Another amount, or another try, is refused.
        for other in [with(name, "canary-2", 4001, 1), with(name, "canary-2", 4000, 2)] {
            assert_eq!(taken(arm(&*store, &other, 1).await), None);
            let claims = store.claim(&[other], &lease(&*store, 1).await).await.unwrap();
            assert!(matches!(claims.as_slice(), [Claim::Existing(_)]), "{claims:?}");
        }
        if is_run {
            let claims = store.claim(std::slice::from_ref(&second), &lease(&*store, 2).await).await.unwrap();
            assert!(matches!(claims.as_slice(), [Claim::Acquired(_)]), "{claims:?}");
            // While it is claimed, another machine does not change it back.
            let other = place.open().await;
            assert_eq!(taken(arm(&*other, &first, 3).await), None);
        }
        let fence = taken(arm(&*store, &second, 4).await).unwrap();
        assert_eq!(taken(arm(&*store, &first, 5).await), None, "it is armed");
        store.change(&attempt(name), fence, &Change::to(State::Planned), at(6)).await.unwrap();
        // Given back with a doubt whether it was sent, it stays with its card.
        let mut sent = Change::to(State::NotApplied);
        let fence = taken(arm(&*store, &second, 7).await).unwrap();
        sent.note = Some("refused by the gateway".to_owned());
        store.change(&attempt(name), fence, &sent, at(8)).await.unwrap();
        assert_eq!(taken(arm(&*store, &first, 9).await), None, "it was sent");
        let fence = taken(arm(&*store, &second, 10).await).unwrap();
        store.change(&attempt(name), fence, &Change::to(State::Paid), at(11)).await.unwrap();
    }
    // Without a series a name is bound to its card as soon as it is planned.
    store.plan(&Intent::charge(&request("c")), at(0)).await.unwrap();
    let mut other = request("c");
    other.credential = serde_json::from_str(r#"{"provider":"emspay","vault_token":"canary-2"}"#).unwrap();
    assert_eq!(taken(arm(&*store, &Intent::charge(&other), 1).await), None);
}

/// What was sealed with the card that was replaced is not charged by a run of planned attempts.
pub(crate) async fn replaced_card_is_sealed_no_more(place: &dyn Place) {
    let key = EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    let journal = Journal::builder().with_encryption_key(key).with_store(place.open().await).await.unwrap();
    let store = place.open().await;
    journal.plan(&charge("a", "2026-11", 1)).await.unwrap();
    let mut other = request("a");
    other.credential = serde_json::from_str(r#"{"provider":"emspay","vault_token":"canary-2"}"#).unwrap();
    let other = ChargeIntent::new(other).with_series(SeriesTry::new("sub-1", "2026-11", 1).unwrap());
    // Claimed by a caller without the key.
    let claims = store.claim(&[Intent::from(&other)], &lease(&*store, 1).await).await.unwrap();
    let [Claim::Acquired(fence)] = claims.as_slice() else { panic!("{claims:?}") };
    store.change(&attempt("a"), *fence, &Change::to(State::Planned), at(2)).await.unwrap();
    assert_eq!(store.take(&Due::Planned, 10, &lease(&*store, 3).await).await.unwrap(), []);
    assert!(matches!(arm(&*store, &Intent::from(&other), 4).await, Claim::Acquired(_)));
}

pub(crate) async fn credential_history_is_of_one_credential(place: &dyn Place) {
    let journal = Journal::builder().with_store(place.open().await).await.unwrap();
    let with = |name: &str, token: &str| {
        let credential = format!(r#"{{"provider":"emspay","vault_token":"{token}"}}"#);
        ChargeRequest::new(attempt(name), serde_json::from_str(&credential).unwrap(), request(name).amount)
    };
    journal.plan(&with("a", "canary-1")).await.unwrap();
    journal.plan(&with("b", "canary-2")).await.unwrap();
    let series = SeriesTry::new("sub-9", "2026-11", 1).unwrap();
    journal.plan(ChargeIntent::new(with("c", "canary-1")).with_series(series)).await.unwrap();
    let history =
        journal.credential_history(&with("x", "canary-1").credential, Timestamp::MIN).await.unwrap();
    let names: Vec<_> = history.iter().map(|record| record.attempt.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    let later = history[1].created + std::time::Duration::from_secs(1);
    let none = journal.credential_history(&with("x", "canary-1").credential, later).await.unwrap();
    assert_eq!(none, []);
    let shown = format!("{history:?} {}", serde_json::to_string(&history).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}
