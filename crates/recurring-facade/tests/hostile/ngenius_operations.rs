//! The calls of N-Genius.

use ngenius::{
    CapturePayment, Card, Client, CreateRecurringPayment, Environment, Frequency, GetOrder, HttpOptions,
    Money, Operation as _, Order, Outlet, PayWithSavedCard, RefundPayment, Reply, SavedCard, VoidPayment,
};
use recurring_fixtures::Case;

use super::operation::{Clients, Operation, stored};

const OUTLET: &str = "5edab6d7-5946-43f4-b8c7-06b29c272bdd";
const ORDER: &str = "5787d6d7-765f-4716-b19f-0b6482aa802d";
const PAYMENT: &str = "00000000-0000-4000-8000-0000000000b1";
const HOME: &str = "https://api-gateway.sandbox.ngenius-payments.com";
const TOKEN: (&str, &str) = ("/identity/auth/access-token", "ngenius/access-token/granted");

fn client(url: &str, options: HttpOptions) -> Client {
    static BUILT: Clients<Client> = Clients::new();
    BUILT.get(url, || {
        Client::builder(Environment::Custom(url.to_owned()), "bm90LWEtcmVhbC1rZXk=", OUTLET)
            .with_realm("ni")
            .with_http(options)
            .build()
            .expect("a client")
    })
}

fn dirham(minor: i64) -> Money {
    Money::from_minor(minor, "AED".parse().expect("AED")).expect("money")
}

/// The order of an example, with links that lead to `url`.
fn order_at(case: &str, url: &str) -> Order {
    let body = Case::load(case).text("response.json").replace(HOME, url);
    Outlet::new(&Environment::UaeSandbox, OUTLET)
        .expect("an outlet")
        .operation(&GetOrder::new(ORDER))
        .read(&Reply::new(200, Vec::new(), body.into_bytes()))
        .expect("an order")
}

pub(crate) fn operations() -> Vec<Operation> {
    let all = [
        Operation::write(
            "ngenius create_recurring_payment",
            stored("ngenius/create-recurring-payment/documented"),
            |url, options| {
                let client = client(url, options);
                let card = Card::new("4012001037141112", "2025-04", "123", "Test Customer").expect("a card");
                let email = "[email protected]";
                let request = CreateRecurringPayment::new(dirham(150), Frequency::Monthly, email, card);
                async move { client.create_recurring_payment(&request).await }
            },
        ),
        Operation::read("ngenius get_order", stored("ngenius/get-order/two-payments"), |url, options| {
            let client = client(url, options);
            async move { client.get_order(ORDER).await }
        }),
        Operation::write(
            "ngenius capture_payment",
            stored("ngenius/capture-payment/part"),
            |url, options| {
                let client = client(url, options);
                let capture = CapturePayment::new(ORDER, PAYMENT, dirham(100));
                async move { client.capture_payment(&capture).await }
            },
        ),
        Operation::write("ngenius void_payment", stored("ngenius/void-payment/reversed"), |url, options| {
            let client = client(url, options);
            async move { client.void_payment(&VoidPayment::new(ORDER, PAYMENT)).await }
        }),
        Operation::write(
            "ngenius refund_payment",
            stored("ngenius/refund-payment/capture"),
            |url, options| {
                let client = client(url, options);
                let order = order_at("ngenius/get-order/two-payments", url);
                let captured = order.payments.first().expect("a payment");
                let refund = RefundPayment::of(captured, ORDER, dirham(50)).expect("a refund");
                async move { client.refund_payment(&refund).await }
            },
        ),
        Operation::write(
            "ngenius pay_with_saved_card",
            stored("ngenius/pay-with-saved-card/with-cvv"),
            |url, options| {
                let client = client(url, options);
                let order = order_at("ngenius/get-order/started", url);
                let card = SavedCard::new("not-a-real-card-token", "2025-04", "Test Customer");
                let payment = PayWithSavedCard::new(&order, &card, dirham(150)).expect("a payment");
                async move { client.pay_with_saved_card(&payment).await }
            },
        ),
    ];
    all.into_iter().map(|row| Operation { token: Some(TOKEN), ..row }).collect()
}
