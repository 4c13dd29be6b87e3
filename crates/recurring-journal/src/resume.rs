//! Coming back from the page: the first payment where that takes it, and the credential that came of it.

use recurring_facade::Operation as FacadeOperation;
use recurring_facade::{Agreement, Enrolment, Error, Facade, PendingEnrolment, Rebuilt, ScheduleRef};

use crate::attempt::{AttemptRecord, Operation, State};
use crate::error::{JournalError, require};
use crate::intent::Intent;
use crate::journal::Journal;
use crate::perform::{Answer, Made};
use crate::store::Change;

/// How coming back from the page ended.
#[derive(Debug, Clone)]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub enum Resumed {
    /// It moved no money: this is how the reading ended.
    Read(Box<Result<Enrolment, Error>>),
    /// It took the first payment.
    Made(Box<Answer>),
}

impl Journal {
    /// After the customer came back from the page. Where that takes the first payment (`tokenpay-signed`), it is taken
    /// **at most once** for the attempt's name: see [`charge`](Self::charge). Elsewhere it only reads, and
    /// [records](Self::record_enrolment) how the enrolment ended: see [`Resumed::Read`].
    ///
    /// Asked again after it was taken, it gives the stored credential once more: the sealed one, or one that is rebuilt by
    /// reading ([`Provider::credential_of`](recurring_facade::Provider::credential_of)) and then sealed.
    ///
    /// # Errors
    /// Those of [`charge`](Self::charge). When the store fails after a reading, resume it again.
    pub async fn resume(&self, facade: &Facade, pending: PendingEnrolment) -> Result<Resumed, JournalError> {
        let provider = pending.provider();
        require(facade, &provider, FacadeOperation::Resume)?;
        let Some(intent) = Intent::first_payment(&pending) else {
            let read = facade.resume(pending).await;
            if let Ok(enrolment) = &read {
                self.record_enrolment(facade, &enrolment.payment).await?;
            }
            return Ok(Resumed::Read(Box::new(read)));
        };
        let mut answer = self
            .perform(facade, intent, {
                let pending = pending.clone();
                |facade| async move {
                    match facade.resume(pending).await {
                        Ok(Enrolment { payment, agreement, .. }) => Made { result: Ok(payment), agreement },
                        Err(error) => Made { result: Err(error), agreement: None },
                    }
                }
            })
            .await?;
        if answer.agreement.is_none() && matches!(answer.record.state, State::Paid | State::Authorized) {
            self.rebuild_agreement(facade, &pending, &mut answer).await;
        }
        Ok(Resumed::Made(Box::new(answer)))
    }

    /// Asks the gateway, which takes no money, for what later payments are made with.
    async fn rebuild_agreement(&self, facade: &Facade, pending: &PendingEnrolment, answer: &mut Answer) {
        match facade.credential_of(pending, answer.record.payment.as_ref()).await {
            Ok(Rebuilt::Agreement(agreement)) => {
                self.keep_agreement(answer, &agreement).await;
                answer.agreement = Some(agreement);
            }
            Ok(Rebuilt::NotPossible(why)) => answer.no_agreement = Some(why),
            Ok(_) => {}
            Err(error) => {
                let why = error.message();
                answer.no_agreement = Some(format!(
                    "cannot rebuild the stored credential: {why}; the payment is recorded: resume it again, which only reads"
                ));
            }
        }
    }

    /// Seals a credential that was rebuilt. It is only a copy: when it cannot be written, it is rebuilt again.
    async fn keep_agreement(&self, answer: &mut Answer, agreement: &Agreement) {
        let record = &answer.record;
        let (Some(key), Agreement::ChargeOnDemand(credential), None) =
            (self.key(), agreement, &answer.unrecorded)
        else {
            return;
        };
        let mut change = Change::to(record.state);
        change.note.clone_from(&record.note);
        change.decided_by.clone_from(&record.decided_by);
        change.sealed = key.seal(&record.attempt, &credential.into()).ok();
        // The fence is that of the record as it was read: what has changed since stays.
        let now = self.now_or_here().await;
        if let Ok(record) = self.store().change(&record.attempt, record.fence, &change, now).await {
            answer.record = record;
        }
    }

    /// What later payments are made with, as far as the journal itself has it.
    pub(crate) fn kept_agreement(&self, record: &AttemptRecord) -> Option<Agreement> {
        match (record.operation, record.state) {
            (Operation::FirstPayment, State::Paid | State::Authorized) => {
                let sealed = self.key()?.open(&record.attempt, record.sealed.as_deref()?).ok()?;
                Some(Agreement::ChargeOnDemand(sealed.credential))
            }
            (Operation::Schedule, State::Paid | State::Authorized | State::Pending) => {
                Some(Agreement::GatewayScheduled(ScheduleRef {
                    provider: record.provider.clone(),
                    order_reference: record.payment.as_ref()?.as_str().to_owned(),
                }))
            }
            _ => None,
        }
    }
}
