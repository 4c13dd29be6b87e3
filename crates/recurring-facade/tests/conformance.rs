//! Every adapter through the same story, against the sandbox, whose ledger of the money really taken is the judge.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{FADING_CARD, GOOD_CARD, attempt, enrol_request, enrolled, price, sandbox};
use recurring_facade::{
    Agreement, Call, CaptureRequest, ChargeRequest, DeclineReason, ErrorKind, Facade, Money, NoRecord,
    Operation, Outcome, Payment, PaymentRef, PendingEnrolment, ProviderId, RefundRequest, ScheduleRequest,
    StoredCredential,
};
use recurring_sandbox::{LedgerKind, Sandbox};

const ON_DEMAND: [ProviderId; 4] =
    [ProviderId::OMNO, ProviderId::TOKENPAY_SIGNED, ProviderId::REVIO, ProviderId::EMSPAY];

fn charges_of(sandbox: &Sandbox, reference: &str) -> usize {
    sandbox.ledger().iter().filter(|entry| entry.reference == reference).count()
}

/// A pending payment is read again, where the gateway lets one read.
async fn settled(facade: &Facade, payment: Payment) -> Payment {
    match &payment.payment {
        Some(reference) => facade.status(&payment.provider, reference).await.expect("a status").payment,
        None => payment,
    }
}

#[tokio::test]
async fn a_first_payment_then_a_renewal_is_taken_once_each() {
    let (sandbox, facade) = sandbox().await;
    for id in &ON_DEMAND {
        let name = format!("{id}-story");
        let credential = enrolled(&facade, id, &name, GOOD_CARD).await;
        assert_eq!(&credential.provider(), id);
        // Stored and read back, as an application does.
        let stored = serde_json::to_string(&credential).expect("JSON");
        let credential: StoredCredential = serde_json::from_str(&stored).expect(&stored);
        let renewal = attempt(&format!("{name}-renewal"));
        let request = ChargeRequest::new(renewal.clone(), credential, price(id));
        let charged = facade.charge(request).await.expect("charged");
        assert!(matches!(charged.outcome, Outcome::Paid | Outcome::Pending), "{id}: {}", charged.outcome);
        let paid = settled(&facade, charged).await;
        assert_eq!((paid.outcome, paid.amount), (Outcome::Paid, Some(price(id))), "{id}");
        assert_eq!(charges_of(&sandbox, renewal.as_str()), 1, "{id}");
        assert_eq!(charges_of(&sandbox, &format!("{name}-first")), 1, "{id}");
    }
    assert_eq!(sandbox.ledger().len(), ON_DEMAND.len() * 2);
}

#[tokio::test]
async fn a_refused_renewal_is_an_answer_and_takes_nothing() {
    let (sandbox, facade) = sandbox().await;
    for id in &ON_DEMAND {
        let name = format!("{id}-fading");
        let credential = enrolled(&facade, id, &name, FADING_CARD).await;
        let renewal = attempt(&format!("{name}-renewal"));
        let request = ChargeRequest::new(renewal.clone(), credential, price(id));
        let charged = facade.charge(request).await.expect("an answer");
        let refused = settled(&facade, charged).await;
        assert_eq!(refused.outcome, Outcome::Declined, "{id}");
        assert!(refused.decline.is_some(), "{id}: {refused:?}");
        assert_eq!(charges_of(&sandbox, renewal.as_str()), 0, "{id}");
    }
}

#[tokio::test]
async fn before_the_customer_has_paid_there_is_nothing_to_charge_with() {
    let (sandbox, facade) = sandbox().await;
    for id in &ON_DEMAND {
        let started = facade.enrol(id, enrol_request(id, &format!("{id}-waiting"))).await.expect("begun");
        let stored = serde_json::to_string(&started.pending).expect("JSON");
        let pending: PendingEnrolment = serde_json::from_str(&stored).expect(&stored);
        let waiting = facade.resume(pending).await.expect("read");
        assert!(waiting.agreement.is_none(), "{id}");
        assert!(matches!(waiting.payment.outcome, Outcome::ActionRequired | Outcome::Pending), "{id}");
    }
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn the_gateway_that_runs_the_clock_is_not_charged_by_ours() {
    let (sandbox, facade) = sandbox().await;
    let id = ProviderId::NGENIUS;
    let can = facade.capabilities(&id).expect("set up");
    assert!(!can.has(Operation::Charge) && !can.has(Operation::Enrol));
    let schedule = |name, pan| {
        let card =
            format!(r#"{{"pan":"{pan}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann Example"}}"#);
        ScheduleRequest::new(attempt(name), price(&id), "MONTHLY", "ann@example.org", card)
    };
    let started = facade.schedule(&id, schedule("schedule-1", GOOD_CARD)).await.expect("scheduled");
    assert_eq!(started.payment.outcome, Outcome::Paid);
    let Some(Agreement::GatewayScheduled(reference)) = started.agreement else { panic!("no schedule") };
    sandbox.advance(std::time::Duration::from_secs(62 * 24 * 60 * 60));
    let status = facade.status(&id, &PaymentRef::new(&reference.order_reference)).await;
    let status = status.expect("a status");
    assert_eq!(status.charges.len(), 3, "the first payment and two months");
    assert!(status.charges.iter().all(|charge| charge.outcome == Outcome::Paid));
    assert_eq!(sandbox.ledger().len(), 3);

    let refused = facade.schedule(&id, schedule("schedule-2", "4000000000000002")).await.expect("an answer");
    assert_eq!(refused.payment.outcome, Outcome::Declined);
    assert!(refused.agreement.is_none());
    assert_eq!(sandbox.ledger().len(), 3);
}

#[tokio::test]
async fn bad_input_and_strangers_credentials_send_nothing() {
    let (sandbox, facade) = sandbox().await;
    let before = sandbox.exchanges().len();
    let id = ProviderId::NGENIUS;
    for (card, field) in [
        ("", "card"),
        ("4111111111111111", "card"),
        (r#"{"pan":"4111111111111112","expiry":"2031-04","cvv":"123","cardholder_name":"A"}"#, "pan"),
        (r#"{"pan":"4111111111111111","expiry":"04/31","cvv":"123","cardholder_name":"A"}"#, "expiry"),
        (r#"{"pan":"4111111111111111","expiry":"2031-04","cvv":"12","cardholder_name":"A"}"#, "cvv"),
    ] {
        let request = ScheduleRequest::new(attempt("a"), price(&id), "MONTHLY", "a@example.org", card);
        let error = facade.schedule(&id, request).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert!(error.effect().is_not_applied());
        assert!(!format!("{error} {error:?}").contains("411111111111111"), "{error:?}");
    }
    let credential: StoredCredential =
        serde_json::from_str(r#"{"provider":"revio","client_id":"c","recurring_token":"t"}"#)
            .expect("a credential");
    for id in ON_DEMAND.iter().filter(|id| **id != ProviderId::REVIO) {
        let request = ChargeRequest::new(attempt("a"), credential.clone(), price(id));
        let provider = facade.provider(id).expect("set up");
        let error = provider.charge(&request, &Call::new(&NoRecord)).await.expect_err("a stranger's");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("belongs to revio"), "{error}");
    }
    for (id, field) in [
        (ProviderId::OMNO, "billing"),
        (ProviderId::TOKENPAY_SIGNED, "customer"),
        (ProviderId::REVIO, "email"),
    ] {
        let mut request = enrol_request(&id, "incomplete");
        request.customer = recurring_facade::Customer::default();
        let error = facade.enrol(&id, request).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert!(error.effect().is_not_applied());
    }
    assert_eq!(sandbox.exchanges().len(), before);
}

#[tokio::test]
async fn omno_addresses_are_of_the_request_or_the_settings() {
    let (sandbox, set_up) = sandbox().await;
    let id = ProviderId::OMNO;
    let of_payments = ["OMNO_HOOK_URL", "OMNO_CALLBACK_URL", "OMNO_CALLBACK_FAIL_URL"];
    let others = sandbox.settings().into_iter().filter(|(name, _)| !of_payments.contains(name));
    let bare = recurring_facade::Settings::new().set_all(others).expect("known names");
    let bare = bare.facade_of(&id).expect("a facade");
    let unnamed = |name| {
        let mut request = enrol_request(&id, name);
        (request.notification_url, request.success_url, request.failure_url) = (None, None, None);
        request
    };
    let _ = set_up.enrol(&id, unnamed("settings")).await.expect("of the settings");
    let _ = bare.enrol(&id, enrol_request(&id, "request")).await.expect("of the request");
    let sent = sandbox.exchanges().len();
    let error = bare.enrol(&id, unnamed("neither")).await.expect_err("no address");
    for field in ["notification_url", "success_url", "failure_url"] {
        assert!(error.effect().is_not_applied() && error.to_string().contains(field), "{error}");
    }
    assert_eq!(sandbox.exchanges().len(), sent);
}

#[tokio::test]
async fn the_rules_of_a_series_are_checked_before_sending() {
    let (sandbox, facade) = sandbox().await;
    let before = sandbox.exchanges().len();
    let charge = |first_amount: i64, first_created: &str| {
        let json = format!(
            r#"{{"provider":"emspay","vault_token":"t","first_amount_minor":{first_amount},"currency":"EUR","first_created":"{first_created}"}}"#
        );
        let credential: StoredCredential = serde_json::from_str(&json).expect(&json);
        ChargeRequest::new(attempt("a"), credential, price(&ProviderId::EMSPAY))
    };
    let other = facade.charge(charge(4001, "2126-01-01T00:00:00Z")).await.expect_err("another amount");
    assert!(other.to_string().contains("`amount` must be 40.01 EUR"), "{other}");
    let late = facade.charge(charge(4000, "2017-11-24T14:43:15.941760+00:00")).await.expect_err("too late");
    assert!(late.to_string().contains("more than a year ago"), "{late}");
    assert_eq!(sandbox.exchanges().len(), before);
}

#[test]
fn credentials_are_stored_on_purpose_and_shown_to_nobody() {
    for json in [
        r#"{"provider":"emspay","vault_token":"sentinel-1","first_amount_minor":4000,"currency":"EUR","first_created":"2017-11-24T14:43:15.941760+00:00"}"#,
        r#"{"provider":"revio","client_id":"98e9cf98","recurring_token":"sentinel-1"}"#,
        r#"{"provider":"tokenpay-signed","user_id":"user1","token_id":"sentinel-1","parent_order_id":5798}"#,
        r#"{"provider":"omno","customer_id":"c1","card_token":"sentinel-1","billing":{"first_name":"Ann","last_name":"Example","address1":"1 High Street","city":"Amsterdam","state":"NH","country":"NL","postal_code":"1011AA","phone":"+31200000000","email":"ann@example.org"}}"#,
    ] {
        let credential: StoredCredential = serde_json::from_str(json).expect(json);
        assert_eq!(serde_json::to_string(&credential).expect("JSON"), json);
        assert!(!format!("{credential:?}").contains("sentinel"), "{credential:?}");
    }
    // As the gateway names the members, and with a number where the document shows a text.
    let omno = r#"{"provider":"omno","customer_id":"c","card_token":"t","billing":{"firstName":"A","lastName":"B","address1":"C","city":"D","state":"E","country":"NL","postalCode":"F","phone":"1","email":"a@b.example"}}"#;
    assert!(serde_json::from_str::<StoredCredential>(omno).is_ok());
    let number = r#"{"provider":"tokenpay-signed","user_id":"u","token_id":436,"parent_order_id":5798}"#;
    assert!(serde_json::from_str::<StoredCredential>(number).is_ok());
    assert!(serde_json::from_str::<StoredCredential>(r#"{"provider":"elsewhere"}"#).is_err());
}

#[tokio::test]
async fn a_dead_credential_says_so_and_takes_nothing() {
    let (sandbox, facade) = sandbox().await;
    let unknown = |json: &str| serde_json::from_str::<StoredCredential>(json).expect("a credential");
    let charge = async |id: ProviderId, credential| {
        let request = ChargeRequest::new(attempt("dead-1"), credential, price(&id));
        facade.charge(request).await
    };
    let emspay = unknown(r#"{"provider":"emspay","vault_token":"0c8fd8ab-25ec-4109-ac8f-495804aa5026"}"#);
    let refused = charge(ProviderId::EMSPAY, emspay).await.expect("an answer");
    let decline = refused.decline.expect("a reason");
    assert_eq!((refused.outcome, decline.reason), (Outcome::Declined, DeclineReason::InvalidCredential));

    let good = enrolled(&facade, &ProviderId::REVIO, "alive", GOOD_CARD).await;
    let StoredCredential::Revio(good) = good else { panic!("a revio credential") };
    let revio = unknown(&format!(
        r#"{{"provider":"revio","client_id":"{}","recurring_token":"82e6eb62-90e8-405c-9ec9-d43affba41d2"}}"#,
        good.client_id
    ));
    let refused = charge(ProviderId::REVIO, revio).await.expect("an answer");
    let decline = refused.decline.expect("a reason");
    assert_eq!((refused.outcome, decline.reason), (Outcome::Declined, DeclineReason::InvalidCredential));
    assert_eq!(decline.code.as_deref(), Some("invalid_recurring_token"));
    assert_eq!(charges_of(&sandbox, "dead-1"), 0);
}

fn refunds_of(sandbox: &Sandbox, payment: &str) -> Vec<i64> {
    let of_payment = sandbox.ledger().into_iter().filter(|entry| entry.payment == payment);
    of_payment
        .filter(|entry| entry.kind == LedgerKind::Refund)
        .map(|entry| entry.amount_minor.abs())
        .collect()
}

#[tokio::test]
async fn money_comes_back_once() {
    let (sandbox, facade) = sandbox().await;
    for id in &ON_DEMAND {
        if !facade.capabilities(id).expect("set up").has(Operation::Refund) {
            assert_eq!(*id, ProviderId::OMNO, "only omno documents no refund");
            continue;
        }
        let name = format!("{id}-back");
        let credential = enrolled(&facade, id, &name, GOOD_CARD).await;
        let request = ChargeRequest::new(attempt(&format!("{name}-renewal")), credential, price(id));
        let charged = facade.charge(request).await.expect("charged");
        let payment = settled(&facade, charged).await.payment.expect("a payment");
        let mut request = RefundRequest::new(attempt(&format!("{name}-refund")), payment.clone());
        request.amount = Some(Money::from_minor(1000, price(id).currency()).expect("money"));
        let refunded = facade.refund(id, request.clone()).await.expect("refunded");
        assert!(matches!(refunded.outcome, Outcome::Paid | Outcome::Pending), "{id}: {refunded:?}");
        assert_eq!(refunds_of(&sandbox, payment.as_str()), [1000], "{id}");

        // More than is left does not come back.
        request.amount = Some(price(id));
        let answer = facade.refund(id, request).await;
        assert!(answer.is_err() || answer.is_ok_and(|refund| refund.outcome == Outcome::Declined), "{id}");
        assert_eq!(refunds_of(&sandbox, payment.as_str()), [1000], "{id}");
    }
}

#[tokio::test]
async fn a_whole_payment_of_a_schedule_comes_back() {
    let (sandbox, facade) = sandbox().await;
    let id = ProviderId::NGENIUS;
    let card = format!(r#"{{"pan":"{GOOD_CARD}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
    let schedule = ScheduleRequest::new(attempt("s-1"), price(&id), "MONTHLY", "ann@example.org", card);
    let started = facade.schedule(&id, schedule).await.expect("scheduled");
    let order = started.payment.payment.expect("an order");
    let request = RefundRequest::new(attempt("s-1-refund"), order.clone());
    let refunded = facade.refund(&id, request).await.expect("refunded");
    assert_eq!((refunded.outcome, refunded.amount), (Outcome::Paid, Some(price(&id))), "{refunded:?}");
    let back: Vec<_> =
        sandbox.ledger().into_iter().filter(|entry| entry.kind == LedgerKind::Refund).collect();
    assert_eq!(back.len(), 1, "{back:?}");

    // With several charges, one has to be named.
    sandbox.advance(std::time::Duration::from_secs(62 * 24 * 60 * 60));
    let unnamed = RefundRequest::new(attempt("s-1-again"), order.clone());
    let error = facade.refund(&id, unnamed).await.expect_err("which one?");
    assert!(error.effect().is_not_applied() && error.to_string().contains("ORDER:PAYMENT"), "{error}");
    let status = facade.status(&id, &order).await.expect("a status");
    let newest = status.charges.last().and_then(|charge| charge.payment.clone()).expect("a charge");
    let named = RefundRequest::new(attempt("s-1-named"), PaymentRef::new(format!("{order}:{newest}")));
    let _ = facade.refund(&id, named).await.expect("refunded");
    let back = sandbox.ledger().into_iter().filter(|entry| entry.kind == LedgerKind::Refund).count();
    assert_eq!(back, 2);
}

#[tokio::test]
async fn held_money_is_taken_by_a_capture() {
    let (sandbox, facade) = sandbox().await;
    let id = ProviderId::REVIO;
    let client = facade.native::<revio::Client>().expect("the client");
    let brand = client.brand_id().expect("a brand").to_owned();
    let payer = revio::Payer::email("ann@example.org");
    let held =
        revio::CreatePurchase::one_product(brand, payer, "Deposit", price(&id)).with_skip_capture(true);
    let purchase = client.create_purchase(&held).await.expect("a purchase");
    common::customer_pays(&purchase.checkout_address().expect("a page"), GOOD_CARD).await;
    assert!(sandbox.ledger().is_empty(), "held, not taken");
    let request = CaptureRequest::new(attempt("capture-1"), PaymentRef::new(&purchase.id));
    let captured = facade.capture(&id, request).await.expect("captured");
    assert_eq!(captured.outcome, Outcome::Paid);
    assert_eq!(sandbox.ledger().len(), 1);
}
