//! The search field in the head of each page.

use crate::payments::lines;
use crate::{GOOD_CARD, World, ngenius};
use recurring_sandbox::Sandbox;

#[tokio::test]
async fn text_is_searched_in_all_sections() {
    let world = World::with(Sandbox::builder().with_webhook("ngenius", "http://127.0.0.1:9/hook")).await;
    let created = world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await.json();
    world.emspay_first(GOOD_CARD, "pay").await;
    world.sandbox.settle().await;
    let order = created["reference"].as_str().unwrap();
    let counts = |page: &str| {
        ["payments", "stored", "schedules", "calls", "notifications", "ledger"]
            .map(|table| lines(page, table).len())
    };
    let page = world.section(&format!("inspector/search?q=+{order}+")).await;
    assert_eq!(counts(&page), [1, 1, 1, 1, 2, 0], "{page}");
    assert!(page.contains(&format!("value=\"{order}\"")), "{page}");
    let all = format!("href=\"/_sandbox/inspector/webhooks?q={}\"", order.replace('-', "%2D"));
    assert!(page.contains(&all), "{page}");
    let page = world.section("inspector/search?q=plan-1").await;
    assert_eq!(counts(&page), [1, 0, 1, 1, 2, 1], "{page}");
    // Two cards, by their last digits.
    assert_eq!(counts(&world.section("inspector/search?q=1111").await)[1], 2);
    for (query, words) in
        [("?q=nothing-has-this", "Nothing has this text."), ("", "Enter an id"), ("?q=", "Enter an id")]
    {
        let page = world.section(&format!("inspector/search{query}")).await;
        assert!(page.contains(words) && counts(&page) == [0; 6], "{query}: {page}");
    }
}

#[tokio::test]
async fn navigation_marks_the_section() {
    let world = World::start().await;
    world.revio("GET", "/clients/1/", "").await;
    for section in
        ["requests", "payments", "cards", "schedules", "webhooks", "ledger", "faults", "clock", "settings"]
    {
        let page = world.section(&format!("inspector/{section}")).await;
        let current = format!("<a href=\"/_sandbox/inspector/{section}\" aria-current=\"page\">");
        assert!(page.contains(&current) && page.matches("aria-current=\"page\"").count() == 1, "{section}");
        assert!(page.contains("action=\"/_sandbox/inspector/search\""), "{section}");
    }
    let page = world.section("exchanges/1").await;
    assert!(page.contains("<a href=\"/_sandbox/inspector/requests\" aria-current=\"page\">"));
    let overview = world.call("GET", world.sandbox.url(), &[], "").await.text;
    assert!(overview.contains("<a href=\"/\" aria-current=\"page\">"));
    let unknown = format!("{}/_sandbox/inspector/unknown", world.sandbox.url());
    assert_eq!(world.call("GET", &unknown, &[], "").await.status, 404);
}
