//! The pages in a real Chromium, light and dark, on a desktop and on a phone: nothing is cut off, all text can be read.

use crate::driver::Browser;
use crate::omno::payment;
use crate::payments::link_after;
use crate::{GOOD_CARD, World, ngenius};
use serde_json::Value;

/// The smallest contrast that WCAG AA allows for text.
const SMALLEST_CONTRAST: f64 = 4.5;

/// The texts with the least contrast to what is painted behind them, as `[contrast, text]`, and the background of the page.
const CONTRASTS: &str = r#"
const parts = color => color.match(/[\d.]+/g).map(Number);
const light = color => {
  const [r, g, b] = parts(color).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const back = element => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor, alpha = parts(color)[3];
    if (alpha === undefined || alpha === 1) return color;
  }
  return 'rgb(255, 255, 255)';
};
const found = [];
const add = (element, color, text) => {
  const [low, high] = [light(color), light(back(element))].sort((a, b) => a - b);
  found.push([(high + 0.05) / (low + 0.05), text]);
};
for (const element of document.body.querySelectorAll('*')) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (own && element.getClientRects().length) add(element, getComputedStyle(element).color, element.textContent);
  const before = getComputedStyle(element, '::before');
  if (before.content !== 'none' && before.content !== 'normal') add(element, before.color, before.content);
}
found.sort((a, b) => a[0] - b[0]);
return [found.slice(0, 3), light(getComputedStyle(document.body).backgroundColor), found.length];
"#;

const SECTIONS: [&str; 12] = [
    "requests",
    "payments",
    "cards",
    "schedules",
    "ledger",
    "webhooks",
    "webhooks/1",
    "faults",
    "clock?by=month",
    "settings",
    "search?q=plan-1",
    "payments/emspay/unknown",
];

impl Browser {
    async fn assert_readable(&self, dark: bool) {
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(self.client.execute(script, Vec::new()).await.unwrap(), 0, "scrolls sideways");
        let found = self.client.execute(CONTRASTS, Vec::new()).await.unwrap();
        let contrast = found[0][0][0].as_f64().unwrap();
        assert!(contrast >= SMALLEST_CONTRAST, "{found}");
        assert_eq!(found[1].as_f64().unwrap() < 0.2, dark, "{found}");
        assert!(found[2].as_u64().unwrap() > 3, "{found}");
    }
}

#[tokio::test]
async fn pages_fit_and_are_readable_in_both_themes() {
    let world = World::start().await;
    let access = world.omno_token().await;
    let first = world.omno_create(&access, &payment("omno-1", None)).await;
    let page = first["paymentUrl"].as_str().unwrap();
    world.customer(page, GOOD_CARD, "cancel").await;
    world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await;
    let client = world.revio_client("person@merchant.example").await;
    let (_, purchase) = world.revio_purchase(&client, true).await;
    let checkout = purchase["checkout_url"].as_str().unwrap();
    world.revio("GET", "/purchases/unknown/", "").await;
    world.sandbox.settle().await;
    // The page of a payment, of its card, and of a schedule's payment.
    let paid = world.emspay_first(GOOD_CARD, "pay").await;
    let list = world.section("inspector/payments?gateway=ngenius").await;
    let scheduled = link_after(&list, "<table id=\"payments\">");
    let list = world.section("inspector/cards?gateway=emspay").await;
    let card = link_after(&list, "<table id=\"stored\">");
    let own = [
        format!("payments/emspay/{}", paid["id"].as_str().unwrap()),
        scheduled.trim_start_matches("inspector/").to_owned(),
        format!("{}?show=secrets", card.trim_start_matches("inspector/")),
    ];
    for (width, height) in [(1280, 900), (390, 844)] {
        for dark in [false, true] {
            let browser = Browser::open_with_theme(width, height, dark).await;
            browser.goto(world.sandbox.url()).await;
            browser.find("#notifications").await;
            browser.assert_readable(dark).await;
            // No column is lost: each cell of every table is inside the window.
            let script = "return [...document.querySelectorAll('td')].every(cell => \
                cell.getBoundingClientRect().right <= innerWidth && cell.getBoundingClientRect().width > 0)";
            let inside = browser.client.execute(script, Vec::new()).await.unwrap();
            assert_eq!(inside, Value::Bool(true), "{width}");
            browser.goto(&format!("{}/_sandbox/exchanges/1", world.sandbox.url())).await;
            browser.find("#request").await;
            browser.assert_readable(dark).await;
            for section in SECTIONS.map(str::to_owned).iter().chain(&own) {
                browser.goto(&format!("{}/_sandbox/inspector/{section}", world.sandbox.url())).await;
                browser.assert_readable(dark).await;
                let inside = browser.client.execute(script, Vec::new()).await.unwrap();
                assert_eq!(inside, Value::Bool(true), "{section} {width}");
            }
            browser.goto(page).await;
            browser.find("#back").await;
            browser.assert_readable(dark).await;
            browser.goto(checkout).await;
            browser.assert_readable(dark).await;
            browser.card("4242424242424242", "pay").await;
            browser.find("#problem").await;
            browser.assert_readable(dark).await;
        }
    }
}

#[tokio::test]
async fn test_card_chosen_by_one_click_pays() {
    let world = World::start().await;
    let browser = Browser::open(390, 844).await;
    let client = world.revio_client("person@merchant.example").await;
    let (path, purchase) = world.revio_purchase(&client, true).await;
    browser.goto(purchase["checkout_url"].as_str().unwrap()).await;
    assert_eq!(browser.text("#gateway").await, "revio");
    browser.click("details li a").await;
    browser.find("#card_number[value='4444333322221111']").await;
    browser.click("button[value=pay]").await;
    browser.text("p[role=status]").await;
    assert_eq!(world.revio("GET", &path, "").await.json()["status"], "paid");
    assert_eq!(world.money(), ["order-7 100 ZAR"]);
}
