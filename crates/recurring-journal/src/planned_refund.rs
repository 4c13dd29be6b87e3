//! A refund that is stored first, and made later by its name.

use recurring_core::AttemptId;
use recurring_facade::{Facade, PaymentRef, ProviderId, RefundRequest};

use crate::attempt::{AttemptRecord, Operation};
use crate::error::{JournalError, StoreError};
use crate::intent::Intent;
use crate::journal::Journal;
use crate::perform::Answer;
use crate::seal::{EncryptionKey, SealedRefund};

impl Journal {
    /// Plans a refund without making it. [`refund_planned`](Self::refund_planned) makes it later, here or on another
    /// machine. Its payment is kept sealed, since at some gateways it is the token of later payments.
    ///
    /// An attempt that has been planned or made before stays as it is.
    ///
    /// # Errors
    /// When the journal has no [`EncryptionKey`], the name is taken by another payment, or the store fails.
    pub async fn plan_refund(
        &self,
        provider: &ProviderId,
        request: &RefundRequest,
    ) -> Result<AttemptRecord, JournalError> {
        let mut intent = Intent::refund(request, provider.clone());
        let content = SealedRefund { payment: request.payment.as_str().to_owned() };
        intent.sealed = Some(self.key_of_plans()?.seal(&request.attempt, &content)?);
        let record = self.store().plan(&intent, self.now().await?).await?;
        // It is not planned by this: what is stored must be what was asked for.
        match intent.refused_by(&record) {
            Some(refused) => Err(refused),
            None => Ok(record),
        }
    }

    /// **Gives money back**: makes one refund that was [planned](Self::plan_refund), at most once: see
    /// [`refund`](Self::refund).
    ///
    /// # Errors
    /// Those of [`refund`](Self::refund); when there is no such attempt, it is not a refund that was planned, or its payment
    /// cannot be opened with this journal's [`EncryptionKey`].
    pub async fn refund_planned(&self, facade: &Facade, attempt: &AttemptId) -> Result<Answer, JournalError> {
        let record = self.attempt(attempt).await?;
        if record.operation != Operation::Refund {
            return Err(JournalError::OtherPayment { attempt: attempt.clone(), difference: "operation" });
        }
        let broken = || StoreError::Corrupt("a planned refund lacks its payment".to_owned());
        let sealed = record.sealed.as_deref().ok_or_else(broken)?;
        let sealed: SealedRefund = self.key_of_plans()?.open(attempt, sealed)?;
        let mut request = RefundRequest::new(attempt.clone(), PaymentRef::new(sealed.payment));
        request.amount = record.amount;
        self.refund(facade, &record.provider, request).await
    }

    /// The key without which nothing planned can be made.
    pub(crate) fn key_of_plans(&self) -> Result<&EncryptionKey, JournalError> {
        self.key().ok_or_else(|| JournalError::Invalid {
            field: "journal_key",
            rule: "is needed to make what was only planned".to_owned(),
        })
    }
}
