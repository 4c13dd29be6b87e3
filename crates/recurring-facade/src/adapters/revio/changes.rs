//! Refund and capture: the purchase is read first, and what is left of it compared, since the call carries a number
//! without a currency. After a refusal it is read again, for the reason.

use recurring_core::{Currency, ErrorKind, InvalidInput, Outcome};
use recurring_gateway::ErrorExt as _;
use revio::{CapturePurchase, Purchase, PurchaseStatus, RefundAnswer, RefundPurchase};

use super::{Revio, decline, error, money};
use crate::adapters::left::Left;
use crate::call::Call;
use crate::error::{Error, GatewayError};
use crate::ids::{PaymentRef, ProviderId};
use crate::payment::Payment;
use crate::request::{CaptureRequest, RefundRequest};

impl Revio {
    /// The purchase before it is changed. Nothing has been sent that could move money.
    async fn before(&self, payment: &PaymentRef) -> Result<Purchase, Error> {
        let purchase = self.client.get_purchase(payment.as_str()).await;
        let purchase = purchase.map_err(|failed| error(failed.before_write()))?;
        match purchase.contradiction().or(purchase.unreadable_amount()) {
            None => Ok(purchase),
            Some(member) => {
                let rule = format!("contradicts itself at the gateway, or cannot be read, in `{member}`");
                Err(Error::invalid(ProviderId::REVIO, InvalidInput::new("payment", rule)))
            }
        }
    }

    /// After a refund or a capture that was refused: the reason is in the purchase. A reason that leaves open what
    /// happened, or a purchase that has changed or cannot be read, is not a refusal.
    async fn refused_change(
        &self,
        before: &Purchase,
        refusal: revio::Decline,
        status: &str,
    ) -> Result<Payment, Error> {
        let code = refusal.code.clone();
        let unknown = |why: String| {
            let words = refusal.message.clone().unwrap_or_else(|| status.to_owned());
            let inner =
                recurring_core::Error::unknown(ErrorKind::Unavailable, format!("{status}, and {why}"))
                    .with_api(GatewayError::new(code.clone(), words));
            Error::new(ProviderId::REVIO, inner)
        };
        let after = match self.client.get_purchase(&before.id).await {
            Ok(after) => after,
            Err(failed) => {
                return Err(unknown(format!("the purchase could not be read: {}", failed.message())));
            }
        };
        if after.status != before.status || after.refundable_amount != before.refundable_amount {
            return Err(unknown(format!("the purchase has changed: it is `{}` now", after.status)));
        }
        // An older try says nothing of this one.
        let reason = after.decline().filter(|_| tries(&after) > tries(before));
        if let Some(open) = reason.as_ref().filter(|reason| reason.is_open()) {
            let code = open.code.as_deref().unwrap_or_default();
            return Err(unknown(format!("the purchase says `{code}`, after which the money may have moved")));
        }
        let mut refused = Payment::new(ProviderId::REVIO, Outcome::Declined, status);
        refused.decline = Some(decline(reason.unwrap_or(refusal)));
        Ok(refused)
    }
}

impl Revio {
    /// Without an amount, the rest is given back.
    pub(super) async fn refund_payment(
        &self,
        request: &RefundRequest,
        call: &Call<'_>,
    ) -> Result<Payment, Error> {
        let this = self.limited(call);
        let paid = this.before(&request.payment).await?;
        let amount = Left { currency: currency(&paid), minor: refundable(&paid) }
            .amount(&ProviderId::REVIO, request.amount)?;
        let mut refund = RefundPurchase::new(request.payment.as_str());
        if let Some(amount) = amount {
            refund = refund.with_amount(amount);
        }
        let answer = this.client.refund_purchase(&refund).await.map_err(error)?;
        let mut refunded = match &answer {
            RefundAnswer::Declined(refusal) => {
                this.refused_change(&paid, refusal.clone(), "refund refused").await?
            }
            RefundAnswer::Purchase(purchase) => {
                Payment::new(ProviderId::REVIO, answer.outcome(), purchase.status.as_str())
            }
            _ => Payment::new(ProviderId::REVIO, answer.outcome(), "refunded"),
        };
        refunded.payment = Some(request.payment.clone());
        refunded.amount = amount;
        Ok(refunded)
    }
}

impl Revio {
    /// Without an amount, all of what is held is taken.
    pub(super) async fn capture_payment(
        &self,
        request: &CaptureRequest,
        call: &Call<'_>,
    ) -> Result<Payment, Error> {
        let this = self.limited(call);
        let held = this.before(&request.payment).await?;
        let amount = Left { currency: currency(&held), minor: capturable(&held) }
            .amount(&ProviderId::REVIO, request.amount)?;
        let mut capture = CapturePurchase::new(request.payment.as_str());
        if let Some(amount) = amount {
            capture = capture.with_amount(amount);
        }
        let answer = this.client.capture_purchase(&capture).await.map_err(error)?;
        let mut captured = match (answer.purchase(), answer.decline()) {
            (None, Some(refusal)) => this.refused_change(&held, refusal, "capture refused").await?,
            (purchase, _) => {
                let status = purchase.map_or("capture refused", |purchase| purchase.status.as_str());
                Payment::new(ProviderId::REVIO, answer.outcome(), status)
            }
        };
        captured.payment = Some(request.payment.clone());
        captured.amount = amount.or_else(|| answer.purchase().and_then(money));
        captured.merchant_reference = answer.purchase().and_then(|purchase| purchase.reference.clone());
        Ok(captured)
    }
}

fn currency(purchase: &Purchase) -> Option<Currency> {
    let details = purchase.purchase.as_ref().and_then(|details| details.currency.as_deref());
    let paid = || purchase.payment.as_ref().and_then(|payment| payment.currency.as_deref());
    Currency::from_code(details.or_else(paid)?).ok()
}

/// What can still be given back; `None` when the purchase does not show it.
fn refundable(purchase: &Purchase) -> Option<i64> {
    let whole = || match purchase.status {
        PurchaseStatus::Paid | PurchaseStatus::Cleared | PurchaseStatus::Settled => {
            let paid = purchase.payment.as_ref().and_then(|payment| payment.amount);
            paid.or_else(|| purchase.purchase.as_ref()?.total)
        }
        _ => None,
    };
    purchase.refundable_amount.or_else(whole)
}

/// What is held; `None` when the purchase does not show it.
fn capturable(purchase: &Purchase) -> Option<i64> {
    let total = purchase.purchase.as_ref().and_then(|details| details.total);
    total.filter(|_| purchase.status == PurchaseStatus::Hold)
}

fn tries(purchase: &Purchase) -> usize {
    purchase.transaction_data.as_ref().map_or(0, |data| data.attempts.len())
}
