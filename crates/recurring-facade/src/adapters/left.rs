//! What of a payment is left to give back or to take, compared before anything is sent.

use recurring_core::{Currency, InvalidInput, Money};

use crate::error::Error;
use crate::ids::ProviderId;

/// What the gateway shows of a payment before a refund or a capture of it.
pub(super) struct Left {
    /// The currency of the payment.
    pub(super) currency: Option<Currency>,
    /// What is left, in minor units.
    pub(super) minor: Option<i64>,
}

impl Left {
    /// The amount to ask the gateway for: the one that was asked for, or the rest. `None` for the rest when the gateway
    /// does not show how much that is.
    ///
    /// # Errors
    /// When the payment has another currency, or does not show its currency, or less is left than was asked for; nothing
    /// has been sent.
    pub(super) fn amount(&self, here: &ProviderId, asked: Option<Money>) -> Result<Option<Money>, Error> {
        let refuse = |field, rule: String| Err(Error::invalid(here.clone(), InvalidInput::new(field, rule)));
        let Some(currency) = self.currency else {
            return refuse("payment", "does not show its currency at the gateway".to_owned());
        };
        if asked.is_some_and(|asked| asked.currency() != currency) {
            return refuse("amount", format!("must be in the currency of the payment, {}", currency.code()));
        }
        let Some(left) = self.minor else { return Ok(asked) };
        let Ok(left) = Money::from_minor(left, currency) else {
            return refuse("payment", "has nothing left".to_owned());
        };
        match asked {
            Some(asked) if asked.minor() > left.minor() => {
                let shown = format!("{} {}", left.to_decimal(), currency.code());
                refuse("amount", format!("must not be more than what is left of the payment, {shown}"))
            }
            Some(asked) => Ok(Some(asked)),
            None => Ok(Some(left)),
        }
    }
}
