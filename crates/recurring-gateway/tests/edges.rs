//! The edges of rules, each found by a mutant that no other test noticed.

use recurring_gateway::check;

#[test]
fn identifier_has_at_most_255_bytes() {
    assert!(check::id("order_id", &"x".repeat(255)).is_ok());
    assert!(check::id("order_id", &"x".repeat(256)).is_err());
}

#[test]
fn query_value_is_encoded_whole() {
    assert_eq!(check::query_value("2024-01-01T00:00:00+01:00"), "2024-01-01T00%3A00%3A00%2B01%3A00");
    assert_eq!(check::query_value("a&b=c d"), "a%26b%3Dc%20d");
}

#[test]
fn address_is_http_or_https_with_a_host() {
    for good in ["https://shop.example", "http://shop.example:8080/done", "https://[::1]/done"] {
        assert!(check::web_address("return_url", good).is_ok(), "{good}");
    }
    for bad in ["ftp://shop.example", "file:///done", "https://", "http://"] {
        assert!(check::web_address("return_url", bad).is_err(), "{bad}");
    }
}
