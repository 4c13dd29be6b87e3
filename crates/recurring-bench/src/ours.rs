//! One charge with the crates of this workspace.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;

use recurring_core::{Currency, Headers, Money, Reply, Secret};
use recurring_gateway::Operation;

use crate::inputs;
use crate::repeat::repeat;

/// Charges so often. What a program sets up once, such as the outlet of a client, is not part of a charge.
pub(crate) fn charge(gateway: &str, times: usize) -> bool {
    match gateway {
        "emspay" => repeat(times, inputs::emspay, emspay),
        "ngenius" => {
            let environment = ngenius::Environment::Custom("https://gateway.example".to_owned());
            let outlet = ngenius::Outlet::new(&environment, "5edab6d7-5946-43f4-b8c7-06b29c272bdd");
            let outlet = outlet.expect("an outlet");
            repeat(times, inputs::ngenius, |input| ngenius(&outlet, input))
        }
        "omno" => repeat(times, inputs::omno, omno),
        "revio" => repeat(times, inputs::revio, revio),
        "tokenpay-signed" => {
            let currency = Currency::from_code("USD").expect("a currency");
            let account = tokenpay_signed::Account::new(3).with_currency(currency);
            repeat(times, inputs::tokenpay, |input| tokenpay_signed(&account, input))
        }
        _ => false,
    }
}

fn money(minor: i64, currency: &str) -> Money {
    Money::from_minor(minor, Currency::from_code(currency).expect("a currency")).expect("money")
}

/// Builds the request, and reads the answer as it comes from the transport.
fn exchange<O: Operation<Api: std::fmt::Debug>>(operation: &O, status: u16, answer: &[u8]) {
    let request = operation.request().expect("a request");
    black_box(request.body_bytes());
    let mut headers = Headers::with_capacity(1, 28);
    headers.add("content-type", "application/json");
    let reply = Reply::new(status, headers, answer.to_vec()).hiding(request.secrets());
    black_box(operation.read(&reply).expect("an answer"));
}

fn emspay(input: inputs::Emspay) {
    let charge =
        emspay::CreateOrder::recurring(input.reference, money(4000, "EUR"), Secret::new(input.token))
            .with_description(input.description);
    exchange(&charge, 201, answer!("emspay/create-order/recurring"));
}

fn ngenius(outlet: &ngenius::Outlet, input: inputs::Ngenius) {
    let card = ngenius::Card::new(input.pan, input.expiry, input.cvv, input.name).expect("a card");
    let charge = ngenius::CreateRecurringPayment::new(
        money(150, "AED"),
        ngenius::Frequency::Monthly,
        input.email,
        card,
    );
    exchange(&outlet.operation(&charge), 200, answer!("ngenius/create-recurring-payment/documented"));
}

fn omno(input: inputs::Omno) {
    let billing = omno::Billing {
        first_name: input.first_name,
        last_name: input.last_name,
        address1: input.address,
        city: input.city,
        state: input.state,
        country: input.country,
        postal_code: input.postal_code,
        phone: input.phone,
        email: input.email,
        ..omno::Billing::default()
    };
    let addresses = omno::Addresses {
        hook_url: input.hook_url,
        callback: input.callback,
        callback_fail: input.callback_fail,
    };
    let charge = omno::CreatePayment::new(money(4999, "EUR"), billing, addresses)
        .with_lang(input.lang)
        .with_order_id(input.order_id)
        .with_card_token(Secret::new(input.token));
    exchange(&charge, 200, answer!("omno/create-payment/with-card-token"));
}

fn revio(input: inputs::Revio) {
    let charge =
        revio::ChargePurchase::new(input.purchase, Secret::new(input.token)).with_expected(money(100, "ZAR"));
    exchange(&charge, 200, answer!("revio/charge-purchase/paid"));
}

fn tokenpay_signed(account: &tokenpay_signed::Account, input: inputs::TokenPay) {
    let amount = money(3000, "USD");
    let charge = tokenpay_signed::Recurring::new(input.user, input.token, amount, input.reference, 5798);
    exchange(&account.operation(&charge), 200, answer!("tokenpay-signed/recurring/documented"));
}
