//! The customer's browser: fills in the sandbox's payment page and sends the form.

use recurring_core::{Error, HttpOptions, Reply};
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};

/// What the customer does on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Pays with the card.
    Pay,
    /// Leaves the page by its button.
    #[cfg(feature = "sandbox")]
    Cancel,
}

/// Fills in a test card and presses a button of the page.
pub(super) async fn presses(page: &str, card: &str, choice: Choice) -> Result<(), String> {
    let path_at = page.match_indices('/').nth(2).map_or(page.len(), |(at, _)| at);
    let (origin, path) = page.split_at(path_at);
    let base = BaseUrl::parse("page", origin).map_err(|error| error.to_string())?;
    let action = match choice {
        Choice::Pay => "pay",
        #[cfg(feature = "sandbox")]
        Choice::Cancel => "cancel",
    };
    let form = format!("card_number={card}&expiry=12%2F30&cvc=123&cardholder=Ann+Example&action={action}");
    let request = PreparedRequest::new("pay on the page", Class::Write, Method::Post, path.to_owned())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.into_bytes());
    let transport = Transport::new(HttpOptions::new()).map_err(|error| error.to_string())?;
    let reply: Result<Reply, Error<String>> = transport.send(&base, &request).await;
    let status = reply.map_err(|error| error.to_string())?.status();
    // The page answers with a result, or sends the customer back to the shop.
    if (200..400).contains(&status) { Ok(()) } else { Err(format!("the payment page answered {status}")) }
}
