//! Reads an order, and prints its status and the token of a series once the customer has paid.
//!
//! `EMSPAY_API_KEY=.. cargo run -p emspay --example emspay-reconcile -- ORDER_ID`

use emspay::{Client, Environment, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).ok_or("usage: reconcile ORDER_ID")?;
    let environment = Environment::Custom(std::env::var("EMSPAY_BASE_URL")?);
    let builder = Client::builder(environment, std::env::var("EMSPAY_API_KEY")?);
    let order = builder.build()?.get_order(&id).await?;
    match order.outcome() {
        Outcome::Paid => println!("{id} is paid"),
        Outcome::Authorized => println!("{id} is held, and not taken"),
        Outcome::Declined | Outcome::Canceled => {
            println!("{id} is not paid and will not be: {}", order.status)
        }
        Outcome::Pending | Outcome::ActionRequired => println!("{id} is {}: ask again later", order.status),
    }
    if order.vault_token().is_some() {
        println!("the series has a vault token: keep it where secrets are kept");
    }
    Ok(())
}
