//! What settles an attempt: a payment that says that it is the attempt's.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod fake;
mod world;

use fake::{Fake, Means, lost, payment};
use recurring_facade::{Currency, Facade, Found, Money, Outcome, Payment, ProviderId, StoredCredential};
use recurring_journal::{AttemptRecord, EncryptionKey, Journal, State};
use world::common::{attempt, credential};
use world::{World, request};

async fn looked(journal: &Journal, facade: &Facade, name: &str) -> AttemptRecord {
    journal.look(facade, &attempt(name)).await.unwrap().unwrap().record
}

#[tokio::test(flavor = "multi_thread")]
async fn payment_read_by_id_settles_only_its_own_attempt() {
    type Change = fn(&mut Payment);
    let other_amount: Change =
        |payment| payment.amount = payment.amount.map(|own| Money::from_minor(4001, own.currency()).unwrap());
    let other_currency: Change = |payment| {
        payment.amount = Some(Money::from_minor(4000, Currency::from_code("GBP").unwrap()).unwrap());
    };
    let cases: [(&str, Change, Outcome, State, State); 10] = [
        ("same", |_| {}, Outcome::Paid, State::Paid, State::Paid),
        ("declined", |_| {}, Outcome::Declined, State::Declined, State::Declined),
        (
            "reference",
            |p| p.merchant_reference = Some("b".to_owned()),
            Outcome::Paid,
            State::Review,
            State::Review,
        ),
        (
            "pending",
            |p| p.merchant_reference = Some("b".to_owned()),
            Outcome::Pending,
            State::Review,
            State::Review,
        ),
        ("amount", other_amount, Outcome::Declined, State::Review, State::Review),
        ("currency", other_currency, Outcome::Paid, State::Review, State::Review),
        ("no-reference", |p| p.merchant_reference = None, Outcome::Paid, State::Unknown, State::Review),
        ("no-amount", |p| p.amount = None, Outcome::Canceled, State::Unknown, State::Review),
        (
            "neither",
            |p| (p.amount, p.merchant_reference) = (None, None),
            Outcome::Pending,
            State::Pending,
            State::Pending,
        ),
        (
            "empty",
            |p| p.merchant_reference = Some(String::new()),
            Outcome::Paid,
            State::Review,
            State::Review,
        ),
    ];
    for (name, change, outcome, first, a_day_later) in cases {
        let world = World::new().await;
        let (fake, facade) = Fake::new(Means::Status).answers([Err(lost(Some("p-1")))]).facade();
        let charge = request(&credential(&ProviderId::EMSPAY), name);
        let answer = world.journal.charge(&facade, charge).await.unwrap();
        assert_eq!(answer.record.state, State::Unknown, "{name}");
        let read = || {
            let mut read = payment(outcome, Some("p-1"), name);
            change(&mut read);
            fake.will_read(Ok(read));
        };
        read();
        let record = looked(&world.journal, &facade, name).await;
        assert_eq!(record.state, first, "{name}: {record:?}");
        if !record.state.is_final() {
            world.clock.advance(world.journal.policy().unknown_timeout * 2);
            read();
            let record = looked(&world.journal, &facade, name).await;
            assert_eq!(record.state, a_day_later, "{name}: {record:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decline_without_an_identifier_settles() {
    for (outcome, state) in [(Outcome::Declined, State::Declined), (Outcome::Canceled, State::Canceled)] {
        let world = World::new().await;
        let (fake, facade) = Fake::new(Means::LookUp).answers([Err(lost(None))]).facade();
        let _ = world.journal.charge(&facade, request(&credential(&ProviderId::EMSPAY), "a")).await.unwrap();
        fake.will_read(Ok(payment(outcome, None, "a")));
        let record = looked(&world.journal, &facade, "a").await;
        assert_eq!((record.state, record.payment), (state, None));
    }
}

/// The answer to the call that cancels is always lost.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_and_canceled_count_as_far_as_they_prove() {
    use Means::{Cancel, ChargeOnly, LookUp};
    let nothing = || Found::Nothing;
    let unclear = || Found::Unclear(payment(Outcome::Pending, Some("p-1"), "a"));
    let canceled = || Found::Canceled(payment(Outcome::Canceled, Some("p-1"), "a"));
    for (means, known, lapses, looks, last, canceling) in [
        (Cancel, Some("p-1"), false, vec![nothing(), nothing(), canceled()], State::NotApplied, true),
        (Cancel, Some("p-1"), true, vec![nothing(), nothing(), canceled()], State::Review, false),
        (Cancel, Some("p-1"), true, vec![nothing(), nothing()], State::Review, false),
        // Canceled by another.
        (Cancel, Some("p-1"), false, vec![canceled()], State::Canceled, false),
        (Cancel, Some("p-1"), false, vec![unclear()], State::Unknown, true),
        (Cancel, Some("p-1"), true, vec![unclear()], State::Unknown, false),
        (LookUp, Some("p-1"), false, vec![unclear()], State::Unknown, false),
        // No payment was recorded before the charge.
        (Cancel, None, false, vec![nothing(), nothing()], State::NotApplied, false),
        (Cancel, None, true, vec![nothing(), nothing()], State::Review, false),
        (LookUp, None, false, vec![nothing(), nothing()], State::Review, false),
        // There is nothing to look with.
        (ChargeOnly, Some("p-1"), false, vec![nothing()], State::Review, false),
    ] {
        let case = format!("{means:?} {known:?} {lapses} {looks:?}");
        let world = World::new().await;
        let (fake, facade) = Fake::new(means).answers([Err(lost(known))]).facade();
        let _ = world.journal.charge(&facade, request(&credential(&ProviderId::EMSPAY), "a")).await.unwrap();
        world.clock.advance(world.journal.policy().settle_time);
        let before = looks.len() - 1;
        for (number, found) in looks.into_iter().enumerate() {
            if lapses && number == before {
                let journal = rusqlite::Connection::open(world.file("journal.db")).unwrap();
                journal.execute("UPDATE recurring_attempts SET lines = lines + 1, lapsed = 1", []).unwrap();
            }
            fake.will_find(found);
            let record = looked(&world.journal, &facade, "a").await;
            assert_eq!(record.state, if number == before { last } else { State::Unknown }, "{case}");
            if number == before {
                assert_eq!(record.ending.canceling, canceling, "{case}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn look_up_is_given_the_sealed_credential() {
    let world = World::new().await;
    let sealed = || EncryptionKey::new(&recurring_fixtures::key(7)).unwrap();
    for (key, with_key, has_credential) in [
        (Some(sealed()), Some(sealed()), true),
        (Some(sealed()), Some(EncryptionKey::new(&recurring_fixtures::key(8)).unwrap()), false),
        (Some(sealed()), None, false),
        (None, Some(sealed()), false),
    ] {
        let open = async |key: Option<EncryptionKey>| {
            let mut builder = Journal::builder().with_clock(world.clock.clone());
            if let Some(key) = key {
                builder = builder.with_encryption_key(key);
            }
            builder.with_store(world.store().await).await.unwrap()
        };
        let name = format!("{}-{}-{has_credential}", key.is_some(), with_key.is_some());
        let (fake, facade) = Fake::new(Means::LookUp).answers([Err(lost(None))]).facade();
        let charge = request(&credential(&ProviderId::EMSPAY), &name);
        let _ = open(key).await.charge(&facade, charge).await.unwrap();
        looked(&open(with_key).await, &facade, &name).await;
        let asked = fake.lost.lock().unwrap().pop().unwrap();
        let token = match &asked.credential {
            Some(StoredCredential::Emspay(credential)) => Some(credential.vault_token.expose()),
            _ => None,
        };
        assert_eq!(token, has_credential.then_some("t"), "{name}");
    }
}
