//! The calls of the signed gateway, with a signature that the fault server does not verify.

use std::future::Future;
use std::pin::Pin;

use tokenpay_signed::{
    AddToken, Client, Environment, HttpOptions, Money, OrderKey, QueryOrder, Recurring, RefundOrder,
    RequestSigner, Sale, SigningError, TokenId, VoidOrder,
};

use super::operation::{Clients, Operation, stored};

/// Longer than the documented one: a short text may be part of an amount.
const TOKEN: &str = "card-token-0436";

#[derive(Debug)]
struct AnySignature;

impl RequestSigner for AnySignature {
    fn sign<'a>(
        &'a self,
        _: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>> {
        Box::pin(std::future::ready(Ok(vec![7; 256])))
    }
}

fn client(url: &str, options: HttpOptions) -> Client {
    static BUILT: Clients<Client> = Clients::new();
    BUILT.get(url, || {
        Client::builder(Environment::Custom(url.to_owned()), "3", AnySignature)
            .with_currency("USD".parse().expect("USD"))
            .with_http(options)
            .build()
            .expect("a client")
    })
}

fn dollars(text: &str) -> Money {
    Money::parse(text, "USD".parse().expect("USD")).expect("money")
}

fn by_reference(reference: &str) -> OrderKey {
    OrderKey::MerchantReference(reference.to_owned())
}

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::write(
            "tokenpay-signed recurring",
            stored("tokenpay-signed/recurring/documented"),
            |url, options| {
                let client = client(url, options);
                let charge = Recurring::new("user1", TOKEN, dollars("30"), "merRef1656991803097", 5798);
                async move { client.recurring(&charge).await }
            },
        ),
        Operation::write("tokenpay-signed sale", stored("tokenpay-signed/sale/approved"), |url, options| {
            let client = client(url, options);
            let sale = Sale::new("user1", TOKEN, dollars("30.00"), "merRef0001");
            async move { client.sale(&sale).await }
        }),
        Operation::write(
            "tokenpay-signed add_token",
            stored("tokenpay-signed/add-token/page"),
            |url, options| {
                let client = client(url, options);
                let page = |name: &str| format!("https://shop.example/{name}");
                let request = AddToken::new("user1", page("added"), page("failed"), page("hook"));
                async move { client.add_token(&request).await }
            },
        ),
        Operation::read(
            "tokenpay-signed query_token",
            stored("tokenpay-signed/query-token/two-cards"),
            |url, options| {
                let client = client(url, options);
                async move { client.query_token("user1").await }
            },
        ),
        Operation::write(
            "tokenpay-signed delete_token",
            stored("tokenpay-signed/delete-token/deleted"),
            |url, options| {
                let client = client(url, options);
                async move { client.delete_token("user1", &TokenId::from(TOKEN)).await }
            },
        ),
        Operation::read(
            "tokenpay-signed query_order",
            stored("tokenpay-signed/query-order/by-reference"),
            |url, options| {
                let client = client(url, options);
                async move { client.query_order(&QueryOrder::new(by_reference("merRef0002"))).await }
            },
        ),
        Operation::write(
            "tokenpay-signed void_order",
            stored("tokenpay-signed/void-order/voided"),
            |url, options| {
                let client = client(url, options);
                async move { client.void_order(&VoidOrder::new(OrderKey::OrderId(5803))).await }
            },
        ),
        Operation::write(
            "tokenpay-signed refund_order",
            stored("tokenpay-signed/refund-order/partial"),
            |url, options| {
                let client = client(url, options);
                let refund = RefundOrder::new(by_reference("merRef1656991803097"), dollars("10"));
                async move { client.refund_order(&refund).await }
            },
        ),
    ]
}
