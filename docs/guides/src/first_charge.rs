//! A first payment and a renewal with one gateway, by its own crate.

use emspay::{Client, CreateOrder, Currency, Effect, Environment, Money, Outcome};
use recurring_sandbox::Sandbox;

use crate::shop::{GOOD_CARD, pay_on_page};

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let sandbox = Sandbox::builder().start().await?;
    let setting = |name: &str| {
        let found = sandbox.settings().into_iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value).unwrap_or_default()
    };

    let environment = Environment::Custom(setting("EMSPAY_BASE_URL"));
    let client = Client::builder(environment, setting("EMSPAY_API_KEY")).build()?;

    let price = Money::parse("40.00", Currency::from_code("EUR")?)?;

    // You have stored "sub-42-first" with the subscription before this line.
    let order = client.create_order(&CreateOrder::first("sub-42-first", price)).await?;
    let page = order.payment_address().ok_or("the order has no page")?.to_owned();
    let order_id = order.id; // keep it until the customer is back

    pay_on_page(&page, GOOD_CARD).await?;

    let order = client.get_order(&order_id).await?;
    let token = match (order.outcome(), order.vault_token()) {
        (Outcome::Paid, Some(token)) => token.clone(), // store it, encrypted
        (outcome, _) => return Err(format!("not paid: {outcome}").into()),
    };

    // A month later. You have stored "sub-42-2026-12" before this line.
    let renewal = CreateOrder::recurring("sub-42-2026-12", price, token);
    match client.create_order(&renewal).await {
        Ok(order) if order.outcome() == Outcome::Paid => println!("paid"),
        Ok(order) if order.outcome() == Outcome::Declined => {
            println!("declined: {:?}", order.decline_reason())
        }
        Ok(order) => println!("{}: read the order again later", order.outcome()),
        Err(error) if error.effect() == Effect::Unknown => println!("do not send it again: {error}"),
        Err(error) => println!("nothing was charged: {error}"),
    }

    sandbox.assert_charged_once("sub-42-first");
    sandbox.assert_charged_once("sub-42-2026-12");
    Ok(())
}
