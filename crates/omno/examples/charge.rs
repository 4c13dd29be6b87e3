//! A later payment, without the customer, with the first saved card.
//!
//! `OMNO_CLIENT_ID=.. OMNO_CLIENT_SECRET=.. cargo run -p omno --example omno-charge -- CUSTOMER order-2 49.99 EUR`

use omno::{Addresses, Billing, Client, CreatePayment, Credentials, Currency, Effect, Environment, Money};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [customer, order, amount, currency] = arguments.as_slice() else {
        return Err("usage: charge CUSTOMER ORDER AMOUNT CURRENCY".into());
    };
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    let client = client()?;
    let cards = client.list_cards(customer).await?;
    let card = cards.first().ok_or("the customer has no saved card")?;
    let request = CreatePayment::new(amount, billing(), addresses())
        .with_order_id(order)
        .with_card_token(card.card_token.clone());
    // A real program stores the order's name before this line: it is how a lost answer is found again.
    match client.create_payment(&request).await {
        Ok(created) => {
            println!("payment {}: {}; read it to learn how it went", created.payment_id, created.outcome());
        }
        Err(error) if error.effect() == Effect::Unknown => {
            println!("do not send it again: {error}");
        }
        Err(error) => println!("nothing happened: {error}"),
    }
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
