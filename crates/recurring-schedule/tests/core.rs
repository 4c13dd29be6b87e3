//! The types of recurring-core, with the feature `core`.
#![cfg(feature = "core")]

use recurring_core::{AttemptId, DeclineReason, Money, Outcome, RetryAdvice, Timestamp};
use recurring_schedule::{
    Amount, AttemptName, AttemptState, Decline, DeclineClass, RESPONSE_CODES, Scheme, from_core_time,
    to_core_time,
};

/// The two tables are written apart, since neither crate needs the other; they must not contradict each other.
#[test]
fn both_tables_of_codes_agree() {
    for (code, reason) in DeclineReason::RESPONSE_CODES {
        let class = Decline::new(Scheme::Visa, *code).class();
        let agrees = match reason.advice() {
            RetryAdvice::Never => class == DeclineClass::Hard,
            RetryAdvice::NeedsCustomer => class >= DeclineClass::NeedsCustomer,
            RetryAdvice::RetryLater => class <= DeclineClass::Unknown,
            RetryAdvice::NotStated => class != DeclineClass::Soft,
        };
        assert!(agrees, "{code}: {reason} {class:?}");
    }
    for (code, class) in RESPONSE_CODES {
        // What is not in the other table has no advice.
        let known = DeclineReason::from_response_code(code);
        assert!(known.is_some() || *class == DeclineClass::Unknown, "{code} {class:?}");
    }
}

#[test]
fn reasons_without_codes_have_a_class() {
    let class = |reason| DeclineClass::from(reason);
    assert_eq!(class(DeclineReason::InsufficientFunds), DeclineClass::Soft);
    assert_eq!(class(DeclineReason::Revoked), DeclineClass::Hard);
    assert_eq!(class(DeclineReason::ExpiredCard), DeclineClass::NeedsCustomer);
    assert_eq!(class(DeclineReason::Other), DeclineClass::Unknown);
}

#[test]
fn gateway_codes_that_name_a_network_code_forbid() {
    for (code, reason, expected) in [
        ("invalid_card_number", DeclineReason::InvalidCredential, "14"),
        ("invalid_issuer_number", DeclineReason::InvalidCredential, "15"),
        ("transaction_not_permitted_to_cardholder", DeclineReason::DoNotHonour, "57"),
    ] {
        let decline = Decline::from_answer(Some(code), Some(reason));
        assert_eq!(decline.response_code.as_deref(), Some(expected), "{code}");
        assert_eq!(decline.with_scheme(Scheme::Visa).class(), DeclineClass::Hard, "{code}");
    }
    let mild = Decline::from_answer(Some("insufficient_funds"), Some(DeclineReason::InsufficientFunds));
    assert_eq!((mild.response_code, mild.class), (None, Some(DeclineClass::Soft)));
}

#[test]
fn outcomes_are_states_of_the_same_word() {
    for outcome in Outcome::ALL {
        assert_eq!(AttemptState::from(*outcome).as_str(), outcome.as_str());
    }
}

#[test]
fn names_amounts_and_times_convert() {
    let name: AttemptName = "sub-42.2026-11.2".parse().expect("a name");
    let id = AttemptId::try_from(&name).expect("an identifier");
    assert_eq!(AttemptName::try_from(&id), Ok(name));
    assert!(AttemptName::try_from(&AttemptId::new("order-7").expect("an identifier")).is_err());
    let money: Money = "40.00 EUR".parse().expect("money");
    assert_eq!(Amount::try_from(money).map(|amount| amount.to_string()), Ok("4000 EUR".to_owned()));
    let time: Timestamp = "2026-11-03T09:00:00.5Z".parse().expect("a time");
    assert_eq!(to_core_time(from_core_time(time)), time);
    assert_eq!(from_core_time(Timestamp::MAX), recurring_schedule::jiff::Timestamp::MAX);
    let error = "sub 42".parse::<recurring_schedule::SubscriptionId>().expect_err("a space");
    let text = error.to_string();
    assert_eq!(recurring_core::InvalidInput::from(error).to_string(), text);
}

/// Every derived name is one that the attempt's identifier takes.
#[test]
fn longest_name_is_an_identifier() {
    let id = "x".repeat(50);
    let name: AttemptName = format!("{id}.2026-11-03.99").parse().expect("a name");
    assert_eq!(AttemptId::try_from(&name).map(|id| id.as_str().len()), Ok(64));
}
