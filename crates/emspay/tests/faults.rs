//! Failure scenarios, and the effect on the money that each error claims.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{
    ORDER, TOKEN, capture, client, documented_first, documented_recurring, euro, list, refund, update,
};
use emspay::{
    CaptureTransaction, Client, CreateOrder, Effect, Environment, ErrorKind, HttpOptions, ListOrders, Proof,
    RefundOrder, Secret, UpdateOrder,
};
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};
use recurring_fixtures::{Case, variants};

fn good(case: &str, status: u16) -> RawReply {
    RawReply::json(status, Case::load(case).response_body())
}

#[tokio::test]
async fn create_order_first() {
    fault::check(good("emspay/create-order/first", 201), Sends::Once, fault::no_prelude, &[], async |url| {
        client(&url)
            .create_order(&documented_first())
            .await
            .map(drop)
            .map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn create_order_recurring() {
    fault::check(
        good("emspay/create-order/recurring", 201),
        Sends::Once,
        fault::no_prelude,
        &[],
        async |url| {
            client(&url)
                .create_order(&documented_recurring())
                .await
                .map(drop)
                .map_err(|error| error.effect().as_str())
        },
    )
    .await;
}

#[tokio::test]
async fn get_order() {
    let good = good("emspay/get-order/first-completed", 200);
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], async |url| {
        client(&url).get_order(ORDER).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn cancel_order() {
    let good = good("emspay/get-order/first-completed", 200);
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        client(&url).cancel_order(ORDER).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn refund_order() {
    let good = good("emspay/refund-order/completed", 201);
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        client(&url).refund_order(&refund()).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn update_order() {
    let good = good("emspay/update-order/changed", 200);
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        client(&url).update_order(&update()).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn capture_transaction() {
    // The answer may be empty, so its body is not looked at.
    let successes = [
        "2xx empty",
        "2xx HTML",
        "2xx cut JSON",
        "2xx JSON array",
        "2xx JSON number",
        "2xx JSON text",
        "2xx JSON null",
        "204",
    ];
    fault::check(RawReply::json(200, "{}"), Sends::Once, fault::no_prelude, &successes, async |url| {
        client(&url).capture_transaction(&capture()).await.map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn list_orders() {
    // An empty list is a list.
    let good = good("emspay/list-orders/under-orders", 200);
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &["2xx JSON array"], async |url| {
        client(&url).list_orders(&list()).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn currencies() {
    let good = good("emspay/get-currencies/project", 200);
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], async |url| {
        client(&url).currencies().await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn an_answer_about_another_payment_is_unknown_and_kept() {
    let body = Case::load("emspay/create-order/recurring").response_body();
    for (member, other) in [
        ("amount", serde_json::json!(4001)),
        ("currency", serde_json::json!("USD")),
        ("merchant_order_id", serde_json::json!("another")),
    ] {
        let top_level = variants::with_member_replaced(&body, member, other.clone())
            .into_iter()
            .find(|body| {
                serde_json::from_slice::<serde_json::Value>(body).expect("JSON").get(member) == Some(&other)
            })
            .expect("the member occurs");
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(201, top_level.clone()))).await;
        let error =
            client(&server.url()).create_order(&documented_recurring()).await.expect_err("another payment");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
        assert!(error.to_string().contains(member), "{error}");
        assert!(error.reply().is_some_and(|reply| reply.body().len() > 100), "the reply is kept");
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn an_answer_about_another_refund_is_unknown() {
    let body = Case::load("emspay/refund-order/completed").response_body();
    for (member, other, said) in [
        ("amount", serde_json::json!(4000), "amount"),
        ("currency", serde_json::json!("USD"), "currency"),
        ("refund_of_order_id", serde_json::json!("another"), "refund_of_order_id"),
        // A paid order would be taken for money that was given back.
        ("id", serde_json::json!(ORDER), "the order itself"),
    ] {
        let top_level = variants::with_member_replaced(&body, member, other.clone())
            .into_iter()
            .find(|body| {
                serde_json::from_slice::<serde_json::Value>(body).expect("JSON").get(member) == Some(&other)
            })
            .expect("the member occurs");
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(201, top_level.clone()))).await;
        let error = client(&server.url()).refund_order(&refund()).await.expect_err("another refund");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(server.requests(), 1);
    }
    for (member, other) in [("id", "another"), ("merchant_order_id", "1"), ("description", "another")] {
        let body = Case::load("emspay/update-order/changed").response_body();
        let body = variants::with_member_replaced(&body, member, serde_json::json!(other)).remove(0);
        let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone()))).await;
        let error = client(&server.url()).update_order(&update()).await.expect_err("another order");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
        assert!(error.to_string().contains(member), "{error}");
    }
}

#[tokio::test]
async fn not_found_and_conflict_are_no_proof() {
    for (status, kind) in [
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Unavailable),
    ] {
        let server = FaultServer::start(move |_, _| {
            Behavior::Reply(RawReply::json(status, r#"{"error":{"type":"Some","value":"some"}}"#))
        })
        .await;
        let client = client(&server.url());
        for error in [
            client.create_order(&documented_recurring()).await.expect_err("refused"),
            client.refund_order(&refund()).await.expect_err("refused"),
            client.capture_transaction(&capture()).await.expect_err("refused"),
            client.update_order(&update()).await.expect_err("refused"),
        ] {
            assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown), "{status}");
        }
        assert_eq!(server.requests(), 4);
    }
}

#[tokio::test]
async fn bad_input_sends_nothing() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let client = client(&server.url());
    let long = "x".repeat(10_000);
    for odd in ["", ".", "..", "../", "a/b", "%2F", "a b", "a\0", &long] {
        for error in [
            client.get_order(odd).await.expect_err("refused"),
            client.cancel_order(odd).await.expect_err("refused"),
            client
                .create_order(&CreateOrder::recurring("2", euro(1), Secret::new(odd)))
                .await
                .expect_err("refused"),
            client.refund_order(&RefundOrder::new(odd, euro(1))).await.expect_err("refused"),
            client.update_order(&UpdateOrder::new(odd).with_description("x")).await.expect_err("refused"),
            client.capture_transaction(&CaptureTransaction::new(odd, "1")).await.expect_err("refused"),
            client.capture_transaction(&CaptureTransaction::new("1", odd)).await.expect_err("refused"),
            client
                .list_orders(&ListOrders::created_between(odd, "2017-01-01T00:00:00Z"))
                .await
                .expect_err("refused"),
        ] {
            assert_eq!(
                (error.kind(), error.effect()),
                (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local))
            );
        }
    }
    for (request, field) in [
        (CreateOrder::first("", euro(1)), "merchant_order_id"),
        (CreateOrder::first(long.clone(), euro(1)), "merchant_order_id"),
        (CreateOrder::first("a\0", euro(1)), "merchant_order_id"),
        (CreateOrder::first("1", euro(1)).with_description(""), "description"),
        (CreateOrder::first("1", euro(1)).with_return_url("shop"), "return_url"),
        (CreateOrder::first("1", euro(1)).with_failure_url("javascript:1"), "failure_url"),
        (CreateOrder::first("1", euro(1)).with_webhook_url(""), "webhook_url"),
        (CreateOrder::first("1", euro(1)).with_expiration_period("30 minutes"), "expiration_period"),
        (CreateOrder::first("1", euro(1)).with_customer(serde_json::json!([])), "customer"),
        (CreateOrder::first("1", euro(1)).with_extra(serde_json::json!("x")), "extra"),
    ] {
        let error = client.create_order(&request).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    }
    for (request, field) in [
        (UpdateOrder::new(ORDER), "update"),
        (UpdateOrder::new(ORDER).with_merchant_order_id(""), "merchant_order_id"),
        (UpdateOrder::new(ORDER).with_description("a\n"), "description"),
        (UpdateOrder::new(ORDER).with_return_url("shop"), "return_url"),
        (UpdateOrder::new(ORDER).with_failure_url("javascript:1"), "failure_url"),
        (UpdateOrder::new(ORDER).with_webhook_url(""), "webhook_url"),
        (UpdateOrder::new(ORDER).with_extra(serde_json::json!(7)), "extra"),
    ] {
        let error = client.update_order(&request).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    }
    let (early, late) = ("2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z");
    for (since, until, field) in [
        ("2017-01-01", late, "created_since"),
        ("2017-01-01T00:00:00", late, "created_since"),
        (early, "now", "created_until"),
        (late, early, "created_until"),
    ] {
        let error = client.list_orders(&ListOrders::created_between(since, until)).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    }
    let long_words = RefundOrder::new(ORDER, euro(1)).with_description(long);
    assert!(client.refund_order(&long_words).await.is_err_and(|error| error.effect().is_not_applied()));
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_client_that_cannot_work_is_not_built() {
    let build = |key: &str, url: &str| {
        Client::builder(Environment::Custom(url.to_owned()), key).build().expect_err("refused")
    };
    for (key, url, field) in [
        ("", "https://a.example", "api_key"),
        ("key\n", "https://a.example", "api_key"),
        ("key:", "https://a.example", "api_key"),
        ("key", "http://a.example", "base_url"),
        ("key", "https://user:hunter2@a.example", "base_url"),
        ("key", "https://a.example/?a=b", "base_url"),
        ("key", "a.example", "base_url"),
    ] {
        let error = build(key, url);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
        assert!(error.to_string().contains(field), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let second = std::time::Duration::from_secs(1);
    let slow = HttpOptions::new().with_timeout(second).with_connect_timeout(second);
    assert_eq!(
        Client::builder(Environment::Live, TOKEN).with_http(slow).build().expect_err("refused").kind(),
        ErrorKind::Config
    );
}
