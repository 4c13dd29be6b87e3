//! What goes wrong, and what is said of the money.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{ORDER, OUTLET, builder, client, dirham, documented, grant_token};
use ngenius::{
    Action, Client, CreateRecurringPayment, Effect, Environment, ErrorKind, Frequency, HttpOptions, Proof,
};
use recurring_fixtures::fault::{self, Behaviour, FaultServer, RawReply, Sends};
use recurring_fixtures::{Case, variants};

fn good(case: &str) -> RawReply {
    RawReply::json(200, Case::load(case).response_body())
}

/// A server that grants tokens and answers everything else like this.
async fn answering(reply: RawReply) -> FaultServer {
    FaultServer::start(move |request, _| {
        Behaviour::Reply(grant_token(request).unwrap_or_else(|| reply.clone()))
    })
    .await
}

/// How many requests for something other than a token came.
fn without_tokens(server: &FaultServer) -> usize {
    server.received().iter().filter(|request| grant_token(request).is_none()).count()
}

#[tokio::test]
async fn create_recurring_payment() {
    let good = good("ngenius/create-recurring-payment/documented");
    fault::check(good, Sends::Once, grant_token, &[], async |url| {
        client(&url)
            .create_recurring_payment(&documented())
            .await
            .map(drop)
            .map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn get_order() {
    let good = good("ngenius/get-order/two-payments");
    fault::check(good, Sends::AtMostThree, grant_token, &[], async |url| {
        client(&url).get_order(ORDER).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn an_answer_about_another_payment_is_unknown_and_kept() {
    let body = Case::load("ngenius/create-recurring-payment/documented").response_body();
    for (member, other) in [("outletId", "another-outlet"), ("frequency", "WEEKLY")] {
        for body in variants::with_member_replaced(&body, member, serde_json::json!(other)) {
            let server = answering(RawReply::json(200, body)).await;
            let answer = client(&server.url()).create_recurring_payment(&documented()).await;
            let error = answer.expect_err("another payment");
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
            assert!(error.to_string().contains(member), "{error}");
            assert!(error.reply().is_some_and(|reply| reply.body().len() > 100), "the reply is kept");
            assert_eq!(without_tokens(&server), 1);
        }
    }
    let order = String::from_utf8(good("ngenius/get-order/two-payments").body).expect("text");
    let last = order.replace(&format!(r#""reference": "{ORDER}""#), r#""reference": "another-order""#);
    let server = answering(RawReply::json(200, last)).await;
    let error = client(&server.url()).get_order(ORDER).await.expect_err("another order");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
    assert!(error.to_string().contains("reference"), "{error}");
}

#[tokio::test]
async fn the_letter_case_of_an_identifier_is_not_another_payment() {
    let server = answering(good("ngenius/create-recurring-payment/documented")).await;
    let shouting = Client::builder(common::KEY, OUTLET.to_uppercase())
        .environment(Environment::Custom(server.url()))
        .build()
        .expect("a client");
    shouting.create_recurring_payment(&documented()).await.expect("the same outlet");
}

#[tokio::test]
async fn an_answer_that_names_no_order_is_unknown_unless_it_is_a_refusal() {
    for (body, refused) in [
        (r#"{"state":"ACTIVE"}"#, false),
        (r#"{"state":"ACTIVE","reference":"","orderReference":null}"#, false),
        (r#"{"state":"SOMETHING"}"#, false),
        ("{}", false),
        (r#"["FAILED"]"#, false),
        (r#"{"state":"FAILED"}"#, true),
    ] {
        let server = answering(RawReply::json(200, body)).await;
        match client(&server.url()).create_recurring_payment(&documented()).await {
            Ok(payment) => assert!(refused && payment.outcome() == ngenius::Outcome::Declined, "{body}"),
            Err(error) => {
                assert!(!refused, "{body}");
                assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{body}");
                assert!(error.reply().is_some(), "the reply is kept");
            }
        }
        assert_eq!(without_tokens(&server), 1);
    }
}

#[tokio::test]
async fn not_found_and_conflict_prove_nothing_even_in_the_gateways_shape() {
    for (status, kind) in [
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Unavailable),
    ] {
        let server = answering(RawReply::json(status, r#"{"errors":[{"message":"some"}]}"#)).await;
        let error = client(&server.url()).create_recurring_payment(&documented()).await.expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown), "{status}");
        assert_eq!(without_tokens(&server), 1);
    }
}

#[tokio::test]
async fn bad_input_sends_nothing() {
    let server = FaultServer::start(|_, _| Behaviour::StaySilent).await;
    let client = client(&server.url());
    let long = "x".repeat(10_000);
    for odd in ["", ".", "..", "../", "a/b", "%2F", "a b", "a\0", &long] {
        let error = client.get_order(odd).await.expect_err("refused");
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local))
        );
    }
    let to =
        |email: &str, frequency| CreateRecurringPayment::new(dirham(1), frequency, email, common::card());
    let array = serde_json::json!([]);
    for (request, field) in [
        (to("", Frequency::Monthly), "email_address"),
        (to("ann@example.org\n", Frequency::Monthly), "email_address"),
        (to("a@b.example", Frequency::from("")), "frequency"),
        (to("a@b.example", Frequency::from("A\n")), "frequency"),
        (documented().action(Action::from("")), "action"),
        (documented().merchant_order_reference(""), "merchant_order_reference"),
        (documented().merchant_order_reference("a\n"), "merchant_order_reference"),
        (documented().merchant_order_reference(long), "merchant_order_reference"),
        (documented().billing_address(array.clone()), "billing_address"),
        (documented().merchant_attributes(array), "merchant_attributes"),
    ] {
        let error = client.create_recurring_payment(&request).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_client_that_cannot_work_is_not_built() {
    let good = "https://a.example";
    for (key, outlet, url, field) in [
        ("", OUTLET, good, "api_key"),
        ("key\n", OUTLET, good, "api_key"),
        ("Basic key", OUTLET, good, "api_key"),
        ("key", "", good, "outlet"),
        ("key", "..", good, "outlet"),
        ("key", "a/b", good, "outlet"),
        ("key", OUTLET, "http://a.example", "base_url"),
        ("key", OUTLET, "https://user:hunter2@a.example", "base_url"),
        ("key", OUTLET, "https://a.example/?a=b", "base_url"),
        ("key", OUTLET, "a.example", "base_url"),
    ] {
        let environment = Environment::Custom(url.to_owned());
        let error = Client::builder(key, outlet).environment(environment).build().expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
        assert!(error.to_string().contains(field), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let second = std::time::Duration::from_secs(1);
    let slow = HttpOptions::new().timeout(second).connect_timeout(second);
    for builder in [builder(good).http(slow), builder(good).realm(""), builder(good).realm("a\n")] {
        assert_eq!(builder.build().expect_err("refused").kind(), ErrorKind::Config);
    }
}
