use crate::ngenius::{DAY, DOCUMENTED_START, order};
use crate::receiver::{Heard, Receiver};
use crate::{DECLINED_CARD, GOOD_CARD, LATER_DECLINED_CARD, World, emspay, omno};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_sandbox::Sandbox;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

impl World {
    /// The key in the file that a setting names.
    fn key(&self, setting: &str) -> VerifyingKey<Sha256> {
        let pem = std::fs::read_to_string(self.setting(setting)).unwrap();
        VerifyingKey::new(RsaPublicKey::from_public_key_pem(&pem).unwrap())
    }
}

fn genuine(key: &VerifyingKey<Sha256>, signed: &[u8], signature: &str) -> bool {
    let signature = STANDARD.decode(signature).unwrap();
    key.verify(signed, &Signature::try_from(signature.as_slice()).unwrap()).is_ok()
}

/// One member of each body.
fn all(heard: &[Heard], member: &str) -> Vec<String> {
    heard.iter().map(|heard| heard.json()[member].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn emspay_notification_names_only_the_order() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let with_hook = |body: &str| {
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["webhook_url"] = format!("{}/emspay", receiver.url).into();
        body.to_string()
    };
    let created = world.emspay("POST", "/orders/", &with_hook(emspay::FIRST)).await.json();
    world.sandbox.settle().await;
    assert!(receiver.take().is_empty(), "nothing has happened yet");
    let page = format!("http://{}", created["transactions"][0]["payment_url"].as_str().unwrap());
    world.customer(&page, LATER_DECLINED_CARD, "pay").await;
    world.sandbox.settle().await;
    let heard = receiver.take();
    assert_eq!((heard.len(), heard[0].path.as_str()), (1, "/emspay"));
    assert_eq!(heard[0].header("content-type"), "application/json");
    let expected =
        json!({"event": "status_changed", "order_id": created["id"], "project_id": created["project_id"]});
    assert_eq!(heard[0].json(), expected);

    let path = format!("/orders/{}/", created["id"].as_str().unwrap());
    let paid = world.emspay("GET", &path, "").await.json();
    let token = paid["transactions"][0]["payment_method_details"]["vault_token"].as_str().unwrap();
    let renewal = world.emspay("POST", "/orders/", &with_hook(&emspay::later(token, "2"))).await.json();
    assert_eq!(renewal["status"], "error");
    world.emspay("POST", &format!("{path}refunds/"), r#"{"amount":1}"#).await;
    let open = world.emspay("POST", "/orders/", &with_hook(emspay::FIRST)).await.json();
    world.emspay("DELETE", &format!("/orders/{}/", open["id"].as_str().unwrap()), "").await;
    world.sandbox.settle().await;
    let ids: Vec<String> =
        [&renewal, &paid, &open].iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(all(&receiver.take(), "order_id"), ids);
}

#[tokio::test]
async fn revio_notification_is_signed_over_every_byte() {
    let receiver = Receiver::start().await;
    let world = World::with(Sandbox::builder().with_webhook("revio", &format!("{}/all", receiver.url))).await;
    let client = world.revio_client("a@b.example").await;
    let body = |more: Value| {
        let mut body = json!({
            "purchase": {"products": [{"name": "test", "price": 100}]}, "force_recurring": true,
            "brand_id": world.setting("REVIO_BRAND_ID"), "client_id": client,
            "success_callback": format!("{}/paid", receiver.url),
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    let created = world.revio("POST", "/purchases/", &body(json!({}))).await.json();
    let page = created["checkout_url"].as_str().unwrap();
    world.customer(page, DECLINED_CARD, "pay").await;
    world.customer(page, LATER_DECLINED_CARD, "pay").await;
    world.sandbox.settle().await;
    let heard = receiver.take();
    let seen: Vec<(String, String)> =
        heard.iter().map(|heard| heard.path.clone()).zip(all(&heard, "event_type")).collect();
    for expected in
        [("/all", "purchase.payment_failure"), ("/all", "purchase.paid"), ("/paid", "purchase.paid")]
    {
        let count = seen.iter().filter(|(path, event)| (path.as_str(), event.as_str()) == expected).count();
        assert_eq!(count, 1, "{expected:?} in {seen:?}");
    }
    assert_eq!(seen.len(), 3);
    let key = world.key("REVIO_WEBHOOK_PUBLIC_KEY_FILE");
    for heard in &heard {
        let signature = heard.header("X-Signature");
        assert!(genuine(&key, &heard.body, signature));
        let mut changed = heard.body.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(!genuine(&key, &changed, signature));
    }
    let path = format!("/purchases/{}/", created["id"].as_str().unwrap());
    let mut told = heard.last().unwrap().json();
    told.as_object_mut().unwrap().remove("event_type");
    assert_eq!(told, world.revio("GET", &path, "").await.json());
    let shown = world.revio("GET", "/public_key/", "").await.json();
    let file = std::fs::read_to_string(world.setting("REVIO_WEBHOOK_PUBLIC_KEY_FILE")).unwrap();
    assert_eq!(shown, json!(file));

    let token = created["id"].as_str().unwrap();
    let held = world.revio("POST", "/purchases/", &body(json!({"skip_capture": true}))).await.json();
    world.customer(held["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let other = world.revio("POST", "/purchases/", &body(json!({"skip_capture": true}))).await.json();
    world.customer(other["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let (open, _) = world.revio_purchase(&client, false).await;
    let (renewal, _) = world.revio_purchase(&client, false).await;
    for (call, body) in [
        (format!("/purchases/{}/capture/", held["id"].as_str().unwrap()), ""),
        (format!("/purchases/{}/release/", other["id"].as_str().unwrap()), ""),
        (format!("{open}cancel/"), ""),
        (format!("{path}refund/"), r#"{"amount":1}"#),
    ] {
        assert_eq!(world.revio("POST", &call, body).await.status, 200, "{call}");
    }
    assert_eq!(world.revio_charge(&renewal, token).await.status, 400);
    world.revio("POST", &format!("{path}delete_recurring_token/"), "").await;
    world.sandbox.settle().await;
    let heard = receiver.take();
    assert!(heard.iter().all(|heard| genuine(&key, &heard.body, heard.header("x-signature"))));
    let events = [
        "purchase.hold",
        "purchase.hold",
        "purchase.captured",
        "purchase.released",
        "purchase.cancelled",
        "payment.refunded",
        "purchase.payment_failure",
        "purchase.recurring_token_deleted",
    ];
    assert_eq!(all(&heard, "event_type"), events);
    assert_eq!(heard[5].json()["type"], "payment");
}

#[tokio::test]
async fn ngenius_scheduled_payments_are_sent_with_header() {
    let receiver = Receiver::start().await;
    let builder = Sandbox::builder().with_start(DOCUMENTED_START).with_webhook("ngenius", &receiver.url);
    let world = World::with(builder).await;
    let created = world.ngenius_create(&order("MONTHLY", LATER_DECLINED_CARD).to_string()).await.json();
    let mut purchase = order("YEARLY", GOOD_CARD);
    purchase["order"]["action"] = "PURCHASE".into();
    world.ngenius_create(&purchase.to_string()).await;
    purchase["payment"]["pan"] = DECLINED_CARD.into();
    world.ngenius_create(&purchase.to_string()).await;
    world.sandbox.advance(Duration::from_secs(31 * DAY));
    world.sandbox.settle().await;
    let heard = receiver.take();
    let events = ["AUTHORISED", "CAPTURED", "PURCHASED", "PURCHASE_DECLINED", "DECLINED"];
    assert_eq!(all(&heard, "eventName"), events);
    let (header, secret) = (world.setting("NGENIUS_WEBHOOK_HEADER"), world.setting("NGENIUS_WEBHOOK_SECRET"));
    assert!(heard.iter().all(|heard| heard.header(&header) == secret));
    let mut ids = all(&heard, "eventId");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    let last = heard[4].json();
    assert_eq!(last["outletId"], world.setting("NGENIUS_OUTLET"));
    // The order, with the one payment of the event in it.
    let mut read = world.ngenius_order(&created["reference"]).await;
    let payments = read["_embedded"]["payment"].as_array_mut().unwrap();
    payments.remove(0);
    assert_eq!((payments.len(), last["order"] == read), (1, true), "{last}");
    assert!(heard.iter().all(|heard| !String::from_utf8_lossy(&heard.body).contains(GOOD_CARD)));
}

#[tokio::test]
async fn omno_notification_is_sent_for_each_status() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let token = world.omno_token().await;
    let with_hook = |order: &str, card: Option<&str>| {
        let mut body = omno::payment(order, card);
        body["hookUrl"] = format!("{}/hook?from=omno", receiver.url).into();
        body
    };
    let first = world.omno_create(&token, &with_hook("first", None)).await;
    let page = first["paymentUrl"].as_str().unwrap();
    world.call("GET", page, &[], "").await;
    world.customer(page, LATER_DECLINED_CARD, "pay").await;
    world.sandbox.settle().await;
    let heard = receiver.take();
    assert_eq!(all(&heard, "status"), ["Pending3DS", "Success"]);
    assert_eq!(heard[1].json(), world.omno_status(&token, &first).await);
    assert_eq!(heard[1].json()["id"], first["paymentId"]);

    let cards = world.omno(&token, "GET", "/transaction/customer/user%2F1/cards", "").await.json();
    let card = cards[0]["cardToken"].as_str().unwrap();
    world.omno_create(&token, &with_hook("second", Some(card))).await;
    world.omno_create(&token, &with_hook("forgotten", None)).await;
    world.sandbox.advance(Duration::from_secs(30 * 60));
    world.sandbox.settle().await;
    let heard = receiver.take();
    assert_eq!(all(&heard, "status"), ["Declined", "Timeout"]);
    assert_eq!(all(&heard, "orderId"), ["second", "forgotten"]);
}

#[tokio::test]
async fn tokenpay_notification_is_signed_over_sorted_members() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world.customer(&world.add_token("user1").await, LATER_DECLINED_CARD, "pay").await;
    let callback = format!(r#","callbackUrl":{{"notify":"{}/notify"}}}}"#, receiver.url);
    let sale = |reference: &str| {
        format!(
            r#"{{"merchantId":3,"userId":"user1","tokenId":"436","amount":50.00,"merchantReference":"{reference}","isRecurring":true{callback}"#
        )
    };
    for reference in ["one", "two"] {
        let answer = world.tokenpay("/tokenization/sale", &sale(reference)).await;
        assert_eq!(answer["responseCode"], "0000", "{answer}");
    }
    let renewal = format!(
        r#"{{"merchantId":3,"userId":"user1","tokenId":"436","merchantReference":"three","amount":30,"parentOrderId":5798{callback}"#
    );
    assert_ne!(world.tokenpay("/tokenization/recurring", &renewal).await["responseCode"], "0000");
    let refund = r#"{"merchantId":3,"merchantReference":"one","amount":20}"#;
    world.tokenpay("/hosted-checkout/refund", refund).await;
    world.tokenpay("/hosted-checkout/void", r#"{"merchantId":3,"merchantReference":"two"}"#).await;
    world.sale("user1", 436, "untold", true).await;
    world.sandbox.settle().await;
    let heard = receiver.take();
    assert_eq!(all(&heard, "status"), ["SUCCESS", "SUCCESS", "FAILURE", "PARTIALLY_REFUNDED", "VOIDED"]);
    assert_eq!(all(&heard, "merchantReference"), ["one", "two", "three", "one", "two"]);
    let key = world.key("TOKENPAY_GATEWAY_PUBLIC_KEY_FILE");
    for heard in &heard {
        let members: std::collections::BTreeMap<String, String> =
            serde_json::from_slice(&heard.body).unwrap();
        let signed: Vec<String> = members
            .iter()
            .filter(|(name, _)| *name != "signature")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert!(genuine(&key, signed.join("&").as_bytes(), &members["signature"]));
    }
}

#[tokio::test]
async fn ngenius_notification_is_encrypted_on_request() {
    let receiver = Receiver::start().await;
    let builder =
        Sandbox::builder().with_webhook("ngenius", &receiver.url).with_encrypted_ngenius_webhooks(true);
    let world = World::with(builder).await;
    world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
    world.sandbox.settle().await;
    let received = receiver.take();
    assert_eq!(received.len(), 2);
    let secret = world.setting("NGENIUS_WEBHOOK_SECRET");
    let mut vectors = Vec::new();
    for call in &received {
        assert_eq!(call.header("content-type"), "text/plain");
        assert_eq!(call.header(&world.setting("NGENIUS_WEBHOOK_HEADER")), secret);
        let sealed = STANDARD.decode(&call.body).unwrap();
        assert!(sealed.len() > 32 && sealed.len() % 16 == 0);
        vectors.push(sealed[..16].to_vec());
    }
    assert_ne!(vectors[0], vectors[1]);
    assert_eq!(world.sandbox.deliveries()[0].body.as_bytes(), received[0].body);
}
