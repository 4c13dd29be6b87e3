//! Answers as JSON: typed words, and no secret.
#![allow(clippy::expect_used, reason = "a test stops by panicking")]

use recurring_facade::{
    Agreement, EnrolStarted, Enrolment, Error, Found, Outcome, Payment, PaymentRef, PaymentStatus,
    PendingEnrolment, ProviderId, Rebuilt, ScheduleRef, Scheduled, Settings, StoredCard, StoredCredential,
};
use serde_json::{Value, json};

fn value(result: &impl serde::Serialize) -> Value {
    serde_json::to_value(result).expect("JSON")
}

fn payment() -> Payment {
    let mut payment = Payment::new(ProviderId::EMSPAY, Outcome::Paid, "completed");
    payment.payment = Some(PaymentRef::new("p-1"));
    payment.amount = Some("40.00 EUR".parse().expect("an amount"));
    payment.captured = Some(payment.amount.into());
    payment
}

#[test]
fn payment_is_written_in_typed_words() {
    let amount = json!({"amount": "40.00", "currency": "EUR"});
    let expected = json!({
        "provider": "emspay", "payment": "p-1", "merchant_reference": null, "outcome": "paid", "amount": amount,
        "captured": amount, "refunded": null, "disputed": null, "status": "completed", "decline": null,
        "redirect": null, "test": null,
    });
    assert_eq!(value(&payment()), expected);
    assert_eq!(value(&PaymentStatus::single(payment()))["charges"], json!([expected]));
    assert_eq!(value(&Found::Nothing), json!("nothing"));
    assert_eq!(value(&Found::Payment(payment())), json!({"payment": expected}));
    let error = Error::not_configured(ProviderId::REVIO, None);
    assert_eq!(
        value(&error),
        json!({"provider": "revio", "kind": "config", "effect": "not_applied:local", "message": "not configured",
            "payment": null, "decline_reason": null, "code": null})
    );
}

#[test]
fn capabilities_and_facts_are_written() {
    let facade = Settings::unreachable().expect("a facade");
    for provider in facade.providers() {
        let can = value(&provider.capabilities());
        assert_eq!(can.as_object().expect("an object").len(), provider.capabilities().operations().count());
        assert!(value(provider.facts())["lost_answer"].is_string());
    }
}

#[test]
fn result_shows_no_stored_secret() {
    let credentials = [
        r#"{"provider":"emspay","vault_token":"sentinel"}"#,
        r#"{"provider":"revio","client_id":"c","recurring_token":"sentinel"}"#,
        r#"{"provider":"tokenpay-signed","user_id":"u","token_id":"sentinel","parent_order_id":1}"#,
        r#"{"provider":"other","gateway":"mine","data":"sentinel"}"#,
    ];
    for json in credentials {
        let credential: StoredCredential = serde_json::from_str(json).expect(json);
        let agreement = Agreement::ChargeOnDemand(credential.clone());
        for shown in [
            value(&Enrolment::new(payment(), Some(agreement.clone()))),
            value(&Scheduled::new(payment(), Some(agreement.clone()), None)),
            value(&Rebuilt::Agreement(agreement)),
            value(&StoredCard::new(Some(credential.clone()))),
        ] {
            assert!(!shown.to_string().contains("sentinel"), "{shown}");
        }
        // Negative control: the credential itself is written in full, on purpose.
        assert!(value(&credential).to_string().contains("sentinel"));
    }
    let pending = r#"{"provider":"tokenpay-signed","attempt":"a","user_id":"u","amount_minor":1,"currency":"HKD",
        "known_tokens":["sentinel"]}"#;
    let pending: PendingEnrolment = serde_json::from_str(pending).expect("pending");
    let started = value(&EnrolStarted::new(payment(), pending));
    assert!(!started.to_string().contains("sentinel"), "{started}");
    let schedule = ScheduleRef { provider: ProviderId::NGENIUS, order_reference: "o-1".to_owned() };
    let scheduled = value(&Scheduled::new(payment(), Some(Agreement::GatewayScheduled(schedule)), None));
    assert_eq!(
        scheduled["agreement"],
        json!({"kind": "gateway_scheduled", "provider": "ngenius", "order_reference": "o-1"})
    );
}
