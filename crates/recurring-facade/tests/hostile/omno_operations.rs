//! The calls of omno.

use omno::{Addresses, Billing, Client, CreatePayment, Credentials, Environment, HttpOptions, Money, Secret};

use super::operation::{Clients, Operation, stored};

const TOKEN_PATH: &str = "/realms/omno/protocol/openid-connect/token";
const PAYMENT: &str = "0123456789ABCDEF0123456789ABCDEF";

fn client(url: &str, options: HttpOptions) -> Client {
    static BUILT: Clients<Client> = Clients::new();
    BUILT.get(url, || {
        let credentials = Credentials::client("not-a-real-client", "not-a-real-secret");
        Client::builder(Environment::Custom(url.to_owned()), credentials)
            .with_token_url(format!("{url}{TOKEN_PATH}"))
            .with_http(options)
            .build()
            .expect("a client")
    })
}

fn payment(order: &str) -> CreatePayment {
    let billing = Billing {
        first_name: "Test".to_owned(),
        last_name: "Customer".to_owned(),
        address1: "1 Example Street".to_owned(),
        city: "Tallinn".to_owned(),
        state: "Harju".to_owned(),
        country: "EE".to_owned(),
        postal_code: "10111".to_owned(),
        phone: "+3725550100".to_owned(),
        email: "customer@example.com".to_owned(),
        ..Billing::default()
    };
    let addresses = Addresses {
        hook_url: "https://shop.example/hooks/omno".to_owned(),
        callback: "https://shop.example/paid".to_owned(),
        callback_fail: "https://shop.example/failed".to_owned(),
    };
    let amount = Money::from_minor(4999, "EUR".parse().expect("EUR")).expect("money");
    CreatePayment::new(amount, billing, addresses).with_lang("en").with_order_id(order)
}

pub(crate) fn operations() -> Vec<Operation> {
    let all = [
        Operation::write("omno create_payment page", stored("omno/create-payment/page"), |url, options| {
            let client = client(url, options);
            async move { client.create_payment(&payment("attempt-0001")).await }
        }),
        Operation::write(
            "omno create_payment card",
            stored("omno/create-payment/with-card-token"),
            |url, options| {
                let client = client(url, options);
                let payment = payment("attempt-0002").with_card_token(Secret::new("retrieved_card_token"));
                async move { client.create_payment(&payment).await }
            },
        ),
        Operation::read("omno get_payment", stored("omno/get-payment/success"), |url, options| {
            let client = client(url, options);
            async move { client.get_payment(PAYMENT).await }
        })
        // A status that is not known means pending, and settles nothing.
        .also_success(&["2xx {\"status\":\"ok\"}"]),
        Operation::read("omno list_cards", stored("omno/list-cards/array"), |url, options| {
            let client = client(url, options);
            async move { client.list_cards("customer_id").await }
        })
        .also_success(&["2xx JSON array"]),
    ];
    all.into_iter().map(|row| Operation { token: Some((TOKEN_PATH, "omno/token/granted")), ..row }).collect()
}
