//! Stores a card: prints the page to send the customer to.
//!
//! `TOKENPAY_MERCHANT_ID=.. TOKENPAY_PRIVATE_KEY_FILE=.. cargo run -p tokenpay-signed --example tokenpay-signed-enrol -- USER SHOP_URL`

use tokenpay_signed::{AddToken, Client, Environment, RsaSigner};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user, shop] = arguments.as_slice() else {
        return Err("usage: enrol USER SHOP_URL".into());
    };
    let key = std::fs::read_to_string(std::env::var("TOKENPAY_PRIVATE_KEY_FILE")?)?;
    let environment = Environment::Custom(std::env::var("TOKENPAY_BASE_URL")?);
    let builder =
        Client::builder(environment, std::env::var("TOKENPAY_MERCHANT_ID")?, RsaSigner::from_key(key)?);
    let shop = shop.trim_end_matches('/');
    let request =
        AddToken::new(user, format!("{shop}/ok"), format!("{shop}/failed"), format!("{shop}/notify"));
    let added = builder.build()?.add_token(&request).await?;
    println!(
        "send the customer to {}",
        added.page().as_deref().unwrap_or("nowhere: the address is not safe")
    );
    Ok(())
}
