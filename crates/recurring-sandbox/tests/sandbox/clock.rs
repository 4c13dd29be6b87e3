//! The clock: what falls due is shown before it moves, and look-ups find what they found before.

use crate::ngenius::order;
use crate::omno::payment;
use crate::{GOOD_CARD, JSON, LATER_DECLINED_CARD, World, emspay};
use recurring_sandbox::{DueKind, Sandbox};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: u64 = 24 * 3600;

impl World {
    async fn preview(&self, query: &str) -> Value {
        let reply = self.call("GET", &format!("{}/_sandbox/clock{query}", self.sandbox.url()), &[], "").await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }
}

#[tokio::test]
async fn due_charges_are_shown_before_they_are_taken() {
    let world = World::with(Sandbox::builder().with_start(1_700_000_000)).await;
    let created = world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await.json();
    world.ngenius_create(&order("YEARLY", LATER_DECLINED_CARD).to_string()).await;
    let before = world.money();
    let preview = world.sandbox.preview(Duration::from_secs(366 * DAY));
    let kinds: Vec<DueKind> = preview.due.iter().map(|event| event.kind).collect();
    let charges = kinds.iter().filter(|kind| **kind == DueKind::ScheduledCharge).count();
    let declines = kinds.iter().filter(|kind| **kind == DueKind::ScheduledDecline).count();
    assert_eq!((charges, declines, preview.more), (12, 1, 0), "{preview:#?}");
    assert!(preview.due.is_sorted_by(|one, next| one.at <= next.at));
    let first = &preview.due[0];
    assert_eq!(first.payment, created["orderReference"].as_str().unwrap());
    assert_eq!((first.detail.as_str(), first.gateway.as_str()), ("MONTHLY", "ngenius"));
    assert_eq!(world.money(), before, "a preview moves nothing");

    let shown = world.preview(&format!("?to={}", first.at)).await;
    assert_eq!(shown["due"].as_array().unwrap().len(), 1);
    assert_eq!(shown["to"].as_str().unwrap()[..19], first.at[..19]);
    assert_eq!(world.preview("").await["due"], json!([]));
    world.sandbox.advance(Duration::from_secs(366 * DAY));
    let taken: i64 = world.sandbox.ledger().iter().skip(before.len()).map(|entry| entry.amount_minor).sum();
    assert_eq!(taken, 12 * first.amount_minor.unwrap());
    for query in ["?advance_seconds=x", "?to=tomorrow", "?to=2001-01-01T00:00:00Z", "?to=x&advance_seconds=1"]
    {
        let url = format!("{}/_sandbox/clock{query}", world.sandbox.url());
        assert_eq!(world.call("GET", &url, &[], "").await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn due_ends_of_orders_are_shown() {
    let world = World::start().await;
    world.emspay("POST", "/orders", emspay::FIRST).await;
    world.emspay_token(GOOD_CARD).await;
    let token = world.omno_token().await;
    world.omno_create(&token, &payment("open", None)).await;
    let soon = jiff::Timestamp::now().as_second() + 60;
    for strict in [true, false] {
        let body = json!({
            "brand_id": world.setting("REVIO_BRAND_ID"), "client": {"email": "ann@example.org"}, "due": soon,
            "reference": "due", "purchase": {"products": [{"name": "x", "price": 100}], "due_strict": strict},
        });
        world.revio("POST", "/purchases/", &body.to_string()).await;
    }
    let preview = world.sandbox.preview(Duration::from_secs(400 * DAY));
    let seen: Vec<_> = preview.due.iter().map(|event| (event.gateway.as_str(), event.kind)).collect();
    let expected = [
        ("revio", DueKind::Expiry),
        ("revio", DueKind::Overdue),
        ("emspay", DueKind::Expiry),
        ("omno", DueKind::Expiry),
        ("emspay", DueKind::SeriesEnd),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        (preview.due[0].reference.as_str(), preview.due[0].amount_minor, preview.due[0].currency.as_deref()),
        ("due", Some(100), Some("ZAR"))
    );
    world.sandbox.advance(Duration::from_secs(400 * DAY));
    assert!(
        world
            .sandbox
            .preview(Duration::from_secs(400 * DAY))
            .due
            .iter()
            .all(|event| event.gateway == "emspay")
    );
}

#[tokio::test]
async fn clock_moves_to_a_time() {
    let world = World::with(Sandbox::builder().with_start(0)).await;
    let clock = format!("{}/_sandbox/clock", world.sandbox.url());
    let moved = world.call("POST", &clock, &[JSON], r#"{"to":"1970-03-01T00:00:00Z"}"#).await;
    assert!(moved.json()["now"].as_str().unwrap().starts_with("1970-03-01T00:00:0"), "{}", moved.text);
    for body in [
        r#"{"to":"1970-02-01T00:00:00Z"}"#,
        r#"{"to":7}"#,
        r#"{"to":"1980-01-01T00:00:00Z","advance_seconds":1}"#,
        r#"{"advance":1}"#,
    ] {
        assert_eq!(world.call("POST", &clock, &[JSON], body).await.status, 400, "{body}");
    }
}

/// emspay alone has a look-up by time; the others are asked by a name of the payment.
#[tokio::test]
async fn payments_are_found_after_the_clock_moved() {
    let world = World::start().await;
    world.sandbox.advance(Duration::from_secs(40 * DAY));
    let (before, token) = (jiff::Timestamp::now(), world.emspay_token(GOOD_CARD).await);
    world.emspay("POST", "/orders/", &emspay::later(&token, "moved")).await;
    let checkout = json!({
        "merchantId": 3, "amount": 50, "merchantReference": "moved",
        "callbackUrl": {"success": "https://shop.example/", "fail": "https://shop.example/",
            "cancel": "https://shop.example/", "notify": "https://shop.example/"},
    });
    world.tokenpay("/hosted-checkout/create", &checkout.to_string()).await;
    let omno = world.omno_token().await;
    let paid = world.omno_create(&omno, &payment("moved", None)).await;
    let scheduled = world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await.json();
    let client = world.revio_client("ann@example.org").await;
    let (purchase, _) = world.revio_purchase(&client, false).await;
    world.sandbox.advance(Duration::from_secs(60));
    // As the journal asks: a period around the attempt, by its own clock.
    let period = |from: jiff::Timestamp| {
        let until = from.checked_add(jiff::SignedDuration::from_mins(5)).unwrap();
        format!("/orders/?created_since={from}&created_until={until}")
    };
    let listed = world.emspay("GET", &period(before), "").await.json();
    assert!(listed.as_array().unwrap().iter().any(|order| order["merchant_order_id"] == "moved"), "{listed}");
    let there = before.checked_add(jiff::SignedDuration::from_hours(40 * 24)).unwrap();
    assert_eq!(world.emspay("GET", &period(there), "").await.json(), listed);
    assert_eq!(world.revio("GET", &purchase, "").await.status, 200);
    assert_eq!(world.omno_status(&world.omno_token().await, &paid).await["orderId"], "moved");
    let query = r#"{"merchantId":3,"merchantReference":"moved"}"#;
    assert_eq!(world.tokenpay("/hosted-checkout/query", query).await["order"]["status"], "OPEN");
    assert_eq!(world.ngenius_payments(&scheduled["orderReference"]).await.len(), 1);
}
