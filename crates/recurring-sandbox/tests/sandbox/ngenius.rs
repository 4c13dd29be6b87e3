use crate::{DECLINED_CARD, GOOD_CARD, LATER_DECLINED_CARD, Reply, World, members};
use recurring_sandbox::{LedgerKind, Sandbox};
use serde_json::{Value, json};
use std::time::Duration;

const PAYMENT: &str = "application/vnd.ni-payment.v2+json";
const IDENTITY: &str = "application/vnd.ni-identity.v1+json";
pub(crate) const DAY: u64 = 24 * 3600;
/// 2019-05-26T04:59:11Z, the start in the source document's example.
pub(crate) const DOCUMENTED_START: i64 = 1_558_846_751;
/// The request and answer of the source document.
const REQUEST: &str = r#"{
"order": {
"action":"SALE",
"channel": "MoTo",
"type": "RECURRING",
"frequency": "MONTHLY",
"emailAddress": "[email protected]",
"amount": {
"currencyCode":"AED",
"value":150
}
},
"payment":{
"pan":"4012001037141112",
"expiry":"2025-04",
"cvv":"123",
"cardholderName":"Test Customer"
}
}"#;
const ANSWER: &str = r#"{
"state": "ACTIVE",
"reference": "5787d6d7-765f-4716-b19f-0b6482aa802d",
"frequency": "MONTHLY",
"orderReference": "5787d6d7-765f-4716-b19f-0b6482aa802d",
"outletId": "5edab6d7-5946-43f4-b8c7-06b29c272bdd",
"startTime": "2019-05-26T04:59:11Z",
"nextPaymentOn": "2019-06-23T04:59:11Z"
}"#;

pub(crate) fn order(frequency: &str, card: &str) -> Value {
    let mut body: Value = serde_json::from_str(REQUEST).unwrap();
    body["order"]["frequency"] = frequency.into();
    body["order"]["merchantOrderReference"] = "plan-1".into();
    body["payment"]["pan"] = card.into();
    body["payment"]["expiry"] = "2099-12".into();
    body
}

impl World {
    pub(crate) async fn ngenius_token(&self) -> String {
        let url = format!("{}/identity/auth/access-token", self.setting("NGENIUS_BASE_URL"));
        let key = format!("Basic {}", self.setting("NGENIUS_API_KEY"));
        let headers = [("authorization", key.as_str()), ("content-type", IDENTITY), ("accept", IDENTITY)];
        let reply = self.call("POST", &url, &headers, r#"{"realmName":"ni"}"#).await;
        assert_eq!((reply.status, reply.content_type.as_str()), (200, IDENTITY), "{}", reply.text);
        assert_eq!(reply.json()["expires_in"], 300);
        format!("Bearer {}", reply.json()["access_token"].as_str().unwrap())
    }

    pub(crate) async fn ngenius(&self, token: &str, method: &str, path: &str, body: &str) -> Reply {
        let headers = [("authorization", token), ("content-type", PAYMENT), ("accept", PAYMENT)];
        self.call(method, &format!("{}{path}", self.setting("NGENIUS_BASE_URL")), &headers, body).await
    }

    pub(crate) async fn ngenius_create(&self, body: &str) -> Reply {
        let path = format!("/recurring-payment/outlets/{}/orders", self.setting("NGENIUS_OUTLET"));
        self.ngenius(&self.ngenius_token().await, "POST", &path, body).await
    }

    pub(crate) async fn ngenius_order(&self, reference: &Value) -> Value {
        let outlet = self.setting("NGENIUS_OUTLET");
        let path = format!("/transactions/outlets/{outlet}/orders/{}", reference.as_str().unwrap());
        let reply = self.ngenius(&self.ngenius_token().await, "GET", &path, "").await;
        assert_eq!((reply.status, reply.content_type.as_str()), (200, PAYMENT));
        reply.json()
    }

    /// The days of the order's payments and their states.
    pub(crate) async fn ngenius_payments(&self, reference: &Value) -> Vec<String> {
        let order = self.ngenius_order(reference).await;
        let payments = order["_embedded"]["payment"].as_array().unwrap().iter();
        payments
            .map(|payment| {
                let at = payment["updateDateTime"].as_str().unwrap();
                format!("{} {}", &at[..10], payment["state"].as_str().unwrap())
            })
            .collect()
    }
}

#[tokio::test]
async fn documented_request_gets_documented_answer() {
    let world = World::with(Sandbox::builder().with_start(DOCUMENTED_START)).await;
    let reply = world.ngenius_create(REQUEST).await;
    assert_eq!((reply.status, reply.content_type.as_str()), (200, PAYMENT), "{}", reply.text);
    let created = reply.json();
    assert_eq!(members(&created), members(&serde_json::from_str(ANSWER).unwrap()));
    assert_eq!(created["state"], "ACTIVE");
    assert_eq!(created["reference"], created["orderReference"]);
    assert_eq!(created["outletId"], world.setting("NGENIUS_OUTLET"));
    assert!(created["startTime"].as_str().unwrap().starts_with("2019-05-26T04:59:"));
    assert!(created["nextPaymentOn"].as_str().unwrap().starts_with("2019-06-26T04:59:"));
    assert_eq!(world.money(), [" 150 AED"]);

    let order = world.ngenius_order(&created["orderReference"]).await;
    assert_eq!(order["_id"], format!("urn:order:{}", order["reference"].as_str().unwrap()));
    assert_eq!(order["amount"], json!({"currencyCode": "AED", "value": 150}));
    let payment = &order["_embedded"]["payment"][0];
    assert_eq!(payment["state"], "CAPTURED");
    assert_eq!(payment["paymentMethod"]["pan"], "401200******1112");
    assert_eq!(payment["authResponse"]["success"], true);
    assert_eq!(world.sandbox.ledger()[0].payment, payment["reference"].as_str().unwrap());
    assert!(!order.to_string().contains("4012001037141112"));
}

#[tokio::test]
async fn schedule_recurs_when_clock_moves() {
    let world = World::with(Sandbox::builder().with_start(DOCUMENTED_START)).await;
    let weekly = world.ngenius_create(&order("WEEKLY", GOOD_CARD).to_string()).await.json();
    let monthly = world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await.json();
    let yearly = world.ngenius_create(&order("YEARLY", GOOD_CARD).to_string()).await.json();
    world.sandbox.advance(Duration::from_secs(7 * DAY));
    assert_eq!(world.sandbox.ledger().len(), 4);
    world.sandbox.advance(Duration::from_secs(24 * DAY));
    let weeks = ["2019-05-26", "2019-06-02", "2019-06-09", "2019-06-16", "2019-06-23"];
    let weeks: Vec<String> = weeks.iter().map(|day| format!("{day} CAPTURED")).collect();
    assert_eq!(world.ngenius_payments(&weekly["reference"]).await, weeks);
    assert_eq!(
        world.ngenius_payments(&monthly["reference"]).await,
        ["2019-05-26 CAPTURED", "2019-06-26 CAPTURED"]
    );
    world.sandbox.advance(Duration::from_secs(335 * DAY));
    assert_eq!(
        world.ngenius_payments(&yearly["reference"]).await,
        ["2019-05-26 CAPTURED", "2020-05-26 CAPTURED"]
    );
    let ledger = world.sandbox.ledger();
    assert!(ledger.iter().all(|entry| entry.reference == "plan-1" && entry.amount_minor == 150));
    // 52 more weeks, 12 more months, one more year.
    assert_eq!(ledger.len(), 3 + 52 + 12 + 1);
}

#[tokio::test]
async fn schedule_from_end_of_month_recurs_on_the_28th() {
    // 2024-01-29, -30 and -31 at 10:00, and the 28th, which stays as it is anyway.
    for (start, first) in [
        (1_706_436_000, "2024-01-28"),
        (1_706_522_400, "2024-01-29"),
        (1_706_608_800, "2024-01-30"),
        (1_706_695_200, "2024-01-31"),
    ] {
        let world = World::with(Sandbox::builder().with_start(start)).await;
        let created = world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await.json();
        assert!(created["nextPaymentOn"].as_str().unwrap().starts_with("2024-02-28T10:00:"), "{created}");
        world.sandbox.advance(Duration::from_secs(92 * DAY));
        let days = [first, "2024-02-28", "2024-03-28", "2024-04-28"];
        let days: Vec<String> = days.iter().map(|day| format!("{day} CAPTURED")).collect();
        assert_eq!(world.ngenius_payments(&created["reference"]).await, days);
    }
}

#[tokio::test]
async fn declined_payment_of_schedule_is_failed() {
    let world = World::with(Sandbox::builder().with_start(DOCUMENTED_START)).await;
    let failed = world.ngenius_create(&order("WEEKLY", DECLINED_CARD).to_string()).await;
    assert_eq!((failed.status, &failed.json()["state"]), (200, &json!("FAILED")));
    assert!(failed.json().get("nextPaymentOn").is_none());
    let later = world.ngenius_create(&order("WEEKLY", LATER_DECLINED_CARD).to_string()).await.json();
    assert_eq!(later["state"], "ACTIVE");
    world.sandbox.advance(Duration::from_secs(8 * DAY));
    assert_eq!(world.ngenius_payments(&failed.json()["reference"]).await, ["2019-05-26 FAILED"]);
    let payments = world.ngenius_payments(&later["reference"]).await;
    assert_eq!(payments, ["2019-05-26 CAPTURED", "2019-06-02 FAILED"]);
    assert_eq!(world.money(), ["plan-1 150 AED"]);

    // A card that runs out in the middle of a schedule.
    let mut body = order("MONTHLY", GOOD_CARD);
    body["payment"]["expiry"] = "2019-07".into();
    body["order"]["action"] = "PURCHASE".into();
    let created = world.ngenius_create(&body.to_string()).await.json();
    world.sandbox.advance(Duration::from_secs(62 * DAY));
    let payments = world.ngenius_payments(&created["reference"]).await;
    assert_eq!(payments, ["2019-06-03 PURCHASED", "2019-07-03 PURCHASED", "2019-08-03 FAILED"]);
}

#[tokio::test]
async fn refund_follows_the_link_of_the_order() {
    let world = World::start().await;
    for (action, state) in [("SALE", "CAPTURED"), ("PURCHASE", "PURCHASED")] {
        let mut body = order("YEARLY", GOOD_CARD);
        body["order"]["action"] = action.into();
        let created = world.ngenius_create(&body.to_string()).await.json();
        let payment = world.ngenius_order(&created["reference"]).await["_embedded"]["payment"][0].clone();
        assert_eq!(payment["state"], state);
        let links = if action == "SALE" {
            &payment["_embedded"]["cnp:capture"][0]["_links"]
        } else {
            &payment["_links"]
        };
        let base = world.setting("NGENIUS_BASE_URL");
        let path = links["cnp:refund"]["href"].as_str().unwrap().strip_prefix(&base).unwrap().to_owned();
        let token = world.ngenius_token().await;
        let amount = |value: i64| json!({"amount": {"currencyCode": "AED", "value": value}}).to_string();
        assert_eq!(world.ngenius(&token, "POST", &path, &amount(151)).await.status, 409);
        let part = world.ngenius(&token, "POST", &path, &amount(50)).await;
        assert_eq!((part.status, &part.json()["state"]), (200, &json!("PARTIALLY_REFUNDED")));
        let rest = world.ngenius(&token, "POST", &path, &amount(100)).await;
        assert_eq!((rest.status, &rest.json()["state"]), (200, &json!("REFUNDED")));
        assert_eq!(world.ngenius(&token, "POST", &path, &amount(1)).await.status, 409);
    }
    let kinds: Vec<_> = world.sandbox.ledger().iter().map(|entry| (entry.kind, entry.amount_minor)).collect();
    let one = [(LedgerKind::Charge, 150), (LedgerKind::Refund, 50), (LedgerKind::Refund, 100)];
    assert_eq!(kinds, [one, one].concat());
}

#[tokio::test]
async fn ngenius_refuses_invalid_requests() {
    let world = World::start().await;
    let with = |part: &str, name: &str, value: Value| {
        let mut body = order("MONTHLY", GOOD_CARD);
        body[part][name] = value;
        body.to_string()
    };
    let amount = |currency: Value, value: Value| {
        with("order", "amount", json!({"currencyCode": currency, "value": value}))
    };
    let refused = [
        with("order", "action", json!("VERIFY")),
        with("order", "channel", json!("ECOM")),
        with("order", "type", json!("SINGLE")),
        with("order", "frequency", json!("HOURLY")),
        with("order", "emailAddress", Value::Null),
        with("order", "merchantOrderReference", json!("no spaces")),
        amount(json!("AED"), json!(0)),
        amount(json!("AED"), json!(-150)),
        amount(json!("AED"), json!(1.5)),
        amount(json!("AED"), json!("150")),
        amount(json!("DIRHAM"), json!(150)),
        with("payment", "pan", json!("4111111111111112")),
        with("payment", "pan", json!("4111")),
        with("payment", "pan", json!(4_111_111_111_111_111_i64)),
        // A valid check digit, but not a test card.
        with("payment", "pan", json!("4242424242424242")),
        with("payment", "expiry", json!("2020-01")),
        with("payment", "expiry", json!("12/30")),
        with("payment", "expiry", json!("2030-13")),
        with("payment", "cvv", json!("12")),
        with("payment", "cardholderName", json!(" ")),
        REQUEST.replace("\"value\":150", "\"value\":150,\"value\":1500"),
        "nonsense".to_owned(),
    ];
    for body in refused {
        let reply = world.ngenius_create(&body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
        let error = reply.json();
        assert!(error["message"].is_string() && error["errors"][0]["message"].is_string(), "{error}");
        assert!(!reply.text.contains("4242424242424242") && !reply.text.contains("4111111111111112"));
    }

    let token = world.ngenius_token().await;
    let base = world.setting("NGENIUS_BASE_URL");
    let path = format!("/recurring-payment/outlets/{}/orders", world.setting("NGENIUS_OUTLET"));
    let url = format!("{base}{path}");
    let body = order("MONTHLY", GOOD_CARD).to_string();
    let json_type =
        [("authorization", token.as_str()), ("content-type", "application/json"), ("accept", PAYMENT)];
    assert_eq!(world.call("POST", &url, &json_type, &body).await.status, 415);
    let json_accept =
        [("authorization", token.as_str()), ("content-type", PAYMENT), ("accept", "application/json")];
    assert_eq!(world.call("POST", &url, &json_accept, &body).await.status, 406);
    assert_eq!(world.ngenius("Bearer wrong", "POST", &path, &body).await.status, 401);
    assert_eq!(
        world.ngenius(&token, "POST", "/recurring-payment/outlets/other/orders", &body).await.status,
        404
    );
    world.sandbox.advance(Duration::from_secs(299));
    assert_eq!(world.ngenius(&token, "POST", &path, "{}").await.status, 400);
    world.sandbox.advance(Duration::from_secs(1));
    assert_eq!(world.ngenius(&token, "POST", &path, &body).await.status, 401);

    let url = format!("{base}/identity/auth/access-token");
    let key = format!("Basic {}", world.setting("NGENIUS_API_KEY"));
    let ask = |key: &str, media_type: &'static str, body: &'static str| {
        let headers = [("authorization", key.to_owned()), ("content-type", media_type.to_owned())];
        let (world, url) = (&world, &url);
        async move {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            world.call("POST", url, &headers, body).await
        }
    };
    assert_eq!(ask(&key, IDENTITY, "").await.status, 200);
    let realm = ask(&key, IDENTITY, r#"{"realmName":"elsewhere"}"#).await;
    assert_eq!(
        (realm.status, &realm.json()["errors"][0]["errorCode"]),
        (404, &json!("realmNameNotAvailable"))
    );
    let wrong = ask("Basic d3Jvbmc6a2V5", IDENTITY, r#"{"realmName":"ni"}"#).await;
    assert_eq!((wrong.status, &wrong.json()["errors"][0]["errorCode"]), (400, &json!("badTokenRequest")));
    assert_eq!(
        ask(&key, "application/x-www-form-urlencoded", "grant_type=client_credentials").await.status,
        415
    );
    assert!(world.money().is_empty());
}
