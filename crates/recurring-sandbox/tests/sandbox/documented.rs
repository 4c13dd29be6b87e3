//! Sends each documented member of `SOURCES.md`: what is not played is refused and moves no money, what is played is read,
//! what has no effect is taken.

use crate::emspay::FIRST;
use crate::ngenius::order;
use crate::omno::payment;
use crate::{GOOD_CARD, Reply, World};
use serde_json::{Value, json};

/// The rows of one gateway: call, member, and what is done with it.
fn rows(gateway: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let text = include_str!("../../SOURCES.md");
    let own = text.split("\n## ").find(|part| part.lines().next() == Some(gateway)).unwrap();
    let mut rows = Vec::new();
    for call in own.split("\n#### ").skip(1) {
        let name = call.lines().next().unwrap();
        for row in call.lines().filter_map(|line| line.strip_prefix("| `")) {
            let (member, rest) = row.split_once("` | ").unwrap();
            rows.push((name, member, rest.split(" | ").next().unwrap()));
        }
    }
    assert!(!rows.is_empty());
    rows
}

/// Sets the member at this path, through objects that are made where they are missing, and the first entry of a list.
fn set(body: &mut Value, path: &str, value: Value) {
    let mut at = body;
    for part in path.split('.') {
        at = match part.strip_suffix("[]") {
            Some(list) => &mut at[list][0],
            None => &mut at[part],
        };
    }
    *at = value;
}

/// Whether it was refused in the gateway's own shape, and with which words.
fn refusal(gateway: &str, reply: &Reply) -> Option<String> {
    let body: Value = serde_json::from_str(&reply.text).unwrap_or_default();
    let message = match gateway {
        "emspay" => body["error"]["value"].as_str(),
        "revio" if reply.status >= 400 => {
            body.as_object().and_then(|body| body.values().next()?[0]["message"].as_str())
        }
        "ngenius" => body["errors"][0]["message"].as_str(),
        "omno" => body["message"].as_str(),
        "tokenpay-signed" if body["responseCode"] == "0000" => None,
        "tokenpay-signed" => body["message"].as_str(),
        _ => None,
    };
    let fine = if gateway == "tokenpay-signed" { body["responseCode"] == "0000" } else { reply.status < 300 };
    assert_eq!(message.is_none(), fine, "{} {}", reply.status, reply.text);
    message.map(str::to_owned)
}

impl World {
    /// Sends the call, on a state of its own, with the member at this path set to this value.
    async fn send_member(&self, gateway: &str, call: &str, path: &str, value: &Value) -> Reply {
        let change = |mut body: Value| {
            set(&mut body, path, value.clone());
            body
        };
        match gateway {
            "emspay" => self.emspay_member(call, &change).await,
            "revio" => self.revio_member(call, &change).await,
            "ngenius" => self.ngenius_member(call, &change).await,
            "omno" => {
                let (token, body) = (self.omno_token().await, change(payment("order-7", None)));
                self.omno(&token, "POST", "/transaction/create", &body.to_string()).await
            }
            _ => self.tokenpay_member(call, &change).await,
        }
    }

    async fn emspay_member(&self, call: &str, change: &dyn Fn(Value) -> Value) -> Reply {
        let mut first: Value = serde_json::from_str(FIRST).unwrap();
        if call == "create-order" {
            return self.emspay("POST", "/orders/", &change(first).to_string()).await;
        }
        if matches!(call, "capture-transaction" | "void-transaction") {
            first["capture_mode"] = "manual".into();
        }
        let order = self.emspay("POST", "/orders/", &first.to_string()).await.json();
        let path = format!("/orders/{}/", order["id"].as_str().unwrap());
        if call == "update-order" {
            return self.emspay("PUT", &path, &change(json!({"description": "x"})).to_string()).await;
        }
        let page = format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap());
        self.customer(&page, GOOD_CARD, "pay").await;
        let transaction = format!("{path}transactions/{}", order["transactions"][0]["id"].as_str().unwrap());
        let (path, body) = match call {
            "refund-order" => (format!("{path}refunds/"), json!({"amount": 1})),
            "capture-transaction" => (format!("{transaction}/captures/"), json!({})),
            "void-transaction" => (format!("{transaction}/voids/amount/"), json!({"amount": 1})),
            other => panic!("{other}"),
        };
        self.emspay("POST", &path, &change(body).to_string()).await
    }

    async fn revio_member(&self, call: &str, change: &dyn Fn(Value) -> Value) -> Reply {
        let create = json!({
            "brand_id": self.setting("REVIO_BRAND_ID"), "client": {"email": "ann@example.org"},
            "purchase": {"products": [{"name": "test", "price": 100}]},
        });
        if call == "create-purchase" {
            return self.revio("POST", "/purchases/", &change(create).to_string()).await;
        }
        let mut create = create;
        create["skip_capture"] = matches!(call, "capture-purchase" | "release-purchase").into();
        let purchase = self.revio("POST", "/purchases/", &create.to_string()).await.json();
        let body = match call {
            "cancel-purchase" => json!({}),
            "charge-purchase" => json!({"recurring_token": "x"}),
            _ => {
                self.customer(purchase["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
                json!({})
            }
        };
        let id = purchase["id"].as_str().unwrap();
        let path = format!("/purchases/{id}/{}/", call.strip_suffix("-purchase").unwrap());
        self.revio("POST", &path, &change(body).to_string()).await
    }

    async fn ngenius_member(&self, call: &str, change: &dyn Fn(Value) -> Value) -> Reply {
        let token = self.ngenius_token().await;
        if call == "create-recurring-payment" {
            return self.ngenius_create(&change(order("MONTHLY", GOOD_CARD)).to_string()).await;
        }
        let amount = json!({"currencyCode": "AED", "value": 1500});
        let action = if call == "refund-payment" { "PURCHASE" } else { "AUTH" };
        let create = json!({"action": action, "amount": amount, "emailAddress": "ann@example.org"});
        let orders = format!("/transactions/outlets/{}/orders", self.setting("NGENIUS_OUTLET"));
        if call == "create-order" {
            return self.ngenius(&token, "POST", &orders, &change(create).to_string()).await;
        }
        let made = self.ngenius(&token, "POST", &orders, &create.to_string()).await.json();
        let reference = made["_embedded"]["payment"][0]["reference"].as_str().unwrap();
        let path = format!("{orders}/{}/payments/{reference}", made["reference"].as_str().unwrap());
        let body = json!({"amount": amount});
        if call == "pay-with-saved-card" {
            let saved = self.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await.json();
            let saved = self.ngenius_order(&saved["orderReference"]).await;
            let saved = &saved["_embedded"]["payment"][0]["savedCard"];
            let body = json!({
                "cardToken": saved["cardToken"], "expiry": saved["expiry"], "cardholderName": saved["cardholderName"],
            });
            return self
                .ngenius(&token, "PUT", &format!("{path}/saved-card"), &change(body).to_string())
                .await;
        }
        self.customer(made["_links"]["payment"]["href"].as_str().unwrap(), GOOD_CARD, "pay").await;
        let (method, path) = match call {
            "capture-payment" => ("POST", format!("{path}/captures")),
            "refund-payment" => ("POST", format!("{path}/refund")),
            _ => ("PUT", format!("{path}/cancel")),
        };
        self.ngenius(&token, method, &path, &change(body).to_string()).await
    }

    async fn tokenpay_member(&self, call: &str, change: &dyn Fn(Value) -> Value) -> Reply {
        let reference = format!("r{}", self.sandbox.exchanges().len());
        let callbacks = json!({"success": "https://m.example/a", "fail": "https://m.example/b", "notify": "https://m.example/c"});
        let (path, body) = match call {
            "add-token" => ("tokenization/add-token", json!({"userId": "user1", "callbackUrl": callbacks})),
            "query-token" => ("tokenization/query-token", json!({"userId": "user1"})),
            "delete-token" => ("tokenization/delete-token", json!({"userId": "user1", "tokenId": 1})),
            "sale" => (
                "tokenization/sale",
                json!({"userId": "user1", "tokenId": 436, "amount": 5, "merchantReference": reference}),
            ),
            "recurring" => (
                "tokenization/recurring",
                json!({"userId": "user1", "tokenId": 436, "amount": 5, "merchantReference": reference, "parentOrderId": 5798}),
            ),
            "create-checkout" => {
                ("hosted-checkout/create", json!({"amount": 5, "merchantReference": reference}))
            }
            "recurring-checkout" => (
                "hosted-checkout/recurring",
                json!({"amount": 5, "merchantReference": reference, "parentOrderId": 1}),
            ),
            "query-order" => ("hosted-checkout/query", json!({"merchantReference": "first"})),
            "void-order" => ("hosted-checkout/void", json!({"merchantReference": "first"})),
            "refund-order" => ("hosted-checkout/refund", json!({"merchantReference": "first", "amount": 1})),
            other => panic!("{other}"),
        };
        let mut body = body;
        body["merchantId"] = 3.into();
        let request = change(body).to_string();
        let envelope = json!({"request": request, "signature": self.sign(&request)}).to_string();
        self.envelope(&format!("/{path}"), &envelope).await
    }

    async fn check_members(&self, gateway: &str) {
        for (call, member, treatment) in rows(gateway) {
            let place = format!("{gateway} {call} {member}");
            let values = match treatment {
                // No member is a list in a list: what is read is refused with it.
                "played" => vec![json!([[]])],
                "without effect" => vec![json!("x"), json!({"a": "b"}), json!([])],
                _ => vec![json!(7), json!({"a": "b"})],
            };
            let mut taken = 0;
            for value in values {
                let before = self.sandbox.ledger().len();
                let reply = self.send_member(gateway, call, member, &value).await;
                let refusal = refusal(gateway, &reply);
                match treatment {
                    "played" => assert!(refusal.is_some(), "{place}: {}", reply.text),
                    "without effect" => taken += u32::from(refusal.is_none()),
                    _ => {
                        let words = refusal.unwrap_or_else(|| panic!("{place}: {}", reply.text));
                        assert!(words.contains("not played"), "{place}: {words}");
                        // The other calls need a payment first.
                        let moved = self.sandbox.ledger().len() != before;
                        assert!(!moved || !call.starts_with("create"), "{place}");
                    }
                }
            }
            assert!(treatment != "without effect" || taken > 0, "{place} is refused");
        }
    }
}

#[tokio::test]
async fn emspay_documented_members_are_played_or_refused() {
    World::start().await.check_members("emspay").await;
}

#[tokio::test]
async fn revio_documented_members_are_played_or_refused() {
    World::start().await.check_members("revio").await;
}

#[tokio::test]
async fn ngenius_documented_members_are_played_or_refused() {
    World::start().await.check_members("ngenius").await;
}

#[tokio::test]
async fn omno_documented_members_are_played_or_refused() {
    World::start().await.check_members("omno").await;
}

#[tokio::test]
async fn tokenpay_documented_members_are_played_or_refused() {
    let world = World::start().await;
    world.customer(&world.add_token("user1").await, GOOD_CARD, "pay").await;
    world.sale("user1", 436, "first", true).await;
    world.check_members("tokenpay-signed").await;
}
