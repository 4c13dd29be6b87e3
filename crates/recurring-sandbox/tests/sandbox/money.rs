//! Captures, reversals, refunds and saved cards.

use crate::ngenius::order;
use crate::{DECLINED_CARD, GOOD_CARD, LATER_DECLINED_CARD, Reply, World, emspay};
use recurring_sandbox::{LedgerKind, Sandbox};
use serde_json::{Value, json};

impl World {
    fn kinds(&self) -> Vec<(LedgerKind, i64)> {
        self.sandbox.ledger().iter().map(|entry| (entry.kind, entry.amount_minor)).collect()
    }

    /// A purchase that the customer paid, and whose money waits for a capture.
    async fn revio_held(&self, client: &str) -> String {
        let body = json!({
            "purchase": {"products": [{"name": "test", "price": 100}]}, "skip_capture": true,
            "brand_id": self.setting("REVIO_BRAND_ID"), "client_id": client, "force_recurring": true,
        });
        let purchase = self.revio("POST", "/purchases/", &body.to_string()).await.json();
        assert_eq!(purchase["skip_capture"], true);
        self.customer(purchase["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
        format!("/purchases/{}/", purchase["id"].as_str().unwrap())
    }

    /// Follows a link of the order, which has to be on this sandbox.
    async fn ngenius_follow(&self, method: &str, link: &Value, body: &Value) -> Reply {
        let base = self.setting("NGENIUS_BASE_URL");
        let path = link["href"].as_str().unwrap().strip_prefix(&base).expect("an address of this sandbox");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ngenius(&self.ngenius_token().await, method, path, &body).await
    }

    /// A new order: its only payment.
    async fn ngenius_payment(&self, action: &str, card: &str) -> Value {
        let mut body = order("YEARLY", card);
        body["order"]["action"] = action.into();
        let created = self.ngenius_create(&body.to_string()).await.json();
        self.ngenius_order(&created["reference"]).await["_embedded"]["payment"][0].clone()
    }
}

fn dirhams(value: i64) -> Value {
    json!({"amount": {"currencyCode": "AED", "value": value}})
}

#[tokio::test]
async fn revio_holds_captures_and_releases() {
    let world = World::start().await;
    let client = world.revio_client("a@b.example").await;
    let path = world.revio_held(&client).await;
    let held = world.revio("GET", &path, "").await.json();
    assert_eq!((&held["status"], &held["payment"]), (&json!("hold"), &Value::Null));
    assert_eq!((&held["refundable_amount"], &held["is_recurring_token"]), (&json!(0), &json!(true)));
    assert!(world.money().is_empty());
    for (what, body) in [("refund", ""), ("cancel", ""), ("capture", r#"{"amount":101}"#)] {
        assert_eq!(world.revio("POST", &format!("{path}{what}/"), body).await.status, 400, "{what}");
    }
    let captured = world.revio("POST", &format!("{path}capture/"), r#"{"amount":60}"#).await;
    assert_eq!((captured.status, &captured.json()["status"]), (200, &json!("paid")));
    assert_eq!(captured.json()["payment"]["amount"], 60);
    assert_eq!(world.revio("POST", &format!("{path}capture/"), "").await.status, 400);
    assert_eq!(world.revio("POST", &format!("{path}refund/"), r#"{"amount":61}"#).await.status, 400);
    assert_eq!(world.revio("POST", &format!("{path}refund/"), "").await.json()["payment"]["amount"], 60);
    assert_eq!(world.revio("POST", &format!("{path}refund/"), "").await.status, 400);

    let second = world.revio_held(&client).await;
    let released = world.revio("POST", &format!("{second}release/"), "").await;
    assert_eq!((released.status, &released.json()["status"]), (200, &json!("released")));
    for what in ["release", "capture", "refund"] {
        assert_eq!(world.revio("POST", &format!("{second}{what}/"), "").await.status, 400, "{what}");
    }
    assert_eq!(world.kinds(), [(LedgerKind::Charge, 60), (LedgerKind::Refund, 60)]);
}

#[tokio::test]
async fn revio_lists_payment_methods() {
    let world = World::start().await;
    let brand = world.setting("REVIO_BRAND_ID");
    let path = format!("/payment_methods/?brand_id={brand}&currency=ZAR&recurring=true");
    let methods = world.revio("GET", &path, "").await;
    assert_eq!((methods.status, &methods.json()["available_payment_methods"][0]), (200, &json!("visa")));
    let key = world.revio("GET", "/public_key/", "").await.json();
    assert!(key.as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    for query in ["", "?currency=ZAR", &format!("?brand_id={brand}"), "?brand_id=x&currency=ZAR"] {
        assert_eq!(world.revio("GET", &format!("/payment_methods/{query}"), "").await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn emspay_authorized_payment_is_captured() {
    let world = World::start().await;
    let mut body: Value = serde_json::from_str(emspay::FIRST).unwrap();
    body["transactions"][0]["capture_mode"] = "manual".into();
    let mut orders = Vec::new();
    for _ in 0..2 {
        let order = world.emspay("POST", "/orders/", &body.to_string()).await.json();
        let page = format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap());
        world.customer(&page, GOOD_CARD, "pay").await;
        orders.push(format!("/orders/{}/", order["id"].as_str().unwrap()));
    }
    // However often it is read, it waits.
    for _ in 0..2 {
        let waiting = world.emspay("GET", &orders[0], "").await.json();
        let transaction = &waiting["transactions"][0];
        assert_eq!((&waiting["status"], &transaction["status"]), (&json!("processing"), &json!("accepted")));
        assert_eq!(transaction["is_capturable"], true);
    }
    assert!(world.money().is_empty());
    assert_eq!(world.emspay("POST", &format!("{}refunds/", orders[0]), r#"{"amount":1}"#).await.status, 400);
    let order = world.emspay("GET", &orders[0], "").await.json();
    let capture = |id: &str| format!("{}transactions/{id}/captures/", orders[0]);
    let path = capture(order["transactions"][0]["id"].as_str().unwrap());
    assert_eq!(world.emspay("POST", &capture("other"), "").await.status, 404);
    let captured = world.emspay("POST", &path, "").await;
    assert_eq!((captured.status, captured.text.as_str()), (201, ""));
    assert_eq!(world.emspay("POST", &path, "").await.status, 400);
    let order = world.emspay("GET", &orders[0], "").await.json();
    let transaction = &order["transactions"][0];
    assert_eq!((&order["status"], &transaction["status"]), (&json!("completed"), &json!("captured")));
    assert_eq!(transaction["is_capturable"], false);

    let given_up = world.emspay("DELETE", &orders[1], "").await;
    assert_eq!((given_up.status, &given_up.json()["status"]), (200, &json!("cancelled")));
    assert_eq!(world.money(), ["1 4000 EUR"]);
    body["transactions"][0]["capture_mode"] = "sometimes".into();
    assert_eq!(world.emspay("POST", "/orders/", &body.to_string()).await.status, 400);
}

#[tokio::test]
async fn emspay_refund_is_an_order() {
    let world = World::start().await;
    let paid = world.emspay_first(GOOD_CARD, "pay").await;
    let path = format!("/orders/{}/", paid["id"].as_str().unwrap());
    let refund = |body: &'static str| {
        let (world, path) = (&world, format!("{path}refunds/"));
        async move { world.emspay("POST", &path, body).await }
    };
    let part = refund(r#"{"amount":1500,"description":"One of two"}"#).await;
    assert_eq!(part.status, 201, "{}", part.text);
    let part = part.json();
    assert_eq!((&part["refund_of_order_id"], &part["flags"]), (&paid["id"], &json!(["is-refund"])));
    assert_eq!((&part["amount"], &part["description"]), (&json!(1500), &json!("One of two")));
    let own = format!("/orders/{}/", part["id"].as_str().unwrap());
    assert_eq!(world.emspay("GET", &own, "").await.json(), part);
    assert_eq!(world.emspay("POST", &format!("{own}refunds/"), r#"{"amount":1}"#).await.status, 404);
    for refused in [r#"{"amount":2501}"#, r#"{"amount":0}"#, "{}", r#"{"amount":1,"description":7}"#] {
        assert_eq!(refund(refused).await.status, 400, "{refused}");
    }
    assert_eq!(refund(r#"{"amount":2500}"#).await.status, 201);
    assert_eq!(refund(r#"{"amount":1}"#).await.status, 400);
    let order = world.emspay("GET", &path, "").await.json();
    assert_eq!((&order["status"], &order["flags"]), (&json!("completed"), &json!(["has-refunds"])));
    let expected = [(LedgerKind::Charge, 4000), (LedgerKind::Refund, 1500), (LedgerKind::Refund, 2500)];
    assert_eq!(world.kinds(), expected);

    let path = "/merchants/self/projects/self/currencies";
    for path in [path.to_owned(), format!("{path}/")] {
        let currencies = world.emspay("GET", &path, "").await.json();
        let list = currencies["payment_methods"]["credit-card"]["currencies"].as_array().unwrap().clone();
        assert!(list.contains(&json!("EUR")), "{currencies}");
    }
}

#[tokio::test]
async fn ngenius_links_capture_and_reverse() {
    let world = World::start().await;
    let held = world.ngenius_payment("AUTH", GOOD_CARD).await;
    assert_eq!(held["state"], "AUTHORISED");
    // One link leads into the gateway's own network: a client that follows it gives the access token away.
    assert!(held["_links"]["self"]["href"].as_str().unwrap().starts_with("http://transaction-service/"));
    assert!(world.money().is_empty());
    let capture = &held["_links"]["cnp:capture"];
    assert_eq!(world.ngenius_follow("POST", capture, &dirhams(151)).await.status, 409);
    let part = world.ngenius_follow("POST", capture, &dirhams(100)).await;
    assert_eq!((part.status, &part.json()["state"]), (200, &json!("PARTIALLY_CAPTURED")));
    let cancel = &held["_links"]["cnp:cancel"];
    assert_eq!(world.ngenius_follow("PUT", cancel, &Value::Null).await.status, 409);
    let whole = world.ngenius_follow("POST", capture, &dirhams(50)).await.json();
    assert_eq!(whole["state"], "CAPTURED");
    assert_eq!(world.ngenius_follow("POST", capture, &dirhams(1)).await.status, 409);
    let captures = whole["_embedded"]["cnp:capture"].as_array().unwrap();
    let refund = &captures[1]["_links"]["cnp:refund"];
    assert_eq!(world.ngenius_follow("POST", refund, &dirhams(51)).await.status, 409);
    let refunded = world.ngenius_follow("POST", refund, &dirhams(50)).await.json();
    assert_eq!(refunded["state"], "PARTIALLY_REFUNDED");
    assert_eq!(refunded["_embedded"]["cnp:refund"][0]["amount"]["value"], 50);
    assert!(refunded["_embedded"]["cnp:capture"][1]["_links"].get("cnp:refund").is_none());
    let last = world.ngenius_follow("POST", &captures[0]["_links"]["cnp:refund"], &dirhams(100)).await.json();
    assert_eq!(last["state"], "REFUNDED");
    let expected = [
        (LedgerKind::Charge, 100),
        (LedgerKind::Charge, 50),
        (LedgerKind::Refund, 50),
        (LedgerKind::Refund, 100),
    ];
    assert_eq!(world.kinds(), expected);

    let given_up = world.ngenius_payment("AUTH", GOOD_CARD).await;
    let cancel = &given_up["_links"]["cnp:cancel"];
    assert_eq!(world.ngenius_follow("PUT", cancel, &Value::Null).await.json()["state"], "REVERSED");
    assert_eq!(world.ngenius_follow("PUT", cancel, &Value::Null).await.status, 409);
    let capture = &given_up["_links"]["cnp:capture"];
    assert_eq!(world.ngenius_follow("POST", capture, &dirhams(1)).await.status, 409);
    assert_eq!(world.money().len(), 4);

    let failed = world.ngenius_payment("AUTH", DECLINED_CARD).await;
    let links: Vec<&str> = failed["_links"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((&failed["state"], links), (&json!("FAILED"), vec!["self"]));
}

#[tokio::test]
async fn ngenius_purchase_is_refunded_whole_or_in_part() {
    let world = World::start().await;
    let whole = world.ngenius_payment("PURCHASE", GOOD_CARD).await;
    let cancel = &whole["_links"]["cnp:cancel"];
    assert_eq!(world.ngenius_follow("PUT", cancel, &dirhams(50)).await.status, 400);
    assert_eq!(world.ngenius_follow("PUT", cancel, &Value::Null).await.json()["state"], "REVERSED");
    let part = world.ngenius_payment("PURCHASE", GOOD_CARD).await;
    let cancel = &part["_links"]["cnp:cancel"];
    let refunded = world.ngenius_follow("POST", cancel, &dirhams(50)).await.json();
    assert_eq!(refunded["state"], "PARTIALLY_REFUNDED");
    assert!(refunded["_links"].get("cnp:cancel").is_none());
    let rest = &refunded["_links"]["cnp:refund"];
    assert_eq!(world.ngenius_follow("POST", rest, &dirhams(100)).await.json()["state"], "REFUNDED");
    assert_eq!(world.ngenius_follow("POST", rest, &dirhams(1)).await.status, 409);
    let back: i64 =
        world.kinds().iter().filter(|(kind, _)| *kind == LedgerKind::Refund).map(|one| one.1).sum();
    assert_eq!(back, 300);
}

#[tokio::test]
async fn ngenius_saved_card_pays() {
    let world = World::start().await;
    let outlet = world.setting("NGENIUS_OUTLET");
    let path = format!("/transactions/outlets/{outlet}/orders");
    let body = json!({
        "action": "SALE", "amount": {"currencyCode": "AED", "value": 900}, "merchantOrderReference": "again-1",
    });
    let cases = [
        (GOOD_CARD, None, "CAPTURED"),
        ("5555555555554444", Some("123"), "CAPTURED"),
        (LATER_DECLINED_CARD, None, "FAILED"),
    ];
    for (card, code, state) in cases {
        let saved = world.ngenius_payment("SALE", card).await["savedCard"].clone();
        assert_eq!(saved["recaptureCsc"], code.is_some());
        let created = world.ngenius(&world.ngenius_token().await, "POST", &path, &body.to_string()).await;
        assert_eq!(created.status, 201, "{}", created.text);
        let payment = created.json()["_embedded"]["payment"][0].clone();
        assert_eq!(payment["state"], "STARTED");
        let link = &payment["_links"]["payment:saved-card"];
        let mut pay = json!({
            "expiry": saved["expiry"], "cardToken": saved["cardToken"], "cardholderName": saved["cardholderName"],
        });
        let wrong_code = if code.is_some() { Value::Null } else { json!("123") };
        for (name, value) in [
            ("cvv", wrong_code),
            ("expiry", json!("2030-01")),
            ("cardToken", json!("other")),
            ("cardholderName", json!("")),
        ] {
            let mut wrong = pay.clone();
            wrong["cvv"] = code.into();
            wrong[name] = value;
            assert_eq!(world.ngenius_follow("PUT", link, &wrong).await.status, 400, "{wrong}");
        }
        if let Some(code) = code {
            pay["cvv"] = code.into();
        }
        let paid = world.ngenius_follow("PUT", link, &pay).await;
        assert_eq!((paid.status, &paid.json()["state"]), (200, &json!(state)), "{}", paid.text);
        assert_eq!(world.ngenius_follow("PUT", link, &pay).await.status, 409);
    }
    let again = world.sandbox.ledger().iter().filter(|entry| entry.reference == "again-1").count();
    assert_eq!(again, 2);
}

#[tokio::test]
async fn assert_charged_once_fails_on_second_charge() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    let renewal = emspay::later(&token, "plan-7");
    let order = world.emspay("POST", "/orders/", &renewal).await.json();
    let path = format!("/orders/{}/refunds/", order["id"].as_str().unwrap());
    assert_eq!(world.emspay("POST", &path, r#"{"amount":1}"#).await.status, 201);
    // A refund is not a second charge.
    world.sandbox.assert_charged_once("plan-7");
    world.emspay("POST", "/orders/", &renewal).await;
    for (reference, count) in [("plan-7", 2), ("plan-8", 0)] {
        let message = refused(&world.sandbox, reference);
        assert!(message.contains(&format!("{count} charges")) && message.contains("\"plan-7\""), "{message}");
        assert!(message.contains("4000") && message.contains("Refund"), "{message}");
    }
}

/// The message of the check when it fails.
fn refused(sandbox: &Sandbox, reference: &str) -> String {
    let check = std::panic::AssertUnwindSafe(|| sandbox.assert_charged_once(reference));
    *std::panic::catch_unwind(check).unwrap_err().downcast::<String>().unwrap()
}
