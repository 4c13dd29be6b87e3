//! Finding out what became of attempts whose answer was lost or is still to come.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use recurring_core::{AttemptId, Money, Outcome};
use recurring_facade::{Error, Facade, Found, LostCharge, Payment};

use crate::attempt::{AttemptRecord, Operation, State};
use crate::error::{JournalError, StoreError};
use crate::inbox::{Delivery, InboxEntry};
use crate::journal::Journal;
use crate::perform::ending_of_payment;
use crate::policy::Policy;
use crate::store::{Change, Due};

/// Attempts that are taken at a time.
const TOGETHER: u32 = 32;

/// What a look at the gateway gave.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The payment, as it stands.
    Payment(Box<Payment>),
    /// No payment, and whether this gateway says so reliably.
    Nothing { is_proof: bool },
    /// More than one payment with the name of one attempt.
    Several(usize),
    /// The gateway could not be read.
    Unreadable(String),
    /// There is nothing to look with.
    NoMeans(&'static str),
}

/// An attempt that was looked up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Looked {
    /// How it stood before.
    pub before: State,
    /// How it stands now.
    pub record: AttemptRecord,
}

impl Journal {
    /// Looks up every attempt that is unknown or pending and due, and deals with notifications that were stored and not
    /// dealt with. Only reads at the gateways: nothing is ever sent again. What looking cannot prove goes to a person
    /// ([`State::Review`]).
    ///
    /// Call it from time to time, on as many machines as you like: no attempt is looked up twice at once.
    ///
    /// # Errors
    /// When the store fails. A gateway that cannot be read is no error: it is asked again later.
    pub async fn reconcile(&self, facade: &Facade) -> Result<Vec<Looked>, JournalError> {
        self.recover().await?;
        for entry in self.store().unhandled(TOGETHER).await? {
            self.heed(facade, &entry).await?;
        }
        let mut all = Vec::new();
        loop {
            let lease = self.lease().await?;
            let due = self.store().take(&Due::Look, TOGETHER, &lease).await?;
            if due.is_empty() {
                return Ok(all);
            }
            for record in due {
                all.extend(self.look_at(facade, record).await?);
            }
        }
    }

    /// Looks up one attempt now, whether it is due or not. `None` when it is not open, or somebody else is looking.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self, facade: &Facade, attempt: &AttemptId) -> Result<Option<Looked>, JournalError> {
        let lease = self.lease().await?;
        let taken = self.store().take(&Due::One(attempt.clone()), 1, &lease).await?;
        match taken.into_iter().next() {
            Some(record) => self.look_at(facade, record).await,
            None => Ok(None),
        }
    }

    /// Looks, decides, and writes it down. `None` when somebody else has taken the attempt in the meantime.
    async fn look_at(&self, facade: &Facade, record: AttemptRecord) -> Result<Option<Looked>, JournalError> {
        let seen = self.see(facade, &record).await;
        let now = self.clock().now();
        let change = decide(&record, seen, self.policy(), now);
        match self.store().change(&record.attempt, record.fence, &change, now).await {
            Ok(stands) => Ok(Some(Looked { before: record.state, record: stands })),
            Err(StoreError::Fenced) => Ok(None),
            Err(failed) => Err(failed.into()),
        }
    }

    async fn see(&self, facade: &Facade, record: &AttemptRecord) -> Seen {
        if matches!(record.operation, Operation::Refund | Operation::Capture) {
            return Seen::NoMeans("a payment does not show which of its refunds and captures was this one");
        }
        let read = |result: Result<Found, Error>, is_proof| match result {
            Ok(Found::Payment(payment)) => Seen::Payment(Box::new(payment)),
            Ok(Found::Nothing) => Seen::Nothing { is_proof },
            Ok(Found::Several(payments)) => Seen::Several(payments.len()),
            Ok(_) => {
                Seen::Unreadable("the answer of the look-up is of a kind that is not known here".to_owned())
            }
            Err(error) => Seen::Unreadable(error.message().to_owned()),
        };
        let Some(provider) = facade.provider(&record.provider) else {
            return Seen::Unreadable("the gateway is not set up here".to_owned());
        };
        if record.armed.is_none() && record.payment.is_none() {
            return Seen::NoMeans(
                "this journal has not armed it, so there is no time in which to look for it",
            );
        }
        if let (Some(amount), Some(look_up)) = (record.amount, provider.as_look_up()) {
            let from = record.armed.unwrap_or(record.created);
            let until = from.checked_add(self.policy().lease).unwrap_or(Timestamp::MAX);
            let mut lost = LostCharge::new(
                record.attempt.clone(),
                amount,
                SystemTime::from(from),
                SystemTime::from(until),
            );
            lost.payment.clone_from(&record.payment);
            return read(look_up.look_up(&lost).await, provider.facts().nothing_found_is_proof);
        }
        match (&record.payment, provider.as_status()) {
            (Some(payment), Some(status)) => {
                read(status.status(payment).await.map(|status| Found::Payment(status.payment)), false)
            }
            _ => Seen::NoMeans("the gateway gives no means to look without the reference that was lost"),
        }
    }

    /// Stores a notification, then acts on it: as a hint where to look. What it says is believed only after the
    /// payment has been read. Answer the gateway once this is `Ok`.
    ///
    /// A notification that was verified and has been dealt with before is only counted. An unsigned one makes the
    /// payment be read every time: anybody could use up its key.
    ///
    /// # Errors
    /// When the store fails: let the gateway send it again.
    pub async fn notified(&self, facade: &Facade, entry: &InboxEntry) -> Result<Delivery, JournalError> {
        let kept = self.keepable(facade, entry).await?;
        let delivery = self.store().receive(&kept, self.clock().now()).await?;
        let verified = entry.authenticity == recurring_facade::Authenticity::Verified;
        if !(delivery.handled && verified) {
            self.heed(facade, entry).await?;
        }
        Ok(delivery)
    }

    /// The notification as it may be kept: without a payment that is the token of later ones. That of an attempt of
    /// this journal is none: attempts are made with a token, they do not make one.
    async fn keepable(&self, facade: &Facade, entry: &InboxEntry) -> Result<InboxEntry, JournalError> {
        let mut kept = entry.clone();
        let facts = facade.provider(&entry.provider).map(|provider| provider.facts());
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
    async fn heed(&self, facade: &Facade, entry: &InboxEntry) -> Result<(), JournalError> {
        let mut attempts = Vec::new();
        if let Some(payment) = &entry.payment {
            let open = self.store().open_with_payment(&entry.provider, payment).await?;
            attempts.extend(open.into_iter().map(|record| record.attempt));
        }
        let mut all_read = true;
        if attempts.is_empty()
            && let Some(attempt) = self.meant(facade, entry, &mut all_read).await?
        {
            attempts.push(attempt);
        }
        for attempt in attempts {
            // Armed: its owner is at work. It will be looked up when its owner is gone.
            self.look(facade, &attempt).await?;
        }
        if all_read {
            self.store().handled(entry, self.clock().now()).await?;
        }
        Ok(())
    }

    /// The attempt without a known payment that a notification names, after its payment has been read and names the
    /// attempt too. The payment is then kept with the attempt.
    async fn meant(
        &self,
        facade: &Facade,
        entry: &InboxEntry,
        all_read: &mut bool,
    ) -> Result<Option<AttemptId>, JournalError> {
        let (Some(payment), Some(status)) = (&entry.payment, facade.status(&entry.provider)) else {
            return Ok(None);
        };
        let named = match &entry.merchant_reference {
            Some(reference) => Some(reference.clone()),
            // The notification does not name it; the payment may.
            None => match status.status(payment).await {
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
        let Some(record) = taken.into_iter().next() else { return Ok(None) };
        let mut change = Change::to(record.state);
        change.next_look = record.next_look;
        change.note.clone_from(&record.note);
        if record.provider == entry.provider && record.payment.is_none() {
            match status.status(payment).await {
                // Anybody may send a notification. The payment counts only when the gateway itself says whose it is.
                Ok(read) if read.payment.merchant_reference.as_deref() == Some(attempt.as_str()) => {
                    change.payment = Some(payment.clone());
                    change.note = Some("a notification named the payment".to_owned());
                }
                Ok(_) => {}
                Err(_) => *all_read = false,
            }
        }
        self.store().change(&attempt, record.fence, &change, lease.now).await?;
        Ok(change.payment.is_some().then_some(attempt))
    }
}

/// The one decision what a look means. Pure: nothing here reads or waits.
///
/// Only what the gateway itself says settles an attempt. Age never does: it can only ask a person.
pub(crate) fn decide(record: &AttemptRecord, seen: Seen, policy: &Policy, now: Timestamp) -> Change {
    let review = |note: String| {
        let mut change = Change::to(State::Review);
        change.note = Some(note);
        change
    };
    // What is with a person stays there, unless the gateway settles it.
    let again = |note: String| {
        let mut change = Change::to(record.state);
        change.looks = Some(record.looks.saturating_add(1));
        change.next_look = now.checked_add(policy.wait(record.looks)).ok();
        change.note = Some(note);
        change
    };
    let since = |time: Option<Timestamp>| {
        now.duration_since(time.unwrap_or(record.created)).max(SignedDuration::ZERO).unsigned_abs()
    };
    match seen {
        Seen::Payment(payment) if another_amount(record.amount, payment.amount) => {
            review("the gateway has a payment of another amount under this name".to_owned())
        }
        Seen::Payment(payment) => {
            let mut change = match payment.outcome {
                Outcome::Approved => Change::to(State::Approved),
                Outcome::Declined => Change::to(State::Declined),
                Outcome::Pending | Outcome::CustomerNeeded
                    if record.state == State::Review || since(record.armed) > policy.pending_patience =>
                {
                    review(format!("the gateway still says `{}`", payment.status))
                }
                Outcome::Pending | Outcome::CustomerNeeded => {
                    let mut change = again(format!("the gateway says `{}`", payment.status));
                    change.state = State::Pending;
                    change
                }
            };
            if change.state.is_final() {
                change.note = Some(format!("looked up: the gateway says `{}`", payment.status));
            }
            change.payment.clone_from(&payment.payment);
            change.ending = Some(ending_of_payment(&payment));
            change
        }
        // Found before, and not found now: that settles nothing.
        Seen::Nothing { .. } if record.state == State::Pending => {
            again("the gateway did not find the payment".to_owned())
        }
        Seen::Nothing { .. } if since(record.armed) < policy.quiet => {
            let mut change = again("nothing found so far; a call may still be under way".to_owned());
            let quiet_ends = record.armed.unwrap_or(record.created).checked_add(policy.quiet).ok();
            change.next_look = change.next_look.max(quiet_ends);
            change
        }
        Seen::Nothing { .. } if record.nothing_found == 0 => {
            let mut change = again("nothing found; looked up once more before that counts".to_owned());
            change.nothing_found = Some(1);
            change.next_look = now.checked_add(policy.first_look).ok();
            change
        }
        Seen::Nothing { is_proof: true } => {
            let mut change = Change::to(State::NotApplied);
            change.nothing_found = Some(record.nothing_found.saturating_add(1));
            change.note = Some(
                "looked up twice after the quiet period: the gateway says it was not charged".to_owned(),
            );
            change
        }
        Seen::Nothing { is_proof: false } => {
            review("nothing found twice, which proves nothing at this gateway".to_owned())
        }
        Seen::Several(number) => review(format!("the gateway has {number} payments under this name")),
        Seen::NoMeans(why) => review(why.to_owned()),
        Seen::Unreadable(why) if since(record.armed) > policy.unknown_patience => {
            review(format!("it could not be looked up for too long: {why}"))
        }
        Seen::Unreadable(why) => again(format!("could not be looked up: {why}")),
    }
}

fn another_amount(ours: Option<Money>, theirs: Option<Money>) -> bool {
    ours.zip(theirs).is_some_and(|(ours, theirs)| ours != theirs)
}
