//! A charge whose answer was lost: its reference is said to be unique, and the order is asked for by it.

use recurring_core::ErrorKind;
use tokenpay_signed::{OrderKey, QueryOrder, TokenOrder};

use super::TokenpaySigned;
use super::order::{check_order, error, names_an_order, order_key, read};
use crate::error::Error;
use crate::lost::{Found, LostCharge};
use crate::payment::Payment;

impl TokenpaySigned {
    /// Asks for the order by its number, if that is known, or else by the attempt's reference. That the query serves
    /// the orders of stored cards is a guess.
    ///
    /// The gateway has no public code for an order that it does not know. So any refusal of its own that is not about
    /// the key or the traffic means [`Nothing`](Found::Nothing) where the reference was asked for. An order that it
    /// has given a number and then does not answer for is an error.
    pub(super) async fn look_up_charge(&self, lost: &LostCharge) -> Result<Found, Error> {
        let key = match &lost.payment {
            Some(number) => order_key(number)?,
            None => OrderKey::MerchantReference(lost.attempt.as_str().to_owned()),
        };
        match self.client.query_order(&QueryOrder::new(key)).await {
            Ok(answer) => Ok(Found::Payment(expect_charge(&answer, lost)?)),
            Err(refused) if lost.payment.is_none() && knows_no_order(&refused) => Ok(Found::Nothing),
            Err(failed) => Err(error(failed)),
        }
    }
}

/// Whether the gateway's own words refuse the question itself.
fn knows_no_order(refused: &tokenpay_signed::Error) -> bool {
    let of_the_question =
        matches!(refused.kind(), ErrorKind::Protocol | ErrorKind::NotFound | ErrorKind::InvalidRequest);
    refused.api().is_some() && of_the_question && !names_an_order(refused)
}

/// The order must be the one that was made for the attempt.
fn expect_charge(answer: &TokenOrder, lost: &LostCharge) -> Result<Payment, Error> {
    check_order(answer, &lost.attempt, lost.amount)?;
    // For an order that was looked up, money that was taken and given back was still taken.
    Ok(read(answer, answer.charge_outcome()))
}
