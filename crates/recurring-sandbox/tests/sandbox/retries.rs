use crate::ngenius::order;
use crate::receiver::Receiver;
use crate::{GOOD_CARD, JSON, World, emspay, omno};
use recurring_sandbox::{Delivery, Sandbox};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: u64 = 60;

impl World {
    /// An emspay order that is canceled, which is notified to this address.
    async fn emspay_event(&self, hook: &str) {
        let mut body: Value = serde_json::from_str(emspay::FIRST).unwrap();
        body["webhook_url"] = hook.into();
        let order = self.emspay("POST", "/orders/", &body.to_string()).await.json();
        let path = format!("/orders/{}/", order["id"].as_str().unwrap());
        assert_eq!(self.emspay("DELETE", &path, "").await.status, 200);
    }

    /// A tokenpay sale, which is notified to this address.
    async fn tokenpay_event(&self, hook: &str) {
        self.customer(&self.add_token("user1").await, GOOD_CARD, "pay").await;
        let request = format!(
            r#"{{"merchantId":3,"userId":"user1","tokenId":"436","amount":50,"merchantReference":"r","callbackUrl":{{"notify":"{hook}"}}}}"#
        );
        assert_eq!(self.tokenpay("/tokenization/sale", &request).await["responseCode"], "0000");
    }

    async fn after(&self, minutes: u64) -> Vec<Delivery> {
        self.sandbox.advance(Duration::from_secs(minutes * MINUTE));
        self.sandbox.settle().await;
        self.sandbox.deliveries()
    }
}

fn attempts(deliveries: &[Delivery]) -> Vec<u32> {
    deliveries.iter().map(|delivery| delivery.attempt).collect()
}

#[tokio::test]
async fn refused_notification_is_repeated_until_accepted() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    receiver.answers(503, "later");
    world.emspay_event(&format!("{}/hook", receiver.url)).await;
    let first = world.after(0).await;
    assert_eq!((first.len(), first[0].status, first[0].accepted), (1, Some(503), false));
    assert_eq!((first[0].gateway.as_str(), first[0].event.as_str()), ("emspay", "status_changed"));
    assert_eq!(first[0].url, format!("{}/hook", receiver.url));
    assert_eq!(world.after(1).await.len(), 1);
    // The clock moves over HTTP too.
    let clock = format!("{}/_sandbox/clock", world.sandbox.url());
    world.call("POST", &clock, &[JSON], r#"{"advance_seconds":60}"#).await;
    world.sandbox.settle().await;
    assert_eq!(attempts(&world.sandbox.deliveries()), [1, 2]);
    receiver.answers(204, "");
    let taken = world.after(2).await;
    assert_eq!((attempts(&taken), taken[2].accepted), (vec![1, 2, 3], true));
    assert_eq!(world.after(24 * 60).await.len(), 3);

    let heard = receiver.take();
    assert!(heard.iter().all(|call| call.body == heard[0].body), "the same bytes again");
    assert_eq!(heard[0].body, taken[0].body.as_bytes());
    let shown = world.call("GET", &format!("{}/_sandbox/deliveries", world.sandbox.url()), &[], "").await;
    assert_eq!(shown.json().as_array().unwrap().len(), 3);
    assert_eq!((&shown.json()[2]["status"], &shown.json()[2]["attempt"]), (&json!(204), &json!(3)));
}

#[tokio::test]
async fn each_gateway_gives_up_after_its_attempts() {
    let receiver = Receiver::start().await;
    let builder =
        Sandbox::builder().with_webhook("revio", &receiver.url).with_webhook("ngenius", &receiver.url);
    let world = World::with(builder).await;
    receiver.answers(500, "no");
    let url = receiver.url.as_str();
    world.emspay_event(&format!("{url}/emspay")).await;
    world.tokenpay_event(&format!("{url}/tokenpay")).await;
    let client = world.revio_client("a@b.example").await;
    let (path, _) = world.revio_purchase(&client, false).await;
    world.revio("POST", &format!("{path}cancel/"), "").await;
    world.ngenius_create(&order("YEARLY", GOOD_CARD).to_string()).await;
    let mut payment = omno::payment("order", None);
    payment["hookUrl"] = format!("{url}/omno").into();
    let token = world.omno_token().await;
    let created = world.omno_create(&token, &payment).await;
    world.customer(created["paymentUrl"].as_str().unwrap(), GOOD_CARD, "decline").await;

    let count = |deliveries: &[Delivery], gateway: &str, event: &str| {
        deliveries.iter().filter(|one| one.gateway == gateway && one.event == event).count()
    };
    let table = |deliveries: &[Delivery]| {
        [
            count(deliveries, "emspay", "status_changed"),
            count(deliveries, "tokenpay-signed", "SUCCESS"),
            count(deliveries, "revio", "purchase.cancelled"),
            count(deliveries, "ngenius", "CAPTURED"),
            count(deliveries, "omno", "Declined"),
        ]
    };
    assert_eq!(table(&world.after(0).await), [1, 1, 1, 1, 1]);
    assert_eq!(table(&world.after(10).await), [6, 1, 2, 1, 2]);
    assert_eq!(table(&world.after(20).await), [11, 2, 3, 1, 4]);
    assert_eq!(table(&world.after(36 * 60).await), [11, 16, 8, 1, 4]);
    assert_eq!(table(&world.after(100 * 24 * 60).await), [11, 16, 8, 1, 4]);
}

#[tokio::test]
async fn tokenpay_needs_ok_in_the_answer() {
    for (status, body, taken) in [
        (200, "OK", true),
        (201, "OK", true),
        (200, "ok", false),
        (200, "\"OK\"", false),
        (200, "", false),
        (302, "OK", false),
        (500, "OK", false),
    ] {
        let (world, receiver) = (World::start().await, Receiver::start().await);
        receiver.answers(status, body);
        world.tokenpay_event(&receiver.url).await;
        let deliveries = world.after(0).await;
        assert_eq!(deliveries[0].accepted, taken, "{status} {body}");
        assert_eq!(world.after(20).await.len(), if taken { 1 } else { 2 }, "{status} {body}");
    }
}

#[tokio::test]
async fn address_of_another_machine_is_not_called() {
    let world = World::start().await;
    let elsewhere = "https://merchant.example/hook";
    world.emspay_event(elsewhere).await;
    let deliveries = world.after(24 * 60).await;
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    // The name of this machine works like its address.
    let receiver = Receiver::start().await;
    world.emspay_event(&receiver.url.replace("127.0.0.1", "localhost")).await;
    world.sandbox.settle().await;
    assert_eq!(receiver.take().len(), 1);
    assert_eq!((deliveries[0].status, deliveries[0].accepted), (None, false));
    assert_eq!(deliveries[0].problem.as_deref(), Some("not sent: not on this machine"));
    assert!(deliveries[0].body.contains("status_changed"));
}

#[tokio::test]
async fn hanging_receiver_delays_no_other() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world.emspay_event(&format!("{}/hangs", receiver.url)).await;
    receiver.has_heard(1).await;
    world.emspay_event(&format!("{}/other", receiver.url)).await;
    receiver.has_heard(2).await;
    assert_eq!(receiver.take()[1].path, "/other");
    // The other one was sent while the first still waited: that attempt has not ended.
    assert!(world.sandbox.deliveries().iter().all(|one| !one.url.ends_with("/hangs")));
    // Stopping does not wait for the answer either.
    world.sandbox.shutdown().await;

    let world = World::with(Sandbox::builder().with_notification_timeout(Duration::from_millis(20))).await;
    world.emspay_event(&format!("{}/hangs", receiver.url)).await;
    let deliveries = world.after(0).await;
    assert_eq!(deliveries[0].problem.as_deref(), Some("no answer within 20 ms"));
    assert_eq!(attempts(&world.after(2).await), [1, 2]);
}

#[tokio::test]
async fn missing_receiver_is_tried_again() {
    let world = World::start().await;
    // The port is taken, and nothing listens on it.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = taken.local_addr().unwrap();
    world.emspay_event(&format!("http://{address}/")).await;
    let deliveries = world.after(2).await;
    assert_eq!(attempts(&deliveries), [1, 2]);
    assert!(deliveries.iter().all(|one| one.problem.as_deref().unwrap().starts_with("no connection")));
}

#[tokio::test]
async fn long_move_of_clock_is_bounded() {
    let world = World::with(Sandbox::builder().with_webhook("ngenius", "http://merchant.example/")).await;
    world.ngenius_create(&order("DAILY", GOOD_CARD).to_string()).await;
    world.sandbox.advance(Duration::from_secs(14 * 366 * 24 * 60 * MINUTE));
    let deliveries = world.after(0).await;
    assert_eq!(deliveries.len(), 10_000);
    assert_eq!(deliveries[9_999].problem.as_deref(), Some("not sent: not on this machine"));
}

#[tokio::test]
async fn account_addresses_are_set_and_removed() {
    for (gateway, url) in
        [("emspay", "http://127.0.0.1/"), ("other", "http://127.0.0.1/"), ("revio", "nowhere")]
    {
        assert!(Sandbox::builder().with_webhook(gateway, url).start().await.is_err(), "{gateway} {url}");
    }
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let url = format!("{}/_sandbox/webhooks", world.sandbox.url());
    let set = |body: String| {
        let (world, url) = (&world, &url);
        async move { world.call("POST", url, &[JSON], &body).await.status }
    };
    for body in ["", "[]", r#"{"emspay":"http://127.0.0.1/"}"#, r#"{"revio":7}"#, r#"{"revio":"nowhere"}"#] {
        assert_eq!(set(body.to_owned()).await, 400, "{body}");
    }
    let client = world.revio_client("a@b.example").await;
    let cancel = || async {
        let (path, _) = world.revio_purchase(&client, false).await;
        world.revio("POST", &format!("{path}cancel/"), "").await;
        world.sandbox.settle().await;
        receiver.take().len()
    };
    assert_eq!(cancel().await, 0);
    assert_eq!(set(json!({"revio": receiver.url, "ngenius": receiver.url}).to_string()).await, 204);
    assert_eq!(cancel().await, 1);
    assert_eq!(set(r#"{"revio":null}"#.to_owned()).await, 204);
    assert_eq!(cancel().await, 0);
    world.ngenius_create(&order("YEARLY", GOOD_CARD).to_string()).await;
    world.sandbox.settle().await;
    assert_eq!(receiver.take().len(), 2);
}
