use recurring_core::{AttemptId, Money, Timestamp};
use serde::Serialize;

use crate::credential::{Agreement, StoredCredential};
use crate::ids::PaymentRef;
use crate::payment::Payment;

/// What came of [`Provider::credential_of`](crate::Provider::credential_of).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[must_use = "it holds what later payments are made with, or why there is nothing"]
pub enum Rebuilt {
    /// What later payments are made with.
    Agreement(Agreement),
    /// Which credential it is cannot be determined: why, and what to do.
    NotPossible(String),
}

/// A charge of a stored credential whose answer was lost, as far as the caller knows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LostCharge {
    /// The attempt, as it was sent.
    pub attempt: AttemptId,
    /// What was to be charged.
    pub amount: Money,
    /// The reference that was recorded before money moved ([`Record::payment_created`](crate::Record::payment_created)), or that came with the failure
    /// ([`Error::payment`](crate::Error::payment)).
    pub payment: Option<PaymentRef>,
    /// What it was charged with, where the caller still has it: compared with the token of what is found, where the
    /// gateway names one.
    pub credential: Option<StoredCredential>,
    /// The earliest moment at which the charge may have been sent, by the caller's clock.
    pub from: Timestamp,
    /// The latest one.
    pub until: Timestamp,
}

impl LostCharge {
    /// A charge of which the gateway's reference is not known. If it is, set [`payment`](Self::payment).
    pub fn new(attempt: AttemptId, amount: Money, from: Timestamp, until: Timestamp) -> Self {
        Self { attempt, amount, payment: None, credential: None, from, until }
    }

    /// Sets the gateway's reference of the payment.
    #[must_use]
    pub fn with_payment(mut self, payment: PaymentRef) -> Self {
        self.payment = Some(payment);
        self
    }

    /// Sets what it was charged with.
    #[must_use]
    pub fn with_credential(mut self, credential: StoredCredential) -> Self {
        self.credential = Some(credential);
        self
    }
}

/// What a look-up found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[must_use = "what was found decides what may be done next"]
pub enum Found {
    /// The charge reached the gateway, or may have: this is where it stands.
    Payment(Payment),
    /// No trace of the charge **at this moment**. It may still be on its way, and at most gateways it proves nothing:
    /// see [`Facts::nothing_found_is_proof`](crate::Facts::nothing_found_is_proof).
    Nothing,
    /// A try to pay it reached the gateway, and the gateway does not say what became of it: the money may have moved. It
    /// may say so later; [`Provider::cancel_unpaid`](crate::Provider::cancel_unpaid) can force an answer.
    Unclear(Payment),
    /// The payment was canceled at the gateway. It was not paid, and cannot be paid any more.
    Canceled(Payment),
    /// More than one payment has the attempt's reference: only an operator can tell which it is.
    Several(Vec<Payment>),
}
