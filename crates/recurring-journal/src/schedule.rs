//! What comes next of a period of a subscription: the journal's records as the histories of `recurring-schedule`. The feature
//! `schedule`.
//!
//! ```
//! use recurring_facade::{AttemptId, ChargeRequest, Money, StoredCredential, Timestamp};
//! use recurring_journal::schedule::Tries;
//! use recurring_journal::{ChargeIntent, Journal, SeriesTry};
//! use recurring_schedule::{BillingCycle, Decision, RetryPolicy, from_core_time};
//!
//! /// The charges of a subscription that may be made now.
//! async fn due(
//!     journal: &Journal,
//!     cycle: &BillingCycle,
//!     credential: &StoredCredential,
//!     price: Money,
//!     policy: &RetryPolicy,
//! ) -> Result<Vec<ChargeIntent>, Box<dyn std::error::Error>> {
//!     let now = from_core_time(journal.now().await?);
//!     let subscription = cycle.subscription().as_str();
//!     let series = journal.series(subscription).await?;
//!     // All of it: a code that forbids the card holds for good.
//!     let charges = journal.credential_history(credential, Timestamp::UNIX_EPOCH).await?;
//!     // One list for each card, until the charges are made.
//!     let (mut asked, mut due) = (Vec::new(), Vec::new());
//!     for period in cycle.due(now) {
//!         let tries = Tries::new(&period, price, &charges, &series).with_asked(&asked);
//!         let Some(Decision::At(next)) = tries.decide(Some(policy), now)? else { continue };
//!         if next.time > now {
//!             continue;
//!         }
//!         let name = match tries.again() {
//!             Some(unsent) => unsent.attempt.clone(),
//!             None => AttemptId::try_from(&next.name)?,
//!         };
//!         let label = period.name().period().to_string();
//!         let series = SeriesTry::new(subscription, label, next.name.number().into())?;
//!         let request = ChargeRequest::new(name, credential.clone(), price);
//!         due.push(ChargeIntent::new(request).with_series(series));
//!         let charge = tries.asked(&next, now)?;
//!         asked.push(charge);
//!     }
//!     Ok(due)
//! }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use recurring_core::{AttemptId, Money};
use recurring_facade::Outcome;
use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{
    Amount, Attempt, AttemptName, AttemptState, Decision, Decline, History, Initiator, NextTry, Period,
    RetryPolicy, ScheduleError, Scheme, StopReason, first, from_core_time, next,
};

use crate::attempt::{AttemptRecord, Operation, State};

/// The card in its history, and a card that it replaced. The histories need no more of either.
const CARD: &str = "card";
const OTHER_CARD: &str = "another card";

/// The highest number of a try that has a derived name.
const MAX_NUMBER: u32 = 99;

/// The tries of one period and the charges with one card, as the journal has them.
///
/// Tries are known by their period and number, whatever their names are. A charge that belongs to no series is one of them by
/// its derived name. Nothing is read, written or sent here.
#[derive(Debug, Clone)]
pub struct Tries<'a> {
    period: &'a Period,
    amount: Money,
    charges: &'a [AttemptRecord],
    /// The names of `charges`.
    with_card: BTreeSet<&'a AttemptId>,
    /// The tries of the period with any card, by number.
    records: Vec<&'a AttemptRecord>,
    asked: &'a [Attempt],
    scheme: Option<&'a Scheme>,
    expires: Option<Timestamp>,
    series_ends: Option<Timestamp>,
}

impl<'a> Tries<'a> {
    /// Takes the amount of the period, and what the journal has: `charges` is every charge with the card
    /// ([`Journal::credential_history`](crate::Journal::credential_history) since the epoch), and `series` the tries of the
    /// subscription ([`Journal::series`](crate::Journal::series)), or those of the period alone.
    ///
    /// A charge that is missing in `charges` does not count for the limits of the scheme, and what its decline forbids is not
    /// known. Read `series` first: a try that is in it alone counts as one with another card. A try of the period that is
    /// missing in both may be charged twice: the journal refuses that only under the same name or in the same series.
    pub fn new(
        period: &'a Period,
        amount: Money,
        charges: &'a [AttemptRecord],
        series: &'a [AttemptRecord],
    ) -> Self {
        // The lists are read one after the other: the later record of a try counts.
        let mut tries: BTreeMap<&AttemptId, (u32, &AttemptRecord)> = BTreeMap::new();
        for record in series.iter().chain(charges).filter(|record| initiator(record).is_some()) {
            let Some(number) = number_in(record, period) else { continue };
            let known = tries.entry(&record.attempt).or_insert((number, record));
            if known.1.updated < record.updated {
                *known = (number, record);
            }
        }
        let mut tries: Vec<_> = tries.into_values().collect();
        tries.sort_by_key(|(number, _)| *number);
        Self {
            period,
            amount,
            charges,
            with_card: charges.iter().map(|record| &record.attempt).collect(),
            records: tries.into_iter().map(|(_, record)| record).collect(),
            asked: &[],
            scheme: None,
            expires: None,
            series_ends: None,
        }
    }

    /// Sets the scheme of the card. Without it the rules of every scheme hold.
    #[must_use]
    pub fn with_scheme(mut self, scheme: &'a Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Sets the first moment at which the card has expired; it is not charged from then on.
    #[must_use]
    pub fn with_expiry(mut self, expires: Timestamp) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Sets the moment from which the gateway wants a new enrolment; the card is not charged from then on.
    #[must_use]
    pub fn with_series_ends(mut self, ends: Timestamp) -> Self {
        self.series_ends = Some(ends);
        self
    }

    /// Sets the charges with the card that were decided in the same batch and are not in the journal yet
    /// ([`asked`](Self::asked)). Without them several periods that are decided together can pass a limit of the scheme.
    #[must_use]
    pub fn with_asked(mut self, asked: &'a [Attempt]) -> Self {
        self.asked = asked;
        self
    }

    /// Returns the tries of the period with any card, in the order of their numbers.
    pub fn records(&self) -> &[&'a AttemptRecord] {
        &self.records
    }

    /// Returns the last try where it was planned and not sent, or proven not to have been applied. A decision with a time is
    /// about this try: charge it under its own name, which may differ from the derived one.
    ///
    /// A name that was sent with another card or amount is not sent with this one: the next number follows.
    pub fn again(&self) -> Option<&'a AttemptRecord> {
        let last = self.records.last().copied().filter(|record| is_unsent(record));
        // The journal refuses a name that was sent without a series, or as another charge.
        let is_this = |record: &AttemptRecord| {
            self.is_with_card(record) && record.amount.is_none_or(|amount| amount == self.amount)
        };
        last.filter(|record| {
            record.state == State::Planned || record.series.is_some() && (!record.sent || is_this(record))
        })
    }

    /// Returns whether the period has a try that may have reached the gateway: `false` where each is only planned, or proven
    /// not to have been applied.
    pub fn is_retry(&self) -> bool {
        !self.records.iter().all(|record| is_unsent(record))
    }

    /// Decides whether and when the card may be charged for the period: for the first time
    /// ([`recurring_schedule::first`]), or after its declined tries ([`recurring_schedule::next`]). `None` where a try with this
    /// card was declined and there is no policy.
    ///
    /// No time is before `now` (by the journal's clock) or before the period is due. There is no further try while an earlier
    /// one may still take the money. What was tried with cards that the customer has replaced counts as tries of the period,
    /// and not for the limits of this card. Names in a [`StopReason`] are those of the journal.
    ///
    /// # Errors
    /// Names `amount` when it is zero, and `history` when the tries of the period are not numbered 1, 2, 3, or there are 99
    /// of them. Charge nothing then.
    pub fn decide(
        &self,
        policy: Option<&RetryPolicy>,
        now: Timestamp,
    ) -> Result<Option<Decision>, ScheduleError> {
        let tries = match self.records.split_last() {
            Some((_, before)) if self.again().is_some() => before,
            _ => self.records.as_slice(),
        };
        let amount = Amount::try_from(self.amount)?;
        let (mut own, mut others) = (Vec::new(), Vec::new());
        // A try began after the one before it was over, however late its record was changed again.
        let mut latest = Timestamp::MAX;
        for record in tries.iter().rev() {
            let with_card = self.is_with_card(record);
            let mut one = self.attempt(record, with_card, amount);
            one.at = one.at.min(latest);
            // Strictly: the order of the numbers is lost among equal times.
            latest = one.at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN);
            let list = if with_card { &mut own } else { &mut others };
            list.push(one);
        }
        others.reverse();
        let elsewhere = self.charges.iter().filter(|record| number_in(record, self.period).is_none());
        let elsewhere = elsewhere.filter(|record| initiator(record).is_some());
        own.extend(elsewhere.map(|record| self.attempt(record, true, amount)));
        own.extend_from_slice(self.asked);
        own.sort_by_key(|one| one.at);
        let latest = own.iter().chain(&others).map(|one| one.at).max().unwrap_or(now);
        let now = now.max(self.period.due()).max(latest);
        let mut history = History::after_other_cards(self.period, &others, &own, now)?;
        if let Some(expires) = self.expires {
            history = history.with_expiry(expires);
        }
        if let Some(ends) = self.series_ends {
            history = history.with_series_ends(ends);
        }
        let declined =
            |record: &&&AttemptRecord| record.state == State::Declined && self.is_with_card(record);
        let decision = match (tries.iter().rev().find(declined), policy) {
            (None, _) => first(&history, self.scheme, amount)?,
            (Some(last), Some(policy)) => next(&history, &self.decline(last), policy)?,
            (Some(_), None) => return Ok(None),
        };
        Ok(Some(self.with_journals_names(decision)))
    }

    /// Returns a charge that was decided and is made now, for [`with_asked`](Self::with_asked) of the decisions after it about the
    /// same card. It counts as sent.
    ///
    /// # Errors
    /// Names `amount` when it is zero.
    pub fn asked(&self, next: &NextTry, now: Timestamp) -> Result<Attempt, ScheduleError> {
        Ok(Attempt {
            name: next.name.to_string(),
            credential: CARD.to_owned(),
            at: now.max(self.period.due()),
            amount: Amount::try_from(self.amount)?,
            initiator: Initiator::Merchant,
            state: AttemptState::Armed,
            decline: None,
        })
    }

    fn is_with_card(&self, record: &AttemptRecord) -> bool {
        self.with_card.contains(&record.attempt)
    }

    fn attempt(&self, record: &AttemptRecord, with_card: bool, amount: Amount) -> Attempt {
        Attempt {
            name: self.name(record),
            credential: if with_card { CARD } else { OTHER_CARD }.to_owned(),
            at: from_core_time(record.asked_by()),
            // What is not known counts like this charge, which is the strictest.
            amount: record.amount.and_then(|amount| Amount::try_from(amount).ok()).unwrap_or(amount),
            initiator: initiator(record).unwrap_or_default(),
            state: state(record),
            decline: (with_card && record.state == State::Declined).then(|| self.decline(record)),
        }
    }

    /// The derived name of a try of the period, by which the schedule knows it; of any other attempt, its own.
    fn name(&self, record: &AttemptRecord) -> String {
        // A higher number is refused as one that is out of order.
        let number = number_in(record, self.period).map(|number| number.min(MAX_NUMBER));
        let number = number.and_then(|number| u8::try_from(number).ok());
        let derived = number.and_then(|number| self.period.name().with_number(number));
        derived.map_or_else(|| record.attempt.to_string(), |name| name.to_string())
    }

    fn decline(&self, record: &AttemptRecord) -> Decline {
        let decline = Decline::from_answer(record.ending.code.as_deref(), record.ending.reason);
        match self.scheme {
            Some(scheme) => decline.with_scheme(scheme.clone()),
            None => decline,
        }
    }

    /// The decision with the names that the journal has for the tries.
    fn with_journals_names(&self, decision: Decision) -> Decision {
        let named = |name: String| {
            let record = self.records.iter().find(|record| self.name(record) == name);
            record.map_or(name, |record| record.attempt.to_string())
        };
        match decision {
            Decision::Stop(StopReason::Paid(name)) => Decision::Stop(StopReason::Paid(named(name))),
            Decision::Stop(StopReason::Canceled(name)) => Decision::Stop(StopReason::Canceled(named(name))),
            Decision::Stop(StopReason::Open { name, state }) => {
                Decision::Stop(StopReason::Open { name: named(name), state })
            }
            other => other,
        }
    }
}

/// Whether the same name may be charged again: nothing was sent, or nothing happened, with a proof.
fn is_unsent(record: &AttemptRecord) -> bool {
    matches!(record.state, State::Planned | State::NotApplied) && record.archived.is_none()
}

/// Which try of the period it is, by the series or else by its derived name. `None` when it is not one.
fn number_in(record: &AttemptRecord, period: &Period) -> Option<u32> {
    let first = period.name();
    if let Some(series) = &record.series {
        let is_try =
            series.series() == first.subscription().as_str() && series.period() == first.period().to_string();
        return is_try.then(|| series.number());
    }
    let name = AttemptName::try_from(&record.attempt).ok()?;
    let is_try = name.subscription() == first.subscription() && name.period() == first.period();
    is_try.then(|| name.number().into())
}

/// Who began it. `None` for what takes no money.
fn initiator(record: &AttemptRecord) -> Option<Initiator> {
    match record.operation {
        Operation::Charge => Some(Initiator::Merchant),
        Operation::FirstPayment | Operation::Schedule => Some(Initiator::Customer),
        Operation::Refund | Operation::Capture | Operation::Enrolment => None,
    }
}

fn state(record: &AttemptRecord) -> AttemptState {
    match record.state {
        State::Planned => AttemptState::Planned,
        State::Armed => AttemptState::Armed,
        State::Paid => AttemptState::Paid,
        State::Authorized => AttemptState::Authorized,
        // Only this outcome says more than the state; no other one may end an attempt that is pending.
        State::Pending if record.ending.outcome == Some(Outcome::ActionRequired) => {
            AttemptState::ActionRequired
        }
        State::Pending => AttemptState::Pending,
        State::Declined => AttemptState::Declined,
        State::Canceled => AttemptState::Canceled,
        State::NotApplied => AttemptState::NotApplied,
        State::Unknown => AttemptState::Unknown,
        State::Review => AttemptState::Review,
    }
}
