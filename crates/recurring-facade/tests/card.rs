//! The expiry date of a card, wherever a gateway tells it: with the payment, or in the list of stored cards.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{GOOD_CARD, attempt, customer_pays, enrol_request, price, sandbox};
use recurring_facade::{Facade, PaymentCard, ProviderId, ScheduleRequest, StoredCredential};

/// The card of a first payment that the customer paid, and the expiry dates in the list of stored cards.
async fn cards(facade: &Facade, id: &ProviderId) -> (Option<PaymentCard>, Vec<Option<String>>) {
    let started = facade.enrol(id, enrol_request(id, &format!("{id}-card"))).await.expect("begun");
    assert_eq!(started.payment.card, None, "{id}: no card was used yet");
    customer_pays(started.payment.redirect.as_deref().expect("a page"), GOOD_CARD).await;
    let enrolment = facade.resume(started.pending).await.expect("resumed");
    let customer = match &enrolment.agreement {
        Some(recurring_facade::Agreement::ChargeOnDemand(StoredCredential::TokenpaySigned(one))) => {
            one.user_id.clone()
        }
        _ => return (enrolment.payment.card, Vec::new()),
    };
    let stored = facade.stored_cards(id, &customer).await.expect("a list");
    (enrolment.payment.card, stored.into_iter().map(|card| card.expires).collect())
}

#[tokio::test]
async fn card_of_a_payment_names_brand_and_expiry() {
    let (_sandbox, facade) = sandbox().await;
    for (id, brand, expires) in [
        (ProviderId::EMSPAY, None, "122030"),
        (ProviderId::REVIO, Some("visa"), "12/30"),
        (ProviderId::OMNO, Some("visa"), "12/30"),
    ] {
        let card = cards(&facade, &id).await.0.unwrap_or_else(|| panic!("{id} names no card"));
        assert_eq!((card.brand, card.expires.as_deref()), (brand, Some(expires)), "{id}");
    }
    let (none, stored) = cards(&facade, &ProviderId::TOKENPAY_SIGNED).await;
    assert_eq!((none, stored), (None, vec![Some("203012".to_owned())]));
    let json = format!(r#"{{"pan":"{GOOD_CARD}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
    let (id, name) = (ProviderId::NGENIUS, attempt("ngenius-card"));
    let request = ScheduleRequest::new(name, price(&id), "MONTHLY", "ann@example.org", json);
    let scheduled = facade.schedule(&id, request).await.expect("a schedule");
    let card = scheduled.payment.card.expect("a card");
    assert_eq!((card.brand, card.expires.as_deref()), (Some("visa"), Some("2031-04")));
}
