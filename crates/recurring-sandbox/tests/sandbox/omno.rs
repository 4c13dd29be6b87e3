use crate::{DECLINED_CARD, GOOD_CARD, LATER_DECLINED_CARD, Reply, World, members};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn payment(order: &str, card_token: Option<&str>) -> Value {
    let mut body = json!({
        "amount": 49.99, "currency": "EUR", "hookUrl": "https://merchant.example/hook",
        "callback": "https://merchant.example/paid", "callbackFail": "https://merchant.example/failed",
        "billing": {
            "firstName": "A", "lastName": "Person", "address1": "Street 1", "city": "Town", "state": "State",
            "country": "DE", "postalCode": "12345", "phone": "+491234567", "email": "a@b.example",
            "externalUserId": "user/1",
        },
        "orderId": order,
    });
    if let Some(token) = card_token {
        body["cardToken"] = token.into();
    }
    body
}

impl World {
    pub(crate) async fn omno_ask(&self, body: &str) -> Reply {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.call("POST", &self.setting("OMNO_TOKEN_URL"), &headers, body).await
    }

    pub(crate) async fn omno_token(&self) -> String {
        let (id, secret) = (self.setting("OMNO_CLIENT_ID"), self.setting("OMNO_CLIENT_SECRET"));
        let reply = self
            .omno_ask(&format!("grant_type=client_credentials&client_id={id}&client_secret={secret}"))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let token = reply.json();
        assert_eq!((&token["expires_in"], &token["token_type"]), (&json!(300), &json!("Bearer")));
        format!("Bearer {}", token["access_token"].as_str().unwrap())
    }

    pub(crate) async fn omno(&self, token: &str, method: &str, path: &str, body: &str) -> Reply {
        let headers =
            [("authorization", token), ("accept", "application/json"), ("content-type", "application/json")];
        self.call(method, &format!("{}{path}", self.setting("OMNO_BASE_URL")), &headers, body).await
    }

    pub(crate) async fn omno_create(&self, token: &str, body: &Value) -> Value {
        let reply = self.omno(token, "POST", "/transaction/create", &body.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let answer = reply.json();
        let documented =
            json!({"paymentId": "", "paymentUrl": "", "paymentUrlIframe": "", "paymentUrlIframeApm": ""});
        assert_eq!(members(&answer), members(&documented));
        let id = answer["paymentId"].as_str().unwrap();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{id}");
        answer
    }

    pub(crate) async fn omno_status(&self, token: &str, payment: &Value) -> Value {
        let path = format!("/reporting/payments/{}", payment["paymentId"].as_str().unwrap());
        self.omno(token, "GET", &path, "").await.json()
    }
}

#[tokio::test]
async fn omno_first_payment_to_renewal_succeeds() {
    let world = World::start().await;
    let token = world.omno_token().await;
    assert_eq!(world.omno(&token, "GET", "/transaction/customer/user%2F1/cards", "").await.json(), json!([]));
    let first = world.omno_create(&token, &payment("order-1", None)).await;
    assert_eq!(world.omno_status(&token, &first).await["status"], "Created");
    let page = first["paymentUrl"].as_str().unwrap();
    assert_eq!(world.call("GET", page, &[], "").await.status, 200);
    let waiting = world.omno_status(&token, &first).await;
    assert_eq!(
        (&waiting["status"], &waiting["3dsRedirectUrl"]),
        (&json!("Pending3DS"), &first["paymentUrl"])
    );
    let paid = world.customer(page, GOOD_CARD, "pay").await;
    assert_eq!((paid.status, paid.location.as_deref()), (303, Some("https://merchant.example/paid")));

    let status = world.omno_status(&token, &first).await;
    assert_eq!((&status["status"], &status["orderId"]), (&json!("Success"), &json!("order-1")));
    assert_eq!((status["amount"].to_string().as_str(), &status["currency"]), ("49.99", &json!("EUR")));
    assert_eq!(
        (&status["cardMask"], &status["customerId"]),
        (&json!("411111********1111"), &json!("user/1"))
    );
    for name in
        ["id", "createdAt", "psp", "masterPsp", "paymentLog", "billingData", "isApm", "paymentSystemLog"]
    {
        assert!(status.get(name).is_some(), "{name}");
    }

    let cards = world.omno(&token, "GET", "/transaction/customer/user%2F1/cards", "").await.json();
    assert_eq!(cards[0]["cardMask"], "411111********1111");
    let card = cards[0]["cardToken"].as_str().unwrap();
    let renewal = world.omno_create(&token, &payment("order-2", Some(card))).await;
    assert_eq!(world.omno_status(&token, &renewal).await["status"], "Success");
    // Nothing is known that would hold back a second payment for the same order.
    world.omno_create(&token, &payment("order-2", Some(card))).await;
    assert_eq!(world.money(), ["order-1 4999 EUR", "order-2 4999 EUR", "order-2 4999 EUR"]);
    assert_eq!(world.sandbox.ledger()[1].payment, renewal["paymentId"].as_str().unwrap());
}

#[tokio::test]
async fn declined_canceled_and_timed_out_payments() {
    let world = World::start().await;
    let token = world.omno_token().await;
    for (card, action) in [(DECLINED_CARD, "pay"), (GOOD_CARD, "decline"), (GOOD_CARD, "cancel")] {
        let created = world.omno_create(&token, &payment("order", None)).await;
        let reply = world.customer(created["paymentUrl"].as_str().unwrap(), card, action).await;
        assert_eq!((reply.status, reply.location.as_deref()), (303, Some("https://merchant.example/failed")));
        assert_eq!(world.omno_status(&token, &created).await["status"], "Declined");
    }
    assert_eq!(world.omno(&token, "GET", "/transaction/customer/user%2F1/cards", "").await.json(), json!([]));
    assert!(world.money().is_empty());

    let created = world.omno_create(&token, &payment("first", None)).await;
    world.customer(created["paymentUrl"].as_str().unwrap(), LATER_DECLINED_CARD, "pay").await;
    let cards = world.omno(&token, "GET", "/transaction/customer/user%2F1/cards", "").await.json();
    let card = cards[0]["cardToken"].as_str().unwrap();
    let declined = world.omno_create(&token, &payment("second", Some(card))).await;
    assert_eq!(world.omno_status(&token, &declined).await["status"], "Declined");
    assert_eq!(world.money(), ["first 4999 EUR"]);

    let forgotten = world.omno_create(&token, &payment("third", None)).await;
    world.sandbox.advance(Duration::from_secs(30 * 60));
    let token = world.omno_token().await;
    assert_eq!(world.omno_status(&token, &forgotten).await["status"], "Timeout");
    let page = forgotten["paymentUrl"].as_str().unwrap();
    let form = format!("card_number={GOOD_CARD}&expiry=12%2F49&cvc=123&cardholder=A&action=pay");
    assert_eq!(world.press(page, &form).await.status, 409);
    assert_eq!(world.money(), ["first 4999 EUR"]);
}

#[tokio::test]
async fn omno_refuses_invalid_requests() {
    let world = World::start().await;
    let token = world.omno_token().await;
    let with = |name: &str, value: Value| {
        let mut body = payment("order", None);
        body[name] = value;
        body.to_string()
    };
    let good = payment("order", None).to_string();
    let mut no_name = payment("order", None);
    no_name["billing"]["firstName"] = "".into();
    let refused = [
        with("amount", json!(0)),
        with("amount", json!(-1)),
        with("amount", json!("49.99")),
        with("amount", json!(10.505)),
        with("amount", json!(1e30)),
        with("currency", json!("EURO")),
        with("currency", Value::Null),
        with("hookUrl", json!("nowhere")),
        with("callback", Value::Null),
        with("callbackFail", json!(7)),
        with("billing", json!([])),
        with("orderId", json!(7)),
        with("cardToken", json!("unknown")),
        no_name.to_string(),
        good.replace("\"amount\":49.99", "\"amount\":49.99,\"amount\":50"),
        "{'cardToken': 'x', /* Other necessary payment fields */ }".to_owned(),
    ];
    for body in refused {
        let reply = world.omno(&token, "POST", "/transaction/create", &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
        assert!(reply.json()["message"].is_string());
    }
    // Yen has no decimals.
    let yen = good.replace("EUR", "JPY");
    assert_eq!(world.omno(&token, "POST", "/transaction/create", &yen).await.status, 400);
    let yen = yen.replace("49.99", "50");
    assert_eq!(world.omno(&token, "POST", "/transaction/create", &yen).await.status, 200);

    assert_eq!(world.omno("Bearer wrong", "POST", "/transaction/create", &good).await.status, 401);
    assert_eq!(world.omno(&token, "GET", "/reporting/payments/unknown", "").await.status, 404);
    world.sandbox.advance(Duration::from_secs(300));
    assert_eq!(world.omno(&token, "POST", "/transaction/create", &good).await.status, 401);

    let (id, secret) = (world.setting("OMNO_CLIENT_ID"), world.setting("OMNO_CLIENT_SECRET"));
    let form = format!("client_id={id}&client_secret={secret}");
    for (status, error, body) in [
        (401, "invalid_client", format!("grant_type=client_credentials&client_id={id}&client_secret=wrong")),
        (401, "invalid_client", "grant_type=client_credentials".to_owned()),
        (400, "unsupported_grant_type", format!("grant_type=magic&{form}")),
        (400, "invalid_request", form.clone()),
        (400, "invalid_request", format!("grant_type=client_credentials&{form}&{form}")),
    ] {
        let reply = world.omno_ask(&body).await;
        assert_eq!((reply.status, &reply.json()["error"]), (status, &json!(error)), "{body}");
        assert!(reply.json()["error_description"].is_string());
    }
    let body =
        json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret}).to_string();
    let headers = [("content-type", "application/json")];
    assert_eq!(world.call("POST", &world.setting("OMNO_TOKEN_URL"), &headers, &body).await.status, 400);
    assert!(world.money().is_empty());
}
