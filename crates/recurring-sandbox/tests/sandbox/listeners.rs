//! Listeners, which get every event, whatever address the merchant set.

use crate::emspay::FIRST;
use crate::ngenius::order;
use crate::receiver::Receiver;
use crate::{GOOD_CARD, World};
use recurring_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

impl World {
    async fn listen(&self, body: &str) -> (u16, Value) {
        let url = format!("{}/_sandbox/listeners", self.sandbox.url());
        let reply = self.call("POST", &url, &[("content-type", "application/json")], body).await;
        (reply.status, reply.json())
    }

    async fn deliveries_after(&self, number: &str) -> (u16, Value) {
        let url = format!("{}/_sandbox/deliveries?after={number}", self.sandbox.url());
        let reply = self.call("GET", &url, &[], "").await;
        (reply.status, reply.json())
    }

    /// An order without an address for its events, paid on its page: its identifier.
    async fn paid_without_address(&self) -> String {
        let order = self.emspay("POST", "/orders", FIRST).await.json();
        let page = format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap());
        self.customer(&page, GOOD_CARD, "pay").await;
        order["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn listener_gets_every_event_and_is_removed() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world.paid_without_address().await;
    assert!(world.sandbox.deliveries().is_empty(), "without a listener there is no address");

    let forward = json!({"forward_to": format!("{}/all", receiver.url)});
    let (status, listener) = world.listen(&forward.to_string()).await;
    assert_eq!((status, &listener["after"]), (201, &json!(0)));
    let paid = world.paid_without_address().await;
    world.ngenius_create(&order("MONTHLY", GOOD_CARD).to_string()).await;
    world.sandbox.settle().await;
    let heard = receiver.take();
    assert_eq!((heard.len(), heard[0].path.as_str()), (3, "/all"), "ngenius authorizes and captures");
    assert_eq!(heard[0].json()["order_id"], paid.as_str());
    let header = world.setting("NGENIUS_WEBHOOK_HEADER");
    assert_eq!(heard[1].header(&header), world.setting("NGENIUS_WEBHOOK_SECRET"));
    let (status, seen) = world.deliveries_after("1").await;
    assert_eq!((status, seen.as_array().unwrap().len(), &seen[0]["number"]), (200, 2, &json!(2)));
    assert_eq!(world.sandbox.deliveries()[0].payment, paid);
    assert_eq!(world.deliveries_after("x").await.0, 400);

    let url = format!("{}/_sandbox/listeners/{}", world.sandbox.url(), listener["number"]);
    assert_eq!(world.call("DELETE", &url, &[], "").await.status, 204);
    world.paid_without_address().await;
    world.sandbox.settle().await;
    assert_eq!((receiver.take().len(), world.sandbox.deliveries().len()), (0, 3));
}

#[tokio::test]
async fn listener_without_address_sees_what_goes_nowhere() {
    let world = World::start().await;
    assert_eq!(world.listen("{}").await.0, 201);
    let paid = world.paid_without_address().await;
    let seen = world.sandbox.deliveries();
    assert_eq!((seen.len(), seen[0].payment.as_str(), seen[0].url.as_str()), (1, paid.as_str(), ""));
    assert_eq!(seen[0].problem.as_deref(), Some("not sent: no address is set"));
    for (body, why) in [
        (r#"{"forward_to":"http://shop.example/"}"#, "forward_to: not on this machine"),
        (r#"{"forward_to":7}"#, "forward_to: an http URL, or null for none"),
        (r#"{"url":"x"}"#, "url: not a member; the member is forward_to"),
    ] {
        assert_eq!(world.listen(body).await, (400, json!({"message": why})));
    }
}

#[tokio::test]
async fn listener_shares_the_fault_of_the_address() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let forward = json!({"forward_to": format!("{}/all", receiver.url)});
    world.listen(&forward.to_string()).await;
    let mut first: Value = serde_json::from_str(FIRST).unwrap();
    first["webhook_url"] = "https://shop.example/notify".into();
    let pay = async || {
        let order = world.emspay("POST", "/orders", &first.to_string()).await.json();
        let page = format!("http://{}", order["transactions"][0]["payment_url"].as_str().unwrap());
        world.customer(&page, GOOD_CARD, "pay").await;
        world.sandbox.settle().await;
        receiver.take().len()
    };
    world.sandbox.inject(Fault::new(FaultKind::NotificationDropped)).unwrap();
    assert_eq!(pay().await, 0);
    world.sandbox.inject(Fault::new(FaultKind::NotificationDuplicated)).unwrap();
    assert_eq!(pay().await, 2);
    assert_eq!(pay().await, 1);
}
