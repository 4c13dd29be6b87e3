//! A run that is longer than the ledger.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use recurring_sandbox::Sandbox;
use serde_json::json;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const DAY: u64 = 24 * 3600;

/// Schedules take money without requests, so that this many payments take no time.
#[tokio::test]
async fn full_ledger_forgets_and_refuses_to_vouch() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let settings = sandbox.settings();
    let setting = |name: &str| settings.iter().find(|(key, _)| *key == name).unwrap().1.clone();
    let base = setting("NGENIUS_BASE_URL");
    let token = http
        .post(format!("{base}/identity/auth/access-token"))
        .header("authorization", format!("Basic {}", setting("NGENIUS_API_KEY")))
        .header("content-type", "application/vnd.ni-identity.v1+json");
    let token: serde_json::Value = token.send().await.unwrap().json().await.unwrap();
    let orders = format!("{base}/recurring-payment/outlets/{}/orders", setting("NGENIUS_OUTLET"));
    for plan in ["plan-1", "plan-2", "plan-3"] {
        let body = json!({
            "order": {"action": "SALE", "channel": "MoTo", "type": "RECURRING", "frequency": "DAILY",
                "emailAddress": "a@b.example", "amount": {"currencyCode": "AED", "value": 100},
                "merchantOrderReference": plan},
            "payment": {"pan": "4012001037141112", "expiry": "2999-04", "cvv": "123", "cardholderName": "Ann Example"},
        });
        let request = http
            .post(&orders)
            .bearer_auth(token["access_token"].as_str().unwrap())
            .header("content-type", "application/vnd.ni-payment.v2+json");
        assert_eq!(request.body(body.to_string()).send().await.unwrap().status(), 200);
    }
    sandbox.assert_charged_once("plan-1");
    // 3 times 36,500 charges.
    sandbox.advance(Duration::from_secs(100 * 365 * DAY));
    let ledger = sandbox.ledger();
    assert_eq!(ledger.len(), 50_000);
    assert_eq!(ledger.last().unwrap().reference, "plan-3");
    let vouched = catch_unwind(AssertUnwindSafe(|| sandbox.assert_charged_once("plan-1")));
    let message = *vouched.unwrap_err().downcast::<String>().unwrap();
    assert!(message.starts_with("the ledger has forgotten 59503 entries"), "{message}");
}
