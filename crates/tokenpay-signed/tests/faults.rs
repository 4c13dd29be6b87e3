//! Failure scenarios, and the effect on the money that each error claims.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{
    Fixed, any_signature, card_page, client, documented_recurring, dollars, first_sale, lost_order,
    part_of_an_order, voided_order,
};
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};
use recurring_fixtures::{Case, variants};
use serde_json::json;
use tokenpay_signed::{
    AddToken, CallbackUrl, Client, Currency, Decimal, Effect, Environment, Error, ErrorKind, HttpOptions,
    LineItem, MerchantId, Money, OrderKey, Outcome, Proof, QueryOrder, Recurring, Sale, SigningError,
    TokenId, TokenOrder,
};

const RECURRING: &str = "tokenpay-signed/recurring/documented";

fn good(case: &str) -> RawReply {
    RawReply::json(200, Case::load(case).response_body())
}

async fn check<T>(case: &str, sends: Sends, call: impl AsyncFn(Client) -> Result<T, Error>) {
    let call = &call;
    fault::check(good(case), sends, fault::no_prelude, &[], |url| async move {
        call(client(&url, any_signature())).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn recurring() {
    check(RECURRING, Sends::Once, async |client| client.recurring(&documented_recurring()).await).await;
}

#[tokio::test]
async fn sale() {
    let case = "tokenpay-signed/sale/approved";
    check(case, Sends::Once, async |client| client.sale(&first_sale()).await).await;
}

#[tokio::test]
async fn add_token() {
    let case = "tokenpay-signed/add-token/page";
    check(case, Sends::Once, async |client| client.add_token(&card_page()).await).await;
}

#[tokio::test]
async fn query_token() {
    let case = "tokenpay-signed/query-token/two-cards";
    check(case, Sends::AtMostThree, async |client| client.query_token("user1").await).await;
}

#[tokio::test]
async fn delete_token() {
    let case = "tokenpay-signed/delete-token/deleted";
    let token = TokenId::from("436");
    check(case, Sends::Once, async |client| client.delete_token("user1", &token).await).await;
}

/// The documented charge against a server that answers this.
async fn charge(status: u16, body: impl Into<Vec<u8>>) -> Result<TokenOrder, Error> {
    let reply = RawReply::json(status, body);
    let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
    let answer = client(&server.url(), any_signature()).recurring(&documented_recurring()).await;
    assert_eq!(server.requests(), 1);
    answer
}

#[tokio::test]
async fn an_answer_about_another_payment_is_unknown_and_kept() {
    let body = Case::load(RECURRING).response_body();
    for (member, places, others) in [
        ("amount", 2, vec![json!(31), json!("30.01"), json!("3e1"), json!(-30), json!("30,00"), json!("")]),
        ("currency", 2, vec![json!("HKD"), json!("usd")]),
        ("merchantReference", 1, vec![json!("another"), json!("MERREF1656991803097")]),
    ] {
        for other in others {
            let replaced = variants::with_member_replaced(&body, member, other.clone());
            assert_eq!(replaced.len(), places, "{member}");
            for body in replaced {
                let error = charge(200, body).await.expect_err("another payment");
                assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{other}");
                assert!(error.to_string().contains(member), "{error}");
                assert!(error.reply().is_some_and(|reply| reply.body().len() > 100), "the reply is kept");
            }
        }
    }
    for same in [json!(30), json!("30"), json!("30.00"), json!("30.0"), json!("30.000")] {
        for body in variants::with_member_replaced(&body, "amount", same.clone()) {
            assert_eq!(charge(200, body).await.expect("the same").outcome(), Outcome::Paid, "{same}");
        }
    }
    // What is missing or unreadable does not agree; the transaction need not repeat it.
    for odd in [json!(null), json!([30]), json!({"value": 30})] {
        let replaced = variants::with_member_replaced(&body, "amount", odd.clone());
        let [order, transaction] = <[Vec<u8>; 2]>::try_from(replaced).expect("two amounts");
        let error = charge(200, order).await.expect_err("no agreement");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{odd}");
        let _ = charge(200, transaction).await.expect("the order repeats it");
    }
    let declined = Case::load("tokenpay-signed/recurring/declined").response_body();
    let error = charge(200, declined).await.expect_err("the refusal of another charge");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
}

#[tokio::test]
async fn card_of_another_user_is_never_listed() {
    let body = Case::load("tokenpay-signed/query-token/two-cards").response_body();
    for body in variants::with_member_replaced(&body, "userId", json!("user2")) {
        let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone()))).await;
        let error =
            client(&server.url(), any_signature()).query_token("user1").await.expect_err("another user");
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }
    for body in variants::with_member_removed(&body, "tokenId") {
        let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, body.clone()))).await;
        let error = client(&server.url(), any_signature()).query_token("user1").await.expect_err("no token");
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }
}

#[tokio::test]
async fn refusal_is_proof_only_with_known_code_or_words() {
    const REFUSED: Effect = Effect::NotApplied(Proof::Refused);
    for (status, code, message, kind, effect) in [
        (200, "4001", "invalid signature", ErrorKind::Authentication, REFUSED),
        (200, "4001", "Invalid Signature", ErrorKind::Authentication, REFUSED),
        (200, "1", " NO PUBLIC KEY. ", ErrorKind::Authentication, REFUSED),
        (401, "1", "no public key", ErrorKind::Authentication, REFUSED),
        (500, "1", "no public key", ErrorKind::Unavailable, Effect::Unknown),
        (307, "1", "no public key", ErrorKind::Protocol, Effect::Unknown),
        (200, "1", "the receipt has no public key", ErrorKind::Protocol, Effect::Unknown),
        (200, "1003", "Duplicate merchantReference", ErrorKind::Conflict, Effect::Unknown),
        (200, "1003", "Order already exists", ErrorKind::Conflict, Effect::Unknown),
        (400, "1003", "Duplicate merchantReference", ErrorKind::Conflict, Effect::Unknown),
        (422, "1003", "reference ALREADY used", ErrorKind::Conflict, Effect::Unknown),
        (200, "1002", "Invalid parameter", ErrorKind::Protocol, Effect::Unknown),
        (200, "0", "Success", ErrorKind::Protocol, Effect::Unknown),
        (200, "00000", "Success", ErrorKind::Protocol, Effect::Unknown),
        (200, "", "Success", ErrorKind::Protocol, Effect::Unknown),
        (200, "0000", "Success", ErrorKind::Protocol, Effect::Unknown),
        (201, "0000", "invalid signature", ErrorKind::Protocol, Effect::Unknown),
        (400, "0000", "Success", ErrorKind::InvalidRequest, Effect::Unknown),
        (400, "1002", "Invalid parameter", ErrorKind::InvalidRequest, REFUSED),
        (403, "1", "forbidden", ErrorKind::Permission, REFUSED),
        (404, "1004", "Not found", ErrorKind::NotFound, Effect::Unknown),
        (429, "1", "slowly", ErrorKind::RateLimited, Effect::Unknown),
        (500, "9999", "System error", ErrorKind::Unavailable, Effect::Unknown),
    ] {
        let body = json!({"responseCode": code, "message": message}).to_string();
        let error = charge(status, body).await.expect_err(message);
        assert_eq!((error.kind(), error.effect()), (kind, effect), "{status} {code} {message}: {error}");
        let known = !matches!(code, "" | "0000");
        assert_eq!(error.api().is_some(), known, "{status} {code} {message}");
        assert!(error.reply().is_some());
    }
    for body in [r#"{"message":"Success"}"#, r#"{"responseCode":null}"#, "{}", r#"["0000","Success"]"#] {
        let error = charge(200, body).await.expect_err(body);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{body}");
    }
    let error = charge(200, r#"{"responseCode":7}"#).await.expect_err("no message");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
}

#[tokio::test]
async fn query_for_an_unknown_order_is_not_found_and_no_proof() {
    const REFUSED: Effect = Effect::NotApplied(Proof::Refused);
    for (status, message, kind, effect) in [
        (200, "Order not found", ErrorKind::NotFound, Effect::Unknown),
        (200, "The order does not exist.", ErrorKind::NotFound, Effect::Unknown),
        (200, "No such merchantReference", ErrorKind::NotFound, Effect::Unknown),
        (400, "Transaction not found", ErrorKind::NotFound, Effect::Unknown),
        (404, "Order not found", ErrorKind::NotFound, Effect::Unknown),
        // Not of the order, or of something else too.
        (200, "Merchant not found", ErrorKind::Protocol, Effect::Unknown),
        (200, "Token not found", ErrorKind::Protocol, Effect::Unknown),
        (200, "Order status unknown", ErrorKind::Protocol, Effect::Unknown),
        (200, "Order not found: it exists already", ErrorKind::Conflict, Effect::Unknown),
        (400, "Invalid order", ErrorKind::InvalidRequest, REFUSED),
        (500, "Order not found", ErrorKind::Unavailable, Effect::Unknown),
    ] {
        let body = json!({"responseCode": "1004", "message": message}).to_string();
        let server =
            FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(status, body.clone()))).await;
        let query = QueryOrder::new(OrderKey::OrderId(5803));
        let error = client(&server.url(), any_signature()).query_order(&query).await.expect_err(message);
        assert_eq!((error.kind(), error.effect()), (kind, effect), "{status} {message}: {error}");
        assert!(error.api().is_some() && error.reply().is_some(), "{status} {message}");
    }
    // A charge is not a query: its kind is that of any other code.
    let body = json!({"responseCode": "1004", "message": "Order not found"}).to_string();
    let error = charge(200, body).await.expect_err("no order");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
}

#[tokio::test]
async fn deletion_answered_with_a_list_is_an_error() {
    // The members of an answer in their order, which is how a list can be mistaken for an object.
    for list in [r#"["0000","Success"]"#, r#"["0000","Success",null,null]"#] {
        let server = FaultServer::start(move |_, _| Behavior::Reply(RawReply::json(200, list))).await;
        let token = TokenId::from("436");
        let error =
            client(&server.url(), any_signature()).delete_token("user1", &token).await.expect_err("a list");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
    }
}

#[tokio::test]
async fn answer_with_an_order_is_never_proof_of_refusal() {
    let body = |code: &str, message: &str, order: &str, transaction: &str| {
        json!({
            "responseCode": code, "message": message,
            "order": {
                "id": 1, "status": order, "merchantReference": "merRef1656991803097", "amount": 30,
                "currency": "USD",
            },
            "transaction": {"status": transaction},
        })
        .to_string()
    };
    for status in [200, 400, 401, 403, 422, 500] {
        for message in ["invalid signature", "no public key", "Invalid parameter", "Duplicate"] {
            let error = charge(status, body("4001", message, "SUCCESS", "SUCCESS")).await.expect_err(message);
            assert_eq!(error.effect(), Effect::Unknown, "{status} {message}");
        }
    }
    for (status, code) in [(200, "0000"), (200, "2001"), (400, "2001"), (402, "2001"), (422, "2001")] {
        let answer = charge(status, body(code, "no", "FAILURE", "DECLINED")).await.expect("a definite no");
        assert_eq!(answer.outcome(), Outcome::Declined, "{status} {code}");
    }
    for status in [307, 404, 408, 409, 500, 503] {
        let error = charge(status, body("2001", "no", "FAILURE", "DECLINED")).await.expect_err("not certain");
        assert_eq!(error.effect(), Effect::Unknown, "{status}");
    }
    let pending = charge(200, body("0000", "", "PROCESSING", "SUCCESS")).await.expect("an order");
    assert_eq!(pending.outcome(), Outcome::Pending);
}

#[tokio::test]
async fn without_a_signature_nothing_is_sent() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    for signed in [Err(SigningError::new("the key service is away")), Ok(Vec::new())] {
        let says = signed.as_ref().err().map_or("no bytes", |_| "the key service is away");
        let client = client(&server.url(), Fixed(signed.clone()));
        for error in [
            client.recurring(&documented_recurring()).await.expect_err("unsigned"),
            client.sale(&first_sale()).await.expect_err("unsigned"),
            client.add_token(&card_page()).await.expect_err("unsigned"),
            client.query_token("user1").await.expect_err("unsigned"),
            client.delete_token("user1", &TokenId::from("436")).await.expect_err("unsigned"),
            client.query_order(&lost_order()).await.expect_err("unsigned"),
            client.void_order(&voided_order()).await.expect_err("unsigned"),
            client.refund_order(&part_of_an_order()).await.expect_err("unsigned"),
        ] {
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
            assert!(error.to_string().contains(says), "{error}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn bad_input_sends_nothing() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let client = client(&server.url(), any_signature());
    let long = "x".repeat(65);
    let local = (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local));
    let money = |text: &str, code: &str| {
        Money::parse(text, Currency::from_code(code).expect("a currency")).expect("money")
    };
    let recurring = |user: &str, token: TokenId, reference: &str, parent: i64| {
        Recurring::new(user, token, dollars("1"), reference, parent)
    };
    for (request, field) in [
        (recurring("", "1".into(), "r", 1), "user_id"),
        (recurring(&long, "1".into(), "r", 1), "user_id"),
        (recurring("u\0", "1".into(), "r", 1), "user_id"),
        (recurring("u", "".into(), "r", 1), "token_id"),
        (recurring("u", "1 2".into(), "r", 1), "token_id"),
        (recurring("u", "../1".into(), "r", 1), "token_id"),
        (recurring("u", TokenId::number(-1), "r", 1), "token_id"),
        (recurring("u", "1".into(), "", 1), "merchant_reference"),
        (recurring("u", "1".into(), &long, 1), "merchant_reference"),
        (recurring("u", "1".into(), "r", 0), "parent_order_id"),
        (recurring("u", "1".into(), "r", -5), "parent_order_id"),
        (recurring("u", "1".into(), "r", 1).with_reason(""), "reason"),
        (
            recurring("u", "1".into(), "r", 1).with_callback_url(CallbackUrl::new().with_notify("shop")),
            "callback_url.notify",
        ),
        (Recurring::new("u", "1", money("1.234", "KWD"), "r", 1), "amount"),
        (Recurring::new("u", "1", money("10000000", "JPY"), "r", 1), "amount"),
        (Recurring::new("u", "1", dollars("10000000.00"), "r", 1), "amount"),
    ] {
        let error = client.recurring(&request).await.expect_err(field);
        assert_eq!((error.kind(), error.effect()), local, "{field}");
        assert!(error.to_string().contains(field), "{error}");
    }
    let sale = || Sale::new("u", "1", dollars("1"), "r");
    let item = |quantity, name: &str| [LineItem::new(quantity, name, Decimal::shortest(dollars("1")))];
    for (request, field) in [
        (Sale::new("", "1", dollars("1"), "r"), "user_id"),
        (Sale::new("u", "", dollars("1"), "r"), "token_id"),
        (Sale::new("u", "1", money("1.234", "BHD"), "r"), "amount"),
        (Sale::new("u", "1", dollars("1"), &long), "merchant_reference"),
        (sale().with_callback_url(CallbackUrl::new().with_cancel("javascript:1")), "callback_url.cancel"),
        (sale().with_line_items(item(0, "Tea")), "line_items.quantity"),
        (sale().with_line_items(item(1, "")), "line_items.name"),
        (sale().with_expiry_time(""), "expiry_time"),
    ] {
        let error = client.sale(&request).await.expect_err(field);
        assert_eq!((error.kind(), error.effect()), local, "{field}");
        assert!(error.to_string().contains(field), "{error}");
    }
    let url = "https://shop.example";
    for (request, field) in [
        (AddToken::new("", url, url, url), "user_id"),
        (AddToken::new("u", "", url, url), "callback_url.success"),
        (AddToken::new("u", url, "shop", url), "callback_url.fail"),
        (AddToken::new("u", url, url, "/hook"), "callback_url.notify"),
        (AddToken::new("u", url, url, url).with_cancel(""), "callback_url.cancel"),
        (AddToken::new("u", url, url, url).with_reason("a\n"), "reason"),
        (AddToken::new("u", url, url, url).with_lang(""), "lang"),
    ] {
        let error = client.add_token(&request).await.expect_err(field);
        assert_eq!((error.kind(), error.effect()), local, "{field}");
        assert!(error.to_string().contains(field), "{error}");
    }
    for error in [
        client.query_token("").await.expect_err("refused"),
        client.query_token(&long).await.expect_err("refused"),
        client.delete_token("", &TokenId::from("1")).await.expect_err("refused"),
        client.delete_token("u", &TokenId::from("")).await.expect_err("refused"),
    ] {
        assert_eq!((error.kind(), error.effect()), local);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_client_that_cannot_work_is_not_built() {
    let build = |merchant: MerchantId, url: &str| {
        let environment = Environment::Custom(url.to_owned());
        Client::builder(environment, merchant, any_signature()).build().expect_err("refused")
    };
    for (merchant, url, field) in [
        (MerchantId::from(""), "https://a.example", "merchant_id"),
        (MerchantId::from("0"), "https://a.example", "merchant_id"),
        (MerchantId::number(-3), "https://a.example", "merchant_id"),
        (MerchantId::text("a\n"), "https://a.example", "merchant_id"),
        (MerchantId::text("x".repeat(65)), "https://a.example", "merchant_id"),
        (MerchantId::from("3"), "http://a.example", "base_url"),
        (MerchantId::from("3"), "https://user:hunter2@a.example", "base_url"),
        (MerchantId::from("3"), "a.example", "base_url"),
    ] {
        let error = build(merchant, url);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Config, Effect::NotApplied(Proof::Local)));
        assert!(error.to_string().contains(field), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let second = std::time::Duration::from_secs(1);
    let slow = HttpOptions::new().with_timeout(second).with_connect_timeout(second);
    let error = Client::builder(Environment::Test, "3", any_signature())
        .with_http(slow)
        .build()
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Config);
}
