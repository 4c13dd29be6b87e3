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
    /// The gateway has given the payment a reference, and no money has moved yet. When this fails, the charge is
    /// not made.
    ///
    /// # Errors
    /// Says in a sentence why the reference could not be kept.
    async fn anchored(&self, attempt: &AttemptId, payment: &PaymentRef) -> Result<(), String> {
        let _ = (attempt, payment);
        Ok(())
    }

    /// The attempt has ended, one way or another.
    async fn finished(&self, attempt: &AttemptId, result: &Result<Payment, Error>) {
        let _ = (attempt, result);
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
    async fn anchored(&self, attempt: &AttemptId, payment: &PaymentRef) -> Result<(), String> {
        T::anchored(self, attempt, payment).await
    }

    async fn finished(&self, attempt: &AttemptId, result: &Result<Payment, Error>) {
        T::finished(self, attempt, result).await;
    }
}
