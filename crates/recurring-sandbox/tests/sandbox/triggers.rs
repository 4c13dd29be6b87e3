//! The inspector's forms for webhooks: sending one about a payment, and where they go.

use crate::omno::payment;
use crate::receiver::Receiver;
use crate::{GOOD_CARD, World, emspay, ngenius};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn encoded(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F")
}

#[tokio::test]
async fn webhook_is_sent_about_a_payment() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let to = encoded(&receiver.url);
    let client = world.revio_client("person@merchant.example").await;
    let (_, purchase) = world.revio_purchase(&client, true).await;
    let id = purchase["id"].as_str().unwrap();
    let send = |form: String| {
        let world = &world;
        async move { world.send("webhooks/trigger", &format!("{form}&back=webhooks")).await }
    };
    let (status, back, _) = send(format!("event=revio+purchase.paid&payment={id}&to={to}")).await;
    assert_eq!((status, back.as_deref()), (303, Some("/_sandbox/inspector/webhooks")));
    world.sandbox.settle().await;
    let sent = world.sandbox.deliveries().remove(0);
    assert_eq!((sent.event.as_str(), sent.payment.as_str(), sent.status), ("purchase.paid", id, Some(200)));
    let body: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    // It is the payment as it is, whatever the event says: no money has moved.
    assert_eq!((&body["event_type"], &body["status"]), (&"purchase.paid".into(), &"created".into()));
    assert!(world.money().is_empty());

    // Each gateway sends about its newest payment.
    world.emspay("POST", "/orders/", emspay::FIRST).await;
    world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await;
    let access = world.omno_token().await;
    world.omno_create(&access, &payment("omno-1", None)).await;
    let page = world.add_token("user1").await;
    world.customer(&page, GOOD_CARD, "pay").await;
    world.sale("user1", 436, "tokenpay-1", true).await;
    world.sandbox.settle().await;
    let before = world.sandbox.deliveries().len();
    for event in ["emspay status_changed", "ngenius CAPTURED", "omno status", "tokenpay-signed status"] {
        let (status, _, page) = send(format!("event={}&payment=&to={to}", event.replace(' ', "+"))).await;
        assert_eq!(status, 303, "{event}: {page}");
    }
    world.sandbox.settle().await;
    let sent = world.sandbox.deliveries();
    let events: Vec<(&str, Option<u16>)> =
        sent[before..].iter().map(|one| (one.event.as_str(), one.status)).collect();
    let fine = Some(200);
    assert_eq!(events, [("status_changed", fine), ("CAPTURED", fine), ("Created", fine), ("SUCCESS", fine)]);
}

#[tokio::test]
async fn mistakes_in_the_form_keep_it() {
    let world = World::start().await;
    let client = world.revio_client("person@merchant.example").await;
    let (_, purchase) = world.revio_purchase(&client, true).await;
    let id = purchase["id"].as_str().unwrap();
    for (form, words) in [
        ("event=&payment=".to_owned(), "Choose an event."),
        ("event=revio+unheard&payment=".to_owned(), "Choose an event."),
        ("event=visa+paid&payment=".to_owned(), "Choose an event."),
        ("event=omno+status&payment=".to_owned(), "omno has no payment yet."),
        ("event=revio+purchase.paid&payment=%22%3E%3Cb%3E".to_owned(), "no payment with this id"),
        (format!("event=revio+purchase.paid&payment={id}"), "revio has no address"),
        (
            format!("event=revio+purchase.paid&payment={id}&to=http%3A%2F%2Fshop.example%2F"),
            "not on this machine",
        ),
        (format!("event=revio+purchase.paid&payment={id}&to=nothing"), "to this machine only"),
    ] {
        let (status, _, page) = world.send("webhooks/trigger", &form).await;
        assert_eq!(status, 400, "{form}");
        assert!(page.contains("role=\"alert\"") && page.contains(words), "{form}: {page}");
        assert!(!page.contains("\"><b>"), "{form}");
    }
    let (_, _, page) =
        world.send("webhooks/trigger", &format!("event=revio+purchase.hold&payment={id}&to=nothing")).await;
    assert!(page.contains("value=\"revio purchase.hold\" selected") && page.contains("value=\"nothing\""));
    assert!(page.contains(&format!("name=\"payment\" value=\"{id}\"")), "{page}");
    assert!(world.sandbox.deliveries().is_empty());
}

#[tokio::test]
async fn every_event_is_forwarded_until_removed() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let form = format!("forward_to={}&back=webhooks", encoded(&receiver.url));
    assert_eq!(world.send("webhooks/forward", &form).await.0, 303);
    world.emspay_first(GOOD_CARD, "pay").await;
    world.sandbox.settle().await;
    assert_eq!(world.sandbox.deliveries().len(), 1);
    let page = world.section("inspector/webhooks").await;
    assert!(page.contains("/_sandbox/inspector/webhooks/forward/1/remove") && page.contains(&receiver.url));
    let (status, _, refused) = world.send("webhooks/forward", "forward_to=http%3A%2F%2Fshop.example").await;
    assert!(status == 400 && refused.contains("value=\"http://shop.example\""), "{refused}");
    assert_eq!(world.send("webhooks/forward/1/remove", "back=webhooks").await.0, 303);
    assert!(!world.section("inspector/webhooks").await.contains("/remove"));
    world.emspay_first(GOOD_CARD, "pay").await;
    world.sandbox.settle().await;
    assert_eq!(world.sandbox.deliveries().len(), 1);
}

#[tokio::test]
async fn address_of_one_gateway_leaves_the_other() {
    let world = World::start().await;
    for (form, back) in [
        ("ngenius=http%3A%2F%2F127.0.0.1%3A9%2Fn&back=webhooks", "/_sandbox/inspector/webhooks"),
        ("revio=http%3A%2F%2F127.0.0.1%3A9%2Fr&back=webhooks", "/_sandbox/inspector/webhooks"),
    ] {
        assert_eq!(world.send("webhooks", form).await.1.as_deref(), Some(back));
    }
    let page = world.section("inspector/webhooks").await;
    assert!(
        page.contains("value=\"http://127.0.0.1:9/n\"") && page.contains("value=\"http://127.0.0.1:9/r\"")
    );
    world.send("webhooks", "ngenius=&revio=http%3A%2F%2F127.0.0.1%3A9%2Fr&back=webhooks").await;
    assert!(!world.section("inspector/webhooks").await.contains("value=\"http://127.0.0.1:9/n\""));
}

#[tokio::test]
async fn webhook_forms_of_another_site_are_refused() {
    let world = World::start().await;
    world.emspay("POST", "/orders/", emspay::FIRST).await;
    for (path, form) in [
        ("webhooks/trigger", "event=emspay+status_changed&to=http%3A%2F%2F127.0.0.1%3A9"),
        ("webhooks/forward", "forward_to=http%3A%2F%2F127.0.0.1%3A9"),
        ("webhooks/forward/1/remove", ""),
        ("webhooks", "revio=http%3A%2F%2F127.0.0.1%3A9"),
    ] {
        let url = format!("{}/_sandbox/inspector/{path}", world.sandbox.url());
        for foreign in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
            assert_eq!(world.call("POST", &url, &[FORM, foreign], form).await.status, 403, "{path}");
        }
        let own = world.sandbox.url().to_owned();
        assert_eq!(world.call("POST", &url, &[FORM, ("origin", &own)], form).await.status, 303, "{path}");
    }
    for path in ["payments", "payments/emspay/1", "cards/emspay/0?show=secrets", "search?q=a"] {
        let url = format!("{}/_sandbox/inspector/{path}", world.sandbox.url());
        let foreign = world.call("GET", &url, &[("origin", "http://evil.example")], "").await;
        assert_eq!(foreign.status, 403, "{path}");
    }
}
