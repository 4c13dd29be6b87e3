//! Refunds, captures and the other calls about a purchase or a client: what goes over the wire, and what comes back.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{BRAND, CLIENT, PURCHASE, client, rand, server_for};
use recurring_fixtures::{Case, variants};
use revio::{
    CancelPurchase, CaptureAnswer, CapturePurchase, ChangeClient, ChargeAnswer, Client, ClientDetails,
    DeclineReason, Effect, ErrorKind, GetPublicKey, GetPurchase, Operation as _, Outcome,
    PaymentMethodsQuery, PreparedRequest, Proof, Purchase, RefundAnswer, RefundPurchase, ReleasePurchase,
    Reply, UpdateClient,
};

fn refund() -> RefundPurchase {
    RefundPurchase::new(PURCHASE).with_amount(rand(40))
}

fn capture() -> CapturePurchase {
    CapturePurchase::new(PURCHASE)
}

/// Calls the gateway, which takes exactly the stored request and gives the stored answer.
async fn answered<T>(
    case: &str,
    request: Result<PreparedRequest, revio::Error>,
    call: impl AsyncFnOnce(Client) -> Result<T, revio::Error>,
) -> Result<T, revio::Error> {
    let case = Case::load(case);
    let request = request.expect("valid");
    let body = request.body_bytes().map(|body| {
        case.assert_request_body(body);
        body.to_vec()
    });
    let has_body = case.meta.response.as_ref().is_some_and(|response| response.status != 204);
    let answer = if has_body { case.response_body() } else { Vec::new() };
    let (server, mock) = server_for(&case, body, answer).await;
    let answer = call(client(&server.url())).await;
    mock.assert_async().await;
    answer
}

async fn refunded(case: &str, request: RefundPurchase) -> Result<RefundAnswer, revio::Error> {
    answered(case, request.request(), async |client| client.refund_purchase(&request).await).await
}

async fn captured(case: &str, request: CapturePurchase) -> Result<CaptureAnswer, revio::Error> {
    answered(case, request.request(), async |client| client.capture_purchase(&request).await).await
}

#[tokio::test]
async fn a_part_is_given_back() {
    let answer = refunded("revio/refund-purchase/refunded", refund()).await.expect("an answer");
    assert_eq!(answer.outcome(), Outcome::Paid);
    assert!(answer.decline().is_none() && answer.decline_reason().is_none());
    let RefundAnswer::Payment(payment) = &answer else { panic!("{answer:?}") };
    assert_eq!(payment.purchase_id(), Some(PURCHASE));
    insta::assert_debug_snapshot!(answer);
}

#[tokio::test]
async fn a_refund_that_is_on_its_way_is_not_done() {
    let request = RefundPurchase::new(PURCHASE);
    assert!(request.request().expect("valid").body_bytes().is_none(), "the whole needs no body");
    let answer = refunded("revio/refund-purchase/pending-refund", request).await.expect("an answer");
    assert_eq!(answer.outcome(), Outcome::Pending);
    assert!(matches!(answer, RefundAnswer::Purchase(_)));
}

#[tokio::test]
async fn a_refused_refund_is_an_answer_not_an_error() {
    let answer = refunded("revio/refund-purchase/refund-error", refund()).await.expect("an answer");
    assert_eq!((answer.outcome(), answer.decline_reason()), (Outcome::Declined, Some(DeclineReason::Other)));
    let code = answer.decline().and_then(|decline| decline.code);
    assert_eq!(code.as_deref(), Some("purchase_refund_error"));
}

#[tokio::test]
async fn a_refund_of_too_much_is_refused_before_anything_happens() {
    let error = refunded("revio/refund-purchase/amount-invalid", refund()).await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Refused))
    );
    assert!(error.message().contains("`amount` invalid"), "{error}");
}

#[tokio::test]
async fn held_money_is_taken() {
    let answer = captured("revio/capture-purchase/captured", capture().with_amount(rand(40)))
        .await
        .expect("an answer");
    assert_eq!((answer.outcome(), answer.decline_reason()), (Outcome::Paid, None));
    let paid = answer.purchase().and_then(|purchase| purchase.payment.as_ref()?.amount);
    assert_eq!(paid, Some(40));

    let answer = captured("revio/capture-purchase/pending-capture", capture()).await.expect("an answer");
    assert_eq!(answer.outcome(), Outcome::Pending);

    let answer = captured("revio/capture-purchase/capture-error", capture()).await.expect("an answer");
    assert_eq!((answer.outcome(), answer.decline_reason()), (Outcome::Declined, Some(DeclineReason::Other)));
    assert!(answer.decline().is_some() && answer.purchase().is_none());
}

#[tokio::test]
async fn held_money_is_released() {
    let request = ReleasePurchase::new(PURCHASE);
    let call = async |client: Client| client.release_purchase(&request).await;
    let purchase = answered("revio/release-purchase/released", request.request(), call).await;
    assert_eq!(purchase.expect("a purchase").status.as_str(), "released");
}

#[tokio::test]
async fn purchase_cancel_reads_canceled() {
    let request = CancelPurchase::new(PURCHASE);
    let call = async |client: Client| client.cancel_purchase(&request).await;
    let purchase = answered("revio/cancel-purchase/cancelled", request.request(), call).await;
    let purchase = purchase.expect("a purchase");
    assert_eq!(purchase.status.as_str(), "cancelled");
    assert_eq!((purchase.outcome(), purchase.decline_reason()), (Outcome::Canceled, None));
}

#[tokio::test]
async fn the_token_of_a_purchase_is_deleted() {
    let request = revio::DeletePurchaseRecurringToken::new(PURCHASE);
    let call = async |client: Client| client.delete_purchase_recurring_token(PURCHASE).await;
    let case = "revio/delete-purchase-recurring-token/deleted";
    let purchase = answered(case, request.request(), call).await.expect("a purchase");
    assert_eq!((purchase.is_recurring_token, purchase.outcome()), (Some(false), Outcome::Paid));
    assert!(purchase.recurring_token().is_none());
}

#[tokio::test]
async fn a_client_is_replaced_changed_and_deleted() {
    let details = ClientDetails::new("ann@example.com")
        .with_full_name("Ann Example")
        .with_phone("+27 1")
        .with_country("ZA");
    let request = UpdateClient::new(CLIENT, details);
    let call = async |client: Client| client.update_client(&request).await;
    let updated = answered("revio/update-client/updated", request.request(), call).await;
    insta::assert_debug_snapshot!(updated.expect("a client"));

    let request = ChangeClient::new(CLIENT).with_phone("+27 2");
    let call = async |client: Client| client.change_client(&request).await;
    let changed = answered("revio/change-client/changed", request.request(), call).await;
    assert_eq!(changed.expect("a client").phone.as_deref(), Some("+27 2"));

    let whole = ChangeClient::new(CLIENT)
        .with_email("a@b")
        .with_full_name("Ann")
        .with_phone("1")
        .with_country("ZA")
        .request();
    let body = whole.expect("valid").body_bytes().map(|body| String::from_utf8_lossy(body).into_owned());
    let expected = r#"{"email":"a@b","full_name":"Ann","phone":"1","country":"ZA"}"#;
    assert_eq!(body.as_deref(), Some(expected));

    let request = revio::DeleteClient::new(CLIENT);
    let call = async |client: Client| client.delete_client(CLIENT).await;
    answered("revio/delete-client/deleted", request.request(), call).await.expect("deleted");
}

#[tokio::test]
async fn payment_methods_are_read() {
    let query = PaymentMethodsQuery::new(BRAND, rand(1).currency()).with_recurring_only();
    let call = async |client: Client| client.payment_methods(&query).await;
    let methods = answered("revio/payment-methods/recurring", query.request(), call).await.expect("methods");
    assert_eq!(methods.available_payment_methods, ["mastercard", "visa"]);
    assert!(methods.raw.contains("\"country_names\""), "all of it can be reached");
    let all = PaymentMethodsQuery::new("a&b=c", rand(1).currency()).request().expect("valid");
    assert_eq!(all.path(), "/payment_methods/?brand_id=a%26b%3Dc&currency=ZAR");
    for (body, expected) in [
        ("{}", &[][..]),
        (r#"{"available_payment_methods":null}"#, &[]),
        (r#"{"available_payment_methods":["visa",{"a":1},7],"x":1}"#, &["visa", "7"]),
    ] {
        let methods = query.read(&Reply::new(200, Vec::new(), body.into())).expect(body);
        assert_eq!(
            (methods.available_payment_methods.as_slice(), methods.raw.as_str()),
            (expected.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>().as_slice(), body)
        );
    }
}

#[tokio::test]
async fn public_key_is_read() {
    let call = async |client: Client| client.public_key().await;
    let pem = answered("revio/public-key/key", GetPublicKey.request(), call).await.expect("a key");
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    for body in [
        r#""hello""#,
        r#""""#,
        "null",
        r#"{"key":"-----BEGIN PUBLIC KEY-----"}"#,
        r#""-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----""#,
    ] {
        let error = GetPublicKey.read(&Reply::new(200, Vec::new(), body.into())).expect_err(body);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{body}");
    }
}

#[test]
fn reason_exists_exactly_when_declined() {
    let read = |status: &str, code: &str, token: &str| -> Purchase {
        let body = format!(
            r#"{{"id":"1","status":"{status}","recurring_token":{token},"checkout_url":"https://g.example/p",
            "transaction_data":{{"attempts":[{{"error":{{"code":"{code}"}}}}]}}}}"#
        );
        GetPurchase::new("1").read(&Reply::new(200, Vec::new(), body.into())).expect("a purchase")
    };
    for status in revio::PurchaseStatus::KNOWN {
        for token in ["null", r#""a-token""#] {
            let purchase = read(status, "insufficient_funds", token);
            let declined = purchase.outcome() == Outcome::Declined;
            assert_eq!(purchase.decline_reason().is_some(), declined, "{status}");
            let declined = purchase.charge_outcome() == Outcome::Declined;
            assert_eq!(purchase.charge_decline_reason().is_some(), declined, "{status}");
        }
    }
    let charged = |status: &str, code| read(status, code, r#""a-token""#).decline_reason();
    assert_eq!(charged("error", "insufficient_funds"), Some(DeclineReason::InsufficientFunds));
    assert_eq!(charged("error", "expired_card"), Some(DeclineReason::ExpiredCard));
    assert_eq!(charged("blocked", "unheard_of"), Some(DeclineReason::Other));
    assert_eq!(charged("cancelled", "expired_card"), None, "an older try does not count");
    assert_eq!(charged("paid", "expired_card"), None);

    let answer = |body: &str| common::charge().read(&Reply::new(400, Vec::new(), body.into()));
    for (code, reason) in [
        ("invalid_recurring_token", DeclineReason::InvalidCredential),
        ("insufficient_funds", DeclineReason::InsufficientFunds),
        ("expired_card", DeclineReason::ExpiredCard),
    ] {
        let answer = answer(&format!(r#"{{"__all__":[{{"code":"{code}"}}]}}"#)).expect("an answer");
        assert!(matches!(answer, ChargeAnswer::Declined(_)));
        assert_eq!(answer.decline_reason(), Some(reason), "{code}");
    }
    let unexplained = answer(r#"{"__all__":[{"code":"purchase_charge_error"}]}"#).expect("an answer");
    assert_eq!((unexplained.outcome(), unexplained.decline_reason()), (Outcome::Pending, None));
    // The purchase decides; a time-out leaves its outcome open.
    let open = read("error", "timeout_acquirer_status_check", r#""a-token""#);
    assert!(open.newest_try_is_open());
    assert_eq!((open.charge_outcome(), open.outcome()), (Outcome::Pending, Outcome::Pending));
}

#[test]
fn purchase_that_ended_unpaid_has_no_payment() {
    let outcomes = |status: &str, payment: &str| {
        let body = format!(r#"{{"id":"1","status":"{status}","payment":{payment}}}"#);
        let purchase =
            GetPurchase::new("1").read(&Reply::new(200, Vec::new(), body.into())).expect("a purchase");
        [purchase.outcome(), purchase.charge_outcome()]
    };
    for status in ["cancelled", "expired"] {
        assert_eq!(outcomes(status, "null"), [Outcome::Canceled; 2], "{status}");
        assert_eq!(
            outcomes(status, r#"{"amount":4000,"currency":"ZAR"}"#),
            [Outcome::Pending; 2],
            "{status}"
        );
    }
    assert_eq!(outcomes("released", r#"{"amount":4000,"currency":"ZAR"}"#), [Outcome::Canceled; 2]);
}

type Read = Box<dyn Fn(&Reply) -> Result<Option<Outcome>, revio::Error>>;

/// Every answer again with an unknown member, and with odd values for those that are known.
#[test]
fn new_members_and_new_values_do_no_harm() {
    let answers: [(&str, Read); 8] = [
        ("revio/refund-purchase/refunded", Box::new(|reply| Ok(Some(refund().read(reply)?.outcome())))),
        (
            "revio/refund-purchase/pending-refund",
            Box::new(|reply| Ok(Some(RefundPurchase::new(PURCHASE).read(reply)?.outcome()))),
        ),
        ("revio/capture-purchase/captured", Box::new(|reply| Ok(Some(capture().read(reply)?.outcome())))),
        (
            "revio/release-purchase/released",
            Box::new(|reply| ReleasePurchase::new(PURCHASE).read(reply).map(|_| None)),
        ),
        (
            "revio/cancel-purchase/cancelled",
            Box::new(|reply| CancelPurchase::new(PURCHASE).read(reply).map(|_| None)),
        ),
        (
            "revio/delete-purchase-recurring-token/deleted",
            Box::new(|reply| revio::DeletePurchaseRecurringToken::new(PURCHASE).read(reply).map(|_| None)),
        ),
        (
            "revio/update-client/updated",
            Box::new(|reply| UpdateClient::new(CLIENT, "ann@example.com").read(reply).map(|_| None)),
        ),
        (
            "revio/change-client/changed",
            Box::new(|reply| ChangeClient::new(CLIENT).with_phone("1").read(reply).map(|_| None)),
        ),
    ];
    for (name, read) in answers {
        let body = Case::load(name).response_body();
        let known = read(&Reply::new(200, Vec::new(), body.clone())).expect(name);
        for body in variants::with_unknown_member(&body) {
            assert_eq!(read(&Reply::new(200, Vec::new(), body)).expect(name), known);
        }
        for value in [serde_json::json!("unheard-of"), serde_json::json!(7), serde_json::json!({"a": 1})] {
            for body in variants::with_member_replaced(&body, "status", value) {
                let outcome = read(&Reply::new(200, Vec::new(), body)).expect(name);
                assert!(outcome == known || outcome == Some(Outcome::Pending), "{name}");
            }
        }
        for member in ["is_outgoing", "paid_on", "reference", "phone", "created_on"] {
            for value in [serde_json::json!(null), serde_json::json!([1]), serde_json::json!(7)] {
                for body in variants::with_member_replaced(&body, member, value) {
                    assert_eq!(read(&Reply::new(200, Vec::new(), body)).expect(name), known, "{member}");
                }
            }
        }
        // What proves the amount and the purchase is missed; nothing else is claimed without it.
        for member in ["payment", "related_to"] {
            for value in [serde_json::json!(null), serde_json::json!([1]), serde_json::json!(7)] {
                for body in variants::with_member_replaced(&body, member, value) {
                    match read(&Reply::new(200, Vec::new(), body)) {
                        Ok(outcome) => assert_eq!(outcome, known, "{member}"),
                        Err(error) => {
                            assert!(error.effect().is_unknown() && known.is_some(), "{name} {error}")
                        }
                    }
                }
            }
        }
    }
}
