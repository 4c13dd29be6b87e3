//! Charges a card now and has the gateway repeat it. The card comes as JSON on standard input, since arguments can be read by
//! other users of the machine: `{"pan":"..","expiry":"YYYY-MM","cvv":"..","cardholderName":".."}`.
//!
//! `NGENIUS_API_KEY=.. NGENIUS_OUTLET=.. cargo run -p ngenius --example ngenius-enrol -- MONTHLY 10.00 AED ann@example.org < card.json`

use ngenius::{
    Card, Client, CreateRecurringPayment, Currency, Effect, Environment, Frequency, Money, Outcome,
};

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct CardInput {
    pan: String,
    expiry: String,
    cvv: String,
    cardholder_name: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [frequency, amount, currency, email] = arguments.as_slice() else {
        return Err("usage: enrol FREQUENCY AMOUNT CURRENCY EMAIL < card.json".into());
    };
    let environment = Environment::Custom(std::env::var("NGENIUS_BASE_URL")?);
    let mut builder =
        Client::builder(environment, std::env::var("NGENIUS_API_KEY")?, std::env::var("NGENIUS_OUTLET")?);
    if let Ok(realm) = std::env::var("NGENIUS_REALM") {
        builder = builder.with_realm(realm);
    }
    let client = builder.build()?;
    let amount = Money::parse(amount, Currency::from_code(currency)?)?;
    // What is wrong with the input is not said: the words of the reader may quote it.
    let card: CardInput = serde_json::from_reader(std::io::stdin().lock())
        .map_err(|_| "standard input is not a card as JSON")?;
    let card = Card::new(card.pan, card.expiry, card.cvv, card.cardholder_name)?;
    let request = CreateRecurringPayment::new(amount, Frequency::from(frequency.as_str()), email, card);
    // A real program notes before this line that it is about to charge: a lost answer cannot be looked up.
    match client.create_recurring_payment(&request).await {
        Ok(payment) => {
            let order = payment.order_reference.as_deref().or(payment.reference.as_deref()).unwrap_or("?");
            println!("order {order}: {} ({})", payment.outcome(), payment.state);
            if payment.outcome() == Outcome::Paid
                && let Some(next) = &payment.next_payment_on
            {
                println!("the gateway charges again on {next}");
            }
        }
        Err(error) if error.effect() == Effect::Unknown => {
            println!("do not send it again, look in the portal: {error}");
        }
        Err(error) => println!("nothing happened: {error}"),
    }
    Ok(())
}
