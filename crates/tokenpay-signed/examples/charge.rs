//! A charge on a stored card: the first of a series, or a later one when the first one's order is named. The token
//! comes from the environment, since arguments can be read by other users of the machine.
//!
//! `TOKENPAY_MERCHANT_ID=.. TOKENPAY_CURRENCY=.. TOKENPAY_PRIVATE_KEY_FILE=.. TOKENPAY_TOKEN_ID=.. \
//! cargo run -p tokenpay-signed --example tokenpay-signed-charge -- USER order-2 30.00 USD [PARENT_ORDER]`

use tokenpay_signed::{Client, Currency, Effect, Environment, Money, Recurring, RsaSigner, Sale};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user, reference, amount, currency, parent @ ..] = arguments.as_slice() else {
        return Err("usage: charge USER REFERENCE AMOUNT CURRENCY [PARENT_ORDER]".into());
    };
    let key = std::fs::read_to_string(std::env::var("TOKENPAY_PRIVATE_KEY_FILE")?)?;
    let account = Currency::from_code(&std::env::var("TOKENPAY_CURRENCY")?)?;
    let environment = Environment::Custom(std::env::var("TOKENPAY_BASE_URL")?);
    let builder =
        Client::builder(environment, std::env::var("TOKENPAY_MERCHANT_ID")?, RsaSigner::from_key(key)?)
            .with_currency(account);
    let client = builder.build()?;
    let token = std::env::var("TOKENPAY_TOKEN_ID")?;
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    // A real program stores the reference before this line: it is how a lost answer is found again.
    let answer = match parent.first() {
        None => client.sale(&Sale::new(user, token, amount, reference)).await,
        Some(parent) => {
            client.recurring(&Recurring::new(user, token, amount, reference, parent.parse()?)).await
        }
    };
    match answer {
        Ok(answer) => println!("order {}: {}", answer.order.id, answer.outcome()),
        Err(error) if error.effect() == Effect::Unknown => {
            println!("do not send it again: {error}");
        }
        Err(error) => println!("nothing happened: {error}"),
    }
    Ok(())
}
