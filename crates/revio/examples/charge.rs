//! A later payment, without the customer: a new purchase, then its charge. The token comes from the environment, since
//! arguments can be read by other users of the machine.
//!
//! `REVIO_API_KEY=.. REVIO_BRAND_ID=.. REVIO_TOKEN=.. cargo run -p revio --example revio-charge -- CLIENT_ID renewal-2 100.00 ZAR`

use revio::{ChargePurchase, Client, CreatePurchase, Currency, Effect, Environment, Money, Payer, Secret};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [person, reference, amount, currency] = arguments.as_slice() else {
        return Err("usage: charge CLIENT_ID REFERENCE AMOUNT CURRENCY".into());
    };
    let environment = Environment::Custom(std::env::var("REVIO_BASE_URL")?);
    let builder = Client::builder(environment, std::env::var("REVIO_API_KEY")?);
    let client = builder.build()?;
    let (brand, token) = (std::env::var("REVIO_BRAND_ID")?, Secret::new(std::env::var("REVIO_TOKEN")?));
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    let next = CreatePurchase::one_product(brand, Payer::client_id(person), "Renewal", amount);
    let next = client.create_purchase(&next.with_reference(reference)).await?;
    // A real program stores the identifier here: it is how a lost answer to the charge is found again.
    println!("purchase {}", next.id);
    match client.charge_purchase(&ChargePurchase::new(&next.id, token).with_expected(amount)).await {
        Ok(answer) => {
            let reason = answer.decline().and_then(|decline| decline.code).unwrap_or_default();
            println!("{} {reason}", answer.outcome());
        }
        Err(error) if error.effect() == Effect::Unknown => {
            println!("read purchase {} before anything else: {error}", next.id);
        }
        Err(error) => println!("nothing happened: {error}"),
    }
    Ok(())
}
