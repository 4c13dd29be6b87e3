//! No secret in anything that is shown or logged.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use recurring_fixtures::fault::{Behavior, FaultServer, RawReply};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::redaction::assert_absent;
use revio::{
    CancelPurchase, CapturePurchase, ChangeClient, ChargePurchase, Client, CreatePurchase,
    DeletePurchaseRecurringToken, DeleteRecurringToken, Environment, Error, GetPurchase, Operation as _,
    Payer, PaymentMethodsQuery, Product, RefundPurchase, ReleasePurchase, Secret, UpdateClient,
};

const KEY: &str = "sentinel-api-key-4711";
/// With a character that a path percent-encodes.
const TOKEN: &str = "sentinel|recurring-token-0815";

fn show<T: std::fmt::Debug>(answer: &Result<T, Error>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error} {error:?} {:?} {:?}", error.api(), error.reply()),
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let logs = Capture::start();
    let mut shown = String::new();
    // A gateway that quotes everything it was sent, and the token of its own accord.
    let replies = [
        RawReply::json(
            200,
            format!(
                r#"{{"id":"1","recurring_token":"{TOKEN}","transaction_data":{{"attempts":[{{"error":{{"code":"{TOKEN}","message":"bad {TOKEN}"}}}}]}}}}"#
            ),
        ),
        RawReply::json(
            200,
            format!(
                r#"{{"id":"{TOKEN}","status":"paid","is_recurring_token":true,"checkout_url":"https://gate.example/p/{TOKEN}/","transaction_data":{{"attempts":[{{"error":{{"code":"{TOKEN}","message":"{TOKEN}"}}}}]}}}}"#
            ),
        ),
        RawReply::json(
            200,
            format!(r#"{{"id":"2","type":"payment","related_to":{{"type":"purchase","id":"{TOKEN}"}}}}"#),
        ),
        RawReply::json(
            400,
            format!(r#"{{"__all__":[{{"message":"bad {TOKEN} {KEY}","code":"purchase_refund_error"}}]}}"#),
        ),
        RawReply::json(
            200,
            format!(
                r#"{{"next":"https://evil.example/{TOKEN}/?{KEY}","results":[{{"id":"{TOKEN}","type":"x"}}]}}"#
            ),
        ),
        RawReply::json(
            400,
            format!(
                r#"{{"__all__":[{{"message":"bad {TOKEN} {KEY}","code":"purchase_charge_error"}}],"{TOKEN}":{{"code":"{KEY}"}}}}"#
            ),
        ),
        RawReply::json(400, format!(r#"{{"a":{{"{TOKEN}":{{"message":"bad {TOKEN}","code":"{TOKEN}"}}}}}}"#)),
        RawReply::json(401, format!(r#"{{"__all__":{{"message":"bad {KEY}"}}}}"#)),
        RawReply::json(500, format!("{TOKEN} {KEY}")),
        RawReply::json(200, format!(r#"{{"id":{{"{TOKEN}":"{KEY}"}}}}"#)),
        RawReply::json(200, format!(r#"["{TOKEN}""#)),
        RawReply::new(204),
    ];
    for reply in replies {
        let status = reply.status;
        let server = FaultServer::start(move |_, _| Behavior::Reply(reply.clone())).await;
        let builder = Client::builder(Environment::Custom(server.url()), KEY);
        shown += &format!("{builder:?}");
        let client = builder.build().expect("a client");
        let token = Secret::new(TOKEN);

        let charge = ChargePurchase::new("1", token.clone());
        shown += &format!("{client:?} {charge:?} {:?}", charge.request());
        shown += &show(&client.charge_purchase(&charge).await);

        let delete = DeleteRecurringToken::new("c", token.clone());
        shown += &format!("{delete:?} {:?}", delete.request());
        shown += &show(&client.delete_recurring_token("c", &token).await);

        let get = GetPurchase::new(TOKEN);
        shown += &format!("{get:?} {:?}", get.request());
        let purchase = client.get_purchase(TOKEN).await;
        shown += &show(&purchase);
        if let Ok(purchase) = &purchase {
            shown += &format!("{:?} {:?}", purchase.recurring_token(), purchase.decline());
        }

        let refund = RefundPurchase::new(TOKEN);
        shown += &format!("{refund:?} {:?}", refund.request());
        let refunded = client.refund_purchase(&refund).await;
        shown += &show(&refunded);
        if let Ok(refunded) = &refunded {
            shown += &format!("{:?}", refunded.decline());
        }
        let capture = CapturePurchase::new(TOKEN);
        shown += &format!("{capture:?} {:?}", capture.request());
        shown += &show(&client.capture_purchase(&capture).await);
        let release = ReleasePurchase::new(TOKEN);
        shown += &format!("{release:?} {:?}", release.request());
        shown += &show(&client.release_purchase(&release).await);
        let cancel = CancelPurchase::new(TOKEN);
        shown += &format!("{cancel:?} {:?}", cancel.request());
        shown += &show(&client.cancel_purchase(&cancel).await);
        let forget = DeletePurchaseRecurringToken::new(TOKEN);
        shown += &format!("{forget:?} {:?}", forget.request());
        shown += &show(&client.delete_purchase_recurring_token(TOKEN).await);

        // What follows does not know the token: it is hidden where the answer itself shows that it is one.
        if status == 400 {
            continue;
        }
        let page = client.list_recurring_tokens("c", None).await;
        shown += &show(&page);
        if let Ok(page) = &page {
            shown += &show(&client.list_recurring_tokens("c", page.next.as_ref()).await);
        }
        let mut tokens = client.recurring_tokens("c");
        while let Some(token) = tokens.next().await {
            shown += &show(&token);
        }
        shown += &format!("{tokens:?}");

        let create = CreatePurchase::new("b", Payer::email("a@b"), vec![Product::new("Plan", 1)]);
        shown += &format!("{create:?} {:?}", create.request());
        shown += &show(&client.create_purchase(&create).await);
        shown += &show(&client.get_purchase("1").await);
        shown += &show(&client.update_client(&UpdateClient::new("c", "a@b")).await);
        shown += &show(&client.change_client(&ChangeClient::new("c").with_phone("1")).await);
        shown += &show(&client.delete_client("c").await);
        shown += &show(&client.public_key().await);
        let zar = revio::Currency::from_code("ZAR").expect("ZAR");
        shown += &show(&client.payment_methods(&PaymentMethodsQuery::new("b", zar)).await);
    }
    shown += &format!("{:?}", Client::builder(Environment::Live, format!("{KEY}\n")).build());
    assert!(shown.contains("bad [redacted]"), "{shown}");
    assert_absent(&[KEY, TOKEN], &shown, "what is shown");
    let logged = logs.text();
    assert!(logged.contains("charge purchase") && logged.contains("delete recurring token"), "it is logged");
    assert_absent(&[KEY, TOKEN], &logged, "the log");
}

/// The identifier of a purchase that saves the card becomes the token once it is paid.
#[test]
fn the_identifier_of_a_first_purchase_is_not_shown() {
    for member in ["is_recurring_token", "force_recurring"] {
        let body =
            format!(r#"{{"id":"{TOKEN}","{member}":true,"checkout_url":"https://g.example/{TOKEN}"}}"#);
        let purchase: revio::Purchase = serde_json::from_str(&body).expect("a purchase");
        assert_eq!(purchase.id, TOKEN);
        assert_absent(&[TOKEN], &format!("{purchase:?} {purchase:#?}"), "the Debug form of the purchase");
    }
    let other: revio::Purchase = serde_json::from_str(r#"{"id":"renewal-7"}"#).expect("a purchase");
    assert!(format!("{other:?}").contains("renewal-7"), "what finds a payment again is shown");
}

#[test]
fn an_address_that_is_refused_may_hold_a_password() {
    let address = "https://user:sentinel-password@a.example".to_owned();
    let builder = revio::Client::builder(revio::Environment::Custom(address), KEY);
    let shown = format!("{builder:?} {:?}", builder.clone().build());
    assert_absent(&[KEY, "sentinel-password"], &shown, "a builder");
}

#[test]
fn serialized_answers_hold_no_token() {
    let page = r#""checkout_url":"https://pay.example/canary-id/""#;
    let failed =
        r#""transaction_data":{"attempts":[{"error":{"code":"canary-id","message":"for canary-with"}}]}"#;
    let body = format!(
        r#"{{"id":"canary-id","status":"unheard_of","is_recurring_token":true,"recurring_token":"canary-with",{page},{failed}}}"#
    );
    let reply = |body: &str| revio::Reply::new(200, Vec::new(), body.into());
    let purchase = revio::GetPurchase::new("canary-id").read(&reply(&body)).expect("a purchase");
    let refund = revio::RefundPurchase::new("canary-id").read(&reply(&body)).expect("an answer");
    let related = r#"{"id":"r-1","type":"payment","related_to":{"type":"purchase","id":"canary-id"},"payment":{"amount":1,"currency":"ZAR"}}"#;
    let refunded = revio::RefundPurchase::new("canary-id").read(&reply(related)).expect("an answer");
    let cards =
        r#"{"next":"https://a.example/?canary-next","results":[{"id":"canary-id","description":"5***4"}]}"#;
    let cards = revio::ListRecurringTokens::new("c").read(&reply(cards)).expect("a page");
    for (json, shown) in [
        (serde_json::to_string(&purchase), r#""status":"unheard_of""#),
        (serde_json::to_string(&refund), "[redacted]"),
        (serde_json::to_string(&refunded), "r-1"),
        (serde_json::to_string(&cards), "5***4"),
    ] {
        let json = json.expect("JSON");
        assert_absent(&["canary"], &json, "JSON");
        assert!(json.contains(shown), "{shown}: {json}");
    }
}
