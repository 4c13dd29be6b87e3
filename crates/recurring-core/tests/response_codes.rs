//! The table of response codes against the list of ISO 8583, field 39, as acquirers publish it.

use recurring_core::{DeclineReason, RetryAdvice};

/// Approvals, and what is not an answer to a payment: reversals, files, cut-off and key management.
const NOT_A_DECLINE: &[&str] = &[
    "00", "08", "09", "10", "11", "16", "21", "24", "25", "26", "27", "28", "29", "32", "85", "87", "95",
    "97", "98",
];

/// Refused, for a reason that is none of the words: canceled by the customer, disputed, an amount that is not available any more, and
/// a duplicate, of which the first one may have gone through.
const OTHER: &[&str] = &["17", "18", "80", "94"];

/// Codes that no public table gives a meaning.
const RESERVED: &[&str] = &["45", "47", "48", "49", "50", "69", "72", "73", "74", "99"];

/// Codes with letters.
const LETTERS: &[&str] = &[
    "1A", "5C", "6P", "9G", "B1", "N0", "N3", "N4", "N7", "N8", "P5", "P6", "Q1", "R0", "R1", "R3", "Z1",
    "Z3", "Z5",
];

#[test]
fn every_public_code_is_read_or_left_out_by_name() {
    let numbers = (0..100).map(|number| format!("{number:02}"));
    for code in numbers.chain(LETTERS.iter().map(|code| (*code).to_owned())) {
        let left_out = [NOT_A_DECLINE, OTHER, RESERVED].concat().contains(&code.as_str());
        assert_eq!(DeclineReason::from_response_code(&code).is_none(), left_out, "{code}");
    }
    let read = 100 - NOT_A_DECLINE.len() - OTHER.len() - RESERVED.len() + LETTERS.len();
    assert_eq!(DeclineReason::RESPONSE_CODES.len(), read);
}

#[test]
fn codes_are_in_order_and_once() {
    let is_letter = |code: &str| code.bytes().any(|byte| byte.is_ascii_alphabetic());
    for pair in DeclineReason::RESPONSE_CODES.windows(2) {
        let (before, after) = (pair[0].0, pair[1].0);
        assert!((is_letter(before), before) < (is_letter(after), after), "{before} {after}");
    }
}

#[test]
fn codes_that_visa_forbids_are_not_for_later() {
    for code in ["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"] {
        let advice = DeclineReason::from_response_code(code).map(DeclineReason::advice);
        let expected = [RetryAdvice::Never, RetryAdvice::NeedsCustomer];
        assert!(advice.is_some_and(|advice| expected.contains(&advice)), "{code}: {advice:?}");
    }
}
