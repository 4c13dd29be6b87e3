//! Reads a purchase that was charged with a token, and prints its status and why it was refused.
//!
//! `REVIO_API_KEY=.. cargo run -p revio --example revio-reconcile -- PURCHASE_ID`

use revio::{Client, Environment, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("usage: reconcile PURCHASE_ID")?;
    let environment = Environment::Custom(std::env::var("REVIO_BASE_URL")?);
    let builder = Client::builder(environment, std::env::var("REVIO_API_KEY")?);
    let purchase = builder.build()?.get_purchase(&id).await?;
    match purchase.charge_outcome() {
        Outcome::Paid => println!("{id} is paid"),
        Outcome::Authorized => println!("{id} is held, and not taken"),
        Outcome::Declined | Outcome::Canceled => {
            let reason = purchase.decline().and_then(|decline| decline.code).unwrap_or_default();
            println!("{id} is not paid: {} {reason}", purchase.status);
        }
        Outcome::Pending | Outcome::ActionRequired => {
            println!("{id} is {}: ask again later", purchase.status)
        }
    }
    if purchase.recurring_token().is_some() {
        println!("it has saved the card: its identifier is the token, keep it where secrets are kept");
    }
    Ok(())
}
