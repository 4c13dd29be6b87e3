use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use recurring_core::AttemptId;

use crate::error::Error;
use crate::ids::PaymentRef;
use crate::payment::Payment;

/// Is told what happens to an attempt, even when the caller has gone away.
#[async_trait]
pub trait Record: fmt::Debug + Send + Sync {
    /// Keeps the reference that the gateway has given the payment; no money has moved yet. When this fails, the charge is
    /// not made.
    ///
    /// # Errors
    /// When the reference could not be kept.
    async fn payment_created(&self, attempt: &AttemptId, payment: &PaymentRef) -> Result<(), RecordError> {
        let _ = (attempt, payment);
        Ok(())
    }

    /// Keeps how the attempt has ended, one way or another.
    async fn finished(&self, attempt: &AttemptId, result: &Result<Payment, Error>) {
        let _ = (attempt, result);
    }
}

/// Why a record could not keep a payment's reference. It must not show a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(Cow<'static, str>);

impl RecordError {
    /// Takes the reason in a sentence.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

/// Keeps no record.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecord;

#[async_trait]
impl Record for NoRecord {}

/// A record that several callers share.
#[async_trait]
impl<T: Record + ?Sized> Record for Arc<T> {
    async fn payment_created(&self, attempt: &AttemptId, payment: &PaymentRef) -> Result<(), RecordError> {
        T::payment_created(self, attempt, payment).await
    }

    async fn finished(&self, attempt: &AttemptId, result: &Result<Payment, Error>) {
        T::finished(self, attempt, result).await;
    }
}
