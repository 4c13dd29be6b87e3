//! What became of a charge whose answer was lost: the purchase itself says it.

use async_trait::async_trait;
use recurring_core::{AttemptId, Money, Outcome};
use revio::{Purchase, PurchaseStatus};

use super::{Revio, error, renewal};
use crate::adapters::check_found;
use crate::error::Error;
use crate::payment::Payment;
use crate::provider::{Found, LookUp, LostCharge, ProviderId};
use crate::request::ChargeRequest;

/// What a purchase says of the charge that was to pay it.
enum Reached {
    /// It reached the purchase, or the purchase can never be paid: this is where it stands.
    Yes(Payment),
    /// The purchase stands as it was created.
    No,
    /// The purchase does not say.
    Unclear(Payment),
}

#[async_trait]
impl LookUp for Revio {
    /// Reads the purchase whose identifier was recorded before it was charged.
    ///
    /// Without one it finds [`Nothing`](Found::Nothing), and asks nobody: no charge is ever made before the record has
    /// taken the purchase's identifier. That is a proof only for a record that keeps it; whoever charges with
    /// [`NoRecord`](crate::NoRecord) has to hand in the one of [`Error::payment`].
    async fn look_up(&self, lost: &LostCharge) -> Result<Found, Error> {
        let Some(purchase) = &lost.payment else { return Ok(Found::Nothing) };
        Ok(match self.reached(purchase.as_str(), &lost.attempt, lost.amount).await? {
            Reached::Yes(payment) | Reached::Unclear(payment) => Found::Payment(payment),
            Reached::No => Found::Nothing,
        })
    }
}

impl Revio {
    /// Right after a lost answer to the charge: the purchase has an identifier, so reading it can settle the question.
    /// `None` when it does not: a purchase that has not been charged *yet* proves nothing.
    pub(super) async fn settled(&self, purchase_id: &str, request: &ChargeRequest) -> Option<Payment> {
        match self.reached(purchase_id, &request.attempt, request.amount).await {
            Ok(Reached::Yes(payment)) => Some(payment),
            Ok(Reached::No | Reached::Unclear(_)) | Err(_) => None,
        }
    }

    async fn reached(&self, purchase_id: &str, attempt: &AttemptId, amount: Money) -> Result<Reached, Error> {
        let purchase = self.client.get_purchase(purchase_id).await.map_err(error)?;
        check(&purchase, attempt, amount)?;
        Ok(reached(&purchase))
    }
}

/// The purchase must be the one that was made for the attempt, as far as it says.
fn check(purchase: &Purchase, attempt: &AttemptId, amount: Money) -> Result<(), Error> {
    let (details, paid) = (purchase.purchase.as_ref(), purchase.payment.as_ref());
    let minor = |named: Option<i64>| named.is_none_or(|named| named == amount.minor());
    let currency = |named: Option<&str>| named.is_none_or(|named| named == amount.currency().code());
    // A text that is not there is empty at this gateway.
    let named = purchase.reference.as_deref().filter(|named| !named.is_empty());
    let reference = named.is_none_or(|named| named == attempt.as_str());
    check_found(
        ProviderId::REVIO,
        // The caller knows the identifier; that of a purchase which saves the card is a token, and errors are shown.
        None,
        &[
            ("reference", reference),
            ("total", minor(details.and_then(|details| details.total))),
            ("amount", minor(paid.and_then(|paid| paid.amount))),
            ("currency", currency(details.and_then(|details| details.currency.as_deref()))),
            ("currency", currency(paid.and_then(|paid| paid.currency.as_deref()))),
            // The customer can still pay a first payment on its page: nothing about it is settled by this.
            ("force_recurring", purchase.force_recurring != Some(true)),
        ],
    )
}

/// The one reading of a purchase after a lost answer.
///
/// A charge that reached the purchase has moved it on: to paid and what follows, to one of the pending states, or to
/// `error` or `blocked`. `cancelled` and `expired` say nothing of the charge, but they are as definite as a refusal:
/// such a purchase was not paid, and cannot be paid any more. `overdue` is only a date that has passed.
fn reached(purchase: &Purchase) -> Reached {
    let payment = renewal(purchase);
    match purchase.status {
        PurchaseStatus::PendingCharge | PurchaseStatus::PendingExecute | PurchaseStatus::PendingCapture => {
            Reached::Yes(payment)
        }
        PurchaseStatus::Created | PurchaseStatus::Sent | PurchaseStatus::Viewed | PurchaseStatus::Overdue
            if untouched(purchase) =>
        {
            Reached::No
        }
        _ if payment.outcome == Outcome::Pending => Reached::Unclear(payment),
        _ => Reached::Yes(payment),
    }
}

/// Whether nothing beside the status tells of a try to pay: the status may lag behind.
fn untouched(purchase: &Purchase) -> bool {
    let attempts = purchase.transaction_data.as_ref().map_or(0, |data| data.attempts.len());
    attempts == 0 && purchase.charged_with.is_none() && purchase.payment.is_none()
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test stops by panicking")]
mod tests {
    use super::*;

    fn read(status: &str, more: &str) -> String {
        let json = format!(r#"{{"id":"p-1","status":"{status}"{more}}}"#);
        let purchase: Purchase = serde_json::from_str(&json).expect(&json);
        match reached(&purchase) {
            Reached::Yes(payment) => format!("yes, {}", payment.outcome),
            Reached::No => "no".to_owned(),
            Reached::Unclear(payment) => format!("unclear, {}", payment.outcome),
        }
    }

    #[test]
    fn every_status_and_no_new_one_says_that_nothing_was_charged() {
        let table = [
            ("created", "no"),
            ("sent", "no"),
            ("viewed", "no"),
            ("overdue", "no"),
            ("pending_charge", "yes, pending"),
            ("pending_execute", "yes, pending"),
            ("pending_capture", "yes, pending"),
            ("pending_release", "unclear, pending"),
            ("error", "yes, declined"),
            ("blocked", "yes, declined"),
            ("cancelled", "yes, declined"),
            ("expired", "yes, declined"),
            ("released", "yes, declined"),
            ("hold", "yes, approved"),
            ("preauthorized", "yes, approved"),
            ("paid", "yes, approved"),
            ("cleared", "yes, approved"),
            ("settled", "yes, approved"),
            ("pending_refund", "yes, approved"),
            ("refunded", "yes, approved"),
            ("retrieved", "yes, approved"),
            ("chargeback", "yes, approved"),
            ("charged_back", "yes, approved"),
        ];
        for known in PurchaseStatus::KNOWN {
            assert!(table.iter().any(|row| row.0 == *known), "{known}");
        }
        let unheard_of =
            ["", "CREATED", "created_again", "partially_paid"].map(|status| (status, "unclear, pending"));
        for (status, says) in table.into_iter().chain(unheard_of) {
            assert_eq!(read(status, ""), says, "{status}");
        }
        // As the gateway writes a purchase of which nothing else is known.
        let fresh = r#","payment":null,"recurring_token":null,"transaction_data":{"payment_method":"","attempts":[]}"#;
        assert_eq!(read("created", fresh), "no");
        assert_eq!(read("viewed", r#","recurring_token":"","transaction_data":null"#), "no");
    }

    #[test]
    fn a_trace_of_a_try_to_pay_outweighs_a_status_that_lags_behind() {
        for trace in [
            r#","recurring_token":"t-1""#,
            r#","payment":{"amount":4000}"#,
            r#","transaction_data":{"attempts":[{"type":"recurring_execute","successful":false}]}"#,
        ] {
            for status in ["created", "sent", "viewed", "overdue"] {
                assert_eq!(read(status, trace), "unclear, pending", "{status} {trace}");
            }
        }
    }
}
