use recurring_core::{Currency, InvalidInput, Money};
use recurring_gateway::ErrorExt as _;

use crate::config::MerchantId;
use crate::error::Error;

/// The merchant's account: what a request needs besides its own values.
#[derive(Debug, Clone)]
pub struct Account {
    merchant_id: MerchantId,
    currency: Option<Currency>,
}

impl Account {
    /// Creates the account of a merchant.
    pub fn new(merchant_id: impl Into<MerchantId>) -> Self {
        Self { merchant_id: merchant_id.into(), currency: None }
    }

    /// Sets the currency of the account. It is needed to move money: no request names a currency, so every amount is
    /// compared with it before it is sent.
    #[must_use]
    pub fn with_currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }

    /// Returns the currency of the account, if it was named.
    pub fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// Names the account of a request. The result is an [`Operation`](crate::Operation): it shows the request without a
    /// network, before it is signed, and reads a reply.
    pub fn operation<'a, R>(&'a self, request: &'a R) -> ForAccount<'a, R> {
        ForAccount { account: self, request }
    }

    /// Refuses an amount in another currency than that of the account: no request names one.
    ///
    /// # Errors
    /// `NotApplied(Local)`, also when the currency of the account was not named.
    // Assumption(account-currency): the gateway takes the number in the currency of the merchant's account.
    pub fn check_currency(&self, amount: Money) -> Result<(), Error> {
        match self.currency {
            None => Err(Error::config(InvalidInput::new(
                "currency",
                "of the merchant's account must be set before money is moved: no request names one",
            ))),
            Some(account) if account != amount.currency() => {
                let rule = format!("must be in {account}, the currency of the merchant's account");
                Err(InvalidInput::new("amount", rule).into())
            }
            Some(_) => Ok(()),
        }
    }

    pub(crate) fn merchant_id(&self) -> &MerchantId {
        &self.merchant_id
    }
}

/// A request for one account; see [`Account::operation`].
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct ForAccount<'a, R> {
    pub(crate) account: &'a Account,
    pub(crate) request: &'a R,
}
