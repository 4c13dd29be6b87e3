//! What the gateway sends: unsigned, so it is only a hint.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use new_gateway::notification::{self, Notification, NotificationError, RawNotification};
use recurring_core::notification::LARGEST_BODY;
use recurring_fixtures::Case;

fn read(body: impl Into<Vec<u8>>) -> Result<Notification, NotificationError> {
    let none: [(&str, &str); 0] = [];
    notification::parse(&notification::accept(RawNotification::new(none, body)?))
}

#[test]
fn notification_names_the_payment() {
    let body = Case::load("new-gateway/notification/payment-changed").request_body();
    assert_eq!(read(body).expect("read").payment_id, "payment-1");
}

#[test]
fn notification_malformed_is_unreadable() {
    let large = format!(r#"{{"payment_id":"1","a":"{}"}}"#, "x".repeat(LARGEST_BODY));
    for body in [
        "",
        "{",
        "[]",
        r#"{"payment_id":""}"#,
        r#"{"payment_id":"../x"}"#,
        r#"{"payment_id":"1","payment_id":"2"}"#,
        &large,
    ] {
        assert!(matches!(read(body), Err(NotificationError::Unreadable(_))));
    }
}
