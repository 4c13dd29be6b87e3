//! The first payment: creates a client and a purchase that saves the card, and prints the page to send the customer to.
//!
//! `REVIO_API_KEY=.. REVIO_BRAND_ID=.. cargo run -p revio --example revio-enrol -- ann@example.org 100.00 ZAR`

use revio::{Client, CreateClient, CreatePurchase, Currency, Environment, Money, Payer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [email, amount, currency] = arguments.as_slice() else {
        return Err("usage: enrol EMAIL AMOUNT CURRENCY".into());
    };
    let environment = Environment::Custom(std::env::var("REVIO_BASE_URL")?);
    let builder = Client::builder(environment, std::env::var("REVIO_API_KEY")?);
    let client = builder.build()?;
    let brand = std::env::var("REVIO_BRAND_ID")?;
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    let customer = client.create_client(&CreateClient::new(email.as_str())).await?;
    let first = CreatePurchase::one_product(brand, Payer::client_id(&customer.id), "First payment", amount);
    let first = client.create_purchase(&first.with_force_recurring()).await?;
    // A real program stores the identifier where it keeps secrets: it becomes the token once the customer has paid.
    println!("client {}, purchase {}: {}", customer.id, first.id, first.status);
    println!("send the customer to {}", first.checkout_address().unwrap_or_default());
    Ok(())
}
