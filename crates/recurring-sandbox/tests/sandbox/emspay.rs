use crate::{DECLINED_CARD, GOOD_CARD, LATER_DECLINED_CARD, Reply, World, members};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recurring_sandbox::LedgerKind;
use serde_json::{Value, json};
use std::time::Duration;

/// The three answers that the source document prints.
const NEW: &str = r#"{"amount":4000,"client":{"user_agent":"Testing API"},"created":"","currency":"EUR","description":"","id":"",
"last_transaction_added":"","merchant_id":"","merchant_order_id":"1","modified":"","project_id":"","status":"new",
"transactions":[{"amount":4000,"balance":"internal","created":"","credit_debit":"credit","currency":"EUR","description":"",
"expiration_period":"PT30M","id":"","merchant_id":"","modified":"","order_id":"","payment_method":"credit-card",
"payment_method_details":{"recurring_type":"first"},"payment_url":"","project_id":"","status":"new"}]}"#;
const COMPLETED: &str = r#"{"amount":4000,"client":{"user_agent":"Testing API"},"created":"","currency":"EUR",
"customer":{"country":"NL","ip_address":"127.0.0.1"},"description":"","id":"","last_transaction_added":"","merchant_id":"",
"merchant_order_id":"1","modified":"","project_id":"","status":"completed","transactions":[{"amount":4000,"balance":"internal",
"created":"","credit_debit":"credit","currency":"EUR","description":"","expiration_period":"PT30M","id":"","merchant_id":"",
"modified":"","order_id":"","payment_method":"credit-card","payment_method_brand":"visa","payment_method_details":{
"card_expiry":"012020","cardholder_name":"Cardholder name","liability_shift":true,"recurring_type":"first",
"truncated_pan":"************0002","vault_token":""},"product_type":"corpnl","project_id":"","status":"completed"}]}"#;
const RECURRING: &str = r#"{"amount":4000,"client":{"user_agent":"Testing API"},"created":"","currency":"EUR","description":"",
"id":"","last_transaction_added":"","merchant_id":"","merchant_order_id":"2","modified":"","project_id":"",
"status":"processing","transactions":[{"amount":4000,"balance":"internal","created":"","credit_debit":"credit",
"currency":"EUR","description":"","expiration_period":"PT30M","id":"","merchant_id":"","modified":"","order_id":"",
"payment_method":"credit-card","payment_method_brand":"visa","payment_method_details":{"card_expiry":"012020",
"cardholder_name":"","first_authorised_transaction_id":"","liability_shift":false,"recurring_type":"recurring",
"truncated_pan":"","vault_token":""},"product_type":"corpnl","project_id":"","status":"processing"}]}"#;
/// The first request of the source document.
pub(crate) const FIRST: &str = r#"{
  "merchant_order_id": "1",
  "amount": 4000,
  "currency": "EUR",
  "description": "Credit card order - First recurring",
  "transactions": [
    {
      "payment_method": "credit-card",
      "payment_method_details": {
        "recurring_type":"first"
      }
    }
  ]
}"#;

fn documented(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn later(token: &str, reference: &str) -> String {
    json!({
        "merchant_order_id": reference, "amount": 4000, "currency": "EUR",
        "description": "Credit card order - Actual recurring",
        "transactions": [{"payment_method": "credit-card",
            "payment_method_details": {"recurring_type": "recurring", "vault_token": token}}],
    })
    .to_string()
}

impl World {
    pub(crate) async fn emspay(&self, method: &str, path: &str, body: &str) -> Reply {
        let key = format!("Basic {}", STANDARD.encode(format!("{}:", self.setting("EMSPAY_API_KEY"))));
        let url = format!("{}{path}", self.setting("EMSPAY_BASE_URL"));
        self.call(method, &url, &[("authorization", &key), ("content-type", "application/json")], body).await
    }

    /// A first order that the customer paid with this card: the order, read afterwards.
    pub(crate) async fn emspay_first(&self, card: &str, action: &str) -> Value {
        let created = self.emspay("POST", "/orders/", FIRST).await.json();
        let page = format!("http://{}", created["transactions"][0]["payment_url"].as_str().unwrap());
        assert_eq!(self.customer(&page, card, action).await.status, 200);
        let path = format!("/orders/{}/", created["id"].as_str().unwrap());
        self.emspay("GET", &path, "").await.json()
    }

    pub(crate) async fn emspay_token(&self, card: &str) -> String {
        let order = self.emspay_first(card, "pay").await;
        order["transactions"][0]["payment_method_details"]["vault_token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn emspay_first_order_to_renewal_succeeds() {
    let world = World::start().await;
    let created = world.emspay("POST", "/orders/", FIRST).await;
    assert_eq!(created.status, 201);
    let created = created.json();
    assert_eq!(members(&created), members(&documented(NEW)));
    assert_eq!(created["status"], "new");
    let url = created["transactions"][0]["payment_url"].as_str().unwrap();
    assert!(url.starts_with("127.0.0.1:") && url.ends_with("/?payment_method=credit-card"), "{url}");

    let path = format!("/orders/{}/", created["id"].as_str().unwrap());
    assert_eq!(world.emspay("GET", &path, "").await.json(), created);
    assert!(world.money().is_empty());

    let paid = world.customer(&format!("http://{url}"), GOOD_CARD, "pay").await;
    assert_eq!((paid.status, paid.text.contains("The payment is complete.")), (200, true));
    let order = world.emspay("GET", &path, "").await.json();
    assert_eq!(members(&order), members(&documented(COMPLETED)));
    let details = &order["transactions"][0]["payment_method_details"];
    assert_eq!(details["card_expiry"], "122049");
    assert_eq!(details["truncated_pan"], "************1111");
    assert_eq!(details["liability_shift"], true);
    let token = details["vault_token"].as_str().unwrap();

    let charged = world.emspay("POST", "/orders/", &later(token, "2")).await;
    assert_eq!(charged.status, 201);
    let charged = charged.json();
    assert_eq!(members(&charged), members(&documented(RECURRING)));
    assert_eq!(charged["status"], "processing");
    let details = &charged["transactions"][0]["payment_method_details"];
    assert_eq!(details["first_authorised_transaction_id"], order["transactions"][0]["id"]);
    assert_eq!(details["liability_shift"], false);
    let path = format!("/orders/{}/", charged["id"].as_str().unwrap());
    let read = world.emspay("GET", &path, "").await.json();
    assert_eq!(
        (&read["status"], &read["transactions"][0]["status"]),
        (&json!("completed"), &json!("completed"))
    );
    assert_eq!(members(&read), members(&documented(RECURRING)));

    assert_eq!(world.money(), ["1 4000 EUR", "2 4000 EUR"]);
    let last = world.sandbox.ledger().pop().unwrap();
    assert_eq!((last.gateway.as_str(), last.payment.as_str()), ("emspay", charged["id"].as_str().unwrap()));

    // The reference is not unique on this gateway: a repeated request takes the money again.
    assert_eq!(world.emspay("POST", "/orders/", &later(token, "2")).await.status, 201);
    assert_eq!(world.money(), ["1 4000 EUR", "2 4000 EUR", "2 4000 EUR"]);
}

#[tokio::test]
async fn declined_payment_is_an_order() {
    let world = World::start().await;
    for (card, action) in [(DECLINED_CARD, "pay"), (GOOD_CARD, "decline")] {
        let order = world.emspay_first(card, action).await;
        assert_eq!(
            (&order["status"], &order["transactions"][0]["status"]),
            (&json!("error"), &json!("error"))
        );
        assert!(order["transactions"][0]["customer_message"].is_string());
        assert!(order["transactions"][0]["payment_method_details"].get("vault_token").is_none());
    }
    assert_eq!(world.emspay_first(GOOD_CARD, "cancel").await["status"], "cancelled");
    assert!(world.money().is_empty());

    let token = world.emspay_token(LATER_DECLINED_CARD).await;
    let declined = world.emspay("POST", "/orders/", &later(&token, "9")).await;
    assert_eq!(declined.status, 201);
    let declined = declined.json();
    assert_eq!(
        (&declined["status"], &declined["transactions"][0]["status"]),
        (&json!("error"), &json!("error"))
    );
    assert_eq!(declined["transactions"][0]["reason"], "insufficient_funds");
    assert!(declined["transactions"][0]["customer_message"].is_string());
    assert_eq!(world.money(), ["1 4000 EUR"]);
}

#[tokio::test]
async fn series_and_unpaid_order_expire() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    let open = world.emspay("POST", "/orders/", FIRST).await.json();
    let path = format!("/orders/{}/", open["id"].as_str().unwrap());
    world.sandbox.advance(Duration::from_secs(29 * 60));
    assert_eq!(world.emspay("GET", &path, "").await.json()["status"], "new");
    world.sandbox.advance(Duration::from_secs(60));
    assert_eq!(world.emspay("GET", &path, "").await.json()["status"], "expired");
    world.sandbox.advance(Duration::from_secs(364 * 24 * 3600));
    assert_eq!(world.emspay("POST", "/orders/", &later(&token, "2")).await.json()["status"], "processing");
    world.sandbox.advance(Duration::from_secs(3 * 24 * 3600));
    assert_eq!(world.emspay("POST", "/orders/", &later(&token, "3")).await.json()["status"], "error");
    assert_eq!(world.money(), ["1 4000 EUR", "2 4000 EUR"]);
}

#[tokio::test]
async fn order_is_changed_canceled_listed_and_refunded() {
    let world = World::start().await;
    let open = world.emspay("POST", "/orders/", FIRST).await.json();
    let path = format!("/orders/{}/", open["id"].as_str().unwrap());
    let changed = world.emspay("PUT", &path, r#"{"description":"New words"}"#).await;
    assert_eq!((changed.status, &changed.json()["description"]), (200, &json!("New words")));
    assert_eq!(world.emspay("PUT", &path, r#"{"amount":1}"#).await.status, 400);
    let cancelled = world.emspay("DELETE", &path, "").await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")));
    assert_eq!(world.emspay("DELETE", &path, "").await.status, 400);

    world.sandbox.advance(Duration::from_secs(3600));
    let paid = world.emspay_first(GOOD_CARD, "pay").await;
    let created = paid["created"].as_str().unwrap().replace('+', "%2B");
    let list = world.emspay("GET", &format!("/orders/?created_since={created}"), "").await.json();
    assert_eq!(list, json!([paid]));
    assert_eq!(world.emspay("GET", "/orders/", "").await.json().as_array().unwrap().len(), 2);
    assert_eq!(world.emspay("GET", "/orders/?created_until=yesterday", "").await.status, 400);

    let path = format!("/orders/{}/", paid["id"].as_str().unwrap());
    assert_eq!(world.emspay("DELETE", &path, "").await.status, 400);
    let refund = world.emspay("POST", &format!("{path}refunds/"), r#"{"amount":1500}"#).await;
    assert_eq!((refund.status, &refund.json()["status"]), (201, &json!("completed")));
    assert_eq!(world.emspay("POST", &format!("{path}refunds/"), r#"{"amount":2501}"#).await.status, 400);
    let kinds: Vec<_> = world.sandbox.ledger().iter().map(|entry| (entry.kind, entry.amount_minor)).collect();
    assert_eq!(kinds, [(LedgerKind::Charge, 4000), (LedgerKind::Refund, 1500)]);
}

#[tokio::test]
async fn customer_is_redirected_to_the_merchant() {
    let world = World::start().await;
    let mut body = documented(FIRST);
    body["return_url"] = json!("https://merchant.example/thanks?a=1&b=2");
    body["failure_url"] = json!("https://merchant.example/sorry");
    for (action, to) in
        [("pay", "https://merchant.example/thanks?a=1&b=2&"), ("decline", "https://merchant.example/sorry?")]
    {
        let order = world.emspay("POST", "/orders/", &body.to_string()).await.json();
        let page = format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap());
        let reply = world.customer(&page, GOOD_CARD, action).await;
        let to = format!("{to}order_id={}", order["id"].as_str().unwrap());
        assert_eq!((reply.status, reply.location), (303, Some(to)));
    }
}

#[tokio::test]
async fn emspay_refuses_invalid_requests() {
    let world = World::start().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = documented(FIRST);
        change(&mut body);
        body.to_string()
    };
    let details = "payment_method_details";
    let refused = [
        with(&|body| body["amount"] = json!(0)),
        with(&|body| body["amount"] = json!(-1)),
        with(&|body| body["amount"] = json!(40.5)),
        with(&|body| body["amount"] = json!("4000")),
        with(&|body| body["currency"] = json!("EUX")),
        with(&|body| body["currency"] = json!("eur")),
        with(&|body| body["transactions"] = json!([])),
        with(&|body| body["transactions"][0][details] = json!([])),
        with(&|body| body["transactions"][0][details] = json!({"recurring_type": "sometimes"})),
        with(&|body| body["transactions"][0][details] = json!({"recurring_type": "recurring"})),
        with(&|body| body["transactions"][0]["payment_method"] = json!("cash")),
        with(&|body| body["return_url"] = json!("javascript:alert(1)")),
        later("0c8fd8ab-25ec-4109-ac8f-495804aa5026", "2"),
        FIRST.replace("\"amount\": 4000,", "\"amount\": 4000, \"amount\": 4001,"),
        "nonsense".to_owned(),
        String::new(),
    ];
    for body in refused {
        let reply = world.emspay("POST", "/orders/", &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
        let error = &reply.json()["error"];
        assert!(error["type"].is_string() && error["value"].is_string() && error["status"] == 400, "{error}");
    }
    assert_eq!(world.emspay("GET", "/orders/unknown/", "").await.status, 404);
    assert_eq!(world.emspay("PATCH", "/orders/", FIRST).await.status, 405);

    let url = format!("{}/orders/", world.setting("EMSPAY_BASE_URL"));
    let key = world.setting("EMSPAY_API_KEY");
    let keys = [format!("{key}:x"), key.clone(), "other:".to_owned(), format!(":{key}")];
    for header in
        keys.iter().map(|key| format!("Basic {}", STANDARD.encode(key))).chain([format!("Bearer {key}")])
    {
        let headers = [("authorization", header.as_str()), ("content-type", "application/json")];
        assert_eq!(world.call("POST", &url, &headers, FIRST).await.status, 401);
    }
    assert!(world.money().is_empty());
    let statuses: Vec<u16> = world.sandbox.exchanges().iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5);
}
