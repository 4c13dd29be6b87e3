//! The calls of Revio.

use recurring_fixtures::fault::RawReply;
use revio::{
    CancelPurchase, CapturePurchase, ChangeClient, ChargePurchase, Client, CreateClient, CreatePurchase,
    Environment, HttpOptions, Money, Payer, PaymentMethodsQuery, Product, RefundPurchase, ReleasePurchase,
    Secret, UpdateClient,
};

use super::operation::{Clients, Operation, stored};

const BRAND: &str = "5c523a6d-cad0-462e-b9bb-79b16495f3b9";
const CLIENT: &str = "98e9cf98-dbd4-4a84-a304-dffbda2bef19";
const CARD: &str = "82e6eb62-90e8-405c-9ec9-d43affba41d2";
const PURCHASE: &str = "00000000-0000-4000-8000-0000000000a1";

fn client(url: &str, options: HttpOptions) -> Client {
    static BUILT: Clients<Client> = Clients::new();
    BUILT.get(url, || {
        Client::builder(Environment::Custom(format!("{url}/api/v1")), "not-a-real-key")
            .with_http(options)
            .build()
            .expect("a client")
    })
}

fn rand(minor: i64) -> Money {
    Money::from_minor(minor, "ZAR".parse().expect("ZAR")).expect("money")
}

/// The answer of a call whose success is an empty 204: a 200 with a body is not what the gateway answers.
fn not_empty() -> RawReply {
    RawReply::json(200, r#"{"deleted":true}"#)
}

pub(crate) fn operations() -> Vec<Operation> {
    let mut all = purchases();
    all.extend(clients());
    all
}

fn purchases() -> Vec<Operation> {
    vec![
        Operation::write("revio create_purchase", stored("revio/create-purchase/created"), |url, options| {
            let client = client(url, options);
            let products = vec![Product::new("Monthly plan", 100)];
            let request =
                CreatePurchase::new(BRAND, Payer::client_id(CLIENT), products).with_force_recurring();
            async move { client.create_purchase(&request).await }
        }),
        Operation::read("revio get_purchase", stored("revio/get-purchase/paid"), |url, options| {
            let client = client(url, options);
            async move { client.get_purchase(PURCHASE).await }
        }),
        Operation::write("revio charge_purchase", stored("revio/charge-purchase/paid"), |url, options| {
            let client = client(url, options);
            let charge = ChargePurchase::new(PURCHASE, Secret::new(CARD)).with_expected(rand(100));
            async move { client.charge_purchase(&charge).await }
        }),
        Operation::write(
            "revio refund_purchase",
            stored("revio/refund-purchase/refunded"),
            |url, options| {
                let client = client(url, options);
                let refund = RefundPurchase::new(PURCHASE).with_amount(rand(40));
                async move { client.refund_purchase(&refund).await }
            },
        ),
        Operation::write(
            "revio capture_purchase",
            stored("revio/capture-purchase/captured"),
            |url, options| {
                let client = client(url, options);
                async move { client.capture_purchase(&CapturePurchase::new(PURCHASE)).await }
            },
        ),
        Operation::write(
            "revio release_purchase",
            stored("revio/release-purchase/released"),
            |url, options| {
                let client = client(url, options);
                async move { client.release_purchase(&ReleasePurchase::new(PURCHASE)).await }
            },
        ),
        Operation::write(
            "revio cancel_purchase",
            stored("revio/cancel-purchase/cancelled"),
            |url, options| {
                let client = client(url, options);
                async move { client.cancel_purchase(&CancelPurchase::new(PURCHASE)).await }
            },
        ),
        Operation::write(
            "revio delete_purchase_recurring_token",
            stored("revio/delete-purchase-recurring-token/deleted"),
            |url, options| {
                let client = client(url, options);
                async move { client.delete_purchase_recurring_token(PURCHASE).await }
            },
        ),
        Operation::read(
            "revio payment_methods",
            stored("revio/payment-methods/recurring"),
            |url, options| {
                let client = client(url, options);
                let query = PaymentMethodsQuery::new(BRAND, rand(1).currency());
                async move { client.payment_methods(&query).await }
            },
        )
        // No member is documented as always there, and no money depends on it.
        .also_success(&[
            "2xx {}",
            "2xx {\"status\":\"ok\"}",
            "2xx {\"success\":true}",
            "2xx {\"id\":null}",
            "2xx not UTF-8",
        ]),
        Operation::read("revio public_key", stored("revio/public-key/key"), |url, options| {
            let client = client(url, options);
            async move { client.public_key().await }
        }),
    ]
}

fn clients() -> Vec<Operation> {
    let created = stored("revio/create-client/created");
    vec![
        Operation::write("revio create_client", stored("revio/create-client/created"), |url, options| {
            let client = client(url, options);
            async move { client.create_client(&CreateClient::new("customer@example.com")).await }
        }),
        Operation::read("revio get_client", RawReply { status: 200, ..created }, |url, options| {
            let client = client(url, options);
            async move { client.get_client(CLIENT).await }
        }),
        Operation::write("revio update_client", stored("revio/update-client/updated"), |url, options| {
            let client = client(url, options);
            async move { client.update_client(&UpdateClient::new(CLIENT, "ann@example.com")).await }
        }),
        Operation::write("revio change_client", stored("revio/change-client/changed"), |url, options| {
            let client = client(url, options);
            async move { client.change_client(&ChangeClient::new(CLIENT).with_phone("+27 2")).await }
        }),
        Operation::write("revio delete_client", not_empty(), |url, options| {
            let client = client(url, options);
            async move { client.delete_client(CLIENT).await }
        })
        .also_success(&["204"]),
        Operation::read(
            "revio list_recurring_tokens",
            stored("revio/list-recurring-tokens/documented"),
            |url, options| {
                let client = client(url, options);
                async move { client.list_recurring_tokens(CLIENT, None).await }
            },
        ),
        Operation::write("revio delete_recurring_token", not_empty(), |url, options| {
            let client = client(url, options);
            async move { client.delete_recurring_token(CLIENT, &Secret::new(CARD)).await }
        })
        .also_success(&["204"]),
    ]
}
