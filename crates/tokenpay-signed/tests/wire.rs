//! What goes over the wire, and what is made of what comes back: against `fixtures/tokenpay-signed`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{
    Fixed, account, account_of, card_page, client, documented_recurring, dollars, first_sale, lost_order,
    other_recurring, part_of_an_order, signer, text, voided_order,
};
use mockito::{Mock, Server, ServerGuard};
use recurring_fixtures::{Case, minify, variants};
use serde_json::Value;
use tokenpay_signed::{
    AddToken, CallbackUrl, Decimal, DeclineReason, DeleteToken, Effect, ErrorKind, LineItem, MerchantId,
    Operation as _, OrderApi, OrderKey, Outcome, PreparedRequest, Proof, QueryOrder, QueryToken, Recurring,
    RefundOrder, Reply, Sale, TokenId, TokenOrder, VoidOrder, verify_signature, with_signature,
};

/// A server that takes what `expect` adds to the stored method, path and headers, and answers the stored response.
async fn server_for(case: &Case, expect: impl FnOnce(Mock) -> Mock) -> (ServerGuard, Mock) {
    let mut server = Server::new_async().await;
    let request = case.meta.request.as_ref().expect("a request");
    let response = case.meta.response.as_ref().expect("a response");
    let mut mock = expect(server.mock(&request.method, request.path.as_str()));
    for (name, value) in &request.headers {
        mock = mock.match_header(name.as_str(), value.as_str());
    }
    for (name, value) in &response.headers {
        mock = mock.with_header(name, value);
    }
    let mock = mock
        .with_status(response.status.into())
        .with_body(case.response_body())
        .expect(1)
        .create_async()
        .await;
    (server, mock)
}

/// A server that takes an envelope around exactly `request.txt` with a genuine signature of the test's key.
async fn server_that_verifies(case: &Case) -> (ServerGuard, Mock) {
    let text = case.text("request.txt");
    let public_key = signer().public_key_base64();
    server_for(case, |mock| {
        mock.match_request(move |request| {
            let body: Value = serde_json::from_slice(request.body().expect("a body")).expect("JSON");
            let members: Vec<&str> =
                body.as_object().expect("an object").keys().map(String::as_str).collect();
            let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
            let signature = member("signature");
            members == ["request", "signature"]
                && member("request") == text
                && signature.len() == 344
                && verify_signature(&public_key, text.as_bytes(), signature).is_ok()
        })
    })
    .await
}

fn assert_text(case: &Case, request: &PreparedRequest) {
    assert_eq!(text(request), case.text("request.txt"), "{}", case.name);
}

/// The two members of the documented envelope.
fn documented_envelope(case: &Case) -> (String, String) {
    let envelope: Value = serde_json::from_slice(&case.request_body()).expect("JSON");
    let member = |name: &str| envelope.get(name).and_then(Value::as_str).expect(name).to_owned();
    (member("request"), member("signature"))
}

async fn the_documented_charge_is_sent_byte_for_byte() {
    let case = Case::load("tokenpay-signed/recurring/documented");
    let (text, signature) = documented_envelope(&case);
    assert_eq!(common::text(&account().operation(&documented_recurring()).request().expect("valid")), text);

    let signer = Fixed(Ok(STANDARD.decode(signature).expect("base64")));
    let body = minify(&case.request_body()).expect("JSON");
    let (server, mock) = server_for(&case, |mock| mock.match_body(body)).await;
    let answer = client(&server.url(), signer).recurring(&documented_recurring()).await.expect("an order");
    mock.assert_async().await;
    assert_eq!(answer.outcome(), Outcome::Paid);
    assert_eq!((answer.charge_outcome(), answer.decline_reason()), (Outcome::Paid, None));
    assert_eq!(answer.order.parent_order_id(), Some(5803));
    insta::assert_debug_snapshot!(answer);
}

fn documented_signature_fits_the_documented_text_only() {
    let pem = std::fs::read_to_string(
        recurring_fixtures::root().join("tokenpay-signed/documented_example_public_key.pem"),
    )
    .expect("the public key");
    let (text, signature) = documented_envelope(&Case::load("tokenpay-signed/recurring/documented"));
    verify_signature(&pem, text.as_bytes(), &signature).expect("genuine");
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    verify_signature(&bare, text.as_bytes(), &signature).expect("genuine");

    for other in [text.clone() + "\n", text.replace("30", "31"), String::new()] {
        let error = verify_signature(&pem, other.as_bytes(), &signature).expect_err("another text");
        assert_eq!(error.field(), "signature");
    }
    for other in ["", "AAAA", "not base64", &signature[4..], &format!("{signature}\n")] {
        assert_eq!(verify_signature(&pem, text.as_bytes(), other).expect_err(other).field(), "signature");
    }
    let bits_1024 = common::openssl_text(&["genrsa", "1024"], "");
    let short = common::openssl_text(&["pkey", "-pubout"], &bits_1024);
    for key in ["", "AAAA", "-----BEGIN PUBLIC KEY-----", common::key(), &short] {
        let error = verify_signature(key, text.as_bytes(), &signature).expect_err("no public key");
        assert_eq!(error.field(), "public_key");
    }
}

async fn a_refused_payment_is_an_answer_not_an_error() {
    let case = Case::load("tokenpay-signed/recurring/declined");
    assert_text(&case, &account().operation(&other_recurring()).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let answer = client(&server.url(), signer()).recurring(&other_recurring()).await.expect("an order");
    mock.assert_async().await;
    assert_eq!((answer.outcome(), answer.charge_outcome()), (Outcome::Declined, Outcome::Declined));
    assert_eq!(answer.decline_reason(), Some(DeclineReason::Other));
    insta::assert_debug_snapshot!(answer);
}

async fn a_refused_signature_is_proof_that_nothing_happened() {
    let case = Case::load("tokenpay-signed/recurring/invalid-signature");
    let (server, mock) = server_that_verifies(&case).await;
    let error = client(&server.url(), signer()).recurring(&other_recurring()).await.expect_err("refused");
    mock.assert_async().await;
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Authentication, Effect::NotApplied(Proof::Refused))
    );
    insta::assert_debug_snapshot!(error);
}

async fn first_charge_on_a_stored_card() {
    let case = Case::load("tokenpay-signed/sale/approved");
    assert_text(&case, &account().operation(&first_sale()).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let answer = client(&server.url(), signer()).sale(&first_sale()).await.expect("an order");
    mock.assert_async().await;
    assert_eq!(answer.outcome(), Outcome::Paid);
    // The parent of the documented charge.
    assert_eq!(answer.order.parent_order_id(), Some(5798));
    insta::assert_debug_snapshot!(answer);
}

async fn page_for_a_card() {
    let case = Case::load("tokenpay-signed/add-token/page");
    assert_text(&case, &account().operation(&card_page()).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let added = client(&server.url(), signer()).add_token(&card_page()).await.expect("a page");
    mock.assert_async().await;
    assert_eq!(added.page().as_deref(), Some("https://payapi.sit.bbmsl.com/pages/add-token/not-a-real-page"));
    insta::assert_debug_snapshot!(added);
}

fn a_page_that_is_not_safe_is_not_handed_out() {
    for (data, usable) in [
        ("https://payapi.sit.bbmsl.com/pages/1?a=b#c", true),
        ("http://127.0.0.1:8080/pay/1", true),
        ("http://payapi.sit.bbmsl.com/pages/1", false),
        ("payapi.sit.bbmsl.com/pages/1", false),
        ("javascript:alert(1)", false),
    ] {
        let body = serde_json::json!({"responseCode": "0000", "data": data}).to_string();
        let added =
            account().operation(&card_page()).read(&Reply::new(200, Vec::new(), body.into())).expect(data);
        assert_eq!(added.page().as_deref(), usable.then_some(data));
    }
}

async fn stored_cards() {
    let case = Case::load("tokenpay-signed/query-token/two-cards");
    assert_text(&case, &account().operation(&QueryToken::new("user1")).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let cards = client(&server.url(), signer()).query_token("user1").await.expect("cards");
    mock.assert_async().await;
    assert_eq!(cards.iter().map(|card| card.token_id.expose()).collect::<Vec<_>>(), ["436", "437"]);
    insta::assert_debug_snapshot!(cards);
}

async fn a_card_is_deleted() {
    let case = Case::load("tokenpay-signed/delete-token/deleted");
    assert_text(&case, &account().operation(&DeleteToken::new("user1", "436")).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    client(&server.url(), signer()).delete_token("user1", &TokenId::from("436")).await.expect("deleted");
    mock.assert_async().await;
}

async fn a_lost_charge_is_found_by_its_reference() {
    let case = Case::load("tokenpay-signed/query-order/by-reference");
    assert_text(&case, &account().operation(&lost_order()).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let answer = client(&server.url(), signer()).query_order(&lost_order()).await.expect("an order");
    mock.assert_async().await;
    assert_eq!((answer.charge_outcome(), answer.outcome()), (Outcome::Paid, Outcome::Paid));
    insta::assert_debug_snapshot!(answer);
}

async fn money_that_was_given_back_had_been_taken() {
    let case = Case::load("tokenpay-signed/query-order/refunded");
    let query = QueryOrder::new(OrderKey::OrderId(5803));
    assert_text(&case, &account().operation(&query).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let answer = client(&server.url(), signer()).query_order(&query).await.expect("an order");
    mock.assert_async().await;
    assert_eq!((answer.charge_outcome(), answer.outcome()), (Outcome::Paid, Outcome::Pending));
    insta::assert_debug_snapshot!(answer);
}

async fn an_order_that_is_not_found_proves_nothing() {
    let case = Case::load("tokenpay-signed/query-order/not-found");
    assert_text(&case, &account().operation(&lost_order()).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let error = client(&server.url(), signer()).query_order(&lost_order()).await.expect_err("no order");
    mock.assert_async().await;
    assert_eq!((error.kind(), error.effect()), (ErrorKind::NotFound, Effect::Unknown));
    insta::assert_debug_snapshot!(error);
}

async fn a_charge_is_taken_back() {
    let case = Case::load("tokenpay-signed/void-order/voided");
    assert_text(&case, &account().operation(&voided_order()).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let answer = client(&server.url(), signer()).void_order(&voided_order()).await.expect("an answer");
    mock.assert_async().await;
    assert_eq!(answer.outcome(), Outcome::Paid);
    insta::assert_debug_snapshot!(answer);
}

async fn a_part_is_given_back() {
    let case = Case::load("tokenpay-signed/refund-order/partial");
    assert_text(&case, &account().operation(&part_of_an_order()).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let answer = client(&server.url(), signer()).refund_order(&part_of_an_order()).await.expect("an answer");
    mock.assert_async().await;
    assert_eq!(answer.outcome(), Outcome::Paid);
    insta::assert_debug_snapshot!(answer);
}

async fn a_refused_refund_is_an_answer_not_an_error() {
    let case = Case::load("tokenpay-signed/refund-order/declined");
    let refund = RefundOrder::new(OrderKey::OrderId(5803), dollars("30"));
    assert_text(&case, &account().operation(&refund).request().expect("valid"));
    let (server, mock) = server_that_verifies(&case).await;
    let answer = client(&server.url(), signer()).refund_order(&refund).await.expect("an answer");
    mock.assert_async().await;
    assert_eq!(answer.outcome(), Outcome::Declined);
    insta::assert_debug_snapshot!(answer);
}

fn the_calls_about_an_order_can_be_those_of_the_other_product() {
    let key = || OrderKey::OrderId(5803);
    let there = OrderApi::Tokenization;
    for (request, path) in [
        (account().operation(&QueryOrder::new(key()).with_api(there)).request(), "/tokenization/query"),
        (account().operation(&VoidOrder::new(key()).with_api(there)).request(), "/tokenization/void"),
        (
            account().operation(&RefundOrder::new(key(), dollars("1")).with_api(there)).request(),
            "/tokenization/refund",
        ),
    ] {
        assert_eq!(with_signature(request.expect("valid"), &[1]).expect("signed").path(), path);
    }
}

fn optional_members_follow_those_of_the_documents() {
    let urls =
        CallbackUrl::new().with_success("https://shop.example/ok").with_notify("https://shop.example/hook");
    let recurring = Recurring::new("Größe\"", TokenId::number(436), dollars("0.50"), "r/1", 1)
        .with_reason("Plan «gold»")
        .with_callback_url(urls.clone());
    let sale = Sale::new("user1", "436", dollars("49.90"), "r-2")
        .one_off()
        .with_callback_url(urls)
        .with_line_items([LineItem::new(2, "Tea", Decimal::shortest(dollars("24.95")))])
        .with_expiry_time("2026-01-01T00:00:00Z");
    let page = AddToken::new("user1", "https://a.example", "https://b.example", "https://c.example")
        .with_lang("zh-HK")
        .with_allowed_card_type("VISA");
    let texts = [
        account_of(MerchantId::text("3")).operation(&recurring).request(),
        account_of(MerchantId::number(3)).operation(&sale).request(),
        account_of("M-3").operation(&page).request(),
        account_of("007").operation(&DeleteToken::new("user1", TokenId::number(436))).request(),
    ]
    .map(|request| text(&request.expect("valid")).to_owned())
    .join("\n");
    insta::assert_snapshot!(texts);
}

type Read = fn(&Reply) -> Result<TokenOrder, tokenpay_signed::Error>;

/// Every answer again with an unknown member, and with every status replaced by a new one.
fn new_members_and_new_values_do_no_harm() {
    let readers: [(&str, Read); 3] = [
        ("tokenpay-signed/recurring/documented", |reply| {
            account().operation(&documented_recurring()).read(reply)
        }),
        ("tokenpay-signed/recurring/declined", |reply| account().operation(&other_recurring()).read(reply)),
        ("tokenpay-signed/sale/approved", |reply| account().operation(&first_sale()).read(reply)),
    ];
    for (name, read) in readers {
        let body = Case::load(name).response_body();
        let as_it_is = read(&Reply::new(200, Vec::new(), body.clone())).expect(name).outcome();
        let unknown = variants::with_unknown_member(&body);
        assert_eq!(unknown.len(), 3, "{name}");
        for body in unknown {
            assert_eq!(read(&Reply::new(200, Vec::new(), body)).expect(name).outcome(), as_it_is);
        }
        for value in [serde_json::json!("UNHEARD_OF"), serde_json::json!(7)] {
            let replaced = variants::with_member_replaced(&body, "status", value);
            assert_eq!(replaced.len(), 2, "{name}");
            for body in replaced {
                match read(&Reply::new(200, Vec::new(), body)) {
                    Ok(answer) => assert_eq!(answer.outcome(), Outcome::Pending, "{name}"),
                    // A code that is not a success and an order that is not refused for certain.
                    Err(error) => {
                        assert_eq!(as_it_is, Outcome::Declined, "{name}");
                        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown));
                        assert!(error.api().is_some_and(|api| api.response_code == "2001"));
                    }
                }
            }
        }
        for member in ["message", "transaction", "netAmount", "stan", "recurring", "createTime", "cardType"] {
            let changed = variants::with_member_null(&body, member);
            assert!(!changed.is_empty(), "{name} {member}");
            for body in changed.into_iter().chain(variants::with_member_removed(&body, member)) {
                assert_eq!(read(&Reply::new(200, Vec::new(), body)).expect(member).outcome(), as_it_is);
            }
        }
    }
    let body = Case::load("tokenpay-signed/query-token/two-cards").response_body();
    for body in variants::with_unknown_member(&body) {
        let cards = account()
            .operation(&QueryToken::new("USER1"))
            .read(&Reply::new(200, Vec::new(), body))
            .expect("cards");
        assert_eq!(cards.len(), 2);
    }
    for body in variants::with_member_null(&body, "list") {
        assert!(
            account()
                .operation(&QueryToken::new("user1"))
                .read(&Reply::new(200, Vec::new(), body))
                .expect("none")
                .is_empty()
        );
    }
}

recurring_fixtures::tests! {
    needs OpenSsl: [
        documented_signature_fits_the_documented_text_only,
    ] async [
        a_refused_payment_is_an_answer_not_an_error,
        a_refused_signature_is_proof_that_nothing_happened,
        first_charge_on_a_stored_card,
        page_for_a_card,
        stored_cards,
        a_card_is_deleted,
        a_lost_charge_is_found_by_its_reference,
        money_that_was_given_back_had_been_taken,
        an_order_that_is_not_found_proves_nothing,
        a_charge_is_taken_back,
        a_part_is_given_back,
        a_refused_refund_is_an_answer_not_an_error,
    ];
    needs Nothing: [
        a_page_that_is_not_safe_is_not_handed_out,
        the_calls_about_an_order_can_be_those_of_the_other_product,
        optional_members_follow_those_of_the_documents,
        new_members_and_new_values_do_no_harm,
    ] async [
        the_documented_charge_is_sent_byte_for_byte,
    ];
}
