//! What every store must do, asked of each in the same words.
#![allow(dead_code, reason = "each test program uses a part of it")]

mod archive;
mod failover;
mod inbox;
mod late;
mod names;
mod payments;
mod series;
mod unreadable;
mod unsettled;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use recurring_core::Timestamp;
use recurring_facade::{AttemptId, ChargeRequest, Currency, Money, PaymentRef, ProviderId, RefundRequest};
use recurring_journal::store::{Change, Claim, Due, Filter, Lease, Owners, Store};
use recurring_journal::{EncryptionKey, Ending, Fence, Intent, Journal, State, StoreError};

/// One database. Each opening is another process as far as the database can tell.
pub(crate) trait Place: Send + Sync {
    fn open(&self) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send + '_>>;
}

/// Hands the names of all cases to the macro `$make`, which makes a test of each.
#[macro_export]
macro_rules! every_case {
    ($make:ident) => {
        $make! {
            a_new_attempt_is_armed_once_and_its_end_is_kept,
            a_hundred_tasks_on_four_stores_arm_one_name_once,
            an_attempt_that_was_not_applied_can_be_armed_again,
            a_late_worker_cannot_write,
            late_result_is_recorded,
            late_payment_beside_another_is_reviewed,
            an_owner_that_is_gone_leaves_an_unknown_attempt,
            a_lease_that_has_ended_leaves_an_unknown_attempt,
            living_owner_keeps_its_attempt_past_its_lease,
            gone_owner_frees_what_it_looked_up,
            planned_attempt_has_no_owner_and_stays,
            what_is_planned_is_claimed_by_one_owner,
            what_is_planned_with_a_credential_is_taken_once,
            two_lookers_share_what_is_due,
            the_log_has_a_line_for_every_change,
            attempts_are_listed_in_pages,
            a_notification_is_counted_and_dealt_with_once,
            unsigned_notification_is_read_again_each_time,
            backlog_is_listed_in_pages_by_gateway,
            an_amount_and_its_lack_come_back,
            payment_belongs_to_one_attempt,
            payment_of_eight_attempts_at_once_belongs_to_one,
            late_payment_of_another_attempt_is_not_kept,
            unsent_attempt_takes_another_intent,
            attempt_that_may_have_been_sent_stays_bound,
            enrolment_reserves_its_name,
            enrolment_is_taken_to_record_its_end,
            unsent_enrolment_is_replaced,
            series_is_listed_by_period_and_try,
            try_waits_for_every_other_of_its_period,
            number_of_a_try_is_given_once,
            tries_at_once_on_four_machines_arm_one,
            try_that_turns_out_open_bars_the_next,
            try_that_was_not_applied_waits_for_the_next,
            series_is_compared_when_planned_again,
            planned_try_is_made_with_another_card,
            replaced_card_is_sealed_no_more,
            credential_history_is_of_one_credential,
            unsettled_counts_by_gateway_and_state,
            archived_attempt_leaves_its_log_and_keeps_its_name,
            archived_name_is_never_charged_again,
            archived_attempt_still_raises_the_alarm,
            attempt_that_changed_meanwhile_stays,
        }
    };
}

#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use archive::{
    archived_attempt_leaves_its_log_and_keeps_its_name, archived_attempt_still_raises_the_alarm,
    archived_name_is_never_charged_again, attempt_that_changed_meanwhile_stays,
};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use failover::{assert_failed_over, before_failover};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use inbox::{
    a_notification_is_counted_and_dealt_with_once, backlog_is_listed_in_pages_by_gateway,
    unsigned_notification_is_read_again_each_time,
};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use late::{late_payment_beside_another_is_reviewed, late_result_is_recorded};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use names::{
    attempt_that_may_have_been_sent_stays_bound, enrolment_is_taken_to_record_its_end,
    enrolment_reserves_its_name, unsent_attempt_takes_another_intent, unsent_enrolment_is_replaced,
};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use payments::{
    late_payment_of_another_attempt_is_not_kept, payment_belongs_to_one_attempt,
    payment_of_eight_attempts_at_once_belongs_to_one,
};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use series::{
    credential_history_is_of_one_credential, number_of_a_try_is_given_once,
    planned_try_is_made_with_another_card, replaced_card_is_sealed_no_more,
    series_is_compared_when_planned_again, series_is_listed_by_period_and_try,
    tries_at_once_on_four_machines_arm_one, try_that_turns_out_open_bars_the_next,
    try_that_was_not_applied_waits_for_the_next, try_waits_for_every_other_of_its_period,
};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use unreadable::{UNREADABLE, assert_unreadable};
#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use unsettled::unsettled_counts_by_gateway_and_state;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + second).unwrap()
}

pub(crate) fn attempt(name: &str) -> AttemptId {
    AttemptId::new(name).unwrap()
}

pub(crate) fn request(name: &str) -> ChargeRequest {
    let credential = r#"{"provider":"emspay","vault_token":"a-vault-token"}"#;
    let price = Money::from_minor(4000, Currency::from_code("EUR").unwrap()).unwrap();
    ChargeRequest::new(attempt(name), serde_json::from_str(credential).unwrap(), price)
}

pub(crate) fn intent(name: &str) -> Intent {
    Intent::charge(&request(name))
}

pub(crate) async fn lease(store: &dyn Store, second: i64) -> Lease {
    Lease { owner: store.owner().await.unwrap(), now: at(second), until: at(second + 300) }
}

pub(crate) async fn armed(store: &dyn Store, name: &str, second: i64) -> Fence {
    match store.arm(&intent(name), &lease(store, second).await).await.unwrap() {
        Claim::Acquired(fence) => fence,
        other => panic!("not armed but {other:?}"),
    }
}

async fn state(store: &dyn Store, name: &str) -> State {
    store.get(&attempt(name)).await.unwrap().unwrap().state
}

pub(crate) async fn a_new_attempt_is_armed_once_and_its_end_is_kept(place: &dyn Place) {
    let store = place.open().await;
    let fence = armed(&*store, "a", 0).await;
    let second = store.arm(&intent("a"), &lease(&*store, 1).await).await.unwrap();
    let Claim::Existing(record) = second else { panic!("armed twice") };
    assert_eq!(record.state, State::Armed);
    let mut change = Change::to(State::Paid);
    change.payment = Some(PaymentRef::new("p-1"));
    let mut ending = Ending::default();
    ending.status = Some("completed".to_owned());
    change.ending = Some(ending.clone());
    store.change(&attempt("a"), fence, &change, at(2)).await.unwrap();
    drop(store);
    // Another process reads it.
    let store = place.open().await;
    let record = store.get(&attempt("a")).await.unwrap().unwrap();
    assert_eq!((record.state, record.payment), (State::Paid, Some(PaymentRef::new("p-1"))));
    assert_eq!((record.ending, record.created, record.updated), (ending, at(0), at(2)));
    assert_eq!((record.provider, record.armed), (ProviderId::EMSPAY, Some(at(0))));
    let again = store.arm(&intent("a"), &lease(&*store, 3).await).await.unwrap();
    assert!(matches!(again, Claim::Existing(record) if record.state == State::Paid));
    assert_eq!(store.get(&attempt("b")).await.unwrap(), None);
}

pub(crate) async fn a_hundred_tasks_on_four_stores_arm_one_name_once(place: &dyn Place) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = place.open().await;
        for _ in 0..25 {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let lease = lease(&*store, 0).await;
                let claim = store.arm(&intent("one"), &lease).await.unwrap();
                (store, matches!(claim, Claim::Acquired(_)))
            });
        }
    }
    let all = tasks.join_all().await;
    assert_eq!(all.iter().filter(|(_, yours)| *yours).count(), 1);
}

pub(crate) async fn an_attempt_that_was_not_applied_can_be_armed_again(place: &dyn Place) {
    let store = place.open().await;
    for (name, end) in [("paid", State::Paid), ("declined", State::Declined), ("unknown", State::Unknown)] {
        let fence = armed(&*store, name, 0).await;
        store.change(&attempt(name), fence, &Change::to(end), at(1)).await.unwrap();
        let again = store.arm(&intent(name), &lease(&*store, 2).await).await.unwrap();
        assert!(matches!(again, Claim::Existing(_)), "{name}");
    }
    let first = armed(&*store, "a", 0).await;
    let mut change = Change::to(State::NotApplied);
    change.payment = Some(PaymentRef::new("unpaid"));
    change.note = Some("refused".to_owned());
    store.change(&attempt("a"), first, &change, at(1)).await.unwrap();
    let second = armed(&*store, "a", 2).await;
    assert!(second > first);
    let record = store.get(&attempt("a")).await.unwrap().unwrap();
    // Nothing of the first try is taken for the second.
    assert_eq!(
        (record.state, record.payment, record.note, record.armed),
        (State::Armed, None, None, Some(at(2)))
    );
}

pub(crate) async fn a_late_worker_cannot_write(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    let late = armed(&*one, "a", 0).await;
    // Its time is over; another owner takes over.
    assert_eq!(two.expire_leases(&Owners::default(), at(301), at(301)).await.unwrap(), 1);
    for state in [State::Armed, State::Paid, State::NotApplied] {
        let written = one.change(&attempt("a"), late, &Change::to(state), at(302)).await;
        assert_eq!(written, Err(StoreError::Fenced), "{state}");
    }
    assert_eq!(state(&*two, "a").await, State::Unknown);
    let missing = one.change(&attempt("missing"), late, &Change::to(State::Paid), at(302)).await;
    assert_eq!(missing, Err(StoreError::NoSuchAttempt));
}

pub(crate) async fn an_owner_that_is_gone_leaves_an_unknown_attempt(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    let (first, second) = (one.owner().await.unwrap(), two.owner().await.unwrap());
    armed(&*one, "a", 0).await;
    armed(&*two, "b", 0).await;
    one.claim(&[intent("planned")], &lease(&*one, 0).await).await.unwrap();
    let mut owners = two.owners().await.unwrap();
    owners.sort();
    let mut expected = vec![first.clone(), second.clone()];
    expected.sort();
    assert_eq!(owners, expected);
    assert!(!two.is_gone(&first).await.unwrap() && !one.is_gone(&second).await.unwrap());
    drop(one);
    while !two.is_gone(&first).await.unwrap() {
        // The database may take a moment to see that a connection has ended.
        tokio::task::yield_now().await;
    }
    assert!(!two.is_gone(&second).await.unwrap());
    assert_eq!(two.expire_leases(&Owners::gone([first]), at(10), at(1)).await.unwrap(), 1);
    assert_eq!(state(&*two, "a").await, State::Unknown);
    assert_eq!(two.get(&attempt("a")).await.unwrap().unwrap().next_look, Some(at(10)));
    assert_eq!(state(&*two, "b").await, State::Armed);
    // What was only planned is free for the next owner.
    let claims = two.claim(&[intent("planned")], &lease(&*two, 2).await).await.unwrap();
    assert!(matches!(claims.as_slice(), [Claim::Acquired(_)]), "{claims:?}");
}

pub(crate) async fn a_lease_that_has_ended_leaves_an_unknown_attempt(place: &dyn Place) {
    let store = place.open().await;
    let fence = armed(&*store, "a", 0).await;
    assert_eq!(store.expire_leases(&Owners::default(), at(300), at(300)).await.unwrap(), 0);
    // The reference is written while the lease lasts, and does not end it.
    let mut anchor = Change::to(State::Armed);
    anchor.payment = Some(PaymentRef::new("p-1"));
    anchor.keep_lease = true;
    store.change(&attempt("a"), fence, &anchor, at(1)).await.unwrap();
    assert_eq!(store.expire_leases(&Owners::default(), at(301), at(301)).await.unwrap(), 1);
    let record = store.get(&attempt("a")).await.unwrap().unwrap();
    assert_eq!((record.state, record.payment), (State::Unknown, Some(PaymentRef::new("p-1"))));
}

pub(crate) async fn living_owner_keeps_its_attempt_past_its_lease(place: &dyn Place) {
    let store = place.open().await;
    armed(&*store, "a", 0).await;
    let mut owners = Owners {
        alive: vec![store.owner().await.unwrap()],
        grace: Duration::from_secs(60),
        ..Owners::default()
    };
    for second in [301, 360] {
        assert_eq!(store.expire_leases(&owners, at(second), at(second)).await.unwrap(), 0, "{second}");
    }
    // It may hang: after the grace its attempt is looked up all the same.
    assert_eq!(store.expire_leases(&owners, at(361), at(361)).await.unwrap(), 1);
    armed(&*store, "b", 400).await;
    owners.alive.clear();
    assert_eq!(store.expire_leases(&owners, at(701), at(701)).await.unwrap(), 1);
}

pub(crate) async fn gone_owner_frees_what_it_looked_up(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    let fence = armed(&*one, "a", 0).await;
    let mut unknown = Change::to(State::Unknown);
    unknown.next_look = Some(at(1));
    one.change(&attempt("a"), fence, &unknown, at(1)).await.unwrap();
    assert_eq!(one.take(&Due::Look, 1, &lease(&*one, 2).await).await.unwrap().len(), 1);
    assert_eq!(two.take(&Due::Look, 1, &lease(&*two, 3).await).await.unwrap().len(), 0);
    let looker = one.owner().await.unwrap();
    assert_eq!(two.owners().await.unwrap(), std::slice::from_ref(&looker));
    two.expire_leases(&Owners::gone([looker]), at(3), at(3)).await.unwrap();
    assert_eq!(two.take(&Due::Look, 1, &lease(&*two, 3).await).await.unwrap().len(), 1);
}

pub(crate) async fn planned_attempt_has_no_owner_and_stays(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    let record = one.plan(&intent("a"), at(0)).await.unwrap();
    assert_eq!((record.state, record.created, record.lease_until), (State::Planned, at(0), None));
    assert_eq!(one.owners().await.unwrap(), Vec::<String>::new());
    let again = two.plan(&intent("a"), at(5)).await.unwrap();
    assert_eq!(again, record);
    // Its planner lives, and still anybody may have it.
    let fence = armed(&*two, "a", 7).await;
    two.change(&attempt("a"), fence, &Change::to(State::Paid), at(8)).await.unwrap();
    assert_eq!(one.plan(&intent("a"), at(9)).await.unwrap().state, State::Paid);
    let lines: Vec<_> =
        one.events(&attempt("a")).await.unwrap().into_iter().map(|event| event.what).collect();
    assert_eq!(lines, ["planned", "armed", "paid"]);
}

pub(crate) async fn what_is_planned_is_claimed_by_one_owner(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    let all: Vec<_> = (0..10).map(|number| intent(&format!("a-{number}"))).collect();
    let firsts = one.claim(&all, &lease(&*one, 0).await).await.unwrap();
    assert!(firsts.iter().all(|claim| matches!(claim, Claim::Acquired(_))), "{firsts:?}");
    let seconds = two.claim(&all, &lease(&*two, 1).await).await.unwrap();
    assert!(
        seconds
            .iter()
            .all(|claim| matches!(claim, Claim::Existing(record) if record.state == State::Planned))
    );
    let stolen = two.arm(&all[0], &lease(&*two, 1).await).await.unwrap();
    assert!(matches!(stolen, Claim::Existing(_)));
    // Its time is over: it is free, and its old owner gets it no more.
    let later = two.claim(&all[..1], &lease(&*two, 301).await).await.unwrap();
    assert!(matches!(later.as_slice(), [Claim::Acquired(_)]), "{later:?}");
    assert!(matches!(one.arm(&all[0], &lease(&*one, 302).await).await.unwrap(), Claim::Existing(_)));
    assert!(matches!(two.arm(&all[0], &lease(&*two, 302).await).await.unwrap(), Claim::Acquired(_)));
    // Another payment under the same name is not taken.
    let mut other = request("a-1");
    other.amount = Money::from_minor(4001, other.amount.currency()).unwrap();
    let other = Intent::charge(&other);
    assert!(matches!(one.arm(&other, &lease(&*one, 2).await).await.unwrap(), Claim::Existing(_)));
    let claims = one.claim(&[other], &lease(&*one, 2).await).await.unwrap();
    assert!(matches!(claims.as_slice(), [Claim::Existing(_)]));
    // Named twice in one call, it is one attempt.
    let twice = one.claim(&[intent("twice"), intent("twice")], &lease(&*one, 2).await).await.unwrap();
    assert!(matches!(twice.as_slice(), [Claim::Acquired(_), _]), "{twice:?}");
}

pub(crate) async fn what_is_planned_with_a_credential_is_taken_once(place: &dyn Place) {
    let key = || EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    let open =
        async || Journal::builder().with_encryption_key(key()).with_store(place.open().await).await.unwrap();
    let (one, two) = (open().await, open().await);
    for number in 0..10 {
        one.plan(&request(&format!("a-{number}"))).await.unwrap();
    }
    let bare = Journal::builder().with_store(place.open().await).await.unwrap();
    bare.plan(&request("without")).await.unwrap();
    // A run charges; a refund is made by its name.
    let back = RefundRequest::new(attempt("back"), PaymentRef::new("p-1"));
    one.plan_refund(&ProviderId::EMSPAY, &back).await.unwrap();
    let far = 10;
    let (first, second) = (lease(one.store(), far).await, lease(two.store(), far).await);
    let (first, second) = tokio::join!(
        one.store().take(&Due::Planned, 5, &first),
        two.store().take(&Due::Planned, 100, &second)
    );
    let names: std::collections::BTreeSet<_> =
        first.unwrap().into_iter().chain(second.unwrap()).map(|record| record.attempt).collect();
    assert_eq!(names.len(), 10);
    assert!(!names.contains(&attempt("without")) && !names.contains(&attempt("back")));
    for journal in [&one, &two] {
        let lease = lease(journal.store(), far + 1).await;
        assert_eq!(journal.store().take(&Due::Planned, 100, &lease).await.unwrap(), []);
    }
}

pub(crate) async fn two_lookers_share_what_is_due(place: &dyn Place) {
    let (one, two) = (place.open().await, place.open().await);
    for number in 0..20 {
        let name = format!("a-{number:02}");
        let fence = armed(&*one, &name, 0).await;
        let mut change = Change::to(if number % 2 == 0 { State::Unknown } else { State::Pending });
        change.next_look = (number < 16).then(|| at(10));
        one.change(&attempt(&name), fence, &change, at(1)).await.unwrap();
    }
    assert_eq!(one.take(&Due::Look, 100, &lease(&*one, 9).await).await.unwrap(), []);
    let (first, second) = (lease(&*one, 10).await, lease(&*two, 10).await);
    let (first, second) = tokio::join!(one.take(&Due::Look, 10, &first), two.take(&Due::Look, 10, &second));
    let mut names: Vec<_> =
        first.unwrap().into_iter().chain(second.unwrap()).map(|record| record.attempt).collect();
    assert_eq!(names.len(), 16);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 16);
    assert_eq!(one.take(&Due::Look, 100, &lease(&*one, 11).await).await.unwrap(), []);
    // One of them by its name, also in review; not while another looks, and not what is final.
    let free = attempt("a-17");
    let taken = two.take(&Due::One(free.clone()), 1, &lease(&*two, 11).await).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(one.take(&Due::One(free.clone()), 1, &lease(&*one, 12).await).await.unwrap().len(), 0);
    let again = two.take(&Due::One(free.clone()), 1, &lease(&*two, 13).await).await.unwrap();
    let fence = fence_of(&again);
    two.change(&free, fence, &Change::to(State::Review), at(14)).await.unwrap();
    let review = one.take(&Due::One(free.clone()), 1, &lease(&*one, 15).await).await.unwrap();
    one.change(&free, fence_of(&review), &Change::to(State::Paid), at(16)).await.unwrap();
    assert_eq!(one.take(&Due::One(free), 1, &lease(&*one, 17).await).await.unwrap().len(), 0);
}

fn fence_of(records: &[recurring_journal::AttemptRecord]) -> Fence {
    let [record] = records else { panic!("{records:?}") };
    record.fence()
}

pub(crate) async fn the_log_has_a_line_for_every_change(place: &dyn Place) {
    let store = place.open().await;
    let fence = armed(&*store, "a", 0).await;
    let mut change = Change::to(State::Unknown);
    change.note = Some("the answer was lost".to_owned());
    store.change(&attempt("a"), fence, &change, at(1)).await.unwrap();
    let taken = store.take(&Due::One(attempt("a")), 1, &lease(&*store, 2).await).await.unwrap();
    let mut decided = Change::to(State::Paid);
    decided.decided_by = Some("ann".to_owned());
    decided.note = Some("seen in the portal".to_owned());
    store.change(&attempt("a"), fence_of(&taken), &decided, at(3)).await.unwrap();
    let events = store.events(&attempt("a")).await.unwrap();
    let words: Vec<_> = events.iter().map(|event| (event.what.as_str(), event.at)).collect();
    assert_eq!(words, [("armed", at(0)), ("unknown", at(1)), ("unknown", at(2)), ("paid", at(3))]);
    assert_eq!(events[1].note.as_deref(), Some("the answer was lost"));
    assert_eq!(events[3].note.as_deref(), Some("ann: seen in the portal"));
    assert_eq!(events[0].owner, Some(store.owner().await.unwrap()));
    assert_eq!(store.events(&attempt("b")).await.unwrap(), []);
}

pub(crate) async fn attempts_are_listed_in_pages(place: &dyn Place) {
    let store = place.open().await;
    for number in 0..7 {
        let name = format!("a-{number}");
        let fence = armed(&*store, &name, 0).await;
        let end = if number % 2 == 0 { State::Paid } else { State::Declined };
        store.change(&attempt(&name), fence, &Change::to(end), at(1)).await.unwrap();
    }
    let mut filter = Filter::default();
    let mut names = Vec::new();
    loop {
        let page = store.list(&filter, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some(last.attempt.clone());
        names.extend(page.into_iter().map(|record| record.attempt.to_string()));
    }
    assert_eq!(names, ["a-0", "a-1", "a-2", "a-3", "a-4", "a-5", "a-6"]);
    let declined = Filter { state: Some(State::Declined), ..Filter::default() };
    assert_eq!(store.list(&declined, 100).await.unwrap().len(), 3);
    let foreign = Filter { provider: Some(ProviderId::REVIO), ..Filter::default() };
    assert_eq!(store.list(&foreign, 100).await.unwrap(), []);
    let mut counts = store.count().await.unwrap();
    counts.sort_by_key(|(state, _)| state.as_str());
    assert_eq!(counts, [(State::Declined, 3), (State::Paid, 4)]);
}

pub(crate) async fn an_amount_and_its_lack_come_back(place: &dyn Place) {
    use recurring_facade::RefundRequest;
    let store = place.open().await;
    let whole = RefundRequest::new(attempt("whole"), PaymentRef::new("p-1"));
    let mut part = RefundRequest::new(attempt("part"), PaymentRef::new("p-1"));
    part.amount = Some(Money::parse("1.234", Currency::from_code("KWD").unwrap()).unwrap());
    for request in [&whole, &part] {
        let intent = Intent::refund(request, ProviderId::REVIO);
        store.arm(&intent, &lease(&*store, 0).await).await.unwrap();
        let record = store.get(&request.attempt).await.unwrap().unwrap();
        assert_eq!((record.amount, record.operation.as_str()), (request.amount, "refund"));
    }
}
