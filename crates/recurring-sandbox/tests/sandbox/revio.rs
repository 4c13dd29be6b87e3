use crate::{DECLINED_CARD, GOOD_CARD, LATER_DECLINED_CARD, Reply, World, members};
use recurring_sandbox::LedgerKind;
use serde_json::{Value, json};

/// The list of tokens as the source document prints it.
const TOKENS: &str = r#"{"next":null,"previous":null,"results":[{"payment_method":"mastercard",
"description":"555555******4444","created_on":1663425652,"updated_on":1663425652,"type":"client_recurring_token",
"id":"82e6eb62-90e8-405c-9ec9-d43affba41d2"}]}"#;
/// The purchase of the source document, with its two ids.
const PURCHASE: &str = r#"{
"purchase": {
"products": [
{
"name": "test",
"price": 100
}
]
},
"brand_id": "5c523a6d-cad0-462e-b9bb-79b16495f3b9",
"client_id": "98e9cf98-dbd4-4a84-a304-dffbda2bef19",
"force_recurring": true
}"#;

impl World {
    pub(crate) async fn revio(&self, method: &str, path: &str, body: &str) -> Reply {
        let key = format!("Bearer {}", self.setting("REVIO_API_KEY"));
        let headers = [
            ("authorization", key.as_str()),
            ("accept", "application/json"),
            ("content-type", "application/json"),
        ];
        self.call(method, &format!("{}{path}", self.setting("REVIO_BASE_URL")), &headers, body).await
    }

    pub(crate) async fn revio_client(&self, email: &str) -> String {
        let client = self.revio("POST", "/clients/", &json!({"email": email}).to_string()).await;
        assert_eq!(client.status, 201, "{}", client.text);
        client.json()["id"].as_str().unwrap().to_owned()
    }

    /// A new purchase: a text for its path and the purchase.
    pub(crate) async fn revio_purchase(&self, client: &str, save: bool) -> (String, Value) {
        let mut body: Value = serde_json::from_str(PURCHASE).unwrap();
        body["brand_id"] = self.setting("REVIO_BRAND_ID").into();
        body["client_id"] = client.into();
        body["reference"] = "order-7".into();
        if !save {
            body.as_object_mut().unwrap().remove("force_recurring");
        }
        let reply = self.revio("POST", "/purchases/", &body.to_string()).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let purchase = reply.json();
        (format!("/purchases/{}/", purchase["id"].as_str().unwrap()), purchase)
    }

    pub(crate) async fn revio_token(&self, client: &str, card: &str) -> String {
        let (path, purchase) = self.revio_purchase(client, true).await;
        self.customer(purchase["checkout_url"].as_str().unwrap(), card, "pay").await;
        let purchase = self.revio("GET", &path, "").await.json();
        assert_eq!((&purchase["status"], &purchase["is_recurring_token"]), (&json!("paid"), &json!(true)));
        purchase["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn revio_charge(&self, path: &str, token: &str) -> Reply {
        let body = json!({"recurring_token": token}).to_string();
        self.revio("POST", &format!("{path}charge/"), &body).await
    }
}

#[tokio::test]
async fn revio_first_purchase_to_renewal_succeeds() {
    let world = World::start().await;
    let client = world.revio_client("person@merchant.example").await;
    let documented = PURCHASE
        .replace("5c523a6d-cad0-462e-b9bb-79b16495f3b9", &world.setting("REVIO_BRAND_ID"))
        .replace("98e9cf98-dbd4-4a84-a304-dffbda2bef19", &client);
    let created = world.revio("POST", "/purchases/", &documented).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let created = created.json();
    assert_eq!(created["status"], "created");
    assert_eq!(created["purchase"]["products"][0]["quantity"], "1.0000");
    assert_eq!(created["purchase"]["total"], 100);
    assert_eq!(created["client"]["email"], "person@merchant.example");
    assert_eq!((&created["client"]["full_name"], &created["payment"]), (&json!(""), &Value::Null));
    assert!(created["created_on"].is_i64());
    assert_eq!(created["issued"].as_str().unwrap().len(), 10);
    assert!(world.money().is_empty());

    let token = created["id"].as_str().unwrap();
    let page = created["checkout_url"].as_str().unwrap();
    // The documented test card for 3-D Secure: the bank asks first.
    let asked = world.customer(page, "5555555555554444", "pay").await;
    assert!(asked.status == 200 && asked.text.contains("value=\"confirm\""), "{}", asked.text);
    let waiting = world.revio("GET", &format!("/purchases/{token}/"), "").await.json();
    assert!(waiting["status"] != "paid" && world.money().is_empty());
    assert_eq!(world.press(page, "action=confirm").await.status, 200);
    let paid = world.revio("GET", &format!("/purchases/{token}/"), "").await.json();
    assert_eq!((&paid["status"], &paid["is_recurring_token"]), (&json!("paid"), &json!(true)));
    assert_eq!(paid["payment"]["amount"], 100);

    let list = world.revio("GET", &format!("/clients/{client}/recurring_tokens/"), "").await.json();
    assert_eq!(members(&list), members(&serde_json::from_str(TOKENS).unwrap()));
    assert_eq!(list["results"][0]["description"], "555555******4444");
    assert_eq!(list["results"][0]["payment_method"], "mastercard");
    assert_eq!(list["results"][0]["id"], token);

    let (path, renewal) = world.revio_purchase(&client, false).await;
    let charged = world.revio_charge(&path, token).await;
    assert_eq!((charged.status, &charged.json()["status"]), (200, &json!("paid")));
    assert_eq!(charged.json()["is_recurring_token"], false);
    let twice = world.revio_charge(&path, token).await;
    assert_eq!(
        (twice.status, &twice.json()["__all__"][0]["code"]),
        (400, &json!("purchase_charge_wrong_status"))
    );

    assert_eq!(world.money(), [" 100 ZAR", "order-7 100 ZAR"]);
    assert_eq!(world.sandbox.ledger()[1].payment, renewal["id"].as_str().unwrap());
}

#[tokio::test]
async fn declined_charge_is_refused_with_reason_in_purchase() {
    let world = World::start().await;
    let client = world.revio_client("a@b.example").await;
    let token = world.revio_token(&client, LATER_DECLINED_CARD).await;
    let (path, purchase) = world.revio_purchase(&client, false).await;
    let refused = world.revio_charge(&path, &token).await;
    assert_eq!(
        (refused.status, &refused.json()["__all__"][0]["code"]),
        (400, &json!("purchase_charge_error"))
    );
    assert!(refused.json()["__all__"][0]["message"].is_string());
    let read = world.revio("GET", &path, "").await.json();
    assert_eq!(read["status"], "error");
    let attempts = read["transaction_data"]["attempts"].as_array().unwrap();
    assert_eq!(attempts[0]["error"]["code"], "insufficient_funds");
    assert!(attempts[0]["error"]["message"].is_string());

    // The purchase can still be paid, and then the newest attempt is first.
    world.customer(purchase["checkout_url"].as_str().unwrap(), DECLINED_CARD, "decline").await;
    let good = world.revio_token(&client, GOOD_CARD).await;
    assert_eq!(world.revio_charge(&path, &good).await.status, 200);
    let read = world.revio("GET", &path, "").await.json();
    let codes: Vec<&Value> =
        read["transaction_data"]["attempts"].as_array().unwrap().iter().map(|a| &a["error"]).collect();
    assert_eq!(codes.len(), 3);
    assert!(codes[0].is_null());
    assert_eq!(
        (&codes[1]["code"], &codes[2]["code"]),
        (&json!("do_not_honour"), &json!("insufficient_funds"))
    );
    assert_eq!(world.money(), ["order-7 100 ZAR"; 3]);
}

#[tokio::test]
async fn token_belongs_to_its_client_and_is_deleted() {
    let world = World::start().await;
    let (one, other) =
        (world.revio_client("one@b.example").await, world.revio_client("other@b.example").await);
    let mut tokens = Vec::new();
    for _ in 0..12 {
        tokens.push(world.revio_token(&one, GOOD_CARD).await);
    }
    let (path, _) = world.revio_purchase(&other, false).await;
    for wrong in [tokens[0].as_str(), "unknown"] {
        let refused = world.revio_charge(&path, wrong).await;
        assert_eq!(
            (refused.status, &refused.json()["__all__"][0]["code"]),
            (400, &json!("invalid_recurring_token"))
        );
    }

    let base = world.setting("REVIO_BASE_URL");
    let list = format!("/clients/{one}/recurring_tokens/");
    let first = world.revio("GET", &list, "").await.json();
    assert_eq!((first["results"].as_array().unwrap().len(), &first["previous"]), (10, &Value::Null));
    let next = first["next"].as_str().unwrap().strip_prefix(&base).expect("an address on the same server");
    let second = world.revio("GET", next, "").await.json();
    assert_eq!((second["results"].as_array().unwrap().len(), &second["next"]), (2, &Value::Null));
    assert!(second["previous"].is_string());
    assert_eq!(world.revio("GET", &format!("{list}?page=3"), "").await.status, 404);
    assert_eq!(world.revio("GET", &format!("{list}?page=0"), "").await.status, 404);

    assert_eq!(
        world.revio("DELETE", &format!("/clients/{other}/recurring_tokens/{}/", tokens[0]), "").await.status,
        404
    );
    assert_eq!(world.revio("DELETE", &format!("{list}{}/", tokens[0]), "").await.status, 204);
    let forgotten =
        world.revio("POST", &format!("/purchases/{}/delete_recurring_token/", tokens[1]), "").await;
    assert_eq!((forgotten.status, &forgotten.json()["is_recurring_token"]), (200, &json!(false)));
    let left = world.revio("GET", &list, "").await.json();
    assert_eq!((left["results"].as_array().unwrap().len(), &left["next"]), (10, &Value::Null));
    let (path, _) = world.revio_purchase(&one, false).await;
    assert_eq!(world.revio_charge(&path, &tokens[1]).await.status, 400);
}

#[tokio::test]
async fn client_is_changed_and_purchase_canceled_or_refunded() {
    let world = World::start().await;
    let client = world.revio_client("a@b.example").await;
    let path = format!("/clients/{client}/");
    let (paid_path, purchase) = world.revio_purchase(&client, false).await;
    let changed = world.revio("PATCH", &path, r#"{"full_name":"New Name"}"#).await.json();
    assert_eq!((&changed["full_name"], &changed["email"]), (&json!("New Name"), &json!("a@b.example")));
    assert_eq!(world.revio("PUT", &path, r#"{"full_name":"x"}"#).await.status, 400);
    let replaced = world.revio("PUT", &path, r#"{"email":"c@d.example"}"#).await.json();
    assert_eq!((&replaced["full_name"], &replaced["email"]), (&json!(""), &json!("c@d.example")));
    assert_eq!(world.revio("GET", &paid_path, "").await.json()["client"]["email"], "a@b.example");

    let (open, _) = world.revio_purchase(&client, false).await;
    let cancelled = world.revio("POST", &format!("{open}cancel/"), "").await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")));
    assert_eq!(world.revio("POST", &format!("{open}cancel/"), "").await.status, 400);

    world.customer(purchase["checkout_url"].as_str().unwrap(), GOOD_CARD, "pay").await;
    assert_eq!(world.revio("POST", &format!("{paid_path}refund/"), r#"{"amount":101}"#).await.status, 400);
    let refund = world.revio("POST", &format!("{paid_path}refund/"), r#"{"amount":30}"#).await;
    assert_eq!((refund.status, &refund.json()["type"]), (200, &json!("payment")));
    assert_eq!(world.revio("POST", &format!("{paid_path}refund/"), "").await.json()["payment"]["amount"], 70);
    assert_eq!(world.revio("GET", &paid_path, "").await.json()["status"], "refunded");
    let kinds: Vec<_> = world.sandbox.ledger().iter().map(|entry| (entry.kind, entry.amount_minor)).collect();
    assert_eq!(kinds, [(LedgerKind::Charge, 100), (LedgerKind::Refund, 30), (LedgerKind::Refund, 70)]);

    assert_eq!(world.revio("DELETE", &path, "").await.status, 204);
    assert_eq!(world.revio("GET", &path, "").await.status, 404);
}

#[tokio::test]
async fn revio_refuses_invalid_requests() {
    let world = World::start().await;
    let client = world.revio_client("a@b.example").await;
    let good = json!({
        "purchase": {"products": [{"name": "test", "price": 100}]},
        "brand_id": world.setting("REVIO_BRAND_ID"), "client_id": client,
    });
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body.to_string()
    };
    let product = |product: Value| with(&|body| body["purchase"]["products"] = json!([product]));
    let refused = [
        ("__all__", "purchase_client_or_id_required", with(&|body| body["client_id"] = Value::Null)),
        (
            "__all__",
            "purchase_client_or_id_only",
            with(&|body| body["client"] = json!({"email": "a@b.example"})),
        ),
        ("client_id", "does_not_exist", with(&|body| body["client_id"] = json!("someone"))),
        ("brand_id", "does_not_exist", with(&|body| body["brand_id"] = json!("brand"))),
        ("brand_id", "required", with(&|body| body["brand_id"] = Value::Null)),
        ("purchase", "required", with(&|body| body["purchase"] = Value::Null)),
        ("purchase", "invalid", with(&|body| body["purchase"]["products"] = json!([]))),
        ("purchase", "invalid", with(&|body| body["purchase"]["currency"] = json!("EURO"))),
        ("purchase", "invalid", product(json!({"name": "test", "price": -1}))),
        ("purchase", "invalid", product(json!({"name": "test", "price": 0}))),
        ("purchase", "invalid", product(json!({"name": "test", "price": 1.5}))),
        ("purchase", "invalid", product(json!({"name": "test", "price": "100"}))),
        ("purchase", "invalid", product(json!({"name": "", "price": 100}))),
        ("purchase", "invalid", product(json!({"name": "test", "price": 100, "discount": 101}))),
        ("purchase", "invalid", product(json!({"name": "test", "price": i64::MAX, "quantity": i64::MAX}))),
        ("reference", "invalid", with(&|body| body["reference"] = json!("x".repeat(129)))),
        ("success_redirect", "invalid", with(&|body| body["success_redirect"] = json!("nowhere"))),
        (
            "__all__",
            "parse_error",
            good.to_string().replace("{\"brand_id\"", "{\"due\":1,\"due\":2,\"brand_id\""),
        ),
        ("__all__", "parse_error", "nonsense".to_owned()),
    ];
    for (member, code, body) in refused {
        let reply = world.revio("POST", "/purchases/", &body).await;
        assert_eq!(
            (reply.status, &reply.json()[member][0]["code"]),
            (400, &json!(code)),
            "{body}: {}",
            reply.text
        );
        assert!(reply.json()[member][0]["message"].is_string());
    }
    let path = "/clients/";
    assert_eq!(world.revio("POST", path, "{}").await.json()["email"][0]["code"], "required");
    assert_eq!(
        world.revio("POST", path, r#"{"email":"no-address"}"#).await.json()["email"][0]["code"],
        "invalid"
    );

    let missing = world.revio("GET", "/purchases/unknown/", "").await;
    assert_eq!((missing.status, &missing.json()["__all__"][0]["code"]), (404, &json!("not_found")));
    let url = format!("{}/purchases/", world.setting("REVIO_BASE_URL"));
    for key in ["Bearer wrong", "Basic sandbox_revio_key", "sandbox_revio_key"] {
        let reply = world.call("POST", &url, &[("authorization", key)], &good.to_string()).await;
        assert_eq!(
            (reply.status, &reply.json()["__all__"][0]["code"]),
            (401, &json!("authentication_failed"))
        );
    }
    assert!(world.money().is_empty());
}
