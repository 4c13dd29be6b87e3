//! The edges of rules, each found by a mutant that no other test noticed.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use recurring_core::{Decimal, Secret};

fn cleared(text: &str, secret: &str) -> String {
    Secret::redact(text, &[Secret::new(secret)])
}

#[test]
fn decimal_keeps_its_text_of_at_most_30_bytes() {
    let longest = "1".repeat(30);
    assert_eq!(Decimal::parse("amount", &longest).expect("a number").as_str(), longest);
    assert!(Decimal::parse("amount", &format!("{longest}1")).is_err());
}

#[test]
fn short_or_invisible_decoded_text_is_not_cleared() {
    // base64 of "ab", and of four bytes of which one is a control character
    assert_eq!(cleared("ab", "YWI="), "ab");
    assert_eq!(cleared("ab\u{1}c", "YWIBYw=="), "ab\u{1}c");
}

#[test]
fn only_a_card_number_is_cleared_in_groups() {
    assert_eq!(cleared("1234 567", "1234567"), "1234 567");
    assert_eq!(cleared("abcd efgh ijkl mnop", "abcdefghijklmnop"), "abcd efgh ijkl mnop");
    assert_eq!(cleared("4012 0010 3714 1112", "4012001037141112"), "[redacted]");
}
