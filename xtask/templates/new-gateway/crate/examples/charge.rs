//! A payment with a stored card. The token comes from the environment, since other users of the machine can read arguments.
//!
//! `NEW_GATEWAY_BASE_URL=.. NEW_GATEWAY_API_KEY=.. NEW_GATEWAY_TOKEN=.. cargo run --example new-gateway-charge -- order-2 40.00 EUR`

use new_gateway::{Client, CreatePayment, Currency, Effect, Environment, Money, Secret};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [reference, amount, currency] = arguments.as_slice() else {
        return Err("usage: charge REFERENCE AMOUNT CURRENCY".into());
    };
    let environment = Environment::Custom(std::env::var("NEW_GATEWAY_BASE_URL")?);
    let client = Client::builder(environment, std::env::var("NEW_GATEWAY_API_KEY")?).build()?;
    let token = Secret::new(std::env::var("NEW_GATEWAY_TOKEN")?);
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    // A real program stores the reference before this line: it is how a lost answer is found again.
    match client.create_payment(&CreatePayment::new(reference, amount, token)).await {
        Ok(payment) => println!("payment {}: {}", payment.id, payment.outcome()),
        Err(error) if error.effect() == Effect::Unknown => println!("do not send it again: {error}"),
        Err(error) => println!("nothing happened: {error}"),
    }
    Ok(())
}
