//! A later payment of a series, without the customer. The vault token comes from the environment, since arguments can be
//! read by other users of the machine.
//!
//! `EMSPAY_API_KEY=.. EMSPAY_VAULT_TOKEN=.. cargo run -p emspay --example emspay-charge -- order-2 40.00 EUR`

use emspay::{Client, CreateOrder, Currency, Effect, Environment, Money, Secret};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [order, amount, currency] = arguments.as_slice() else {
        return Err("usage: charge ORDER AMOUNT CURRENCY".into());
    };
    let environment = Environment::Custom(std::env::var("EMSPAY_BASE_URL")?);
    let builder = Client::builder(environment, std::env::var("EMSPAY_API_KEY")?);
    let client = builder.build()?;
    let token = Secret::new(std::env::var("EMSPAY_VAULT_TOKEN")?);
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    // A real program stores the order's name before this line: it is how a lost answer is found again.
    match client.create_order(&CreateOrder::recurring(order, amount, token)).await {
        Ok(order) => println!("order {}: {}", order.id, order.outcome()),
        Err(error) if error.effect() == Effect::Unknown => {
            println!("do not send it again: {error}");
        }
        Err(error) => println!("nothing happened: {error}"),
    }
    Ok(())
}
