//! What the gateway's scheduler has charged so far: an order with all its payments.
//!
//! `NGENIUS_API_KEY=.. NGENIUS_OUTLET=.. cargo run -p ngenius --example ngenius-reconcile -- ORDER_REFERENCE`

use ngenius::{Client, Environment, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reference = std::env::args().nth(1).ok_or("usage: reconcile ORDER_REFERENCE")?;
    let environment = Environment::Custom(std::env::var("NGENIUS_BASE_URL")?);
    let mut builder =
        Client::builder(environment, std::env::var("NGENIUS_API_KEY")?, std::env::var("NGENIUS_OUTLET")?);
    if let Ok(realm) = std::env::var("NGENIUS_REALM") {
        builder = builder.with_realm(realm);
    }
    let order = builder.build()?.get_order(&reference).await?;
    for payment in &order.payments {
        let name = payment.reference.as_deref().unwrap_or("?");
        let when = payment.update_date_time.as_ref().map_or("at an unknown time", |time| time.as_str());
        match payment.outcome() {
            Outcome::Paid => println!("{name} was paid ({}, {when})", payment.state),
            Outcome::Authorized => println!("{name} is held, and not taken ({when})"),
            Outcome::Declined | Outcome::Canceled => {
                println!("{name} was not paid and will not be ({}, {when})", payment.state)
            }
            Outcome::Pending | Outcome::ActionRequired => {
                println!("{name} is {}: ask again later", payment.state);
            }
        }
    }
    println!("{reference}: {} payments so far", order.payments.len());
    Ok(())
}
