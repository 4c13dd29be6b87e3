//! Failure scenarios, and the effect on the money that each error claims.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{PAYMENT, addresses, bearer_client, billing, client, euro, grant, quick, with_card, with_page};
use omno::{
    Addresses, Billing, Client, CreatePayment, Credentials, Effect, Environment, ErrorKind, HttpOptions,
    Proof, Secret,
};
use recurring_fixtures::Case;
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};

fn good(case: &str) -> RawReply {
    RawReply::json(200, Case::load(case).response_body())
}

#[tokio::test]
async fn create_payment_with_a_page() {
    fault::check(good("omno/create-payment/page"), Sends::Once, grant, &[], async |url| {
        client(&url).create_payment(&with_page()).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn create_payment_with_a_saved_card() {
    fault::check(good("omno/create-payment/with-card-token"), Sends::Once, grant, &[], async |url| {
        client(&url).create_payment(&with_card()).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn create_payment_with_a_token_of_the_callers_own() {
    let good = good("omno/create-payment/with-card-token");
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        bearer_client(&url)
            .create_payment(&with_card())
            .await
            .map(drop)
            .map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn get_payment() {
    fault::check(good("omno/get-payment/success"), Sends::AtMostThree, grant, &[], async |url| {
        client(&url).get_payment(PAYMENT).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn list_cards() {
    // An empty list is what a customer without saved cards has.
    let leave_out = ["2xx JSON array"];
    fault::check(good("omno/list-cards/array"), Sends::AtMostThree, grant, &leave_out, async |url| {
        client(&url).list_cards("customer_id").await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

/// A server that grants a token and gives the same answer to everything else.
async fn answering(reply: RawReply) -> FaultServer {
    FaultServer::start(move |request, _| Behavior::Reply(grant(request).unwrap_or_else(|| reply.clone())))
        .await
}

#[tokio::test]
async fn an_answer_about_another_payment_is_unknown_and_kept() {
    for (member, other) in
        [("amount", "50.00"), ("amount", "\"49,99\""), ("currency", "\"USD\""), ("orderId", "\"another\"")]
    {
        let body = format!(r#"{{"paymentId":"1","status":"Success","{member}":{other}}}"#);
        let server = answering(RawReply::json(200, body)).await;
        let error = client(&server.url()).create_payment(&with_card()).await.expect_err("another payment");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
        assert!(error.to_string().contains(member), "{error}");
        assert!(error.reply().is_some_and(|reply| reply.body().len() > 20), "the reply is kept");
        assert_eq!(server.requests(), 2, "a token and one payment");
    }
    let other = r#"{"id":"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF","status":"Success"}"#;
    let server = answering(RawReply::json(200, other)).await;
    let error = client(&server.url()).get_payment(PAYMENT).await.expect_err("another payment");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
}

#[tokio::test]
async fn answer_without_a_payment_is_an_error() {
    for body in ["{}", r#"{"message":"no"}"#, r#"["1","Success"]"#, r#"{"data":{"status":"Success"}}"#] {
        let server = answering(RawReply::json(200, body)).await;
        let client = client(&server.url());
        for error in [
            client.get_payment(PAYMENT).await.expect_err(body),
            client.create_payment(&with_card()).await.expect_err(body),
        ] {
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{body}");
        }
    }
}

#[tokio::test]
async fn cards_of_unknown_shape_show_names_and_types_only() {
    for (body, shape) in [
        ("{}", "object {}"),
        (r#"{"cards":{"items":[]}}"#, "object {cards: object {items: empty list}}"),
        (r#"{"cards":null}"#, "object {cards: null}"),
        (r#"{"cards":[],"data":[]}"#, "object {cards: empty list, data: empty list}"),
        (
            r#"{"items":[{"cardToken":"the-secret"}],"total":1}"#,
            "object {items: list of 1 [object {cardToken: text}, ..], total: number}",
        ),
        (r#"[{"cardToken":"the-secret"},{"cardMask":"the-mask"}]"#, "object {cardMask: text}"),
        (r#"[{"cardToken":null,"token":""}]"#, "object {cardToken: null, token: text}"),
        (r#"{"data":["the-secret"]}"#, "a saved card has a shape that is not known: text"),
        (r#"[["the-secret"]]"#, "list of 1 [text, ..]"),
        (r#"{"the-secret-0c8fd8ab25ec":{}}"#, "object {(odd name): object {}}"),
    ] {
        let server = answering(RawReply::json(200, body)).await;
        let error = client(&server.url()).list_cards("customer_id").await.expect_err(body);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{body}");
        assert!(error.message().ends_with(shape), "{body}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("the-secret") && !shown.contains("the-mask"), "{shown}");
        assert!(error.reply().is_some(), "the reply is kept");
    }
    let long = format!(r#"{{"{}":1}}"#, "x".repeat(10_000));
    let server = answering(RawReply::json(200, long)).await;
    let error = client(&server.url()).list_cards("customer_id").await.expect_err("another shape");
    assert!(error.to_string().len() < 500, "{error}");
}

#[tokio::test]
async fn refusal_in_an_undocumented_shape_is_not_proof() {
    for (status, kind) in
        [(400, ErrorKind::InvalidRequest), (403, ErrorKind::Permission), (422, ErrorKind::InvalidRequest)]
    {
        for body in [r#"{"message":"no"}"#, r#"{"error":"no"}"#, r#"{"error":"x","error_description":"no"}"#]
        {
            let server = answering(RawReply::json(status, body)).await;
            let error = client(&server.url()).create_payment(&with_card()).await.expect_err("refused");
            assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown), "{status} {body}");
            assert!(error.message().contains("no"), "{error}");
        }
    }
}

#[tokio::test]
async fn plain_text_and_answers_that_name_a_payment_prove_nothing() {
    for body in ["no", r#""no""#, "{}", r#"{"error":{"code":1}}"#, r#"{"message":"no","paymentId":"1"}"#] {
        for status in [400, 401, 403, 422] {
            let server = answering(RawReply::json(status, body)).await;
            let error = client(&server.url()).create_payment(&with_card()).await.expect_err("refused");
            assert_eq!(error.effect(), Effect::Unknown, "{status} {body}");
            assert!(error.api().is_none());
            assert_eq!(server.requests(), 2, "a token and one payment");
        }
    }
}

#[tokio::test]
async fn not_found_and_conflict_are_no_proof() {
    for (status, message, kind) in [
        (404, "no", ErrorKind::NotFound),
        (409, "no", ErrorKind::Conflict),
        (429, "no", ErrorKind::RateLimited),
        (500, "no", ErrorKind::Unavailable),
        (400, "Duplicate orderId", ErrorKind::Conflict),
        (422, "The order already exists", ErrorKind::Conflict),
    ] {
        let server = answering(RawReply::json(status, format!(r#"{{"message":"{message}"}}"#))).await;
        let error = client(&server.url()).create_payment(&with_card()).await.expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown), "{status} {message}");
        assert_eq!(error.api().and_then(|api| api.message.as_deref()), Some(message));
        assert_eq!(server.requests(), 2, "a token and one payment");
    }
}

#[tokio::test]
async fn bad_input_sends_nothing() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let client = client(&server.url());
    let long = "x".repeat(10_000);
    for odd in ["", ".", "..", "../", "a/b", "%2F", "a b", "a\0", &long] {
        for error in [
            client.get_payment(odd).await.expect_err("refused"),
            client.list_cards(odd).await.expect_err("refused"),
        ] {
            assert_eq!(
                (error.kind(), error.effect()),
                (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local))
            );
        }
    }
    let request = || CreatePayment::new(euro(1), billing(), addresses());
    let urls = |change: fn(&mut Addresses)| {
        let mut urls = addresses();
        change(&mut urls);
        CreatePayment::new(euro(1), billing(), urls)
    };
    let payer = |change: fn(&mut Billing)| {
        let mut billing = billing();
        change(&mut billing);
        CreatePayment::new(euro(1), billing, addresses())
    };
    for (request, field) in [
        (urls(|urls| urls.hook_url.clear()), "hook_url"),
        (urls(|urls| urls.callback = "shop".to_owned()), "callback"),
        (urls(|urls| urls.callback_fail = "javascript:1".to_owned()), "callback_fail"),
        (payer(|billing| billing.first_name.clear()), "first_name"),
        (payer(|billing| billing.last_name.clear()), "last_name"),
        (payer(|billing| billing.address1 = "a\0".to_owned()), "address1"),
        (payer(|billing| billing.city.clear()), "city"),
        (payer(|billing| billing.state.clear()), "state"),
        (payer(|billing| billing.country.clear()), "country"),
        (payer(|billing| billing.postal_code = "x".repeat(256)), "postal_code"),
        (payer(|billing| billing.phone.clear()), "phone"),
        (payer(|billing| billing.email = "nowhere".to_owned()), "email"),
        (payer(|billing| billing.external_user_id = Some(String::new())), "external_user_id"),
        (payer(|billing| billing.date_of_birth = Some("31.01.1990".to_owned())), "date_of_birth"),
        (request().with_lang(""), "lang"),
        (request().with_order_id(""), "order_id"),
        (request().with_order_id(long.clone()), "order_id"),
        (request().with_merchant_transaction_id("a\n"), "merchant_transaction_id"),
        (request().with_card_token(Secret::new("")), "card_token"),
        (request().with_card_token(Secret::new("a b")), "card_token"),
        (request().with_card_token(Secret::new("a\n")), "card_token"),
        (request().with_card_token(Secret::new(long.clone())), "card_token"),
    ] {
        let error = client.create_payment(&request).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_client_that_cannot_work_is_not_built() {
    let good = "https://a.example";
    let key = || Credentials::client("id", "secret");
    for (credentials, url, token_url, field) in [
        (Credentials::client("", "secret"), good, good, "client_id"),
        (Credentials::client("id\n", "secret"), good, good, "client_id"),
        (Credentials::client("id", ""), good, good, "client_secret"),
        (Credentials::client("id", "secret\n"), good, good, "client_secret"),
        (Credentials::bearer(""), good, good, "bearer_token"),
        (Credentials::bearer("Bearer t"), good, good, "bearer_token"),
        (key(), "http://a.example", good, "base_url"),
        (key(), "https://user:hunter2@a.example", good, "base_url"),
        (key(), "https://a.example/?a=b", good, "base_url"),
        (key(), "a.example", good, "base_url"),
        (key(), good, "http://a.example/token", "token_url"),
        (key(), good, "https://user:hunter2@a.example/token", "token_url"),
        (key(), good, "", "token_url"),
    ] {
        let builder = Client::builder(Environment::Custom(url.to_owned()), credentials)
            .with_token_url(token_url)
            .with_http(quick());
        let error = builder.build().expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
        assert!(error.to_string().contains(field), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let second = std::time::Duration::from_secs(1);
    let slow = HttpOptions::new().with_timeout(second).with_connect_timeout(second);
    assert_eq!(
        Client::builder(Environment::Live, key()).with_http(slow).build().expect_err("refused").kind(),
        ErrorKind::Config
    );
    Client::builder(Environment::Live, key()).build().expect("the defaults work");
}
