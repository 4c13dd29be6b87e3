//! The first payment of a customer: prints the page to send the customer to.
//!
//! `OMNO_CLIENT_ID=.. OMNO_CLIENT_SECRET=.. cargo run -p omno --example omno-enrol -- order-1 49.99 EUR`

use omno::{Addresses, Billing, Client, CreatePayment, Credentials, Currency, Environment, Money};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [order, amount, currency] = arguments.as_slice() else {
        return Err("usage: enrol ORDER AMOUNT CURRENCY".into());
    };
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    let request = CreatePayment::new(amount, billing(), addresses()).with_order_id(order).with_lang("en");
    let created = client()?.create_payment(&request).await?;
    println!("payment {} is {}", created.payment_id, created.outcome());
    println!("send the customer to {}", created.payment_address().unwrap_or_default());
    Ok(())
}

fn client() -> Result<Client, Box<dyn std::error::Error>> {
    let credentials =
        Credentials::client(std::env::var("OMNO_CLIENT_ID")?, std::env::var("OMNO_CLIENT_SECRET")?);
    let environment = Environment::Custom(std::env::var("OMNO_BASE_URL")?);
    let mut builder = Client::builder(environment, credentials);
    if let Ok(url) = std::env::var("OMNO_TOKEN_URL") {
        builder = builder.with_token_url(url);
    }
    Ok(builder.build()?)
}

/// Replace these with your own customer's.
fn billing() -> Billing {
    Billing {
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
    }
}

/// Replace these with your own shop's.
fn addresses() -> Addresses {
    Addresses {
        hook_url: "https://shop.example/hooks/omno".to_owned(),
        callback: "https://shop.example/paid".to_owned(),
        callback_fail: "https://shop.example/failed".to_owned(),
    }
}
