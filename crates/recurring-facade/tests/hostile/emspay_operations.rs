//! The calls of EMS.

use emspay::{
    CaptureTransaction, Client, CreateOrder, Environment, HttpOptions, ListOrders, Money, RefundOrder,
    Secret, UpdateOrder,
};
use recurring_fixtures::fault::RawReply;

use super::operation::{Clients, Operation, stored};

const ORDER: &str = "3da62f95-c934-470c-a8a1-a4123e362501";
const TRANSACTION: &str = "bb6ffac8-09c3-4143-bad0-e4bfd56c8f15";
const CARD: &str = "0c8fd8ab-25ec-4109-ac8f-495804aa5026";

fn client(url: &str, options: HttpOptions) -> Client {
    static BUILT: Clients<Client> = Clients::new();
    BUILT.get(url, || {
        Client::builder(Environment::Custom(format!("{url}/v1")), "hunter2")
            .with_http(options)
            .build()
            .expect("a client")
    })
}

fn euro(minor: i64) -> Money {
    Money::from_minor(minor, "EUR".parse().expect("EUR")).expect("money")
}

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::write("emspay create_order first", stored("emspay/create-order/first"), |url, options| {
            let client = client(url, options);
            let order =
                CreateOrder::first("1", euro(4000)).with_description("Credit card order - First recurring");
            async move { client.create_order(&order).await }
        }),
        Operation::write(
            "emspay create_order recurring",
            stored("emspay/create-order/recurring"),
            |url, options| {
                let client = client(url, options);
                let order = CreateOrder::recurring("2", euro(4000), Secret::new(CARD))
                    .with_description("Credit card order - Actual recurring");
                async move { client.create_order(&order).await }
            },
        ),
        Operation::read("emspay get_order", stored("emspay/get-order/first-completed"), |url, options| {
            let client = client(url, options);
            async move { client.get_order(ORDER).await }
        }),
        Operation::write(
            "emspay cancel_order",
            stored("emspay/get-order/first-completed"),
            |url, options| {
                let client = client(url, options);
                async move { client.cancel_order(ORDER).await }
            },
        ),
        Operation::write("emspay refund_order", stored("emspay/refund-order/completed"), |url, options| {
            let client = client(url, options);
            let refund = RefundOrder::new(ORDER, euro(1500)).with_description("One month given back");
            async move { client.refund_order(&refund).await }
        }),
        Operation::write("emspay update_order", stored("emspay/update-order/changed"), |url, options| {
            let client = client(url, options);
            let update = UpdateOrder::new(ORDER)
                .with_merchant_order_id("1-renamed")
                .with_description("Gold plan")
                .with_return_url("https://shop.example/done")
                .with_failure_url("https://shop.example/failed")
                .with_webhook_url("https://shop.example/hook")
                .with_extra(serde_json::json!({"plan": "gold"}));
            async move { client.update_order(&update).await }
        }),
        // Its answer may be empty, so its body is not looked at.
        Operation {
            is_answered_by_status: true,
            ..Operation::write("emspay capture_transaction", RawReply::json(200, "{}"), |url, options| {
                let client = client(url, options);
                async move { client.capture_transaction(&CaptureTransaction::new(ORDER, TRANSACTION)).await }
            })
        },
        Operation::read("emspay list_orders", stored("emspay/list-orders/under-orders"), |url, options| {
            let client = client(url, options);
            let list = ListOrders::created_between("2017-11-27T12:00:00+01:00", "2017-11-27T12:00:00.5Z");
            async move { client.list_orders(&list).await }
        })
        .also_success(&["2xx JSON array"]),
        Operation::read("emspay currencies", stored("emspay/get-currencies/project"), |url, options| {
            let client = client(url, options);
            async move { client.currencies().await }
        }),
    ]
}
