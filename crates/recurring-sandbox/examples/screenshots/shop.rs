//! A merchant that uses the sandbox, so that the pictures have something to show.

use recurring_sandbox::Sandbox;
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Duration;

/// 2026-03-02T09:30:00Z, so that the pictures are the same on every day.
const MORNING: i64 = 1_772_443_800;
const GOOD_CARD: &str = "4111111111111111";
/// Approved at first, and declined later.
const FADING_CARD: &str = "4000000000000341";
const DECLINED_CARD: &str = "4000000000000002";

/// A sandbox and an HTTP client of a merchant.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    http: Client,
    /// Where its webhooks go.
    hook: String,
}

impl Shop {
    pub(crate) async fn open() -> Shop {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(|| async { "OK" });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let sandbox = Sandbox::builder()
            .with_start(MORNING)
            .with_seed(1)
            .with_webhook("ngenius", "http://127.0.0.1:9/hook")
            .with_webhook("revio", &hook)
            .start()
            .await
            .unwrap();
        Shop { sandbox, http: Client::builder().no_proxy().build().unwrap(), hook }
    }

    fn setting(&self, name: &str) -> String {
        self.sandbox.settings().into_iter().find(|(key, _)| *key == name).unwrap().1
    }

    async fn send(&self, method: &str, url: String, authorization: &str, body: &Value) -> Value {
        let request = self.http.request(method.parse().unwrap(), url).header("authorization", authorization);
        serde_json::from_str(&request.json(body).send().await.unwrap().text().await.unwrap())
            .unwrap_or_default()
    }

    /// The customer pays on the page with this card.
    pub(crate) async fn pays(&self, page: &str, card: &str) {
        let form = format!("card_number={card}&expiry=12%2F29&cvc=123&cardholder=Ann+Example&action=pay");
        let request = self.http.post(page).header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.ok();
    }

    pub(crate) async fn emspay(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}/orders/{path}", self.setting("EMSPAY_BASE_URL"));
        self.send(method, url, "Basic c2FuZGJveF9lbXNwYXlfa2V5Og==", body).await
    }

    /// A first payment at emspay.
    pub(crate) async fn order(&self, reference: &str) -> Value {
        let details = json!({"recurring_type": "first"});
        let body = json!({
            "merchant_order_id": reference, "amount": 1999, "currency": "EUR", "description": "Monthly box, first of twelve",
            "webhook_url": self.hook,
            "transactions": [{"payment_method": "credit-card", "payment_method_details": details}],
        });
        self.emspay("POST", "", &body).await
    }

    /// The page of a new first payment at emspay.
    pub(crate) async fn first(&self, reference: &str) -> String {
        page_of(&self.order(reference).await)
    }

    async fn revio(&self, path: &str, body: &Value) -> Value {
        let key = format!("Bearer {}", self.setting("REVIO_API_KEY"));
        self.send("POST", format!("{}/{path}/", self.setting("REVIO_BASE_URL")), &key, body).await
    }

    /// Payments at four gateways: first ones, renewals, a decline, a refund, a lost customer.
    pub(crate) async fn trade(&self) {
        let first = self.order("box-1001-1").await;
        self.pays(&page_of(&first), GOOD_CARD).await;
        let id = first["id"].as_str().unwrap();
        let order = self.emspay("GET", &format!("{id}/"), &Value::Null).await;
        let token = &order["transactions"][0]["payment_method_details"]["vault_token"];
        let details = json!({"recurring_type": "recurring", "vault_token": token});
        let renewal = json!({
            "merchant_order_id": "box-1001-2", "amount": 1999, "currency": "EUR", "webhook_url": self.hook,
            "transactions": [{"payment_method": "credit-card", "payment_method_details": details}],
        });
        self.emspay("POST", "", &renewal).await;
        self.emspay("POST", &format!("{id}/refunds/"), &json!({"amount": 500})).await;
        self.pays(&self.first("box-1002-1").await, DECLINED_CARD).await;

        let client = self.revio("clients", &json!({"email": "ann@shop.example"})).await;
        let purchase = |reference: &str| {
            json!({
                "purchase": {"products": [{"name": "Plan M", "price": 24900}]}, "reference": reference,
                "brand_id": self.setting("REVIO_BRAND_ID"), "client_id": client["id"], "force_recurring": true,
            })
        };
        let first = self.revio("purchases", &purchase("plan-m-71")).await;
        self.pays(first["checkout_url"].as_str().unwrap(), FADING_CARD).await;
        let next = self.revio("purchases", &purchase("plan-m-72")).await;
        let charge = format!("purchases/{}/charge", next["id"].as_str().unwrap());
        self.revio(&charge, &json!({"recurring_token": first["id"]})).await;

        let form = [("grant_type", "client_credentials"), ("client_id", "sandbox_omno_client")];
        let form = form.into_iter().chain([("client_secret", "sandbox_omno_secret")]);
        let form: Vec<String> = form.map(|(name, value)| format!("{name}={value}")).collect();
        let token = self.http.post(self.setting("OMNO_TOKEN_URL")).body(form.join("&"));
        let token = token.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        let token: Value = token.json().await.unwrap();
        let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let billing = json!({
            "firstName": "Ann", "lastName": "Example", "address1": "Street 1", "city": "Town", "state": "State",
            "country": "DE", "postalCode": "12345", "phone": "+491234567", "email": "ann@shop.example",
            "externalUserId": "customer-9",
        });
        for (order, pays) in [("donation-5", true), ("donation-6", false)] {
            let body = json!({
                "amount": 25, "currency": "EUR", "orderId": order, "hookUrl": self.hook, "billing": billing,
                "callback": "http://127.0.0.1:9/thanks", "callbackFail": "http://127.0.0.1:9/sorry",
            });
            let url = format!("{}/transaction/create", self.setting("OMNO_BASE_URL"));
            let payment = self.send("POST", url, &token, &body).await;
            if pays {
                self.pays(payment["paymentUrl"].as_str().unwrap(), GOOD_CARD).await;
            }
        }
        self.schedule().await;
        self.sandbox.advance(Duration::from_secs(31 * 24 * 3600));
        self.sandbox.settle().await;
    }

    /// A schedule at ngenius.
    async fn schedule(&self) {
        const IDENTITY: &str = "application/vnd.ni-identity.v1+json";
        const PAYMENT: &str = "application/vnd.ni-payment.v2+json";
        let base = self.setting("NGENIUS_BASE_URL");
        let key = format!("Basic {}", self.setting("NGENIUS_API_KEY"));
        let token = self.http.post(format!("{base}/identity/auth/access-token"));
        let token = token.header("authorization", key).header("content-type", IDENTITY).send().await.unwrap();
        let token: Value = token.json().await.unwrap();
        let body = json!({
            "order": {"action": "SALE", "channel": "MoTo", "type": "RECURRING", "frequency": "MONTHLY",
                "emailAddress": "ann@shop.example", "amount": {"currencyCode": "AED", "value": 15000},
                "merchantOrderReference": "plan-7"},
            "payment": {"pan": "4012001037141112", "expiry": "2049-04", "cvv": "123", "cardholderName": "Ann Example"},
        });
        let url = format!("{base}/recurring-payment/outlets/{}/orders", self.setting("NGENIUS_OUTLET"));
        let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let request = self.http.post(url).header("authorization", token).header("content-type", PAYMENT);
        assert_eq!(request.body(body.to_string()).send().await.unwrap().status(), 200);
    }

    /// A page of the inspector.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/_sandbox/{path}", self.sandbox.url())
    }

    /// The address of the first line of a list.
    pub(crate) async fn first_of(&self, list: &str) -> String {
        let page = self.http.get(self.at(list)).send().await.unwrap().text().await.unwrap();
        let (_, rows) = page.split_once("<tbody>").unwrap();
        let (_, link) = rows.split_once("href=\"").unwrap();
        format!("{}{}", self.sandbox.url(), link.split_once('"').unwrap().0)
    }
}

fn page_of(order: &Value) -> String {
    format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap())
}
