//! What a payment says of its money: paid, held and canceled are three things, and what went back is told.
//! Each answer has the members that the gateway's documents print.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{facade_at, good};
use recurring_facade::{Outcome, Payment, PaymentRef, Portion, ProviderId};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_sandbox::Sandbox;
use serde_json::{Value, json};

/// The payment as a gateway that answers every read with this tells it.
async fn status(sandbox: &Sandbox, id: &ProviderId, answer: &Value) -> Payment {
    let body = answer.to_string();
    let server = FaultServer::start(move |request: &Received, _| {
        Behavior::Reply(match request.path.as_str() {
            "/identity/auth/access-token" => good("ngenius/access-token/granted"),
            "/token" => RawReply::json(200, r#"{"access_token":"t","expires_in":300,"token_type":"Bearer"}"#),
            _ => RawReply::json(200, body.clone()),
        })
    })
    .await;
    let facade = facade_at(id, &server.url(), sandbox);
    let reference = if *id == ProviderId::TOKENPAY_SIGNED { "5803" } else { "p-1" };
    let read = facade.status(id, &PaymentRef::new(reference)).await;
    read.unwrap_or_else(|error| panic!("{id} {answer}: {error}")).payment
}

/// The outcome, what was captured, refunded and disputed, and whether the money is still there.
fn told(payment: &Payment) -> (Outcome, [String; 3], bool) {
    let portions = [payment.captured, payment.refunded, payment.disputed];
    let text = |portion: Option<Portion>| portion.map_or_else(String::new, |portion| portion.to_string());
    (payment.outcome, portions.map(text), payment.is_kept())
}

async fn expect(id: ProviderId, rows: &[(Value, Outcome, [&str; 3], bool)]) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    for (answer, outcome, portions, kept) in rows {
        let payment = status(&sandbox, &id, answer).await;
        let expected = (*outcome, portions.map(str::to_owned), *kept);
        assert_eq!(told(&payment), expected, "{id} {answer}");
    }
}

#[tokio::test]
async fn revio_money_held_or_given_back_is_not_kept() {
    let purchase = |status: &str, more: Value| {
        let mut all = json!({"id": "p-1", "status": status, "purchase": {"total": 4000, "currency": "ZAR"}});
        let members = more.as_object().expect("members").clone();
        all.as_object_mut().expect("an object").extend(members);
        all
    };
    let none = json!({});
    use Outcome::{ActionRequired, Authorized, Canceled, Paid, Pending};
    let page = json!({"force_recurring": true, "checkout_url": "https://pay.example/1"});
    expect(
        ProviderId::REVIO,
        &[
            // A renewal waits for its charge, a first payment for the customer.
            (purchase("created", none.clone()), Pending, ["", "", ""], false),
            (purchase("created", page), ActionRequired, ["", "", ""], false),
            (purchase("paid", none.clone()), Paid, ["40.00 ZAR", "", ""], true),
            (purchase("settled", none.clone()), Paid, ["40.00 ZAR", "", ""], true),
            (purchase("hold", none.clone()), Authorized, ["", "", ""], false),
            (purchase("released", none.clone()), Canceled, ["", "", ""], false),
            (purchase("cancelled", none.clone()), Canceled, ["", "", ""], false),
            (purchase("expired", none.clone()), Canceled, ["", "", ""], false),
            (purchase("chargeback", none.clone()), Paid, ["40.00 ZAR", "", "unstated"], false),
            (purchase("charged_back", none.clone()), Paid, ["40.00 ZAR", "", "unstated"], false),
            (purchase("refunded", none.clone()), Paid, ["40.00 ZAR", "unstated", ""], false),
            (purchase("pending_refund", none), Paid, ["40.00 ZAR", "unstated", ""], false),
            (
                purchase("refunded", json!({"refundable_amount": 1000})),
                Paid,
                ["40.00 ZAR", "30.00 ZAR", ""],
                true,
            ),
            (
                purchase("refunded", json!({"refundable_amount": 0})),
                Paid,
                ["40.00 ZAR", "40.00 ZAR", ""],
                false,
            ),
            // Nothing was given back, and nothing can be: the gateway says so of a payment by another way.
            (purchase("paid", json!({"refundable_amount": 0})), Paid, ["40.00 ZAR", "", ""], true),
            (
                purchase("settled", json!({"refundable_amount": 1000})),
                Paid,
                ["40.00 ZAR", "30.00 ZAR", ""],
                true,
            ),
            (
                purchase("cancelled", json!({"payment": {"amount": 4000, "currency": "ZAR"}})),
                Pending,
                ["", "", ""],
                false,
            ),
            (
                purchase("paid", json!({"payment": {"amount": 4001, "currency": "ZAR"}})),
                Pending,
                ["", "", ""],
                false,
            ),
            (
                purchase("paid", json!({"payment": {"amount": "40,00", "currency": "ZAR"}})),
                Pending,
                ["", "", ""],
                false,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn ngenius_tells_a_hold_from_a_sale() {
    let order = |state: &str, embedded: Value| {
        json!({
            "reference": "p-1", "type": "RECURRING", "action": "SALE",
            "amount": {"currencyCode": "AED", "value": 4000}, "merchantOrderReference": "a-1",
            "_embedded": {"payment": [{
                "reference": "x-1", "state": state, "amount": {"currencyCode": "AED", "value": 4000},
                "orderReference": "p-1", "_embedded": embedded,
            }]},
        })
    };
    let part = |minor: i64| json!([{"state": "SUCCESS", "amount": {"currencyCode": "AED", "value": minor}}]);
    use Outcome::{Authorized, Canceled, Paid};
    expect(
        ProviderId::NGENIUS,
        &[
            (order("CAPTURED", json!({})), Paid, ["40.00 AED", "", ""], true),
            (order("PURCHASED", json!({})), Paid, ["40.00 AED", "", ""], true),
            (order("AUTHORISED", json!({})), Authorized, ["", "", ""], false),
            (order("REVERSED", json!({})), Canceled, ["", "", ""], false),
            (
                order("PARTIALLY_CAPTURED", json!({"cnp:capture": part(1000)})),
                Paid,
                ["10.00 AED", "", ""],
                true,
            ),
            (order("PARTIALLY_CAPTURED", json!({})), Paid, ["unstated", "", ""], true),
            (order("REFUNDED", json!({})), Paid, ["40.00 AED", "40.00 AED", ""], false),
            (order("PARTIALLY_REFUNDED", json!({})), Paid, ["40.00 AED", "unstated", ""], false),
            (
                order("PARTIALLY_REFUNDED", json!({"cnp:refund": part(3000)})),
                Paid,
                ["40.00 AED", "30.00 AED", ""],
                true,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn emspay_tells_what_waits_for_a_capture() {
    let order = |status: &str, transaction: Value, flags: Value| {
        let mut paid = json!({"id": "t-1", "amount": 4000, "currency": "EUR"});
        paid.as_object_mut().expect("an object").extend(transaction.as_object().expect("members").clone());
        json!({
            "id": "p-1", "status": status, "amount": 4000, "currency": "EUR", "merchant_order_id": "a-1",
            "transactions": [paid], "flags": flags,
        })
    };
    use Outcome::{Authorized, Canceled, Paid, Pending};
    let held = json!({"status": "accepted", "is_capturable": true});
    expect(
        ProviderId::EMSPAY,
        &[
            (
                order("completed", json!({"status": "completed"}), json!([])),
                Paid,
                ["40.00 EUR", "", ""],
                true,
            ),
            (
                order("completed", json!({"status": "completed"}), json!(["has-refunds"])),
                Paid,
                ["40.00 EUR", "unstated", ""],
                false,
            ),
            (order("processing", held.clone(), json!([])), Authorized, ["", "", ""], false),
            (order("completed", held.clone(), json!([])), Authorized, ["", "", ""], false),
            (order("completed", held, json!(["has-captures"])), Paid, ["40.00 EUR", "", ""], true),
            (order("processing", json!({"status": "accepted"}), json!([])), Pending, ["", "", ""], false),
            (order("cancelled", json!({"status": "cancelled"}), json!([])), Canceled, ["", "", ""], false),
            (order("expired", json!({"status": "expired"}), json!([])), Canceled, ["", "", ""], false),
        ],
    )
    .await;
}

#[tokio::test]
async fn tokenpay_and_omno_tell_what_was_given_back() {
    let order = |status: &str| {
        json!({
            "responseCode": "0000", "message": "Success",
            "order": {"id": 5803, "merchantReference": "a-1", "currency": "USD", "amount": 40, "status": status},
        })
    };
    use Outcome::{Canceled, Paid};
    expect(
        ProviderId::TOKENPAY_SIGNED,
        &[
            (order("SETTLED"), Paid, ["40.00 USD", "", ""], true),
            (order("REFUNDED"), Paid, ["40.00 USD", "40.00 USD", ""], false),
            (order("PARTIALLY_REFUNDED"), Paid, ["40.00 USD", "unstated", ""], false),
            (order("VOIDED"), Canceled, ["", "", ""], false),
            (order("CANCELLED"), Canceled, ["", "", ""], false),
        ],
    )
    .await;
    let payment = |status: &str| json!({"id": "p-1", "status": status, "amount": 40.00, "currency": "EUR", "orderId": "a-1"});
    expect(
        ProviderId::OMNO,
        &[
            (payment("Success"), Paid, ["40.00 EUR", "", ""], true),
            (payment("REFUND_FAILED"), Paid, ["40.00 EUR", "", ""], true),
            (payment("REFUNDED"), Paid, ["40.00 EUR", "40.00 EUR", ""], false),
            (payment("PARTIALLY_REFUNDED"), Paid, ["40.00 EUR", "unstated", ""], false),
        ],
    )
    .await;
}

#[tokio::test]
async fn test_payment_says_that_it_is_one() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let ems = |flags: Value| {
        json!({"id": "p-1", "status": "completed", "amount": 4000, "currency": "EUR", "merchant_order_id": "a-1",
            "transactions": [{"id": "t-1", "amount": 4000, "currency": "EUR", "status": "completed"}], "flags": flags})
    };
    let revio = |test: Value| json!({"id": "p-1", "status": "paid", "purchase": {"total": 4000, "currency": "ZAR"}, "is_test": test});
    for (id, answer, test) in [
        (ProviderId::EMSPAY, ems(json!(["is-test"])), Some(true)),
        (ProviderId::EMSPAY, ems(json!([])), None),
        (ProviderId::REVIO, revio(json!(true)), Some(true)),
        (ProviderId::REVIO, revio(json!(false)), Some(false)),
        (ProviderId::REVIO, revio(json!(null)), None),
    ] {
        assert_eq!(status(&sandbox, &id, &answer).await.test, test, "{id} {answer}");
    }
}
