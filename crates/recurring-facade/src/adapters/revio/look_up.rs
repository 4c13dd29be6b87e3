//! What became of a charge whose answer was lost: the purchase itself says it.

use recurring_core::{AttemptId, ErrorKind, Money, Outcome};
use recurring_gateway::ErrorExt as _;
use revio::{AmountMatch, CancelPurchase, Purchase, PurchaseStatus};

use super::{Revio, error, renewal};
use crate::adapters::check_found;
use crate::error::{Error, GatewayError};
use crate::ids::{PaymentRef, ProviderId};
use crate::lost::{Found, LostCharge};
use crate::payment::Payment;
use crate::request::ChargeRequest;

/// What a purchase says of the charge that was to pay it.
enum Reached {
    /// It reached the purchase, or the purchase can never be paid: this is where it stands.
    Yes(Payment),
    /// The purchase was canceled, and was not paid.
    Canceled(Payment),
    /// The purchase stands as it was created.
    No,
    /// The purchase does not say.
    Unclear(Payment),
}

impl From<Reached> for Found {
    fn from(reached: Reached) -> Self {
        match reached {
            Reached::Yes(payment) => Self::Payment(payment),
            Reached::Canceled(payment) => Self::Canceled(payment),
            Reached::No => Self::Nothing,
            Reached::Unclear(payment) => Self::Unclear(payment),
        }
    }
}

impl Revio {
    /// Reads the purchase whose identifier was recorded before it was charged.
    ///
    /// Without one it finds [`Nothing`](Found::Nothing), and asks the gateway nothing: no charge is ever made before the
    /// record has taken the purchase's identifier. That is a proof only for a record that keeps it and has forgotten
    /// nothing; a caller that charges with [`NoRecord`](crate::NoRecord) has to hand in the one of [`Error::payment`].
    pub(super) async fn look_up_charge(&self, lost: &LostCharge) -> Result<Found, Error> {
        let Some(purchase) = &lost.payment else { return Ok(Found::Nothing) };
        Ok(self.reached(purchase.as_str(), &lost.attempt, lost.amount).await?.into())
    }
}

impl Revio {
    /// Cancels the purchase (documented by another brand of the same platform), then reads it: a charge that comes later
    /// is refused.
    pub(super) async fn cancel_purchase(&self, lost: &LostCharge) -> Result<Found, Error> {
        let Some(purchase) = &lost.payment else { return Ok(Found::Nothing) };
        let canceled = self.client.cancel_purchase(&CancelPurchase::new(purchase.as_str())).await;
        // Whatever the answer was, the purchase itself shows where it stands now.
        match (self.reached(purchase.as_str(), &lost.attempt, lost.amount).await?, canceled) {
            (Reached::No, Err(failed)) => Err(error(failed)),
            (stands, _) => Ok(stands.into()),
        }
    }
}

impl Revio {
    /// Right after a lost answer to the charge: the purchase has an identifier, so reading it can settle the question.
    /// `None` when it does not: a purchase that has not been charged *yet* proves nothing.
    pub(super) async fn settled(&self, purchase_id: &str, request: &ChargeRequest) -> Option<Payment> {
        match self.reached(purchase_id, &request.attempt, request.amount).await {
            Ok(Reached::Yes(payment) | Reached::Canceled(payment)) => Some(payment),
            Ok(Reached::No | Reached::Unclear(_)) | Err(_) => None,
        }
    }

    /// After a charge that was refused with the word to look at the purchase. Only what the purchase says is a decline.
    pub(super) async fn refused(
        &self,
        purchase_id: &str,
        request: &ChargeRequest,
        refusal: &revio::Decline,
    ) -> Result<Payment, Error> {
        let why = match self.reached(purchase_id, &request.attempt, request.amount).await {
            Ok(Reached::Yes(payment) | Reached::Canceled(payment)) => return Ok(payment),
            Ok(Reached::No) => "the purchase does not show the charge".to_owned(),
            Ok(Reached::Unclear(payment)) => {
                let code = payment.decline.and_then(|decline| decline.code).unwrap_or(payment.status);
                format!("the purchase says `{code}`, after which the money may have moved")
            }
            Err(failed) => format!("the purchase could not be read: {}", failed.message()),
        };
        let code = refusal.code.clone();
        let words = refusal.message.clone().unwrap_or_else(|| "the charge was refused".to_owned());
        let message = format!("the charge was refused, and {why}");
        let inner = recurring_core::Error::unknown(ErrorKind::Unavailable, message)
            .with_api(GatewayError::new(code, words));
        Err(Error::new(ProviderId::REVIO, inner).with_payment(PaymentRef::new(purchase_id)))
    }

    async fn reached(&self, purchase_id: &str, attempt: &AttemptId, amount: Money) -> Result<Reached, Error> {
        let purchase = self.client.get_purchase(purchase_id).await.map_err(error)?;
        check(&purchase, attempt, amount)?;
        Ok(reached(&purchase))
    }
}

/// The purchase must be the one that was made for the attempt. What it names must be the same; what approves must name
/// its total and currency. The identifier was compared when it was read.
fn check(purchase: &Purchase, attempt: &AttemptId, amount: Money) -> Result<(), Error> {
    let found = purchase.amount_match(amount);
    // A text that is not there is empty at this gateway.
    let named = purchase.reference.as_deref().filter(|named| !named.is_empty());
    let reference = named.is_none_or(|named| named == attempt.as_str());
    let other = match found {
        AmountMatch::Different(member) => member,
        _ => "amount",
    };
    check_found(
        ProviderId::REVIO,
        // The caller knows the identifier; that of a purchase which saves the card is a token, and errors are shown.
        None,
        &[
            ("reference", reference),
            (other, !matches!(found, AmountMatch::Different(_))),
            // The customer can still pay a first payment on its page: nothing about it is settled by this.
            ("force_recurring", purchase.force_recurring != Some(true)),
        ],
    )?;
    match found {
        AmountMatch::Unproven(member) if purchase.charge_outcome().went_through() => {
            let message = format!(
                "the purchase is `{}`, but its `{member}` is missing or cannot be read",
                purchase.status
            );
            let inner = recurring_core::Error::unknown(ErrorKind::Protocol, message);
            Err(Error::new(ProviderId::REVIO, inner))
        }
        _ => Ok(()),
    }
}

/// The one reading of a purchase after a lost answer.
///
/// A charge that reached the purchase has moved it on: to paid and what follows, to one of the pending states, or to
/// `error` or `blocked`, unless the newest try leaves its end open: that is pending. `cancelled` and `expired` say nothing of the
/// charge, but they are as definite as a refusal: such a purchase was not paid, and cannot be paid any more. `overdue` is
/// only a date that has passed.
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
        PurchaseStatus::Cancelled => Reached::Canceled(payment),
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
            Reached::Canceled(payment) => format!("canceled, {}", payment.outcome),
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
            ("cancelled", "canceled, canceled"),
            ("expired", "yes, canceled"),
            ("released", "yes, canceled"),
            ("hold", "yes, authorized"),
            ("preauthorized", "yes, authorized"),
            ("paid", "yes, paid"),
            ("cleared", "yes, paid"),
            ("settled", "yes, paid"),
            ("pending_refund", "yes, paid"),
            ("refunded", "yes, paid"),
            ("retrieved", "yes, paid"),
            ("chargeback", "yes, paid"),
            ("charged_back", "yes, paid"),
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
    fn failed_try_with_an_open_end_settles_nothing() {
        let with = |try_: &str| format!(r#","transaction_data":{{"attempts":[{try_}]}}"#);
        for (newest, says) in [
            (r#"{"successful":false,"error":{"code":"timeout_acquirer_status_check"}}"#, "unclear, pending"),
            (r#"{"successful":false,"error":{"code":"acquirer_internal_error"}}"#, "unclear, pending"),
            (r#"{"successful":true}"#, "unclear, pending"),
            (r#"{"successful":false,"error":{"code":"stolen_card"}}"#, "yes, declined"),
            (r#"{"successful":false}"#, "yes, declined"),
        ] {
            assert_eq!(read("error", &with(newest)), says, "{newest}");
        }
        for status in ["error", "cancelled", "expired"] {
            assert_eq!(read(status, r#","payment":{"amount":4000}"#), "unclear, pending", "{status}");
        }
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
