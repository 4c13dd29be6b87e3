//! The merchant's own reference comes back wherever the gateway names it: in answers, and in notifications.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::routing::post;
use common::{GOOD_CARD, attempt, enrolled, post_json, price, sandbox};
use recurring_facade::{
    ChargeRequest, Facade, Payment, PaymentRef, ProviderId, RawNotification, ReceivedNotification,
    ScheduleRequest,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const ON_DEMAND: [ProviderId; 4] =
    [ProviderId::OMNO, ProviderId::TOKENPAY_SIGNED, ProviderId::REVIO, ProviderId::EMSPAY];

type Delivered = (String, Vec<(String, String)>, Bytes);

/// Takes the notifications of all gateways, as they come.
async fn shop() -> (String, UnboundedReceiver<Delivered>) {
    let (send, receive) = unbounded_channel();
    let take = move |Path(provider): Path<String>, headers: HeaderMap, body: Bytes| async move {
        let headers = headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        let delivered = (provider, headers.collect(), body);
        send.send(delivered).map_or("", |()| "OK")
    };
    let app = Router::new().route("/{provider}", post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, receive)
}

/// The next notification of a gateway about this payment.
async fn notified(
    facade: &Facade,
    delivered: &mut UnboundedReceiver<Delivered>,
    id: &ProviderId,
    payment: &PaymentRef,
) -> ReceivedNotification {
    loop {
        let (provider, headers, body) = delivered.recv().await.expect("a notification");
        let raw = RawNotification::new(headers, body.to_vec()).expect("a notification");
        let received = facade.receive(&ProviderId::new(provider), raw).await.expect("received");
        if received.provider == *id && received.payment.as_ref() == Some(payment) {
            return received;
        }
    }
}

async fn status(facade: &Facade, id: &ProviderId, payment: &PaymentRef) -> Payment {
    facade.status(id, payment).await.expect("a status").payment
}

#[tokio::test]
async fn a_charge_its_status_and_its_notification_name_the_attempt() {
    let (sandbox, facade) = sandbox().await;
    let (url, mut delivered) = shop().await;
    for id in &ON_DEMAND {
        let credential = enrolled(&facade, id, &format!("{id}-named"), GOOD_CARD).await;
        let name = format!("{id}-named-renewal");
        let mut request = ChargeRequest::new(attempt(&name), credential, price(id));
        request.notification_url = Some(format!("{url}/{id}"));
        let charged = facade.charge(request).await.expect("charged");
        assert_eq!(charged.merchant_reference.as_deref(), Some(name.as_str()), "{id}");
        let payment = charged.payment.expect("a payment");
        let read = status(&facade, id, &payment).await;
        assert_eq!(read.merchant_reference.as_deref(), Some(name.as_str()), "{id}");
        sandbox.settle().await;
        let received = notified(&facade, &mut delivered, id, &payment).await;
        // EMS Online's notification names nothing but the order.
        let named = (*id != ProviderId::EMSPAY).then_some(name.as_str());
        assert_eq!(received.merchant_reference.as_deref(), named, "{id}");
    }
}

#[tokio::test]
async fn a_first_payment_names_the_attempt() {
    let (_sandbox, facade) = sandbox().await;
    for id in [ProviderId::REVIO, ProviderId::EMSPAY] {
        let request = common::enrol_request(&id, "begun");
        let started = facade.enrol(&id, request).await.expect("begun");
        assert_eq!(started.payment.merchant_reference.as_deref(), Some("begun-first"), "{id}");
        let resumed = facade.resume(started.pending).await;
        let payment = resumed.expect("read").payment;
        assert_eq!(payment.merchant_reference.as_deref(), Some("begun-first"), "{id}");
    }
}

#[tokio::test]
async fn every_charge_of_a_schedule_names_its_attempt() {
    let (sandbox, facade) = sandbox().await;
    let (url, mut delivered) = shop().await;
    let id = ProviderId::NGENIUS;
    // What the merchant does in the gateway's portal.
    post_json(&sandbox, "/_sandbox/webhooks", &format!(r#"{{"ngenius":"{url}/{id}"}}"#)).await;
    let card = format!(r#"{{"pan":"{GOOD_CARD}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
    let request = ScheduleRequest::new(attempt("series-1"), price(&id), "MONTHLY", "ann@example.org", card);
    let started = facade.schedule(&id, request).await.expect("scheduled");
    // The answer of the source document does not repeat it; the order that is read after it does.
    assert_eq!(started.payment.merchant_reference.as_deref(), Some("series-1"));
    let order = started.payment.payment.expect("an order");
    sandbox.advance(std::time::Duration::from_secs(31 * 24 * 60 * 60));
    let read = facade.status(&id, &order).await.expect("a status");
    assert_eq!(read.charges.len(), 2);
    for payment in read.charges.iter().chain([&read.payment]) {
        assert_eq!(payment.merchant_reference.as_deref(), Some("series-1"));
    }
    sandbox.settle().await;
    let received = notified(&facade, &mut delivered, &id, &order).await;
    assert_eq!(received.merchant_reference.as_deref(), Some("series-1"));
}

#[tokio::test]
async fn an_odd_reference_is_refused_and_nothing_is_sent() {
    let (sandbox, facade) = sandbox().await;
    let long = "x".repeat(10_000);
    for id in ProviderId::ALL.iter().cloned() {
        for odd in ["", "../", "%2F", "a b", "a\0b", ".", "..", &long] {
            if id == ProviderId::TOKENPAY_SIGNED && matches!(odd, "." | "..") {
                // The name of an attempt, and in no path there.
                continue;
            }
            let read = facade.status(&id, &PaymentRef::new(odd)).await;
            let error = read.expect_err(odd);
            assert!(error.effect().is_not_applied(), "{id}, {odd:?}: {error}");
            assert!(error.to_string().contains('`'), "{id}, {odd:?}: {error}");
        }
    }
    // An access token is asked for at the most.
    let calls = sandbox
        .exchanges()
        .into_iter()
        .filter(|call| !call.path.contains("token") || call.path.contains("order"));
    assert_eq!(calls.count(), 0, "{:?}", sandbox.exchanges());
}
