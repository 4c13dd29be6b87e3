//! One charge with the crates of this workspace.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;

use recurring_core::{Currency, Money, Reply, Secret};
use recurring_gateway::Operation;

pub(crate) fn charge(gateway: &str) -> Option<fn()> {
    Some(match gateway {
        "emspay" => emspay,
        "ngenius" => ngenius,
        "omno" => omno,
        "revio" => revio,
        "tokenpay-signed" => tokenpay_signed,
        _ => return None,
    })
}

fn money(minor: i64, currency: &str) -> Money {
    Money::from_minor(minor, Currency::from_code(currency).expect("a currency")).expect("money")
}

/// Builds the request, and reads the answer as it comes from the transport.
fn exchange<O: Operation<Api: std::fmt::Debug>>(operation: &O, status: u16, answer: &[u8]) {
    let request = operation.request().expect("a request");
    black_box(request.body_bytes());
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let reply = Reply::new(status, headers, answer.to_vec()).hiding(request.secrets());
    black_box(operation.read(&reply).expect("an answer"));
}

fn emspay() {
    let token = Secret::new("0c8fd8ab-25ec-4109-ac8f-495804aa5026");
    let charge = emspay::CreateOrder::recurring("2", money(4000, "EUR"), token)
        .with_description("Credit card order - Actual recurring");
    exchange(&charge, 201, answer!("emspay/create-order/recurring"));
}

fn ngenius() {
    let environment = ngenius::Environment::Custom("https://gateway.example".to_owned());
    let outlet =
        ngenius::Outlet::new(&environment, "5edab6d7-5946-43f4-b8c7-06b29c272bdd").expect("an outlet");
    let card = ngenius::Card::new("4012001037141112", "2025-04", "123", "Test Customer").expect("a card");
    let charge = ngenius::CreateRecurringPayment::new(
        money(150, "AED"),
        ngenius::Frequency::Monthly,
        "customer@example.com",
        card,
    );
    exchange(&outlet.operation(&charge), 200, answer!("ngenius/create-recurring-payment/documented"));
}

fn omno() {
    let billing = omno::Billing {
        first_name: "Test".to_owned(),
        last_name: "Customer".to_owned(),
        address1: "1 Example Street".to_owned(),
        city: "Tallinn".to_owned(),
        state: "Harju".to_owned(),
        country: "EE".to_owned(),
        postal_code: "10111".to_owned(),
        phone: "+3725550100".to_owned(),
        email: "customer@example.com".to_owned(),
        ..omno::Billing::default()
    };
    let addresses = omno::Addresses {
        hook_url: "https://shop.example/hooks/omno".to_owned(),
        callback: "https://shop.example/paid".to_owned(),
        callback_fail: "https://shop.example/failed".to_owned(),
    };
    let charge = omno::CreatePayment::new(money(4999, "EUR"), billing, addresses)
        .with_lang("en")
        .with_order_id("attempt-0002")
        .with_card_token(Secret::new("retrieved_card_token"));
    exchange(&charge, 200, answer!("omno/create-payment/with-card-token"));
}

fn revio() {
    let token = Secret::new("82e6eb62-90e8-405c-9ec9-d43affba41d2");
    let charge = revio::ChargePurchase::new("00000000-0000-4000-8000-0000000000a1", token)
        .with_expected(money(100, "ZAR"));
    exchange(&charge, 200, answer!("revio/charge-purchase/paid"));
}

fn tokenpay_signed() {
    let currency = Currency::from_code("USD").expect("a currency");
    let account = tokenpay_signed::Account::new(3).with_currency(currency);
    let charge =
        tokenpay_signed::Recurring::new("user1", "436", money(3000, "USD"), "merRef1656991803097", 5798);
    exchange(&account.operation(&charge), 200, answer!("tokenpay-signed/recurring/documented"));
}
