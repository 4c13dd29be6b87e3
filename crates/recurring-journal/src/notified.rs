//! The inbox: notifications are stored, and then acted on by reading.

use recurring_core::AttemptId;
use recurring_facade::Operation as FacadeOperation;
use recurring_facade::{Authenticity, Facade};

use crate::attempt::{Operation, State};
use crate::error::{JournalError, StoreError};
use crate::inbox::{Delivery, InboxEntry};
use crate::journal::Journal;
use crate::observe;
use crate::store::{Change, Due};

/// Notifications that are taken at a time.
const TOGETHER: u32 = 32;

impl Journal {
    /// Stores a notification, then acts on it: as a hint where to look. What it says is believed only after the
    /// payment has been read. Answer the gateway once this is `Ok`.
    ///
    /// A notification whose attempt is still being made is kept, and processed once that has ended: it may be all that
    /// names the payment if the answer is lost. A notification that was verified and has been processed before is only
    /// counted, unless its payment is open. An unsigned one makes the payment be read every time: anybody could use up
    /// its key.
    ///
    /// # Errors
    /// When the store fails: let the gateway send it again.
    pub async fn notified(&self, facade: &Facade, entry: &InboxEntry) -> Result<Delivery, JournalError> {
        observe::observed(observe::notified(entry), self.receive_and_process(facade, entry)).await
    }

    async fn receive_and_process(
        &self,
        facade: &Facade,
        entry: &InboxEntry,
    ) -> Result<Delivery, JournalError> {
        let delivery = self.keep(facade, entry).await?;
        if !self.is_done(entry, &delivery).await? {
            self.process_notification(facade, entry, delivery.times).await?;
        }
        Ok(delivery)
    }

    /// Stores a notification, or counts that it came again.
    async fn keep(&self, facade: &Facade, entry: &InboxEntry) -> Result<Delivery, JournalError> {
        let kept = self.keepable(facade, entry).await?;
        Ok(self.store().receive(&kept, self.now().await?).await?)
    }

    /// Whether a notification that was stored needs no reading: it is proven, was dealt with, and its payment is not open.
    async fn is_done(&self, entry: &InboxEntry, delivery: &Delivery) -> Result<bool, StoreError> {
        let verified = entry.authenticity == Authenticity::Verified;
        Ok(delivery.handled && verified && self.open_attempts(entry).await?.is_empty())
    }

    /// Stores a notification without acting on it. `None` when it needs no reading, otherwise how often it has come.
    pub(crate) async fn keep_notification(
        &self,
        facade: &Facade,
        entry: &InboxEntry,
    ) -> Result<Option<u64>, JournalError> {
        let keeping = async {
            let delivery = self.keep(facade, entry).await?;
            Ok((!self.is_done(entry, &delivery).await?).then_some(delivery.times))
        };
        observe::observed(observe::notified(entry), keeping).await
    }

    /// Acts on a notification that was stored. Whether it is dealt with now.
    pub(crate) async fn act_on(
        &self,
        facade: &Facade,
        entry: &InboxEntry,
        times: u64,
    ) -> Result<bool, JournalError> {
        let processing = self.process_notification(facade, entry, times);
        observe::observed(observe::notified(entry), processing).await
    }

    /// The open attempts whose payment a notification names.
    async fn open_attempts(&self, entry: &InboxEntry) -> Result<Vec<AttemptId>, StoreError> {
        let Some(payment) = &entry.payment else { return Ok(Vec::new()) };
        let open = self.store().open_with_payment(&entry.provider, payment).await?;
        Ok(open.into_iter().map(|record| record.attempt).collect())
    }

    /// The notification as it may be kept: without a payment that is the token of later ones. That of an attempt of
    /// this journal is none: attempts are made with a token, they do not make one.
    async fn keepable(&self, facade: &Facade, entry: &InboxEntry) -> Result<InboxEntry, JournalError> {
        let mut kept = entry.clone();
        let facts = facade.provider(&entry.provider).ok().map(|provider| provider.facts());
        if facts.is_none_or(|facts| facts.payment_is_token) {
            let named = entry.merchant_reference.as_ref().and_then(|name| AttemptId::new(name).ok());
            let ours = match &named {
                Some(attempt) => self.store().get(attempt).await?,
                None => None,
            };
            let known = match (&entry.payment, &ours) {
                (Some(payment), None) => {
                    !self.store().open_with_payment(&entry.provider, payment).await?.is_empty()
                }
                (_, ours) => ours.as_ref().is_some_and(|record| record.operation == Operation::Charge),
            };
            if !known {
                kept.payment = None;
            }
        }
        Ok(kept)
    }

    /// Looks up the attempts that a notification is about.
    async fn process_notification(
        &self,
        facade: &Facade,
        entry: &InboxEntry,
        times: u64,
    ) -> Result<bool, JournalError> {
        let mut attempts = self.open_attempts(entry).await?;
        let mut all_read = true;
        if attempts.is_empty()
            && let Some(attempt) = self.meant(facade, entry, &mut all_read).await?
        {
            attempts.push(attempt);
        }
        for attempt in attempts {
            observe::about(&attempt);
            let looked = self.look_for(facade, &attempt).await?;
            all_read &= looked.is_some() || !self.is_under_way(&attempt).await?;
        }
        if all_read {
            self.store().handled(entry, times, self.now().await?).await?;
        }
        Ok(all_read)
    }

    /// Whether a process works on the attempt, so that nothing can be settled now. Not while only the name is reserved,
    /// by an enrolment or for the first payment that follows it.
    async fn is_under_way(&self, attempt: &AttemptId) -> Result<bool, StoreError> {
        let record = self.store().get(attempt).await?;
        Ok(record.is_some_and(|record| match (record.operation, record.state) {
            (Operation::Enrolment, _) | (Operation::FirstPayment, State::Planned) => false,
            (_, state) => !state.is_final(),
        }))
    }

    /// The attempt without a known payment that a notification names, after its payment has been read and names the
    /// attempt too. The payment is then kept with the attempt.
    async fn meant(
        &self,
        facade: &Facade,
        entry: &InboxEntry,
        all_read: &mut bool,
    ) -> Result<Option<AttemptId>, JournalError> {
        let can_read = facade.require(&entry.provider, FacadeOperation::Status).is_ok();
        let Some(payment) = entry.payment.as_ref().filter(|_| can_read) else { return Ok(None) };
        let named = match &entry.merchant_reference {
            Some(reference) => Some(reference.clone()),
            // The notification does not name it; the payment may.
            None => match facade.status(&entry.provider, payment).await {
                Ok(read) => read.payment.merchant_reference,
                Err(_) => {
                    *all_read = false;
                    None
                }
            },
        };
        let Some(attempt) = named.and_then(|name| AttemptId::new(name).ok()) else { return Ok(None) };
        let lease = self.lease().await?;
        let taken = self.store().take(&Due::One(attempt.clone()), 1, &lease).await?;
        let Some(record) = taken.into_iter().next() else {
            *all_read &= !self.is_under_way(&attempt).await?;
            return Ok(None);
        };
        let mut change = Change::to(record.state);
        change.next_look = record.next_look;
        change.note.clone_from(&record.note);
        if record.provider == entry.provider && record.payment.is_none() {
            match facade.status(&entry.provider, payment).await {
                // Anybody may send a notification. The payment counts only when the gateway itself says whose it is.
                Ok(read) if read.payment.merchant_reference.as_deref() == Some(attempt.as_str()) => {
                    change.payment = Some(payment.clone());
                    change.note = Some("a notification named the payment".to_owned());
                }
                Ok(_) => {}
                Err(_) => *all_read = false,
            }
        }
        let written = self.change_or_review(&attempt, record.fence, &change, lease.now).await?;
        if written.record.state != record.state {
            observe::changed(&written.record);
        }
        let is_named = change.payment.is_some() && written.conflict.is_none();
        Ok(is_named.then_some(attempt))
    }

    /// Acts on the oldest notifications that were stored and not dealt with. [`Webhooks`](crate::Webhooks) acts on all.
    pub(crate) async fn process_inbox(&self, facade: &Facade) -> Result<(), JournalError> {
        for row in self.store().backlog(None, None, TOGETHER).await? {
            self.act_on(facade, &row.entry, row.times).await?;
        }
        Ok(())
    }
}
