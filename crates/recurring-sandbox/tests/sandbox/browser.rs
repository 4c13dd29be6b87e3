//! The pages in a real Chromium.

use crate::driver::Browser;
use crate::omno::payment;
use crate::{DECLINED_CARD, GOOD_CARD, World, emspay, ngenius};
use axum::Router;
use fantoccini::key::Key;
use serde_json::json;

const ASKS_BACK: &str = "4000002500003155";

/// Starts the shop to which customers are redirected; its address.
async fn shop() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(|| async { "Welcome back" });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

impl Browser {
    /// Nothing has to be scrolled sideways.
    async fn fits(&self) {
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(self.client.execute(script, Vec::new()).await.unwrap(), 0);
    }

    /// Presses a key, or types, where the focus is, and returns the element that has it afterwards.
    async fn press(&self, keys: &str) -> String {
        let at = self.client.active_element().await.unwrap();
        at.send_keys(keys).await.unwrap();
        let at = self.client.active_element().await.unwrap();
        let id = at.attr("id").await.unwrap();
        id.or(at.attr("value").await.unwrap()).unwrap_or_default()
    }
}

#[tokio::test]
async fn payment_page_of_each_gateway_in_browser_enables_charge() {
    let world = World::start().await;
    let shop = shop().await;
    let browser = Browser::open(390, 844).await;

    // emspay, with the keyboard alone.
    let created = world.emspay("POST", "/orders/", emspay::FIRST).await.json();
    browser.goto(&format!("http://{}", created["transactions"][0]["payment_url"].as_str().unwrap())).await;
    let tab = char::from(Key::Tab).to_string();
    for (field, text) in
        [("card_number", GOOD_CARD), ("expiry", "12/49"), ("cvc", "123"), ("cardholder", "Ann Example")]
    {
        assert_eq!(browser.press(&tab).await, field);
        browser.press(text).await;
    }
    assert_eq!(browser.press(&tab).await, "pay");
    let button = browser.client.active_element().await.unwrap();
    assert_eq!(button.css_value("outline-style").await.unwrap(), "solid");
    button.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
    browser.text("p[role=status]").await;
    let path = format!("/orders/{}/", created["id"].as_str().unwrap());
    let order = world.emspay("GET", &path, "").await.json();
    let token = order["transactions"][0]["payment_method_details"]["vault_token"].as_str().unwrap();
    let renewal = world.emspay("POST", "/orders/", &emspay::later(token, "emspay-2")).await.json();
    let path = format!("/orders/{}/", renewal["id"].as_str().unwrap());
    assert_eq!(world.emspay("GET", &path, "").await.json()["status"], "completed");

    // revio
    let client = world.revio_client("person@merchant.example").await;
    let (path, purchase) = world.revio_purchase(&client, true).await;
    browser.goto(purchase["checkout_url"].as_str().unwrap()).await;
    browser.card(GOOD_CARD, "pay").await;
    browser.text("p[role=status]").await;
    assert_eq!(world.revio("GET", &path, "").await.json()["is_recurring_token"], true);
    let (renewal, _) = world.revio_purchase(&client, false).await;
    let charged = world.revio_charge(&renewal, purchase["id"].as_str().unwrap()).await;
    assert_eq!(charged.json()["status"], "paid");

    // omno, which sends the customer back to the shop.
    let access = world.omno_token().await;
    let mut first = payment("omno-1", None);
    first["callback"] = format!("{}/thanks", shop).into();
    let first = world.omno_create(&access, &first).await;
    browser.goto(first["paymentUrl"].as_str().unwrap()).await;
    browser.card(GOOD_CARD, "pay").await;
    browser.find("body > pre").await;
    assert_eq!(browser.client.current_url().await.unwrap().path(), "/thanks");
    let cards = world.omno(&access, "GET", "/transaction/customer/user%2F1/cards", "").await.json();
    let renewal = world.omno_create(&access, &payment("omno-2", cards[0]["cardToken"].as_str())).await;
    assert_eq!(world.omno_status(&access, &renewal).await["status"], "Success");

    // tokenpay-signed
    let urls = json!({"success": format!("{}/saved", shop), "fail": shop, "notify": shop});
    let request = json!({"merchantId": 3, "userId": "user1", "callbackUrl": urls}).to_string();
    let page = world.tokenpay("/tokenization/add-token", &request).await;
    browser.goto(page["data"].as_str().unwrap()).await;
    browser.card(GOOD_CARD, "pay").await;
    browser.find("body > pre").await;
    assert_eq!(browser.client.current_url().await.unwrap().path(), "/saved");
    let sale = world.sale("user1", 436, "tokenpay-1", true).await;
    let request = json!({
        "merchantId": 3, "userId": "user1", "tokenId": "436", "merchantReference": "tokenpay-2", "amount": 30,
        "parentOrderId": sale["order"]["id"],
    });
    let charged = world.tokenpay("/tokenization/recurring", &request.to_string()).await;
    assert_eq!(charged["responseCode"], "0000");
    for reference in ["emspay-2", "omno-2", "tokenpay-2"] {
        world.sandbox.assert_charged_once(reference);
    }

    // The inspector shows it, and none of the secrets.
    browser.goto(world.sandbox.url()).await;
    let ledger = browser.text("#ledger").await;
    for shown in ["emspay-2", "order-7", "omno-2", "tokenpay-2", "49.99 EUR", "30.00 USD"] {
        assert!(ledger.contains(shown), "{shown}: {ledger}");
    }
    let calls = browser.text("#calls").await;
    assert!(calls.contains("POST /tokenpay/tokenization/recurring"), "{calls}");
    // A new request appears by itself.
    let last = world.sandbox.exchanges().len();
    world.revio_charge("/purchases/unknown/", "unknown").await;
    browser.click(&format!("#call-{}", last + 1)).await;
    assert!(browser.text("#request").await.contains("authorization: Bearer •••"));
    let secrets =
        [GOOD_CARD, token, &world.setting("REVIO_API_KEY"), cards[0]["cardToken"].as_str().unwrap()];
    for number in 1..=last + 1 {
        let url = format!("{}/_sandbox/exchanges/{number}", world.sandbox.url());
        let text = world.call("GET", &url, &[], "").await.text;
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }
}

#[tokio::test]
async fn fault_armed_in_browser_hits_next_request() {
    let world = World::start().await;
    let browser = Browser::open(1280, 900).await;
    let client = world.revio_client("person@merchant.example").await;
    world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await;
    browser.goto(world.sandbox.url()).await;
    for (field, value) in [("kind", "500"), ("when", "before_acting"), ("gateway", "revio")] {
        browser.find(&format!("#{field}")).await.select_by_value(value).await.unwrap();
    }
    browser.click("form[action$=faults] button").await;
    assert!(browser.text("#faults").await.contains("gateway=revio"));
    let path = format!("/clients/{client}/");
    assert_eq!(world.revio("GET", &path, "").await.status, 500);
    assert_eq!(world.revio("GET", &path, "").await.status, 200);
    // It was for one request, and the page shows by itself that it is over.
    browser.find("#live:not(:has(#faults))").await;

    // The clock moves, and the schedule recurs.
    assert_eq!(world.money().len(), 1);
    let before = browser.text("#now").await;
    browser.click("button[value=month]").await;
    browser.find("#ledger tbody tr:nth-child(2)").await;
    assert_ne!(browser.text("#now").await, before);
    assert_eq!(world.money(), ["plan-1 150 AED", "plan-1 150 AED"]);
    assert!(browser.text("#schedules").await.contains("MONTHLY"));
}

#[tokio::test]
async fn payment_page_in_browser_shows_mistakes_and_challenge() {
    let world = World::start().await;
    let browser = Browser::open(360, 740).await;
    let client = world.revio_client("person@merchant.example").await;
    let (path, purchase) = world.revio_purchase(&client, true).await;
    browser.goto(purchase["checkout_url"].as_str().unwrap()).await;

    // The mistakes are read out first, and each leads to its field.
    browser.card("4242424242424242", "pay").await;
    browser.find("#problem:focus").await;
    browser.fits().await;
    assert!(browser.client.title().await.unwrap().starts_with("Error: "));
    browser.click("#problem a").await;
    let focus = browser.find("#card_number:focus").await;
    let described = focus.attr("aria-describedby").await.unwrap().unwrap();
    assert!(described.starts_with("card_number-problem "), "{described}");
    assert!(browser.text("#card_number-problem").await.contains("test cards"));

    for (action, status) in [("refuse", "error"), ("confirm", "paid")] {
        browser.card(ASKS_BACK, "pay").await;
        assert!(browser.text("main:has(button[value=confirm])").await.contains("************3155"));
        browser.fits().await;
        assert!(!browser.client.source().await.unwrap().contains(ASKS_BACK));
        assert!(world.money().is_empty());
        browser.click(&format!("button[value={action}]")).await;
        browser.text("p[role=status]").await;
        assert_eq!(world.revio("GET", &path, "").await.json()["status"], status);
        browser.goto(purchase["checkout_url"].as_str().unwrap()).await;
    }
    assert_eq!(world.money(), ["order-7 100 ZAR"]);

    let (path, purchase) = world.revio_purchase(&client, false).await;
    browser.goto(purchase["checkout_url"].as_str().unwrap()).await;
    browser.card(DECLINED_CARD, "pay").await;
    browser.text("p[role=status]").await;
    assert_eq!(world.revio("GET", &path, "").await.json()["status"], "error");
    assert_eq!(world.money().len(), 1);
    browser.goto(world.sandbox.url()).await;
    browser.find("#calls").await;
    browser.fits().await;
}

#[tokio::test]
async fn payment_is_searched_and_its_webhook_sent_in_browser() {
    let world = World::start().await;
    let shop = shop().await;
    let browser = Browser::open(1280, 900).await;
    let client = world.revio_client("person@merchant.example").await;
    let (_, purchase) = world.revio_purchase(&client, true).await;
    let id = purchase["id"].as_str().unwrap();
    browser.goto(world.sandbox.url()).await;
    browser.fill(".find input", id).await;
    browser.click(".find button").await;
    browser.click("#payments td a").await;
    assert_eq!(browser.text("#id").await, id);
    browser.find("#event").await.select_by_value("revio purchase.hold").await.unwrap();
    browser.fill("#to", &format!("{shop}/hook")).await;
    browser.click("form[action$=trigger] button").await;
    world.sandbox.settle().await;
    browser.click(".sections a[aria-current]").await;
    browser.click("#notifications td a").await;
    assert!(browser.text("header").await.contains("purchase.hold"));
    assert!(!browser.text("#body").await.contains("person@merchant.example"));
    browser.click("#show").await;
    browser.find("#hide").await;
    assert!(browser.text("#body").await.contains("person@merchant.example"));

    // A form that was filled in wrongly keeps what was entered.
    browser.goto(&format!("{}/_sandbox/inspector/webhooks", world.sandbox.url())).await;
    browser.click("#send summary").await;
    browser.fill("#payment", "unknown").await;
    browser.click("#send button").await;
    assert!(browser.text("#problem:focus").await.contains("no payment"));
    let kept = browser.find("#payment").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("unknown"));
}
