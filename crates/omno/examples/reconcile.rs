//! Reads a payment, and prints its status.
//!
//! `OMNO_CLIENT_ID=.. OMNO_CLIENT_SECRET=.. cargo run -p omno --example omno-reconcile -- PAYMENT_ID`

use omno::{Client, Credentials, Environment, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("usage: reconcile PAYMENT_ID")?;
    let payment = client()?.get_payment(&id).await?;
    match payment.outcome() {
        Outcome::Paid => println!("{id} is paid"),
        Outcome::Authorized => println!("{id} is held, and not taken"),
        Outcome::Declined | Outcome::Canceled => {
            println!("{id} is not paid and will not be: {}", payment.status)
        }
        Outcome::ActionRequired => {
            println!("{id} waits for the customer at {}", payment.payment_address().unwrap_or_default());
        }
        Outcome::Pending => println!("{id} is {}: ask again later", payment.status),
    }
    if let Some(customer) = payment.customer_id {
        println!("the saved cards are those of the customer {customer}");
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
