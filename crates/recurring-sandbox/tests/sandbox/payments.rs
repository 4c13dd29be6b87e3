//! The inspector's payments: one line for each, its page, and what belongs to it.

use crate::omno::payment;
use crate::{DECLINED_CARD, GOOD_CARD, World, emspay, ngenius};
use recurring_sandbox::{LedgerKind, Sandbox};
use serde_json::json;
use std::time::Duration;

const MONTH: Duration = Duration::from_secs(31 * 24 * 3600);

/// The cells of each line of a table, without tags.
pub(crate) fn lines(page: &str, table: &str) -> Vec<Vec<String>> {
    let Some((_, rest)) = page.split_once(&format!("<table id=\"{table}\">")) else { return Vec::new() };
    let body = rest.split_once("</table>").unwrap().0.split_once("<tbody>").unwrap().1;
    let plain = |cell: &str| {
        let parts = cell.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        parts.collect::<String>().trim().to_owned()
    };
    let cells = |line: &str| {
        line.split("<td").skip(1).map(|cell| plain(cell.split_once('>').unwrap().1)).collect::<Vec<_>>()
    };
    body.split("<tr>").skip(1).map(cells).collect()
}

/// The address that follows this text in a page.
pub(crate) fn link_after(page: &str, text: &str) -> String {
    let (_, rest) = page.split_once(text).unwrap_or_else(|| panic!("{text}: {page}"));
    let (_, rest) = rest.split_once("href=\"/_sandbox/").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

impl World {
    /// Payments of all gateways in all states.
    async fn busy(&self) {
        let first = self.emspay_first(GOOD_CARD, "pay").await;
        let order = first["id"].as_str().unwrap();
        self.emspay("POST", &format!("/orders/{order}/refunds/"), r#"{"amount":1500}"#).await;
        self.emspay_first(DECLINED_CARD, "pay").await;
        self.emspay("POST", "/orders/", emspay::FIRST).await;
        let client = self.revio_client("person@merchant.example").await;
        let token = self.revio_token(&client, GOOD_CARD).await;
        let (renewal, _) = self.revio_purchase(&client, false).await;
        self.revio_charge(&renewal, &token).await;
        self.revio("POST", &format!("{renewal}refund/"), "").await;
        let access = self.omno_token().await;
        let paid = self.omno_create(&access, &payment("omno-1", None)).await;
        self.customer(paid["paymentUrl"].as_str().unwrap(), GOOD_CARD, "pay").await;
        let left = self.omno_create(&access, &payment("omno-2", None)).await;
        self.customer(left["paymentUrl"].as_str().unwrap(), GOOD_CARD, "cancel").await;
        let page = self.add_token("user1").await;
        self.customer(&page, GOOD_CARD, "pay").await;
        self.sale("user1", 436, "tokenpay-1", true).await;
        let request = json!({"merchantId": 3, "merchantReference": "tokenpay-1", "amount": 10}).to_string();
        self.tokenpay("/hosted-checkout/refund", &request).await;
        self.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await;
        let mut held = ngenius::order("YEARLY", GOOD_CARD);
        held["order"]["action"] = "AUTH".into();
        self.ngenius_create(&held.to_string()).await;
        self.sandbox.advance(MONTH);
        self.sandbox.settle().await;
    }
}

#[tokio::test]
async fn payments_agree_with_the_ledger() {
    let world = World::start().await;
    world.busy().await;
    let page = world.section("inspector/payments").await;
    let shown = lines(&page, "payments");
    let count = |gateway: &str| shown.iter().filter(|line| line[1] == gateway).count();
    let counts = ["emspay", "revio", "omno", "tokenpay-signed", "ngenius"].map(count);
    assert_eq!(counts, [3, 2, 2, 1, 3], "{shown:#?}");
    // The newest first: the schedule took its second payment last.
    assert_eq!((shown[0][1].as_str(), shown[0][2].as_str()), ("ngenius", "plan-1"));
    let ledger = world.sandbox.ledger();
    for line in &shown {
        let [_, gateway, _, id, _, amount, taken, refunded] = line.as_slice() else { panic!("{line:?}") };
        let moved = |kind: LedgerKind| {
            let own = ledger.iter().filter(|entry| entry.gateway == *gateway && entry.payment == *id);
            own.filter(|entry| entry.kind == kind).map(|entry| entry.amount_minor).sum::<i64>()
        };
        let minor = |text: &String| {
            text.split(' ').next().unwrap().replace('.', "").parse::<i64>().unwrap_or_default()
        };
        let expected = (moved(LedgerKind::Charge), moved(LedgerKind::Refund));
        assert_eq!((minor(taken), minor(refunded)), expected, "{line:?}");
        assert!(minor(amount) > 0 && minor(taken) <= minor(amount), "{line:?}");
    }
    let charges = ledger.iter().filter(|entry| entry.kind == LedgerKind::Charge).count();
    assert_eq!(shown.iter().filter(|line| line[6] != "–").count(), charges);
    for (filter, words) in [
        ("status=declined", vec!["Declined", "error"]),
        ("status=authorized", vec!["AUTHORISED"]),
        ("status=open", vec![]),
        ("status=refunded&gateway=revio", vec!["refunded"]),
        ("status=ended", vec!["expired"]),
        ("q=omno-1", vec!["Success"]),
    ] {
        let page = world.section(&format!("inspector/payments?{filter}")).await;
        let found: Vec<String> = lines(&page, "payments").iter().map(|line| line[4].clone()).collect();
        assert_eq!(found, words, "{filter}");
    }
}

#[tokio::test]
async fn page_of_a_payment_shows_what_belongs_to_it() {
    let world = World::start().await;
    world.busy().await;
    let list = world.section("inspector/payments?status=refunded&gateway=emspay").await;
    let page = world.section(&link_after(&list, "<table id=\"payments\">")).await;
    for shown in [
        "40.00 EUR <span class=\"quiet\">completed</span>",
        "<dd id=\"taken\">40.00 EUR</dd>",
        "<dd id=\"refunded\">15.00 EUR</dd>",
        "visa •••• 1111",
        "status_changed",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let kinds: Vec<String> = lines(&page, "ledger").iter().map(|line| line[1].clone()).collect();
    assert_eq!(kinds, ["refund", "charge"]);
    let calls: Vec<String> = lines(&page, "calls").iter().map(|line| line[2].clone()).collect();
    assert!(calls.last().unwrap().starts_with("POST /emspay/v1/orders"), "{calls:?}");
    assert!(calls.iter().any(|call| call.starts_with("POST /pay/emspay/")), "{calls:?}");
    assert!(calls.iter().any(|call| call.contains("/refunds")), "{calls:?}");
    // Its card leads back to it.
    let card = world.section(&link_after(&page, "<dt>Card</dt>")).await;
    assert_eq!(lines(&card, "payments").len(), 1);
    // At ngenius each payment of a schedule has its own page, with the schedule.
    let list = world.section("inspector/payments?q=plan-1&status=paid").await;
    assert_eq!(lines(&list, "payments").len(), 2);
    let page = world.section(&link_after(&list, "<table id=\"payments\">")).await;
    assert_eq!((lines(&page, "ledger").len(), lines(&page, "schedules").len()), (1, 1), "{page}");
}

#[tokio::test]
async fn open_payment_leads_to_its_page() {
    let world = World::start().await;
    let created = world.emspay("POST", "/orders/", emspay::FIRST).await.json();
    let id = created["id"].as_str().unwrap();
    let page = world.section(&format!("inspector/payments/emspay/{id}")).await;
    assert!(page.contains(&format!("href=\"/pay/emspay/{id}/\"")) && page.contains(">new<"), "{page}");
    world.sandbox.advance(MONTH);
    let page = world.section(&format!("inspector/payments/emspay/{id}")).await;
    assert!(!page.contains("href=\"/pay/") && page.contains(">expired<"), "{page}");
}

#[tokio::test]
async fn unknown_payment_is_404_with_a_way_back() {
    let world = World::start().await;
    for path in ["payments/emspay/unknown", "payments/unknown/1", "cards/omno/7", "cards/x/y", "webhooks/0"] {
        let url = format!("{}/_sandbox/inspector/{path}", world.sandbox.url());
        let gone = world.call("GET", &url, &[], "").await;
        let back = format!("href=\"/_sandbox/inspector/{}\">All", path.split('/').next().unwrap());
        assert_eq!(gone.status, 404, "{path}");
        assert!(gone.text.contains(&back), "{path}: {}", gone.text);
    }
}

#[tokio::test]
async fn hostile_reference_is_shown_as_text() {
    let world = World::start().await;
    let evil = "\"><script>alert(1)</script>";
    let mut order: serde_json::Value = serde_json::from_str(emspay::FIRST).unwrap();
    order["merchant_order_id"] = evil.into();
    let created = world.emspay("POST", "/orders/", &order.to_string()).await.json();
    let id = created["id"].as_str().unwrap();
    world.customer(&format!("{}/pay/emspay/{id}/", world.sandbox.url()), GOOD_CARD, "pay").await;
    for path in [
        String::new(),
        "_sandbox/inspector/payments".to_owned(),
        format!("_sandbox/inspector/payments/emspay/{id}"),
        "_sandbox/inspector/ledger".to_owned(),
        "_sandbox/inspector/webhooks".to_owned(),
        "_sandbox/inspector/search?q=%22%3E%3Cscript%3E".to_owned(),
        "_sandbox/exchanges/1".to_owned(),
        "_sandbox/exchanges/1?show=secrets".to_owned(),
    ] {
        let page = world.call("GET", &format!("{}/{path}", world.sandbox.url()), &[], "").await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains("&#60;script&#62;") || page.text.contains("&lt;script&gt;"), "{path}");
        assert!(!page.text.contains("<script>alert"), "{path}");
    }
}

#[tokio::test]
async fn long_lists_have_pages() {
    let world = World::with(Sandbox::builder().with_seed(1)).await;
    for _ in 0..51 {
        world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await;
    }
    for (section, table) in [("schedules", "schedules"), ("payments", "payments"), ("cards", "stored")] {
        let first = world.section(&format!("inspector/{section}")).await;
        assert_eq!(lines(&first, table).len(), 50, "{section}");
        assert!(first.contains("rel=\"next\"") && !first.contains("rel=\"prev\""), "{section}");
        let second = world.section(&format!("inspector/{section}?page=2")).await;
        assert_eq!(lines(&second, table).len(), 1, "{section}");
        assert!(!second.contains("rel=\"next\"") && second.contains("rel=\"prev\""), "{section}");
    }
}
