//! Beginning a first payment, under a name that nothing else can have.

use recurring_facade::{EnrolRequest, EnrolStarted, Error, Facade, Operation, ProviderId};

use crate::attempt::State;
use crate::ending::ending_of;
use crate::error::{JournalError, require};
use crate::intent::Intent;
use crate::journal::Journal;
use crate::store::{Change, Claim};

impl Journal {
    /// Begins a first payment: see [`Facade::enrol`](recurring_facade::Facade::enrol). Takes no money. Its name is
    /// reserved before anything is sent: no charge and no other operation can be made under it, since a gateway could
    /// take the one for the other.
    ///
    /// The same enrolment may be begun again. Where the first payment is made when the customer comes back
    /// (`tokenpay-signed`), the name is reserved for it, and [`resume`](Self::resume) makes it.
    ///
    /// The inner result is the gateway's answer.
    ///
    /// # Errors
    /// When nothing was sent: the store failed, the name belongs to something else, the gateway has no first payments.
    pub async fn enrol(
        &self,
        facade: &Facade,
        provider: &ProviderId,
        request: EnrolRequest,
    ) -> Result<Result<EnrolStarted, Error>, JournalError> {
        require(facade, provider, Operation::Enrol)?;
        let intent = Intent::enrolment(&request, provider.clone());
        let claim = self.store().reserve(&intent, self.now().await?).await?;
        if let Claim::Existing(record) = &claim {
            // What an operator has found at the gateway matches every intent: only its name is known.
            let is = |difference| JournalError::OtherPayment { attempt: intent.attempt.clone(), difference };
            if record.provider != intent.provider {
                return Err(is("provider"));
            }
            if record.operation != intent.operation {
                return Err(is("operation"));
            }
            if let Some(refused) = intent.refused_by(record) {
                return Err(refused);
            }
        }
        let started = facade.enrol(provider, request).await;
        if let (Claim::Acquired(fence), Err(error)) = (claim, &started) {
            let change = ending_of(&Err(error.clone()));
            if change.unsent {
                // Nothing left this process: the name is free for the enrolment as it should have been. If that cannot
                // be written, the name stays reserved.
                let change = Change { state: State::NotApplied, ..change };
                if let Ok(now) = self.now().await {
                    let _ = self.store().change(&intent.attempt, fence, &change, now).await;
                }
            }
        }
        Ok(started)
    }
}
