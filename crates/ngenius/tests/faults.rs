//! Failure scenarios, and the effect on the money that each error claims.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::{
    ORDER, OUTLET, PAYMENT, builder, client, dirham, documented, grant_token, outlet, refund_at,
    saved_card_payment_at,
};
use ngenius::{
    Action, CapturePayment, Client, CreateRecurringPayment, Effect, Environment, ErrorKind, Frequency,
    HttpOptions, Operation as _, Payment, Proof, VoidPayment,
};
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};
use recurring_fixtures::{Case, variants};

fn good(case: &str) -> RawReply {
    RawReply::json(200, Case::load(case).response_body())
}

/// A server that grants tokens and answers everything else like this.
async fn answering(reply: RawReply) -> FaultServer {
    FaultServer::start(move |request, _| {
        Behavior::Reply(grant_token(request).unwrap_or_else(|| reply.clone()))
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
async fn capture_payment() {
    let good = good("ngenius/capture-payment/part");
    fault::check(good, Sends::Once, grant_token, &[], async |url| {
        client(&url).capture_payment(&capture()).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn void_payment() {
    let good = good("ngenius/void-payment/reversed");
    fault::check(good, Sends::Once, grant_token, &[], async |url| {
        let void = VoidPayment::new(ORDER, PAYMENT);
        client(&url).void_payment(&void).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn refund_payment() {
    let good = good("ngenius/refund-payment/capture");
    fault::check(good, Sends::Once, grant_token, &[], async |url| {
        client(&url).refund_payment(&refund_at(&url)).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn pay_with_saved_card() {
    let good = good("ngenius/pay-with-saved-card/with-cvv");
    fault::check(good, Sends::Once, grant_token, &[], async |url| {
        let payment = saved_card_payment_at(&url);
        client(&url).pay_with_saved_card(&payment).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

fn capture() -> CapturePayment {
    CapturePayment::new(ORDER, PAYMENT, dirham(100))
}

/// The four changes of a payment by number, since their requests have different types.
async fn change(number: usize, url: &str) -> Result<Payment, ngenius::Error> {
    let client = client(url);
    match number {
        0 => client.capture_payment(&capture()).await,
        1 => client.void_payment(&VoidPayment::new(ORDER, PAYMENT)).await,
        2 => client.refund_payment(&refund_at(url)).await,
        _ => client.pay_with_saved_card(&saved_card_payment_at(url)).await,
    }
}

const CHANGES: [&str; 4] = [
    "ngenius/capture-payment/part",
    "ngenius/void-payment/reversed",
    "ngenius/refund-payment/capture",
    "ngenius/pay-with-saved-card/with-cvv",
];

#[tokio::test]
async fn a_change_of_another_payment_is_unknown_and_kept() {
    let of = |case: &str, member: &str, value: serde_json::Value| {
        variants::with_member_replaced(&Case::load(case).response_body(), member, value)
    };
    let mut odd: Vec<(usize, Vec<u8>)> = Vec::new();
    for (number, case) in CHANGES.into_iter().enumerate() {
        for member in ["reference", "orderReference", "outletId"] {
            odd.extend(of(case, member, serde_json::json!("another")).into_iter().map(|body| (number, body)));
        }
        for body in ["{}", r#"{"state":""}"#, r#"{"orderReference":"1"}"#, r#"{"_embedded":{"payment":[]}}"#]
        {
            odd.push((number, body.into()));
        }
    }
    let amount = |currency: &str, value: i64| serde_json::json!({"currencyCode": currency, "value": value});
    // Every amount of these answers counts: the payment's currency, and the amounts of what was captured and paid.
    odd.extend(of(CHANGES[0], "amount", amount("USD", 100)).into_iter().map(|body| (0, body)));
    odd.extend(
        of(CHANGES[0], "cnp:capture", serde_json::json!([{"amount": amount("AED", 101)}]))
            .into_iter()
            .map(|body| (0, body)),
    );
    let refunds = serde_json::json!({"cnp:refund": [{"amount": amount("AED", 51)}]});
    odd.push((2, serde_json::json!({"reference": PAYMENT, "_embedded": refunds}).to_string().into()));
    odd.push((2, format!(r#"{{"reference":"{PAYMENT}","amount":{{"currencyCode":"USD"}}}}"#).into()));
    odd.push((3, format!(r#"{{"reference":"{PAYMENT}","amount":{{"value":151}}}}"#).into()));
    odd.push((3, format!(r#"{{"reference":"{PAYMENT}","amount":{{"currencyCode":"USD"}}}}"#).into()));
    assert!(odd.len() > 30);
    for (number, body) in odd {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let server = answering(RawReply::json(200, body)).await;
        let error = change(number, &server.url()).await.expect_err(&shown);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{shown}");
        assert!(error.reply().is_some(), "the reply is kept");
        assert_eq!(without_tokens(&server), 1);
    }
}

#[tokio::test]
async fn change_refused_is_proof_and_conflict_is_not() {
    for (status, kind, effect) in [
        (422, ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Refused)),
        (409, ErrorKind::Conflict, Effect::Unknown),
        (404, ErrorKind::NotFound, Effect::Unknown),
    ] {
        let server = answering(RawReply::json(status, r#"{"errors":[{"message":"no"}]}"#)).await;
        for number in 0..CHANGES.len() {
            let error = change(number, &server.url()).await.expect_err("refused");
            assert_eq!((error.kind(), error.effect()), (kind, effect), "{number}");
        }
        assert_eq!(without_tokens(&server), CHANGES.len());
    }
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

/// The source document's answer does not repeat the merchant's own name; one that does must repeat the right one.
#[test]
fn an_answer_with_another_name_of_ours_is_unknown() {
    let read = |sent: Option<&str>, came_back: &str| {
        let mut request = documented();
        if let Some(name) = sent {
            request = request.with_merchant_order_reference(name);
        }
        let body = format!(r#"{{"state":"ACTIVE","reference":"o-1","merchantOrderReference":{came_back}}}"#);
        outlet().operation(&request).read(&ngenius::Reply::new(200, Vec::new(), body.into_bytes()))
    };
    let named = read(Some("attempt-1"), r#""attempt-1""#).expect("the same name");
    assert_eq!(named.merchant_order_reference.as_deref(), Some("attempt-1"));
    let error = read(Some("attempt-1"), r#""attempt-2""#).expect_err("another name");
    assert!(error.effect().is_unknown() && error.reply().is_some(), "{error}");
    for (sent, came_back) in [(Some("attempt-1"), "null"), (Some("attempt-1"), "{}"), (None, r#""theirs""#)] {
        let _ = read(sent, came_back).expect(came_back);
    }
}

#[tokio::test]
async fn the_letter_case_of_an_identifier_is_not_another_payment() {
    let server = answering(good("ngenius/create-recurring-payment/documented")).await;
    let shouting = Client::builder(Environment::Custom(server.url()), common::KEY, OUTLET.to_uppercase())
        .build()
        .expect("a client");
    let _ = shouting.create_recurring_payment(&documented()).await.expect("the same outlet");
}

#[tokio::test]
async fn answer_without_order_is_unknown_unless_refused() {
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
async fn not_found_and_conflict_are_no_proof() {
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
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
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
        (documented().with_action(Action::from("")), "action"),
        (documented().with_merchant_order_reference(""), "merchant_order_reference"),
        (documented().with_merchant_order_reference("a\n"), "merchant_order_reference"),
        (documented().with_merchant_order_reference(long), "merchant_order_reference"),
        (documented().with_billing_address(array.clone()), "billing_address"),
        (documented().with_merchant_attributes(array), "merchant_attributes"),
    ] {
        let error = client.create_recurring_payment(&request).await.expect_err(field);
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    }
    for (order, payment, field) in [("", PAYMENT, "order_reference"), (ORDER, "a/b", "payment_reference")] {
        let capture = CapturePayment::new(order, payment, dirham(1));
        for error in [
            client.capture_payment(&capture).await.expect_err(field),
            client.void_payment(&VoidPayment::new(order, payment)).await.expect_err(field),
        ] {
            assert!(error.to_string().contains(field), "{error}");
            assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
        }
    }
    // A link that leads elsewhere is not followed.
    let elsewhere = saved_card_payment_at("https://a.example");
    let here = || saved_card_payment_at(&server.url());
    for (payment, field) in [
        (elsewhere, "order"),
        (here().with_recapture_csc(true), "cvv"),
        (here().with_cvv("123"), "cvv"),
        (here().with_recapture_csc(true).with_cvv("12"), "cvv"),
    ] {
        let error = client.pay_with_saved_card(&payment).await.expect_err(field);
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
        let error = Client::builder(environment, key, outlet).build().expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
        assert!(error.to_string().contains(field), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let second = std::time::Duration::from_secs(1);
    let slow = HttpOptions::new().with_timeout(second).with_connect_timeout(second);
    for builder in
        [builder(good).with_http(slow), builder(good).with_realm(""), builder(good).with_realm("a\n")]
    {
        assert_eq!(builder.build().expect_err("refused").kind(), ErrorKind::Config);
    }
}

/// The documented order with as many payments as its schedule made by then.
fn order_with(payments: usize) -> Vec<u8> {
    let case = Case::load("ngenius/get-order/two-payments");
    let mut order: serde_json::Value = serde_json::from_slice(&case.response_body()).expect("an order");
    let first = order["_embedded"]["payment"][0].clone();
    order["_embedded"]["payment"] = vec![first; payments].into();
    serde_json::to_vec(&order).expect("JSON")
}

#[tokio::test]
async fn order_of_a_schedule_is_read_after_years() {
    // Weekly for two and twenty years, daily for ten.
    for payments in [104, 1_043, 3_652] {
        let server = answering(RawReply::json(200, order_with(payments))).await;
        let patient = common::quick(std::time::Duration::from_secs(60));
        let client = builder(&server.url()).with_http(patient).build().expect("a client");
        let order = client.get_order(ORDER).await.expect("an order");
        assert_eq!(order.payments.len(), payments);
    }
}

/// `retry-after-as-a-date/reply.http`
#[tokio::test]
async fn read_with_a_retry_date_far_away_is_sent_once() {
    for wait in ["Sat, 28 Nov 2099 23:59:59 GMT", "86400"] {
        let server = answering(RawReply::new(429).header("Retry-After", wait)).await;
        let error = client(&server.url()).get_order(ORDER).await.expect_err("too many");
        assert_eq!((error.kind(), without_tokens(&server)), (ErrorKind::RateLimited, 1), "{wait}");
    }
}

#[tokio::test]
async fn create_in_saudi_arabia_is_refused() {
    let address = "https://api-gateway.sandbox.ksa.ngenius-payments.com/";
    for environment in
        [Environment::KsaSandbox, Environment::KsaLive, Environment::Custom(address.to_owned())]
    {
        let client = Client::builder(environment, "key", OUTLET).build().expect("a client");
        let error = client.create_recurring_payment(&documented()).await.expect_err("another form");
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Unsupported, Effect::NotApplied(Proof::Local)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn forbidden_by_a_proxy_proves_nothing() {
    for body in [r#"{"message":"Forbidden"}"#, r#"{"message":"Forbidden","code":403,"errors":[{}]}"#] {
        let server = answering(RawReply::json(403, body)).await;
        let error = client(&server.url()).create_recurring_payment(&documented()).await.expect_err(body);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Permission, Effect::Unknown), "{body}");
        for number in 0..CHANGES.len() {
            let error = change(number, &server.url()).await.expect_err(body);
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Permission, Effect::Unknown), "{body}");
        }
    }
}

#[tokio::test]
async fn change_without_proof_is_unknown() {
    let of = |case: &str, member: &str, value: serde_json::Value| {
        variants::with_member_replaced(&Case::load(case).response_body(), member, value)
    };
    let refused = serde_json::json!({"success": false});
    for (number, case) in CHANGES.into_iter().enumerate().filter(|(number, _)| *number != 1) {
        let odd =
            ["40,00", "9e9"].into_iter().flat_map(|text| of(case, "currencyCode", serde_json::json!([text])));
        let values = [serde_json::json!("40,00"), serde_json::json!([1]), serde_json::Value::Null];
        let amounts = values.into_iter().flat_map(|value| {
            // Every amount of the answer at once.
            let body = String::from_utf8(Case::load(case).response_body()).expect("text");
            let mut body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            replace_all(&mut body, "value", &value);
            [body.to_string().into_bytes()]
        });
        let contradictory = of(case, "authResponse", refused.clone());
        for body in odd.take(1).chain(amounts).chain(contradictory) {
            let shown = String::from_utf8_lossy(&body).into_owned();
            let server = answering(RawReply::json(200, body)).await;
            let error = change(number, &server.url()).await.expect_err(&shown);
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{shown}");
        }
    }
}

fn replace_all(json: &mut serde_json::Value, member: &str, value: &serde_json::Value) {
    match json {
        serde_json::Value::Object(members) => {
            for (name, inner) in members {
                if name == member {
                    *inner = value.clone();
                } else {
                    replace_all(inner, member, value);
                }
            }
        }
        serde_json::Value::Array(entries) => {
            entries.iter_mut().for_each(|inner| replace_all(inner, member, value));
        }
        _ => {}
    }
}
