//! Makes the pictures of the README: the payment page, the bank's question and the inspector.
//!
//! `cargo run -p recurring-sandbox --features browser-tests --example screenshots` in the workspace's folder writes them into `docs/img`;
//! with the name of a folder at the end it writes every page, in both widths and themes, into that folder, to be looked at.
//! Needs chromium and chromedriver.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, unreachable_pub)]

#[path = "../../tests/sandbox/driver.rs"]
mod driver;
mod shop;

use driver::Browser;
use recurring_sandbox::{Fault, FaultKind, Moment};
use shop::Shop;
use std::path::Path;

#[tokio::main]
async fn main() {
    let shop = Shop::open().await;
    shop.trade().await;
    match std::env::args().nth(1) {
        None => pictures(&shop, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/img")).await,
        Some(folder) => every_page(&shop, Path::new(&folder)).await,
    }
}

/// The pictures of the README.
async fn pictures(shop: &Shop, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let phone = Browser::open(390, 844).await;
    let desktop = Browser::open(1280, 800).await;
    let dark = Browser::open_with_theme(1280, 800, true).await;
    let dark_phone = Browser::open_with_theme(390, 844, true).await;

    let page = shop.first("order-1001").await;
    phone.goto(&page).await;
    save(&phone, &folder.join("payment-phone.png")).await;
    phone.card("4242424242424242", "pay").await;
    phone.find("#problem").await;
    save(&phone, &folder.join("payment-problem-phone.png")).await;
    phone.card("4000002500003155", "pay").await;
    phone.find("button[value=confirm]").await;
    save(&phone, &folder.join("bank-phone.png")).await;
    phone.click("button[value=confirm]").await;
    phone.text("p[role=status]").await;
    arm(shop).await;
    shop.sandbox.settle().await;

    let (payment, card, request) = found(shop).await;
    for (browser, url, name) in [
        (&desktop, shop.at("inspector/payments"), "inspector-payments"),
        (&desktop, payment, "inspector-payment"),
        (&desktop, request, "inspector-request"),
        (&desktop, shop.at("inspector/search?q=plan-7"), "inspector-search"),
        (&dark, shop.sandbox.url().to_owned(), "inspector-dark"),
        (&dark, shop.at("inspector/clock?by=custom&amount=40&unit=days"), "inspector-clock-dark"),
        (&phone, shop.at("inspector/payments"), "inspector-payments-phone"),
        (&phone, shop.at("inspector/faults"), "inspector-faults-phone"),
        (&dark_phone, card, "inspector-card-dark-phone"),
    ] {
        browser.goto(&url).await;
        save(browser, &folder.join(format!("{name}.png"))).await;
    }
}

/// Every page, in both widths and themes, as long as it is.
async fn every_page(shop: &Shop, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let open = shop.first("order-1001").await;
    let over = shop.first("order-1002").await;
    shop.pays(&over, "4111111111111111").await;
    arm(shop).await;
    shop.sandbox.settle().await;
    let (payment, card, request) = found(shop).await;
    let at = |path: &str| shop.at(&format!("inspector/{path}"));
    let pages = [
        ("overview", shop.sandbox.url().to_owned()),
        ("requests", at("requests")),
        ("request", request.clone()),
        ("request-shown", format!("{request}?show=secrets")),
        ("payments", at("payments")),
        ("payment", payment),
        ("payment-open", at(&format!("payments/emspay/{}", open.split('/').nth(5).unwrap()))),
        ("cards", at("cards")),
        ("card", format!("{card}?show=secrets")),
        ("schedules", at("schedules")),
        ("webhooks", at("webhooks")),
        ("webhook", shop.first_of("inspector/webhooks?gateway=revio").await),
        ("ledger", at("ledger")),
        ("faults", at("faults")),
        ("clock", at("clock?by=custom&amount=40&unit=days")),
        ("settings", at("settings")),
        ("search", at("search?q=plan-7")),
        ("gone", at("payments/emspay/unknown")),
        ("page-open", open),
        ("page-over", over),
    ];
    for (width, height) in [(1280, 1500), (390, 2600)] {
        for (theme, dark) in [("light", false), ("dark", true)] {
            let browser = Browser::open_with_theme(width, height, dark).await;
            for (name, url) in &pages {
                browser.goto(url).await;
                if *name == "webhooks" {
                    let open = "document.querySelectorAll('details').forEach(one => { one.open = true })";
                    browser.client.execute(open, Vec::new()).await.unwrap();
                }
                save(&browser, &folder.join(format!("{name}-{width}-{theme}.png"))).await;
            }
        }
    }
}

/// Arms some faults, and has one hit a request.
async fn arm(shop: &Shop) {
    let lost = Fault::new(FaultKind::Status { status: 502, retry_after: None });
    shop.sandbox.inject(lost.with_moment(Moment::AfterActing).with_gateway("emspay")).unwrap();
    shop.order("box-1003-1").await;
    shop.sandbox.inject(Fault::new(FaultKind::Reset).with_gateway("revio").with_times(2)).unwrap();
}

/// A payment, a card and a request that have much to show.
async fn found(shop: &Shop) -> (String, String, String) {
    let payment = shop.first_of("inspector/payments?q=box-1001-1").await;
    let card = shop.first_of("inspector/cards?gateway=emspay&q=1111").await;
    let request = shop.first_of("inspector/requests?q=box-1001-2&gateway=emspay").await;
    (payment, card, request)
}

async fn save(browser: &Browser, file: &Path) {
    std::fs::write(file, browser.client.screenshot().await.unwrap()).unwrap();
    println!("{}", file.display());
}
