//! What became of a charge whose answer was lost: looks it up by its reference. That the gateway's look-up serves
//! the charges of stored cards is an assumption, so "not found" proves nothing, and an operator decides.
//!
//! `TOKENPAY_MERCHANT_ID=.. TOKENPAY_PRIVATE_KEY_FILE=.. cargo run -p tokenpay-signed --example tokenpay-signed-reconcile -- order-2`

use tokenpay_signed::{Client, Environment, OrderKey, Outcome, QueryOrder, RsaSigner};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reference = std::env::args().nth(1).ok_or("usage: reconcile REFERENCE")?;
    let key = std::fs::read_to_string(std::env::var("TOKENPAY_PRIVATE_KEY_FILE")?)?;
    let environment = Environment::Custom(std::env::var("TOKENPAY_BASE_URL")?);
    let builder =
        Client::builder(environment, std::env::var("TOKENPAY_MERCHANT_ID")?, RsaSigner::from_key(key)?);
    let query = QueryOrder::new(OrderKey::MerchantReference(reference));
    match builder.build()?.query_order(&query).await {
        Ok(answer) => {
            let (id, status) = (&answer.order.id, &answer.order.status);
            match answer.charge_outcome() {
                Outcome::Paid => println!("order {id} is {status}: the customer was charged"),
                Outcome::Declined | Outcome::Canceled => {
                    println!("order {id} is {status}: nothing of the customer's money is kept");
                }
                _ => println!("order {id} is {status}: not decided, look again later"),
            }
        }
        Err(error) => println!("nothing is proven, manual review is needed: {error}"),
    }
    Ok(())
}
