//! Failure scenarios, and the effect on the money that each error claims.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{BRAND, CLIENT, PURCHASE, TOKEN, charge, client, first, rand};
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};
use recurring_fixtures::{Case, variants};
use revio::{
    ChargePurchase, Client, ClientDetails, CreateClient, CreatePurchase, Effect, Environment, ErrorKind,
    HttpOptions, Outcome, Payer, Product, Proof, Secret,
};

fn good(case: &str, status: u16) -> RawReply {
    RawReply::json(status, Case::load(case).response_body())
}

fn effect<T>(answer: Result<T, revio::Error>) -> Result<(), &'static str> {
    answer.map(drop).map_err(|error| error.effect().as_str())
}

#[tokio::test]
async fn create_client() {
    let good = good("revio/create-client/created", 201);
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).create_client(&CreateClient::new("customer@example.com")).await)
    })
    .await;
}

#[tokio::test]
async fn get_client() {
    let good = good("revio/create-client/created", 200);
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], async |url| {
        effect(client(&url).get_client(CLIENT).await)
    })
    .await;
}

#[tokio::test]
async fn create_purchase() {
    let good = good("revio/create-purchase/created", 201);
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).create_purchase(&first("Monthly plan")).await)
    })
    .await;
}

#[tokio::test]
async fn get_purchase() {
    let good = good("revio/get-purchase/paid", 200);
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], async |url| {
        effect(client(&url).get_purchase(PURCHASE).await)
    })
    .await;
}

#[tokio::test]
async fn charge_purchase() {
    let good = good("revio/charge-purchase/paid", 200);
    fault::check(good, Sends::Once, fault::no_prelude, &[], async |url| {
        effect(client(&url).charge_purchase(&charge()).await)
    })
    .await;
}

#[tokio::test]
async fn list_recurring_tokens() {
    let good = good("revio/list-recurring-tokens/documented", 200);
    fault::check(good, Sends::AtMostThree, fault::no_prelude, &[], async |url| {
        effect(client(&url).list_recurring_tokens(CLIENT, None).await)
    })
    .await;
}

#[tokio::test]
async fn delete_recurring_token() {
    // Its success is an empty 204; a 200 with a body is not what the gateway answers.
    let good = RawReply::json(200, r#"{"deleted":true}"#);
    fault::check(good, Sends::Once, fault::no_prelude, &["204"], async |url| {
        effect(client(&url).delete_recurring_token(CLIENT, &Secret::new(TOKEN)).await)
    })
    .await;
}

/// What a charge says that is answered as paid, but with another value for one member: at its first place, or a later one.
async fn charge_with(member: &str, value: serde_json::Value, place: usize) -> revio::Error {
    let body = Case::load("revio/charge-purchase/paid").response_body();
    let body =
        variants::with_member_replaced(&body, member, value).into_iter().nth(place).expect("it occurs");
    let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone()))).await;
    let request = charge().with_expected(rand(100));
    let error = client(&server.url()).charge_purchase(&request).await.expect_err("another payment");
    assert_eq!(server.requests(), 1);
    error
}

#[tokio::test]
async fn a_charge_answered_about_another_payment_is_unknown_and_kept() {
    for (member, other, place) in [
        ("id", serde_json::json!("00000000-0000-4000-8000-0000000000a2"), 0),
        ("recurring_token", serde_json::json!("of-another-client"), 0),
        ("total", serde_json::json!(101), 0),
        ("amount", serde_json::json!(10_000), 0),
        ("currency", serde_json::json!("EUR"), 0),
        ("currency", serde_json::json!("EUR"), 1),
    ] {
        let error = charge_with(member, other, place).await;
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
        assert!(error.message().contains(member), "{error}");
        assert!(error.reply().is_some_and(|reply| reply.body().len() > 100), "the reply is kept");
    }
}

#[tokio::test]
async fn a_purchase_created_otherwise_than_asked_is_unknown_and_kept() {
    let money = rand(100);
    let request = CreatePurchase::one_product(BRAND, Payer::client_id(CLIENT), "Monthly plan", money)
        .with_reference("attempt-0001");
    let body = Case::load("revio/create-purchase/created").response_body();
    for (member, other) in [
        ("brand_id", serde_json::json!("another")),
        ("client_id", serde_json::json!("another")),
        ("reference", serde_json::json!("another")),
        ("total", serde_json::json!(10_000)),
        ("currency", serde_json::json!("EUR")),
    ] {
        let body = variants::with_member_replaced(&body, member, other).pop().expect("the member occurs");
        let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(201, body.clone()))).await;
        let error = client(&server.url()).create_purchase(&request).await.expect_err("another purchase");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
        assert!(error.message().contains(member), "{error}");
        assert!(error.reply().is_some());
    }
}

/// What a charge that is answered with this says: the word for its outcome or for the error's kind and effect.
async fn charge_answered(status: u16, body: &'static str) -> String {
    let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(status, body))).await;
    let answer = client(&server.url()).charge_purchase(&charge()).await;
    assert_eq!(server.requests(), 1, "a charge goes out once");
    match answer {
        Ok(answer) => answer.outcome().to_string(),
        Err(error) => format!("{} {}", error.kind(), error.effect().as_str()),
    }
}

#[tokio::test]
async fn what_a_refused_charge_proves() {
    for (status, body, expected) in [
        // The purchase says why: the money may have moved.
        (400, r#"{"__all__":[{"message":"No.","code":"purchase_charge_error"}]}"#, "pending"),
        // A definite no, by a code of its own and with 400 only.
        (400, r#"{"__all__":[{"message":"No.","code":"insufficient_funds"}]}"#, "declined"),
        (400, r#"{"__all__":{"message":"No.","code":"expired_card"}}"#, "declined"),
        (400, r#"{"recurring_token":[{"message":"No.","code":"invalid_recurring_token"}]}"#, "declined"),
        (500, r#"{"__all__":[{"message":"No.","code":"purchase_charge_error"}]}"#, "unavailable unknown"),
        (422, r#"{"__all__":[{"message":"No.","code":"purchase_charge_error"}]}"#, "invalid_request unknown"),
        // It may well be paid already.
        (400, r#"{"__all__":[{"message":"No.","code":"purchase_charge_wrong_status"}]}"#, "conflict unknown"),
        (
            400,
            r#"{"__all__":[{"code":"purchase_charge_error"},{"code":"purchase_charge_wrong_status"}]}"#,
            "conflict unknown",
        ),
        // The request itself, or the key, is at fault.
        (400, r#"{"recurring_token":[{"message":"Bad.","code":"invalid"}]}"#, "invalid_request not_applied"),
        (
            401,
            r#"{"__all__":[{"message":"No.","code":"authentication_failed"}]}"#,
            "authentication not_applied",
        ),
        // No document prints where this comes from.
        (403, r#"{"__all__":[{"message":"No.","code":"permission_denied"}]}"#, "permission unknown"),
        (400, r#"{"recurring_token":[{"message":"Bad."}]}"#, "invalid_request unknown"),
        (400, r#"{"__all__":[{"message":"Hm.","code":"unheard_of"}]}"#, "invalid_request unknown"),
        (400, r#"{"error":{"message":"Bad gateway","code":"upstream"}}"#, "invalid_request unknown"),
        (401, r#"{"message":"Unauthorized"}"#, "authentication unknown"),
        (404, r#"{"__all__":[{"message":"No.","code":"not_found"}]}"#, "not_found unknown"),
        (409, r#"{"__all__":[{"message":"No.","code":"conflict"}]}"#, "conflict unknown"),
        (429, r#"{"__all__":[{"message":"No.","code":"throttled"}]}"#, "rate_limited unknown"),
        // 200 is not yet paid.
        (200, r#"{"id":"00000000-0000-4000-8000-0000000000a1"}"#, "pending"),
        (200, r#"{"id":"00000000-0000-4000-8000-0000000000a1","status":"created"}"#, "pending"),
        (200, r#"{"id":"00000000-0000-4000-8000-0000000000a1","status":"error"}"#, "declined"),
        (200, r#"{"__all__":[{"message":"No.","code":"purchase_charge_error"}]}"#, "protocol unknown"),
    ] {
        assert_eq!(charge_answered(status, body).await, expected, "{status} {body}");
    }
}

/// The whole recovery: the answer is lost after the gateway made the charge; the purchase shows it.
#[tokio::test]
async fn charge_answer_lost_is_found_by_read() {
    let paid = good("revio/charge-purchase/paid", 200);
    let server = FaultServer::start(move |request, _| match request.method.as_str() {
        "POST" => Behavior::CloseAfterReading,
        _ => Behavior::Reply(paid.clone()),
    })
    .await;
    let client = client(&server.url());
    let error = client.charge_purchase(&charge()).await.expect_err("lost");
    assert_eq!(error.effect(), Effect::Unknown);
    let purchase = client.get_purchase(PURCHASE).await.expect("a purchase");
    assert_eq!(purchase.charge_outcome(), Outcome::Paid);
    let methods: Vec<String> = server.received().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["POST", "GET"]);
}

fn purchase_of(products: Vec<Product>) -> CreatePurchase {
    CreatePurchase::new(BRAND, Payer::client_id(CLIENT), products)
}

#[tokio::test]
async fn bad_input_sends_nothing() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let client = client(&server.url());
    let long = "x".repeat(10_000);
    for odd in ["", ".", "..", "../", "a/b", "%2F", "a b", "a\0", &long] {
        let token = Secret::new(odd);
        for error in [
            client.get_purchase(odd).await.expect_err("refused"),
            client.get_client(odd).await.expect_err("refused"),
            client.list_recurring_tokens(odd, None).await.expect_err("refused"),
            client.recurring_tokens(odd).next().await.expect("an error").expect_err("refused"),
            client.delete_recurring_token(odd, &Secret::new(TOKEN)).await.expect_err("refused"),
            client.delete_recurring_token(CLIENT, &token).await.expect_err("refused"),
            client.charge_purchase(&ChargePurchase::new(odd, Secret::new(TOKEN))).await.expect_err("refused"),
            client.charge_purchase(&ChargePurchase::new(PURCHASE, token)).await.expect_err("refused"),
        ] {
            assert_eq!(
                (error.kind(), error.effect()),
                (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local))
            );
        }
    }
    let itself = ChargePurchase::new(TOKEN, Secret::new(TOKEN));
    let error = client.charge_purchase(&itself).await.expect_err("the purchase that saved the card");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));

    let plan = || Product::new("Plan", 100);
    let one = || purchase_of(vec![plan()]);
    let details = |details| CreatePurchase::new(BRAND, Payer::Details(details), vec![plan()]);
    for (request, field) in [
        (CreatePurchase::new("", Payer::client_id(CLIENT), vec![plan()]), "brand_id"),
        (CreatePurchase::new(BRAND, Payer::client_id("a b"), vec![plan()]), "client_id"),
        (CreatePurchase::new(BRAND, Payer::email("ann"), vec![plan()]), "email"),
        (details(ClientDetails::new("a@b").with_full_name("")), "full_name"),
        (details(ClientDetails::new("a@b").with_phone("\n")), "phone"),
        (details(ClientDetails::new("a@b").with_country(long.clone())), "country"),
        (purchase_of(Vec::new()), "products"),
        (purchase_of(vec![Product::new("", 100)]), "products.name"),
        (purchase_of(vec![Product::new("x".repeat(257), 100)]), "products.name"),
        (purchase_of(vec![plan(), Product::new("Plan", -1)]), "products.price"),
        (purchase_of(vec![Product::new("Plan", 0)]), "products.price"),
        (purchase_of(vec![Product::new("Plan", i64::MAX), plan()]), "products.price"),
        (purchase_of(vec![plan().with_quantity("-1")]), "products.quantity"),
        (purchase_of(vec![plan().with_quantity("1e3")]), "products.quantity"),
        (purchase_of(vec![plan().with_quantity("0.0")]), "products.quantity"),
        (purchase_of(vec![plan().with_discount(-1)]), "products.discount"),
        (purchase_of(vec![plan().with_category("")]), "products.category"),
        (one().with_total_override(0), "total_override"),
        (one().with_reference(""), "reference"),
        (one().with_reference("x".repeat(129)), "reference"),
        (one().with_success_redirect("shop"), "success_redirect"),
        (one().with_failure_redirect("javascript:1"), "failure_redirect"),
        (one().with_cancel_redirect(""), "cancel_redirect"),
        (one().with_success_callback("/hook"), "success_callback"),
        (one().with_payment_method_whitelist(Vec::<String>::new()), "payment_method_whitelist"),
        (one().with_payment_method_whitelist([""]), "payment_method_whitelist"),
        (one().with_due(0), "due"),
    ] {
        let error = client.create_purchase(&request).await.expect_err(field);
        assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    }
    let error = client.create_client(&CreateClient::new("ann")).await.expect_err("email");
    assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_client_that_cannot_work_is_not_built() {
    let build = |key: &str, brand: &str, url: &str| {
        Client::builder(Environment::Custom(url.to_owned()), key)
            .with_brand_id(brand)
            .build()
            .expect_err("refused")
    };
    for (key, brand, url, field) in [
        ("", "b", "https://a.example", "api_key"),
        ("key\n", "b", "https://a.example", "api_key"),
        ("key", "", "https://a.example", "brand_id"),
        ("key", "a/b", "https://a.example", "brand_id"),
        ("key", "b", "http://a.example", "base_url"),
        ("key", "b", "https://user:hunter2@a.example", "base_url"),
        ("key", "b", "https://a.example/?a=b", "base_url"),
        ("key", "b", "a.example", "base_url"),
    ] {
        let error = build(key, brand, url);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
        assert!(error.to_string().contains(field), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let second = std::time::Duration::from_secs(1);
    let slow = HttpOptions::new().with_timeout(second).with_connect_timeout(second);
    assert_eq!(
        Client::builder(Environment::Live, "key").with_http(slow).build().expect_err("refused").kind(),
        ErrorKind::Config
    );
    let client = Client::builder(Environment::Live, "key").with_brand_id(BRAND).build().expect("a client");
    assert_eq!(client.brand_id(), Some(BRAND));
}
