//! Failure scenarios of refunds, captures and the other calls, and the effect on the money that each error claims.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{BRAND, CLIENT, PURCHASE, client, rand};
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};
use recurring_fixtures::{Case, variants};
use revio::{
    CancelPurchase, CapturePurchase, ChangeClient, ClientDetails, Effect, ErrorKind, Outcome,
    PaymentMethodsQuery, Proof, RefundPurchase, ReleasePurchase, UpdateClient,
};

fn good(case: &str) -> RawReply {
    RawReply::json(200, Case::load(case).response_body())
}

fn effect<T>(answer: Result<T, revio::Error>) -> Result<(), &'static str> {
    answer.map(drop).map_err(|error| error.effect().as_str())
}

fn refund() -> RefundPurchase {
    RefundPurchase::new(PURCHASE).with_amount(rand(40))
}

#[tokio::test]
async fn refund_purchase() {
    let good = good("revio/refund-purchase/refunded");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).refund_purchase(&refund()).await)
    })
    .await;
}

#[tokio::test]
async fn capture_purchase() {
    let good = good("revio/capture-purchase/captured");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).capture_purchase(&CapturePurchase::new(PURCHASE)).await)
    })
    .await;
}

#[tokio::test]
async fn release_purchase() {
    let good = good("revio/release-purchase/released");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).release_purchase(&ReleasePurchase::new(PURCHASE)).await)
    })
    .await;
}

#[tokio::test]
async fn cancel_purchase() {
    let good = good("revio/cancel-purchase/cancelled");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).cancel_purchase(&CancelPurchase::new(PURCHASE)).await)
    })
    .await;
}

#[tokio::test]
async fn delete_purchase_recurring_token() {
    let good = good("revio/delete-purchase-recurring-token/deleted");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).delete_purchase_recurring_token(PURCHASE).await)
    })
    .await;
}

#[tokio::test]
async fn update_client() {
    let good = good("revio/update-client/updated");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).update_client(&UpdateClient::new(CLIENT, "ann@example.com")).await)
    })
    .await;
}

#[tokio::test]
async fn change_client() {
    let good = good("revio/change-client/changed");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).change_client(&ChangeClient::new(CLIENT).with_phone("+27 2")).await)
    })
    .await;
}

#[tokio::test]
async fn delete_client() {
    // Its success is an empty 204; a 200 with a body is not what the gateway answers.
    let good = RawReply::json(200, r#"{"deleted":true}"#);
    fault::check(good, Sends::Once, fault::no_prelude, &["204"], async |url| {
        effect(client(&url).delete_client(CLIENT).await)
    })
    .await;
}

#[tokio::test]
async fn payment_methods() {
    let good = good("revio/payment-methods/recurring");
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], async |url| {
        effect(client(&url).payment_methods(&PaymentMethodsQuery::new(BRAND, rand(1).currency())).await)
    })
    .await;
}

#[tokio::test]
async fn public_key() {
    let good = good("revio/public-key/key");
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], async |url| {
        effect(client(&url).public_key().await)
    })
    .await;
}

/// Calls that are answered about something else than was asked are unknown, and the reply is kept.
#[tokio::test]
async fn an_answer_about_something_else_is_unknown() {
    let other = serde_json::json!("00000000-0000-4000-8000-0000000000a2");
    for (case, member, value, place) in [
        ("revio/refund-purchase/refunded", "amount", serde_json::json!(41), 0),
        ("revio/refund-purchase/refunded", "currency", serde_json::json!("EUR"), 0),
        // The first is the purchase's identifier, the second the payment's own.
        ("revio/refund-purchase/refunded", "id", other.clone(), 0),
        ("revio/refund-purchase/pending-refund", "id", other.clone(), 0),
        ("revio/refund-purchase/pending-refund", "currency", serde_json::json!("EUR"), 0),
        ("revio/capture-purchase/captured", "id", other.clone(), 0),
        ("revio/capture-purchase/captured", "currency", serde_json::json!("EUR"), 1),
        ("revio/release-purchase/released", "id", other.clone(), 0),
        ("revio/cancel-purchase/cancelled", "id", other.clone(), 0),
        ("revio/delete-purchase-recurring-token/deleted", "id", other.clone(), 0),
        ("revio/update-client/updated", "id", other.clone(), 0),
        ("revio/update-client/updated", "email", serde_json::json!("eve@example.com"), 0),
        ("revio/change-client/changed", "id", other.clone(), 0),
        ("revio/change-client/changed", "email", serde_json::json!("eve@example.com"), 0),
    ] {
        let body = Case::load(case).response_body();
        let body = variants::with_member_replaced(&body, member, value).into_iter().nth(place);
        let body = body.expect("the member occurs");
        let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone()))).await;
        let client = client(&server.url());
        let capture = CapturePurchase::new(PURCHASE).with_amount(rand(40));
        let change = ChangeClient::new(CLIENT).with_email("customer@example.com");
        let error = match case.split('/').nth(1).unwrap_or_default() {
            "refund-purchase" => client.refund_purchase(&refund()).await.map(drop),
            "capture-purchase" => client.capture_purchase(&capture).await.map(drop),
            "release-purchase" => client.release_purchase(&ReleasePurchase::new(PURCHASE)).await.map(drop),
            "cancel-purchase" => client.cancel_purchase(&CancelPurchase::new(PURCHASE)).await.map(drop),
            "delete-purchase-recurring-token" => {
                client.delete_purchase_recurring_token(PURCHASE).await.map(drop)
            }
            "update-client" => {
                client.update_client(&UpdateClient::new(CLIENT, "ann@example.com")).await.map(drop)
            }
            _ => client.change_client(&change).await.map(drop),
        }
        .expect_err(case);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{case} {member}");
        assert!(error.reply().is_some_and(|reply| reply.body().len() > 100), "the reply is kept");
        assert_eq!(server.requests(), 1);
    }
}

/// What a refund, a capture and a release say that are answered with this.
async fn refused(status: u16, body: &'static str) -> [String; 3] {
    let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(status, body))).await;
    let client = client(&server.url());
    let words = |answer: Result<Outcome, revio::Error>| match answer {
        Ok(outcome) => outcome.to_string(),
        Err(error) => format!("{} {}", error.kind(), error.effect().as_str()),
    };
    let refund = client.refund_purchase(&refund()).await.map(|answer| answer.outcome());
    let capture = client.capture_purchase(&CapturePurchase::new(PURCHASE)).await;
    let release = client.release_purchase(&ReleasePurchase::new(PURCHASE)).await;
    assert_eq!(server.requests(), 3, "each goes out once");
    [refund, capture.map(|answer| answer.outcome()), release.map(|purchase| purchase.outcome())].map(words)
}

#[tokio::test]
async fn what_a_refusal_proves() {
    const NO_PROOF: &str = "invalid_request unknown";
    const PROOF: &str = "invalid_request not_applied";
    for (status, body, expected) in [
        (400, r#"{"__all__":[{"code":"purchase_refund_error"}]}"#, ["declined", NO_PROOF, NO_PROOF]),
        (400, r#"{"__all__":{"code":"purchase_capture_error"}}"#, [NO_PROOF, "declined", NO_PROOF]),
        (400, r#"{"__all__":[{"code":"purchase_release_error"}]}"#, [NO_PROOF, NO_PROOF, PROOF]),
        (422, r#"{"__all__":[{"code":"purchase_refund_error"}]}"#, [NO_PROOF; 3]),
        (500, r#"{"__all__":[{"code":"purchase_refund_error"}]}"#, ["unavailable unknown"; 3]),
        (400, r#"{"amount":[{"message":"Too much.","code":"invalid"}]}"#, [PROOF, PROOF, NO_PROOF]),
        // It may have been done before.
        (400, r#"{"__all__":[{"code":"purchase_refund_wrong_status"}]}"#, ["conflict unknown"; 3]),
        (
            400,
            r#"{"__all__":[{"code":"purchase_refund_error"},{"code":"purchase_refund_wrong_status"}]}"#,
            ["conflict unknown"; 3],
        ),
        (401, r#"{"__all__":[{"code":"authentication_failed"}]}"#, ["authentication not_applied"; 3]),
        (403, r#"{"__all__":[{"code":"permission_denied"}]}"#, ["permission unknown"; 3]),
        (400, r#"{"__all__":[{"message":"Hm.","code":"unheard_of"}]}"#, [NO_PROOF; 3]),
        (401, r#"{"message":"Unauthorized"}"#, ["authentication unknown"; 3]),
        (404, r#"{"__all__":[{"message":"No.","code":"not_found"}]}"#, ["not_found unknown"; 3]),
        // A success without a status.
        (200, r#"{"id":"00000000-0000-4000-8000-0000000000a1"}"#, ["pending", "pending", "pending"]),
        (
            200,
            r#"{"id":"00000000-0000-4000-8000-0000000000a1","type":"unheard-of","status":"paid"}"#,
            ["pending", "protocol unknown", "paid"],
        ),
        // A refund that was made before, and one that is on its way.
        (
            200,
            r#"{"id":"00000000-0000-4000-8000-0000000000a1","type":"purchase","status":"refunded",
                "purchase":{"currency":"ZAR"}}"#,
            ["paid", "paid", "paid"],
        ),
        // Held money is not taken.
        (
            200,
            r#"{"id":"00000000-0000-4000-8000-0000000000a1","type":"purchase","status":"hold"}"#,
            ["pending", "pending", "authorized"],
        ),
    ] {
        assert_eq!(refused(status, body).await, expected, "{status} {body}");
    }
}

/// The whole recovery: the answer is lost after the gateway made the refund; the purchase shows it.
#[tokio::test]
async fn refund_answer_lost_is_found_by_read() {
    let body = Case::load("revio/refund-purchase/pending-refund").response_body();
    let server = FaultServer::start(move |request, _| match request.method.as_str() {
        "POST" => Behavior::CloseAfterReading,
        _ => Behavior::Reply(RawReply::json(200, body.clone())),
    })
    .await;
    let client = client(&server.url());
    let error = client.refund_purchase(&refund()).await.expect_err("lost");
    assert_eq!(error.effect(), Effect::Unknown);
    let purchase = client.get_purchase(PURCHASE).await.expect("a purchase");
    assert_eq!(purchase.status.as_str(), "pending_refund");
    let methods: Vec<String> = server.received().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["POST", "GET"]);
}

#[tokio::test]
async fn bad_input_sends_nothing() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let client = client(&server.url());
    let long = "x".repeat(10_000);
    let local = |error: revio::Error| {
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local))
        );
        error.to_string()
    };
    for odd in ["", ".", "..", "../", "a/b", "%2F", "a b", "a\0", &long] {
        for error in [
            client.refund_purchase(&RefundPurchase::new(odd)).await.expect_err("refused"),
            client.capture_purchase(&CapturePurchase::new(odd)).await.expect_err("refused"),
            client.release_purchase(&ReleasePurchase::new(odd)).await.expect_err("refused"),
            client.cancel_purchase(&CancelPurchase::new(odd)).await.expect_err("refused"),
            client.delete_purchase_recurring_token(odd).await.expect_err("refused"),
            client.update_client(&UpdateClient::new(odd, "a@b")).await.expect_err("refused"),
            client.change_client(&ChangeClient::new(odd).with_phone("1")).await.expect_err("refused"),
            client.delete_client(odd).await.expect_err("refused"),
            client
                .payment_methods(&PaymentMethodsQuery::new(odd, rand(1).currency()))
                .await
                .expect_err("refused"),
        ] {
            local(error);
        }
    }
    for (change, field) in [
        (ChangeClient::new(CLIENT), "client"),
        (ChangeClient::new(CLIENT).with_email("ann"), "email"),
        (ChangeClient::new(CLIENT).with_full_name(""), "full_name"),
        (ChangeClient::new(CLIENT).with_phone("\n"), "phone"),
        (ChangeClient::new(CLIENT).with_country(long.clone()), "country"),
    ] {
        let error = local(client.change_client(&change).await.expect_err(field));
        assert!(error.contains(&format!("`{field}`")), "{error}");
    }
    let update = UpdateClient::new(CLIENT, ClientDetails::new("ann"));
    assert!(local(client.update_client(&update).await.expect_err("email")).contains("`email`"));
    assert_eq!(server.connections(), 0);
}
