//! Makes the pictures of the README: the payment page, the bank's question and the inspector.
//!
//! `cargo run -p recurring-sandbox --features browser-tests --example screenshots` in the workspace's folder writes them into `docs/img`.
//! Needs chromium and chromedriver.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, unreachable_pub)]

#[path = "../tests/sandbox/driver.rs"]
mod driver;

use driver::Browser;
use recurring_sandbox::{Fault, FaultKind, Sandbox};
use reqwest::Client;
use serde_json::{Value, json};
use std::path::Path;

/// 2026-03-02T09:30:00Z, so that the pictures are the same on every day.
const MORNING: i64 = 1_772_443_800;

#[tokio::main]
async fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/img");
    std::fs::create_dir_all(&folder).unwrap();
    let shop = Shop::open().await;
    let phone = Browser::open(390, 844).await;
    let desktop = Browser::open(1024, 700).await;

    let page = shop.first("order-1001").await;
    phone.goto(&page).await;
    save(&phone, &folder.join("payment-phone.png")).await;
    desktop.goto(&page).await;
    save(&desktop, &folder.join("payment-desktop.png")).await;
    phone.card("4242424242424242", "pay").await;
    phone.find("#problem").await;
    save(&phone, &folder.join("payment-problem-phone.png")).await;
    phone.card("4000002500003155", "pay").await;
    phone.find("button[value=confirm]").await;
    save(&phone, &folder.join("bank-phone.png")).await;
    phone.click("button[value=confirm]").await;
    phone.text("p[role=status]").await;

    desktop.goto(&shop.first("order-1002").await).await;
    desktop.card("4000000000000002", "pay").await;
    desktop.text("p[role=status]").await;
    shop.schedule().await;
    shop.sandbox.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    shop.sandbox
        .inject(Fault::new(FaultKind::Status { status: 503, retry_after: None }).with_gateway("emspay"))
        .unwrap();
    shop.first_answer("order-1003").await;
    shop.sandbox.settle().await;
    let dark = Browser::open_with_theme(1024, 700, true).await;
    let dark_phone = Browser::open_with_theme(390, 844, true).await;
    shop.sandbox.inject(Fault::new(FaultKind::Reset).with_gateway("revio").with_times(2)).unwrap();
    desktop.goto(shop.sandbox.url()).await;
    desktop.find("#ledger").await;
    save(&desktop, &folder.join("inspector.png")).await;
    let scroll = "document.getElementById('money-title').scrollIntoView()";
    desktop.client.execute(scroll, Vec::new()).await.unwrap();
    save(&desktop, &folder.join("inspector-ledger.png")).await;
    phone.goto(shop.sandbox.url()).await;
    phone
        .client
        .execute("document.getElementById('calls-title').scrollIntoView()", Vec::new())
        .await
        .unwrap();
    save(&phone, &folder.join("inspector-phone.png")).await;
    dark_phone.goto(&shop.first("order-1004").await).await;
    save(&dark_phone, &folder.join("payment-dark-phone.png")).await;
    sections(&shop, &folder, [&desktop, &dark, &phone, &dark_phone]).await;
    desktop.goto(&format!("{}/_sandbox/exchanges/2", shop.sandbox.url())).await;
    save(&desktop, &folder.join("inspector-call.png")).await;
}

/// The sections: one picture of each, in one of the themes and widths.
async fn sections(shop: &Shop, folder: &Path, [desktop, dark, phone, dark_phone]: [&Browser; 4]) {
    for (browser, section, name) in [
        (desktop, "requests?gateway=emspay", "inspector-requests"),
        (dark, "clock?by=custom&amount=40&unit=days", "inspector-clock-dark"),
        (phone, "faults", "inspector-faults-phone"),
        (dark_phone, "webhooks", "inspector-webhooks-dark-phone"),
    ] {
        browser.goto(&format!("{}/_sandbox/inspector/{section}", shop.sandbox.url())).await;
        save(browser, &folder.join(format!("{name}.png"))).await;
    }
}

async fn save(browser: &Browser, file: &Path) {
    std::fs::write(file, browser.client.screenshot().await.unwrap()).unwrap();
    println!("{}", file.display());
}

/// A sandbox and an HTTP client of a merchant.
struct Shop {
    sandbox: Sandbox,
    http: Client,
}

impl Shop {
    async fn open() -> Shop {
        let sandbox = Sandbox::builder()
            .with_start(MORNING)
            .with_seed(1)
            .with_webhook("ngenius", "http://127.0.0.1:9/hook")
            .start()
            .await
            .unwrap();
        Shop { sandbox, http: Client::builder().no_proxy().build().unwrap() }
    }

    fn setting(&self, name: &str) -> String {
        self.sandbox.settings().into_iter().find(|(key, _)| *key == name).unwrap().1
    }

    /// Asks for a first payment at emspay: status and answer.
    async fn first_answer(&self, reference: &str) -> (u16, String) {
        let body = json!({
            "merchant_order_id": reference, "amount": 1999, "currency": "EUR", "description": "Monthly box, first of twelve",
            "transactions": [{"payment_method": "credit-card", "payment_method_details": {"recurring_type": "first"}}],
        });
        let url = format!("{}/orders/", self.setting("EMSPAY_BASE_URL"));
        let request =
            self.http.post(url).header("authorization", "Basic c2FuZGJveF9lbXNwYXlfa2V5Og==").json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The page of a new first payment.
    async fn first(&self, reference: &str) -> String {
        let (_, answer) = self.first_answer(reference).await;
        let order: Value = serde_json::from_str(&answer).unwrap();
        format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap())
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
                "emailAddress": "a@b.example", "amount": {"currencyCode": "AED", "value": 15000},
                "merchantOrderReference": "plan-7"},
            "payment": {"pan": "4012001037141112", "expiry": "2049-04", "cvv": "123", "cardholderName": "Ann Example"},
        });
        let url = format!("{base}/recurring-payment/outlets/{}/orders", self.setting("NGENIUS_OUTLET"));
        let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let request = self.http.post(url).header("authorization", token).header("content-type", PAYMENT);
        assert_eq!(request.body(body.to_string()).send().await.unwrap().status(), 200);
    }
}
