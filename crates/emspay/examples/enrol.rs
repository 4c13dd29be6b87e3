//! The first payment of a series: prints the page to send the customer to.
//!
//! `EMSPAY_API_KEY=.. cargo run -p emspay --example emspay-enrol -- order-1 40.00 EUR`

use emspay::{Client, CreateOrder, Currency, Environment, Money};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [order, amount, currency] = arguments.as_slice() else {
        return Err("usage: enrol ORDER AMOUNT CURRENCY".into());
    };
    let environment = Environment::Custom(std::env::var("EMSPAY_BASE_URL")?);
    let builder = Client::builder(environment, std::env::var("EMSPAY_API_KEY")?);
    let client = builder.build()?;
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    let first = client.create_order(&CreateOrder::first(order, amount)).await?;
    println!("order {} is {}", first.id, first.status);
    println!("send the customer to {}", first.payment_address().unwrap_or_default());
    Ok(())
}
