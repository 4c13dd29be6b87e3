//! The tries of a period, as the journal has them, and what comes next. Pure; the simulation of years reads this file too.

use std::collections::BTreeMap;

use recurring_facade::Money;
use recurring_journal::{AttemptRecord, State};
use recurring_schedule::jiff::Timestamp;
use recurring_schedule::{
    Amount, Attempt, AttemptState, Decision, Decline, History, Initiator, NextTry, Period, RetryPolicy,
    ScheduleError, Scheme, first, from_core_time, next,
};

/// What stands for the card in its history, and for one that it replaced. Nothing else is known of either.
const CARD: &str = "card";
const OTHER_CARD: &str = "another card";

/// What is known of the card that is charged.
pub(crate) struct Card<'a> {
    pub(crate) amount: Money,
    pub(crate) scheme: Option<&'a Scheme>,
    /// From when it has expired.
    pub(crate) expires: Option<Timestamp>,
    /// From when the gateway wants a new enrolment.
    pub(crate) series_ends: Option<Timestamp>,
    /// Every charge with it.
    pub(crate) charges: &'a [AttemptRecord],
    /// The charges with it that were decided in this batch and are not sent yet: they count for the limits, too.
    pub(crate) asked: &'a [Attempt],
    /// Moments of attempts that are not those of the journal's clock, by name: where a sandbox has a clock of its own.
    pub(crate) moved: &'a BTreeMap<String, Timestamp>,
}

/// What comes next for a period, given its tries in the order of their numbers.
///
/// The last try is asked for again under its own name where it was planned and not sent, or was not applied. Without a policy
/// there is no try after a declined one: then the answer is `None`.
pub(crate) fn decide(
    card: &Card<'_>,
    period: &Period,
    tries: &[AttemptRecord],
    policy: Option<&RetryPolicy>,
    now: Timestamp,
) -> Result<Option<Decision>, ScheduleError> {
    let tries = match tries.split_last() {
        Some((last, before)) if is_unsent(last) => before,
        _ => tries,
    };
    let amount = Amount::try_from(card.amount)?;
    let is_own = |record: &AttemptRecord| tries.iter().any(|one| one.attempt == record.attempt);
    let with_card = |record: &AttemptRecord| card.charges.iter().any(|one| one.attempt == record.attempt);
    let of_period = |record: &AttemptRecord| {
        let series = record.series.as_ref();
        series.is_some_and(|series| {
            series.series() == period.name().subscription().as_str()
                && series.period() == period.name().period().to_string()
        })
    };
    // What a card was told that the customer has replaced says nothing about this one.
    let (mut attempts, mut others) = (Vec::new(), Vec::new());
    // A try began after the one before it was over, however late its record was changed again.
    let mut latest = Timestamp::MAX;
    for record in tries.iter().rev() {
        let mut try_ = attempt(card, record, Some(period), with_card(record), amount)?;
        try_.at = try_.at.min(latest);
        latest = try_.at;
        let list = if with_card(record) { &mut attempts } else { &mut others };
        list.push(try_);
    }
    others.reverse();
    for record in card.charges.iter().filter(|record| !is_own(record) && !of_period(record)) {
        attempts.push(attempt(card, record, None, true, amount)?);
    }
    attempts.extend_from_slice(card.asked);
    attempts.sort_by_key(|one| one.at);
    let latest = attempts.iter().chain(&others).map(|one| one.at).max().unwrap_or(now);
    let now = now.max(period.due()).max(latest);
    let mut history = History::after_other_cards(period, &others, &attempts, now)?;
    if let Some(expires) = card.expires {
        history = history.with_expiry(expires);
    }
    if let Some(ends) = card.series_ends {
        history = history.with_series_ends(ends);
    }
    let declined = tries.iter().rev().find(|record| record.state == State::Declined && with_card(record));
    let Some(last) = declined else {
        return first(&history, card.scheme, amount).map(Some);
    };
    policy.map(|policy| next(&history, &decline(last, card.scheme), policy)).transpose()
}

/// A charge that is sent in this batch, for the limits of the decisions after it.
pub(crate) fn asked(card: &Card<'_>, next: &NextTry, now: Timestamp) -> Result<Attempt, ScheduleError> {
    Ok(Attempt {
        name: next.name.to_string(),
        credential: CARD.to_owned(),
        at: now,
        amount: Amount::try_from(card.amount)?,
        initiator: Initiator::Merchant,
        state: AttemptState::Armed,
        decline: None,
    })
}

/// Whether the same line may be given again: nothing was sent, or nothing happened, with a proof.
pub(crate) fn is_unsent(record: &AttemptRecord) -> bool {
    matches!(record.state, State::Planned | State::NotApplied) && record.archived.is_none()
}

fn attempt(
    card: &Card<'_>,
    record: &AttemptRecord,
    period: Option<&Period>,
    with_card: bool,
    amount: Amount,
) -> Result<Attempt, ScheduleError> {
    // A name of the caller's own says nothing to the schedule; the number of the try does.
    let number = record.series.as_ref().and_then(|series| u8::try_from(series.number()).ok());
    let derived = period.zip(number).and_then(|(period, number)| period.name().with_number(number));
    let written = record.attempt.to_string();
    let moved = card.moved.get(&written).copied();
    Ok(Attempt {
        name: derived.map_or(written, |name| name.to_string()),
        credential: if with_card { CARD } else { OTHER_CARD }.to_owned(),
        at: moved.unwrap_or_else(|| from_core_time(record.asked_by())),
        amount: record.amount.map(Amount::try_from).transpose()?.unwrap_or(amount),
        initiator: Initiator::Merchant,
        state: state(record),
        decline: (with_card && record.state == State::Declined).then(|| decline(record, card.scheme)),
    })
}

fn state(record: &AttemptRecord) -> AttemptState {
    match record.state {
        State::Planned => AttemptState::Planned,
        State::Armed => AttemptState::Armed,
        State::Paid => AttemptState::Paid,
        State::Authorized => AttemptState::Authorized,
        State::Pending => record.ending.outcome.map_or(AttemptState::Pending, AttemptState::from),
        State::Declined => AttemptState::Declined,
        State::Canceled => AttemptState::Canceled,
        State::NotApplied => AttemptState::NotApplied,
        State::Unknown => AttemptState::Unknown,
        State::Review => AttemptState::Review,
    }
}

fn decline(record: &AttemptRecord, scheme: Option<&Scheme>) -> Decline {
    let decline = Decline::from_answer(record.ending.code.as_deref(), record.ending.reason);
    match scheme {
        Some(scheme) => decline.with_scheme(scheme.clone()),
        None => decline,
    }
}
