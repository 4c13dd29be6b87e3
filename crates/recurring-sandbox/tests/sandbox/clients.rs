//! Requests as public clients of the gateways, or of their platforms, send them: both forms of a path, numbers in other
//! forms, members that the sandbox did not know.

use crate::emspay::{FIRST, later};
use crate::ngenius::order;
use crate::{GOOD_CARD, World};
use recurring_sandbox::LedgerKind;
use serde_json::{Value, json};

/// The last slash is sent by some clients and left out by others: the platform's own SDKs of emspay (PHP without, Python
/// with one), the vendor's plugin of tokenpay-signed (with one), clients of the platform of revio (without).
#[tokio::test]
async fn paths_are_taken_with_and_without_last_slash() {
    let world = World::start().await;
    for path in ["/orders", "/orders/"] {
        let order = world.emspay("POST", path, FIRST).await;
        assert_eq!(order.status, 201, "{}", order.text);
        let id = order.json()["id"].as_str().unwrap().to_owned();
        for read in [format!("/orders/{id}"), format!("/orders/{id}/")] {
            assert_eq!(world.emspay("GET", &read, "").await.json()["id"], id.as_str());
        }
        assert_eq!(world.emspay("GET", path, "").await.status, 200);
    }
    for path in ["", "/"] {
        let path = format!("/merchants/self/projects/self/currencies{path}");
        assert_eq!(world.emspay("GET", &path, "").await.status, 200);
    }
    world.customer(&world.add_token("user1").await, GOOD_CARD, "pay").await;
    for path in ["/tokenization/query-token", "/tokenization/query-token/"] {
        let list = world.tokenpay(path, r#"{"merchantId":"3","userId":"user1"}"#).await;
        assert_eq!(list["list"][0]["tokenId"], 436, "{path}");
    }
    for path in ["/clients", "/clients/"] {
        assert_eq!(world.revio("POST", path, r#"{"email":"ann@example.org"}"#).await.status, 201);
    }
    let token = world.omno_token().await;
    for path in ["/transaction/customer/a/cards", "/transaction/customer/a/cards/"] {
        assert_eq!(world.omno(&token, "GET", path, "").await.status, 200);
    }
}

/// The source document prints `.com//recurring-payment/..`.
#[tokio::test]
async fn ngenius_double_slash_reaches_the_call() {
    let world = World::start().await;
    let token = world.ngenius_token().await;
    let outlet = world.setting("NGENIUS_OUTLET");
    let body = order("MONTHLY", GOOD_CARD).to_string();
    for path in [
        format!("//recurring-payment/outlets/{outlet}/orders"),
        format!("/recurring-payment/outlets/{outlet}/orders"),
        format!("/recurring-payment/outlets/{outlet}/orders/"),
    ] {
        let reply = world.ngenius(&token, "POST", &path, &body).await;
        assert_eq!((reply.status, &reply.json()["state"]), (200, &json!("ACTIVE")), "{path}");
    }
    // An id that is missing is not a slash too many.
    let missing = format!("/transactions//{outlet}/orders/1");
    assert_eq!(world.ngenius(&token, "GET", &missing, "").await.status, 404);
    assert_eq!(world.money().len(), 3);
}

#[tokio::test]
async fn integers_are_taken_as_decimals_without_a_part() {
    let world = World::start().await;
    let order = world.emspay("POST", "/orders", &FIRST.replace("4000", "4000.0")).await;
    assert_eq!((order.status, &order.json()["amount"]), (201, &json!(4000)), "{}", order.text);
    let body = json!({
        "brand_id": world.setting("REVIO_BRAND_ID"), "client": {"email": "ann@example.org"},
        "purchase": {"products": [{"name": "x", "price": 100.0, "quantity": 2.0, "discount": 50.0, "tax_percent": 0}]},
    });
    let purchase = world.revio("POST", "/purchases", &body.to_string()).await;
    assert_eq!((purchase.status, &purchase.json()["purchase"]["total"]), (201, &json!(150)));
    for amount in ["4000.5", "1e15", "4000000000000000.0"] {
        let refused = world.emspay("POST", "/orders", &FIRST.replace("4000", amount)).await;
        assert_eq!(refused.status, 400, "{amount}");
    }
}

#[tokio::test]
async fn emspay_sdk_reads_changes_and_sends_back_an_order() {
    let world = World::start().await;
    let mut order = world.emspay("POST", "/orders", FIRST).await.json();
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    order["description"] = "New words".into();
    let changed = world.emspay("PUT", &path, &order.to_string()).await;
    assert_eq!(
        (changed.status, &changed.json()["description"]),
        (200, &json!("New words")),
        "{}",
        changed.text
    );
    order["transactions"][0]["amount"] = 1.into();
    let refused = world.emspay("PUT", &path, &order.to_string()).await;
    assert!(refused.status == 400 && refused.text.contains("not played"), "{}", refused.text);
}

#[tokio::test]
async fn emspay_order_without_method_is_paid_at_order_url() {
    let world = World::start().await;
    let body = json!({"merchant_order_id": "7", "amount": 2500, "currency": "EUR", "description": "Order 7"});
    let order = world.emspay("POST", "/orders", &body.to_string()).await.json();
    assert_eq!((&order["status"], order.get("transactions")), (&json!("new"), None));
    world.customer(order["order_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let paid = world.emspay("GET", &path, "").await.json();
    assert_eq!(
        (&paid["status"], &paid["transactions"][0]["status"]),
        (&json!("completed"), &json!("completed"))
    );
    assert_eq!(world.money(), ["7 2500 EUR"]);
}

/// As the sister brands' reference and plugins have it: `capture_mode` in the order, the amount of a void in the body.
#[tokio::test]
async fn emspay_authorization_is_voided_in_part_and_captured() {
    let world = World::start().await;
    let mut body: Value = serde_json::from_str(FIRST).unwrap();
    body["capture_mode"] = "manual".into();
    let hold = async || {
        let order = world.emspay("POST", "/orders", &body.to_string()).await.json();
        let page = format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap());
        world.customer(&page, GOOD_CARD, "pay").await;
        let order_path = format!("/orders/{}", order["id"].as_str().unwrap());
        let of = order["transactions"][0]["id"].as_str().unwrap();
        (format!("{order_path}/transactions/{of}"), order_path)
    };
    let (transaction, order) = hold().await;
    let void = async |path: &str, amount: i64| {
        world.emspay("POST", &format!("{path}/voids/amount/"), &json!({"amount": amount}).to_string()).await
    };
    assert_eq!(void(&transaction, 4001).await.status, 400);
    let part = void(&transaction, 1500).await;
    assert_eq!((part.status, &part.json()["status"]), (201, &json!("accepted")), "{}", part.text);
    assert!(world.money().is_empty());
    let more = world.emspay("POST", &format!("{transaction}/captures"), r#"{"amount":2501}"#).await;
    assert_eq!(more.status, 400);
    assert_eq!(world.emspay("POST", &format!("{transaction}/captures"), "").await.status, 201);
    assert_eq!(void(&transaction, 1).await.status, 400);
    assert_eq!(world.money(), ["1 2500 EUR"]);
    let refund = world.emspay("POST", &format!("{order}/refunds"), r#"{"amount":2501}"#).await;
    assert_eq!(refund.status, 400);

    let (transaction, order) = hold().await;
    assert_eq!(void(&transaction, 4000).await.json()["status"], "cancelled");
    assert_eq!(world.emspay("GET", &order, "").await.json()["status"], "cancelled");
    let (transaction, _) = hold().await;
    let body = r#"{"amount":1000.0}"#;
    assert_eq!(world.emspay("POST", &format!("{transaction}/captures/"), body).await.status, 201);
    assert_eq!(world.money(), ["1 2500 EUR", "1 1000 EUR"]);
}

/// A look-up by period uses the caller's clock, which does not move with the sandbox's.
#[tokio::test]
async fn emspay_period_is_that_of_either_clock() {
    let world = World::start().await;
    let token = world.emspay_token(GOOD_CARD).await;
    world.sandbox.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    let now = jiff::Timestamp::now();
    let charged = world.emspay("POST", "/orders", &later(&token, "renewal")).await.json();
    let created: jiff::Timestamp = charged["created"].as_str().unwrap().parse().unwrap();
    assert!(created.duration_since(now).as_secs().abs() < 60, "{created}");
    let found = async |from: jiff::Timestamp| {
        let (hour, stamp) = (jiff::SignedDuration::from_hours(1), "%Y-%m-%dT%H:%M:%SZ");
        let (since, until) = ((from - hour).strftime(stamp), (from + hour).strftime(stamp));
        let path = format!("/orders?created_since={since}&created_until={until}");
        world.emspay("GET", &path, "").await.json().as_array().unwrap().len()
    };
    assert_eq!(found(now).await, 2);
    assert_eq!(found(now + jiff::SignedDuration::from_hours(31 * 24)).await, 1);
    assert_eq!(found(now + jiff::SignedDuration::from_hours(62 * 24)).await, 0);
}

/// As the vendor's own plugin creates an order and sends the customer to `_links.payment`.
#[tokio::test]
async fn ngenius_order_is_paid_on_its_page() {
    let world = World::start().await;
    let token = world.ngenius_token().await;
    let orders = format!("/transactions/outlets/{}/orders", world.setting("NGENIUS_OUTLET"));
    let body = |action: &str, reference: i64| {
        json!({
            "action": action, "amount": {"currencyCode": "AED", "value": 1500}, "merchantOrderReference": reference,
            "merchantAttributes": {"redirectUrl": "https://shop.example/?wc-api=x", "cancelUrl": "https://shop.example/no",
                "skipConfirmationPage": true, "cancelText": "Back"},
            "emailAddress": "ann@example.org", "billingAddress": {"firstName": "Ann"},
            "merchantDefinedData": {"pluginName": "woocommerce"},
        })
        .to_string()
    };
    let reply = world.ngenius(&token, "POST", &orders, &body("PURCHASE", 7)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let order = reply.json();
    let page = order["_links"]["payment"]["href"].as_str().unwrap().to_owned();
    let left = world.customer(&page, GOOD_CARD, "cancel").await;
    assert_eq!(left.location.as_deref(), Some("https://shop.example/no"));
    let paid = world.customer(&page, GOOD_CARD, "pay").await;
    let reference = order["reference"].as_str().unwrap();
    let back = format!("https://shop.example/?wc-api=x&ref={reference}");
    assert_eq!((paid.status, paid.location), (303, Some(back)));
    assert_eq!(world.money(), ["7 1500 AED"]);
    let order = world.ngenius_order(&order["reference"]).await;
    assert_eq!(order["_embedded"]["payment"][0]["state"], "PURCHASED");
    assert!(order["_links"].get("payment").is_none());

    // PHP writes an empty body as an empty list.
    let held = world.ngenius(&token, "POST", &orders, &body("AUTH", 8)).await.json();
    world.customer(held["_links"]["payment"]["href"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let payment = held["_embedded"]["payment"][0]["reference"].as_str().unwrap();
    let path = format!("{orders}/{}/payments/{payment}/cancel", held["reference"].as_str().unwrap());
    assert_eq!(world.ngenius(&token, "PUT", &path, "[]").await.json()["state"], "REVERSED");
    assert_eq!(world.money().len(), 1);
}

/// As the vendor's own plugin does it: 0 and 1 for a boolean, the amount as text.
#[tokio::test]
async fn tokenpay_checkout_is_paid_and_repeated() {
    let world = World::start().await;
    let create = |reference: &str, recurring: i64| {
        json!({
            "merchantId": "3", "amount": "50.00", "merchantReference": reference, "isRecurring": recurring,
            "callbackUrl": {"success": "https://shop.example/yes", "fail": "https://shop.example/no",
                "cancel": "https://shop.example/no", "notify": "https://shop.example/notify"},
            "lineItems": [{"quantity": 1, "priceData": {"unitAmount": 50, "name": "Thing"}}],
            "showLang": true, "showPoweredBy": false, "expiryTime": "2030-01-01T00:00:00+00:00",
        })
        .to_string()
    };
    let open = world.tokenpay("/hosted-checkout/create/", &create("first", 1)).await;
    assert_eq!((&open["message"], &open["order"]["status"]), (&json!("Success"), &json!("OPEN")), "{open}");
    assert!(world.money().is_empty());
    let taken = world.tokenpay("/hosted-checkout/create/", &create("first", 1)).await;
    assert_ne!(taken["responseCode"], "0000");
    let later = |parent: &Value, reference: &str| {
        json!({"merchantId": "3", "amount": 30.5, "merchantReference": reference, "parentOrderId": parent})
            .to_string()
    };
    let parent = json!(open["order"]["id"].to_string());
    let early = world.tokenpay("/hosted-checkout/recurring/", &later(&parent, "early")).await;
    assert_ne!(early["responseCode"], "0000");
    let paid = world.customer(open["checkoutUrl"].as_str().unwrap(), GOOD_CARD, "pay").await;
    assert_eq!(paid.location.as_deref(), Some("https://shop.example/yes"));
    let query =
        world.tokenpay("/hosted-checkout/query/", r#"{"merchantId":3,"merchantReference":"first"}"#).await;
    assert_eq!(query["order"]["status"], "SUCCESS");
    let renewed = world.tokenpay("/hosted-checkout/recurring/", &later(&parent, "second")).await;
    assert_eq!((&renewed["responseCode"], &renewed["order"]["amount"]), (&json!("0000"), &json!(30.5)));
    assert_eq!(world.money(), ["first 5000 USD", "second 3050 USD"]);
    // Both names of an order must be of the same one.
    let mixed =
        json!({"merchantId": 3, "orderId": parent, "merchantReference": "second", "amount": 1}).to_string();
    assert_ne!(world.tokenpay("/hosted-checkout/refund/", &mixed).await["responseCode"], "0000");

    let once = world.tokenpay("/hosted-checkout/create/", &create("third", 0)).await;
    world.customer(once["checkoutUrl"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let refused = world.tokenpay("/hosted-checkout/recurring/", &later(&once["order"]["id"], "fourth")).await;
    assert_ne!(refused["responseCode"], "0000");
    let kinds: Vec<LedgerKind> = world.sandbox.ledger().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [LedgerKind::Charge; 3]);
}

/// As the platform's own SDK does it: webhooks and clients are lists with pages.
#[tokio::test]
async fn revio_webhooks_and_clients_are_registered_and_listed() {
    let world = World::start().await;
    for number in 0..11 {
        world.revio_client(&format!("c{number}@example.org")).await;
    }
    let list = world.revio("GET", "/clients/", "").await.json();
    assert_eq!((list["results"].as_array().unwrap().len(), &list["previous"]), (10, &Value::Null));
    let next = list["next"].as_str().unwrap().strip_prefix(&world.setting("REVIO_BASE_URL")).unwrap();
    assert_eq!(world.revio("GET", next, "").await.json()["results"][0]["email"], "c10@example.org");

    let body = r#"{"title":"paid","all_events":false,"events":["purchase.paid"],"callback":"https://shop.example/paid"}"#;
    let made = world.revio("POST", "/webhooks/", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(made.json()["public_key"].as_str().unwrap().contains("PUBLIC KEY"));
    assert_eq!(world.revio("GET", "/webhooks/", "").await.json()["results"][0], made.json());
    let client = world.revio_client("ann@example.org").await;
    world.revio_token(&client, GOOD_CARD).await;
    let sent: Vec<_> = world.sandbox.deliveries().into_iter().map(|sent| (sent.event, sent.url)).collect();
    assert_eq!(sent, [("purchase.paid".to_owned(), "https://shop.example/paid".to_owned())]);
    let own = format!("/webhooks/{}/", made.json()["id"].as_str().unwrap());
    assert_eq!(world.revio("PATCH", &own, r#"{"all_events":true}"#).await.json()["all_events"], true);
    let (purchase, _) = world.revio_purchase(&client, false).await;
    world.sandbox.settle().await;
    let created = world.sandbox.deliveries().pop().unwrap();
    assert_eq!(created.event, "purchase.created");
    assert_eq!(purchase, format!("/purchases/{}/", created.payment));
    assert_eq!(world.revio("DELETE", &own, "").await.status, 204);
    assert_eq!(world.revio("GET", &own, "").await.status, 404);
    assert_eq!(world.revio("POST", "/webhooks/", r#"{"title":"x","callback":"nowhere"}"#).await.status, 400);
}

#[tokio::test]
async fn revio_zero_total_preauthorizes_a_card() {
    let world = World::start().await;
    let client = world.revio_client("ann@example.org").await;
    let mut body = json!({
        "brand_id": world.setting("REVIO_BRAND_ID"), "client_id": client, "reference": "card",
        "purchase": {"products": [{"name": "Save a card", "price": 0}]}, "skip_capture": true,
    });
    let purchase = world.revio("POST", "/purchases/", &body.to_string()).await.json();
    assert_eq!(purchase["purchase"]["total"], 0, "{purchase}");
    world.customer(purchase["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let path = format!("/purchases/{}/", purchase["id"].as_str().unwrap());
    let saved = world.revio("GET", &path, "").await.json();
    assert_eq!((&saved["status"], &saved["is_recurring_token"]), (&json!("preauthorized"), &json!(true)));
    assert!(world.money().is_empty());
    assert_eq!(world.revio("POST", &format!("{path}capture/"), "").await.status, 400);
    let (renewal, _) = world.revio_purchase(&client, false).await;
    let token = purchase["id"].as_str().unwrap();
    assert_eq!(world.revio_charge(&renewal, token).await.json()["status"], "paid");
    assert_eq!(world.money(), ["order-7 100 ZAR"]);
    body["skip_capture"] = false.into();
    assert_eq!(world.revio("POST", "/purchases/", &body.to_string()).await.status, 400);
}

#[tokio::test]
async fn revio_purchase_falls_due() {
    let world = World::start().await;
    let now = jiff::Timestamp::now().as_second();
    let body = |due: i64, strict: bool| {
        json!({
            "brand_id": world.setting("REVIO_BRAND_ID"), "client": {"email": "ann@example.org"}, "due": due,
            "purchase": {"products": [{"name": "x", "price": 100}], "due_strict": strict},
        })
        .to_string()
    };
    let past = world.revio("POST", "/purchases/", &body(now, false)).await;
    assert_eq!((past.status, &past.json()["due"][0]["code"]), (400, &json!("due_not_greater_than_now")));
    let loose = world.revio("POST", "/purchases/", &body(now + 3600, false)).await.json();
    let strict = world.revio("POST", "/purchases/", &body(now + 3600, true)).await.json();
    world.sandbox.advance(std::time::Duration::from_secs(3601));
    for (purchase, status, answer) in [(strict, "expired", 409), (loose, "overdue", 200)] {
        let path = format!("/purchases/{}/", purchase["id"].as_str().unwrap());
        assert_eq!(world.revio("GET", &path, "").await.json()["status"], status);
        let pay = world.customer(purchase["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
        assert_eq!(pay.status, answer, "{status}");
    }
    assert_eq!(world.money(), [" 100 ZAR"]);
}

/// The vendor's own plugin gives the gateway one address for the customer and for webhooks: only the customer's has `order_id`.
#[tokio::test]
async fn emspay_customer_comes_back_with_the_order() {
    let world = World::start().await;
    let shop = "https://shop.example/?wc-api=ginger";
    let body = json!({
        "merchant_order_id": "8", "amount": 2500, "currency": "EUR", "description": "Order 8", "return_url": shop,
        "webhook_url": shop, "transactions": [{"payment_method": "credit-card"}],
    });
    let order = world.emspay("POST", "/orders", &body.to_string()).await.json();
    let back = world.customer(order["order_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let id = order["id"].as_str().unwrap();
    assert_eq!(back.location, Some(format!("{shop}&order_id={id}")));
    assert_eq!(world.sandbox.deliveries().pop().unwrap().url, shop);
    assert_eq!(world.money(), ["8 2500 EUR"]);
}

/// Clients of the platform's other brands have calls for these.
#[tokio::test]
async fn revio_calls_that_are_not_played_say_so() {
    let world = World::start().await;
    for path in
        ["/balance/", "/payout_methods/", "/webhooks/deliveries/", "/account/", "/billing_templates/1/"]
    {
        let refused = world.revio("GET", path, "").await;
        assert_eq!(
            (refused.status, &refused.json()["__all__"][0]["code"]),
            (400, &json!("not_played")),
            "{path}"
        );
    }
}
