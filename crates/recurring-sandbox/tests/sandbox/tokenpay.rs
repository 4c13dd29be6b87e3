use crate::{DECLINED_CARD, GOOD_CARD, LATER_DECLINED_CARD, Reply, World, members};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_sandbox::LedgerKind;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use sha2::Sha256;

/// The signed text and the answer of the source document.
const REQUEST: &str = r#"{"merchantId":3,"userId":"user1","tokenId":"436","merchantReference":"merRef1656991803097","amount":30,"parentOrderId":5798}"#;
const ANSWER: &str = r#"{
"responseCode": "0000",
"message": "Success",
"order": {
"id": 5803,
"merchantId": 3,
"merchantReference": "merRef1656991803097",
"currency": "USD",
"amount": 30,
"netAmount": 30,
"cardType": "VISA",
"createTime": "2022-07-05T03:30:03.709+00:00",
"updateTime": "2022-07-05T03:30:03.709+00:00",
"status": "SUCCESS",
"recurring": true
},
"transaction": {
"id": 3974,
"merchantId": 3,
"type": "SALE",
"amount": 30,
"currency": "USD",
"status": "SUCCESS",
"maskedPan": "470534XXXXXX8101",
"stan": "3974"
}
}"#;
const CALLBACKS: &str = r#""callbackUrl":{"success":"https://merchant.example/saved","fail":"https://merchant.example/no","notify":"https://merchant.example/notify"}"#;

impl World {
    pub(crate) fn sign(&self, request: &str) -> String {
        let file = self.setting("TOKENPAY_PRIVATE_KEY_FILE");
        let key = RsaPrivateKey::from_pkcs8_pem(&std::fs::read_to_string(file).unwrap()).unwrap();
        STANDARD.encode(SigningKey::<Sha256>::new(key).sign(request.as_bytes()).to_bytes())
    }

    pub(crate) async fn envelope(&self, path: &str, body: &str) -> Reply {
        let url = format!("{}{path}", self.setting("TOKENPAY_BASE_URL"));
        self.call("POST", &url, &[("content-type", "application/json")], body).await
    }

    /// Signs the text and sends it.
    pub(crate) async fn tokenpay(&self, path: &str, request: &str) -> Value {
        let body = json!({"request": request, "signature": self.sign(request)}).to_string();
        let reply = self.envelope(path, &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    pub(crate) async fn add_token(&self, user: &str) -> String {
        let request = format!(r#"{{"merchantId":3,"userId":"{user}",{CALLBACKS}}}"#);
        let answer = self.tokenpay("/tokenization/add-token", &request).await;
        assert_eq!(answer["responseCode"], "0000", "{answer}");
        answer["data"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn sale(&self, user: &str, token: i64, reference: &str, recurring: bool) -> Value {
        let request = format!(
            r#"{{"merchantId":3,"userId":"{user}","tokenId":"{token}","amount":50.00,"merchantReference":"{reference}","isRecurring":{recurring}}}"#
        );
        self.tokenpay("/tokenization/sale", &request).await
    }
}

#[tokio::test]
async fn tokenpay_enrollment_to_renewal_succeeds() {
    let world = World::start().await;
    let page = world.add_token("user1").await;
    let saved = world.customer(&page, GOOD_CARD, "pay").await;
    assert_eq!((saved.status, saved.location.as_deref()), (303, Some("https://merchant.example/saved")));
    assert!(world.money().is_empty());
    let list = world.tokenpay("/tokenization/query-token", r#"{"merchantId":"3","userId":"USER1"}"#).await;
    assert_eq!(
        list["list"],
        json!([{
            "tokenId": 436, "userId": "user1", "maskedPan": "411111XXXXXX1111", "cardBrand": "VISA",
            "cardSubBrand": "VISA", "expiryDate": "204912",
        }])
    );
    let sale = world.sale("user1", 436, "first", true).await;
    assert_eq!(members(&sale), members(&serde_json::from_str(ANSWER).unwrap()));
    assert_eq!((&sale["responseCode"], &sale["order"]["id"]), (&json!("0000"), &json!(5798)));
    assert_eq!(sale["order"]["amount"], 50);

    let charged = world.tokenpay("/tokenization/recurring", REQUEST).await;
    assert_eq!(members(&charged), members(&serde_json::from_str(ANSWER).unwrap()));
    assert_eq!((&charged["responseCode"], &charged["message"]), (&json!("0000"), &json!("Success")));
    assert_eq!(
        (&charged["order"]["status"], &charged["transaction"]["status"]),
        (&json!("SUCCESS"), &json!("SUCCESS"))
    );
    assert_eq!((&charged["order"]["amount"], &charged["order"]["recurring"]), (&json!(30), &json!(true)));
    let time = charged["order"]["createTime"].as_str().unwrap();
    assert!(time.len() == 29 && time.ends_with("+00:00"), "{time}");

    // The reference is claimed.
    let twice = world.tokenpay("/tokenization/recurring", REQUEST).await;
    assert_ne!(twice["responseCode"], "0000");
    assert_eq!(world.money(), ["first 5000 USD", "merRef1656991803097 3000 USD"]);
    assert_eq!(world.sandbox.ledger()[1].payment, charged["order"]["id"].to_string());

    for request in [
        r#"{"merchantId":3,"merchantReference":"merRef1656991803097"}"#,
        r#"{"merchantId":3,"orderId":5799}"#,
    ] {
        let found = world.tokenpay("/hosted-checkout/query", request).await;
        assert_eq!((&found["responseCode"], &found["order"]), (&json!("0000"), &charged["order"]));
    }
    let lost = world.tokenpay("/hosted-checkout/query", r#"{"merchantId":3,"orderId":1}"#).await;
    assert_ne!(lost["responseCode"], "0000");
    assert!(lost.get("order").is_none());
}

#[tokio::test]
async fn declined_charge_has_decline_code() {
    let world = World::start().await;
    for (card, action) in [(DECLINED_CARD, "pay"), (GOOD_CARD, "decline"), (GOOD_CARD, "cancel")] {
        let page = world.add_token("user1").await;
        let reply = world.customer(&page, card, action).await;
        assert_eq!((reply.status, reply.location.as_deref()), (303, Some("https://merchant.example/no")));
    }
    world.customer(&world.add_token("user1").await, LATER_DECLINED_CARD, "pay").await;
    assert_eq!(world.sale("user1", 436, "first", true).await["responseCode"], "0000");
    let declined = world.tokenpay("/tokenization/recurring", REQUEST).await;
    assert_ne!(declined["responseCode"], "0000");
    assert_eq!(
        (&declined["order"]["status"], &declined["transaction"]["status"]),
        (&json!("FAILURE"), &json!("DECLINED"))
    );
    assert_eq!(members(&declined), members(&serde_json::from_str(ANSWER).unwrap()));
    assert_eq!(world.money(), ["first 5000 USD"]);
}

#[tokio::test]
async fn charge_needs_its_own_user_token_and_sale() {
    let world = World::start().await;
    world.customer(&world.add_token("user1").await, GOOD_CARD, "pay").await;
    world.customer(&world.add_token("user2").await, GOOD_CARD, "pay").await;
    world.customer(&world.add_token("user1").await, GOOD_CARD, "pay").await;
    assert_eq!(world.sale("user1", 436, "sale-1", true).await["order"]["id"], 5798);
    assert_eq!(world.sale("user2", 437, "sale-2", false).await["order"]["id"], 5799);
    assert_eq!(world.sale("user2", 436, "other", true).await["message"], "Token not found");
    let charge = |user: &str, token: i64, parent: i64| {
        format!(
            r#"{{"merchantId":3,"userId":"{user}","tokenId":{token},"merchantReference":"r-{user}-{token}-{parent}","amount":30,"parentOrderId":{parent}}}"#
        )
    };
    for (user, token, parent) in [
        ("user2", 437, 5798),
        ("user1", 437, 5798),
        ("user1", 438, 5798),
        ("user2", 437, 5799),
        ("user1", 436, 1),
    ] {
        let refused = world.tokenpay("/tokenization/recurring", &charge(user, token, parent)).await;
        assert_eq!(refused["responseCode"], "1004", "{user} {token} {parent}: {refused}");
    }
    let charged = world.tokenpay("/tokenization/recurring", &charge("user1", 436, 5798)).await;
    assert_eq!(charged["responseCode"], "0000");
    // A recurring charge cannot be a parent.
    assert_ne!(
        world.tokenpay("/tokenization/recurring", &charge("user1", 436, 5800)).await["responseCode"],
        "0000"
    );

    let forget = r#"{"merchantId":3,"userId":"user1","tokenId":"436"}"#;
    assert_eq!(world.tokenpay("/tokenization/delete-token", forget).await["responseCode"], "0000");
    assert_ne!(world.tokenpay("/tokenization/delete-token", forget).await["responseCode"], "0000");
    assert_ne!(world.tokenpay("/tokenization/recurring", REQUEST).await["responseCode"], "0000");
    assert_eq!(world.money().len(), 3);
}

#[tokio::test]
async fn signature_covers_the_text_as_sent() {
    let world = World::start().await;
    let signature = world.sign(REQUEST);
    // The same members in another text, a cut signature, another text, no base64.
    let spaced = REQUEST.replace("\"amount\":30", "\"amount\": 30");
    let cases = [
        (spaced.as_str(), signature.as_str()),
        (REQUEST, &signature[..340]),
        (REQUEST, "not base64"),
        (REQUEST, ""),
        ("", &signature),
    ];
    for (request, signature) in cases {
        let reply = world
            .envelope(
                "/tokenization/recurring",
                &json!({"request": request, "signature": signature}).to_string(),
            )
            .await;
        assert_eq!((reply.status, &reply.json()["message"]), (200, &json!("Invalid signature")));
        assert_ne!(reply.json()["responseCode"], "0000");
    }
    // The example's own signature was made with a key that is not registered here.
    let signed = json!({"request": spaced, "signature": world.sign(&spaced)}).to_string();
    let escaped = signed.replace("amount", "\\u0061mount");
    for body in [signed, escaped] {
        let reply = world.envelope("/tokenization/recurring", &body).await;
        assert_eq!(reply.json()["message"], "Token not found");
    }
}

#[tokio::test]
async fn tokenpay_refuses_invalid_requests() {
    let world = World::start().await;
    world.customer(&world.add_token("user1").await, GOOD_CARD, "pay").await;
    assert_eq!(world.sale("user1", 436, "first", true).await["responseCode"], "0000");
    for amount in ["0", "-1", "1.234", "1e2", "\"30\"", "1234567890", "12345678.90", "null", "true"] {
        let refused =
            world.tokenpay("/tokenization/recurring", &REQUEST.replace(":30,", &format!(":{amount},"))).await;
        assert_eq!(refused["responseCode"], "1002", "{amount}: {refused}");
    }
    let long = "x".repeat(65);
    for request in [
        REQUEST.replace("merRef1656991803097", &long),
        REQUEST.replace("\"merRef1656991803097\"", "7"),
        REQUEST.replace("user1", &long),
        REQUEST.replace("user1", ""),
        REQUEST.replace("\"436\"", "\"many\""),
        REQUEST.replace("5798", "null"),
        REQUEST.replace("\"amount\"", "\"callbackUrl\":{\"notify\":\"nowhere\"},\"amount\""),
        REQUEST.replace("\"merchantId\":3", "\"merchantId\":4"),
    ] {
        let refused = world.tokenpay("/tokenization/recurring", &request).await;
        assert_ne!(refused["responseCode"], "0000", "{request}");
        assert!(refused["message"].is_string());
    }
    let incomplete =
        r#"{"merchantId":3,"userId":"user1","callbackUrl":{"success":"https://merchant.example/a"}}"#;
    assert_eq!(world.tokenpay("/tokenization/add-token", incomplete).await["responseCode"], "1002");

    let twice = REQUEST.replace("\"amount\":30", "\"amount\":30,\"amount\":31");
    let twice = json!({"request": twice, "signature": world.sign(&twice)}).to_string();
    for body in [twice.as_str(), "nonsense", "[]", r#"{"request":{},"signature":""}"#, r#"{"request":"{}"}"#]
    {
        let reply = world.envelope("/tokenization/recurring", body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_ne!(reply.json()["responseCode"], "0000");
    }
    assert_eq!(world.envelope("/tokenization/unknown", "{}").await.status, 404);
    assert_eq!(world.money(), ["first 5000 USD"]);
}

#[tokio::test]
async fn order_is_refunded_or_voided_once() {
    let world = World::start().await;
    world.customer(&world.add_token("user1").await, GOOD_CARD, "pay").await;
    for reference in ["a", "b", "c"] {
        assert_eq!(world.sale("user1", 436, reference, false).await["responseCode"], "0000");
    }
    let refund = |reference: &str, amount: &str| {
        format!(r#"{{"merchantId":3,"merchantReference":"{reference}","amount":{amount}}}"#)
    };
    let path = "/hosted-checkout/refund";
    assert_ne!(world.tokenpay(path, &refund("a", "50.01")).await["responseCode"], "0000");
    let part = world.tokenpay(path, &refund("a", "20.5")).await;
    assert_eq!(
        (&part["order"]["status"], part["order"]["netAmount"].to_string()),
        (&json!("PARTIALLY_REFUNDED"), "29.5".into())
    );
    assert_ne!(world.tokenpay(path, &refund("a", "1")).await["responseCode"], "0000");
    let whole = world.tokenpay(path, &refund("b", "50")).await;
    assert_eq!((&whole["order"]["status"], &whole["order"]["netAmount"]), (&json!("REFUNDED"), &json!(0)));
    let void = r#"{"merchantId":3,"orderId":"5800"}"#;
    assert_eq!(world.tokenpay("/hosted-checkout/void", void).await["order"]["status"], "VOIDED");
    assert_ne!(world.tokenpay("/hosted-checkout/void", void).await["responseCode"], "0000");
    let back: Vec<_> =
        world.sandbox.ledger().iter().skip(3).map(|entry| (entry.kind, entry.amount_minor)).collect();
    assert_eq!(back, [(LedgerKind::Refund, 2050), (LedgerKind::Refund, 5000), (LedgerKind::Refund, 5000)]);
}

#[tokio::test]
async fn notification_is_signed_by_the_gateway() {
    let world = World::start().await;
    world.customer(&world.add_token("user1").await, GOOD_CARD, "pay").await;
    world.sale("user1", 436, "first", true).await;
    assert!(world.sandbox.tokenpay_notification(1).is_none());
    let body: Value = serde_json::from_str(&world.sandbox.tokenpay_notification(5798).unwrap()).unwrap();
    assert_eq!(
        (&body["amount"], &body["status"], &body["orderId"]),
        (&json!("50.00"), &json!("SUCCESS"), &json!("5798"))
    );

    let pem = std::fs::read_to_string(world.setting("TOKENPAY_GATEWAY_PUBLIC_KEY_FILE")).unwrap();
    let key = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_pem(&pem).unwrap());
    let names = ["amount", "cardType", "maskedPan", "merchantReference", "orderId", "status", "updateTime"];
    let text: Vec<String> =
        names.iter().map(|name| format!("{name}={}", body[name].as_str().unwrap())).collect();
    let signature = STANDARD.decode(body["signature"].as_str().unwrap()).unwrap();
    key.verify(text.join("&").as_bytes(), &Signature::try_from(signature.as_slice()).unwrap()).unwrap();
}
