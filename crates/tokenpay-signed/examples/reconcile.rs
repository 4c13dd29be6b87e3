//! The stored cards of a user, as the gateway has them now. Where a lost charge stands, the gateway's own pages tell.
//!
//! `TOKENPAY_MERCHANT_ID=.. TOKENPAY_PRIVATE_KEY_FILE=.. cargo run -p tokenpay-signed --example reconcile -- USER`

use tokenpay_signed::{Client, Environment, RsaSigner};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let user = std::env::args().nth(1).ok_or("usage: reconcile USER")?;
    let key = std::fs::read_to_string(std::env::var("TOKENPAY_PRIVATE_KEY_FILE")?)?;
    let mut builder = Client::builder(std::env::var("TOKENPAY_MERCHANT_ID")?, RsaSigner::from_key(key)?);
    if let Ok(url) = std::env::var("TOKENPAY_BASE_URL") {
        builder = builder.environment(Environment::Custom(url));
    }
    for card in builder.build()?.query_token(&user).await? {
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        println!(
            "{} {} until {}",
            shown(&card.card_brand),
            shown(&card.masked_pan),
            shown(&card.expiry_date)
        );
    }
    Ok(())
}
