use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use crate::attempt::{Attempt, AttemptState};
use crate::decline::{Decline, Scheme};
use crate::error::ScheduleError;
use crate::name::AttemptName;
use crate::period::Period;

/// How much later than now an attempt may be: the clocks of the machine that recorded it and of the one that asks differ a little.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What is known, at one moment, of the attempts with one credential: those of the period that is being retried, and those of
/// other periods and subscriptions with the same card, which count for the limits of the schemes.
#[derive(Debug, Clone)]
pub struct History<'a> {
    pub(crate) period: &'a Period,
    pub(crate) attempts: &'a [Attempt],
    /// The tries of the period with any credential, in their order.
    pub(crate) tries: Vec<&'a Attempt>,
    /// Those of them with this credential.
    pub(crate) own: Vec<&'a Attempt>,
    pub(crate) now: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) series_ends: Option<Timestamp>,
}

impl<'a> History<'a> {
    /// Takes the attempts with one credential, oldest first, as they are known `now`. They must reach back 30 days at least, and
    /// hold every try of the period. An attempt that is up to five minutes later than `now` is taken as made now, since clocks differ.
    ///
    /// # Errors
    /// Names `history` when an attempt is earlier than the one before it, later than that, or of another credential than the first;
    /// and when the tries of the period are not numbered 1, 2, 3 in this order. The message says which attempt it is.
    pub fn new(period: &'a Period, attempts: &'a [Attempt], now: Timestamp) -> Result<Self, ScheduleError> {
        Self::after_other_cards(period, &[], attempts, now)
    }

    /// Takes the attempts with one credential, as [`new`](Self::new) does, and beside them the tries of the period that were made with
    /// other cards, which the customer has replaced.
    ///
    /// These have their numbers, and no further try is made while one of them is open or paid. They do not count for the limits, which
    /// are those of a card; what they were told forbids nothing to this one; and the policy begins anew with this card.
    ///
    /// # Errors
    /// Those of [`new`](Self::new). Names `history` too when one of `others` is not a try of the period, or has the credential of
    /// `attempts`.
    pub fn after_other_cards(
        period: &'a Period,
        others: &'a [Attempt],
        attempts: &'a [Attempt],
        now: Timestamp,
    ) -> Result<Self, ScheduleError> {
        check_order(attempts)?;
        check_others(period, others, attempts.first())?;
        for list in [others, attempts] {
            let latest = now.saturating_add(CLOCK_SKEW).unwrap_or(Timestamp::MAX);
            if let Some(position) = list.iter().position(|attempt| attempt.at > latest) {
                let rule = "must not be later than the moment it is looked at; check the clocks";
                return Err(refused(rule, position, list));
            }
        }
        let number = |one: &Attempt| number_of(&one.name, period.name()).map(usize::from);
        let own: Vec<&Attempt> = attempts.iter().filter(|one| number(one).is_some()).collect();
        let mut tries: Vec<&Attempt> = others.iter().chain(own.iter().copied()).collect();
        // Within one list, what is in the wrong order stays so.
        tries.sort_by_key(|one| one.at);
        if let Some((_, wrong)) = (1..).zip(&tries).find(|(count, one)| number(one) != Some(*count)) {
            let list = if others.iter().any(|one| std::ptr::eq(one, *wrong)) { others } else { attempts };
            let position = list.iter().position(|one| std::ptr::eq(one, *wrong)).unwrap_or_default();
            let rule = "must hold the tries of the period once each, and in order: 1, 2, 3";
            return Err(refused(rule, position, list));
        }
        let latest = attempts.iter().chain(others).map(|one| one.at).max();
        let now = latest.map_or(now, |latest| latest.max(now));
        Ok(Self { period, attempts, tries, own, now, expires: None, series_ends: None })
    }

    /// Sets the first moment at which the card has expired: see [`ExpiryDate::expired_from`](crate::ExpiryDate::expired_from).
    #[must_use]
    pub fn with_expiry(mut self, expires: Timestamp) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Sets the moment from which the gateway wants a new enrolment, such as a year after the first payment at EMS.
    #[must_use]
    pub fn with_series_ends(mut self, ends: Timestamp) -> Self {
        self.series_ends = Some(ends);
        self
    }

    /// Returns the tries of the period, in their order.
    pub fn tries(&self) -> &[&'a Attempt] {
        &self.tries
    }

    /// The scheme of the card, given the one that the caller knows. `None` where the record names another one, too: then the limits
    /// of every scheme hold.
    pub(crate) fn scheme<'s>(&self, known: Option<&'s Scheme>) -> Option<&'s Scheme> {
        let recorded = self.attempts.iter().filter_map(|one| one.decline.as_ref()?.scheme.as_ref());
        known.filter(|known| recorded.clone().all(|scheme| scheme == *known))
    }

    /// A decline as it is read for a card of this scheme, as [`scheme`](Self::scheme) returns it.
    pub(crate) fn read<'d>(decline: &'d Decline, scheme: Option<&Scheme>) -> Cow<'d, Decline> {
        if scheme.is_some() || decline.scheme.is_none() {
            return Cow::Borrowed(decline);
        }
        Cow::Owned(Decline { scheme: None, ..decline.clone() })
    }

    /// The declines of attempts with this card since the last one that was approved, oldest first.
    pub(crate) fn declines_since_approval(&self) -> impl Iterator<Item = &'a Decline> {
        let approved = self.attempts.iter().rposition(|one| one.state.is_approved());
        let since = self.attempts.get(approved.map_or(0, |index| index + 1)..).unwrap_or_default();
        since.iter().filter_map(|one| one.decline.as_ref())
    }

    /// The declined tries of the period with this card.
    pub(crate) fn declined(&self) -> Vec<&'a Attempt> {
        self.own.iter().copied().filter(|one| one.state == AttemptState::Declined).collect()
    }
}

fn refused(rule: &str, position: usize, list: &[Attempt]) -> ScheduleError {
    ScheduleError::new("history", format!("{rule}: attempt {} of {}", position + 1, list.len()))
}

/// Checks that attempts are of one credential and in order.
fn check_order(attempts: &[Attempt]) -> Result<(), ScheduleError> {
    for (position, pair) in (1..).zip(attempts.windows(2)) {
        let [before, attempt] = pair else { continue };
        if attempt.at < before.at {
            let rule = "must be in order, oldest attempt first; sort it by time";
            return Err(refused(rule, position, attempts));
        }
        if attempt.credential != before.credential {
            return Err(refused("must be of one credential; make a history of each", position, attempts));
        }
    }
    Ok(())
}

/// Checks that these are tries of the period, none of them with the credential of `own`.
fn check_others(period: &Period, others: &[Attempt], own: Option<&Attempt>) -> Result<(), ScheduleError> {
    let is_try = |one: &Attempt| number_of(&one.name, period.name()).is_some();
    if let Some(position) = others.iter().position(|one| !is_try(one)) {
        let rule = "must have only tries of the period among those with other cards";
        return Err(refused(rule, position, others));
    }
    let is_own = |one: &Attempt| own.is_some_and(|own| own.credential == one.credential);
    if let Some(position) = others.iter().position(is_own) {
        let rule = "must have no try with this card among those with other cards";
        return Err(refused(rule, position, others));
    }
    Ok(())
}

/// Which try of a period a name means, counted from 1. `None` when it is not a try of it.
fn number_of(name: &str, first: &AttemptName) -> Option<u8> {
    let name: AttemptName = name.parse().ok()?;
    (name.subscription() == first.subscription() && name.period() == first.period()).then(|| name.number())
}
