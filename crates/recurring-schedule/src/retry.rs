use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::attempt::{Attempt, AttemptState};
use crate::class::DeclineClass;
use crate::decline::{Decline, Scheme};
use crate::error::ScheduleError;
use crate::history::History;
use crate::limits;
use crate::name::{AttemptName, MOST_TRIES};
use crate::policy::RetryPolicy;

/// What to do after a declined try.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "says whether the period may be tried again; charging without it can break a limit or charge twice"]
pub enum Decision {
    /// Try again, not before this time, and under this name.
    At(NextTry),
    /// Another try cannot succeed before the customer has acted.
    NeedsCustomer(CustomerReason),
    /// No further try; see [`StopReason::is_final`].
    Stop(StopReason),
}

/// The next try of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTry {
    /// The earliest moment for it.
    pub time: Timestamp,
    /// Its name, such as `sub-42.2026-11.2`.
    pub name: AttemptName,
}

/// What the customer has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CustomerReason {
    /// Authenticate: a soft decline does not cure a missing authentication. The text is the code.
    Authentication(String),
    /// Give another card, or its new data. The text is the code or what else said so.
    NewCard(String),
    /// Give another card: this one expires before the next try.
    CardExpires,
    /// Enrol again: the gateway's series ends before the next try.
    SeriesEnds,
}

/// Why there is no further try.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// A try of this name was paid, or its money is held.
    Paid(String),
    /// A try of this name was given up or voided.
    Canceled(String),
    /// A try can still end as paid: another one could take the money twice. Not final: ask again when it has ended.
    Open {
        /// The name of the try.
        name: String,
        /// Where it stands.
        state: AttemptState,
    },
    /// The credential must never be charged again. The text is the code or what else said so.
    Never(String),
    /// The policy has no further try for this period.
    TriesUsed,
    /// The next try would be after the end of the period.
    PeriodEnds,
}

impl StopReason {
    /// Returns whether it stays so. Only a try that is open can change it.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Open { .. })
    }
}

/// Decides what to do after a declined try: when to try again, or why not.
///
/// `decline` is that of the last declined try of the period. The answer depends on nothing but the arguments. A time is never
/// before the moment of the history, is in the hours of the policy, and keeps the limits of the card's scheme, whatever the policy
/// says, or those of every scheme where the record names another scheme than `decline`: ask again when it has come, if other attempts with the card were made in between. A try is refused unless every earlier
/// one of the period is `declined` or `not_applied`: never while one is pending, unknown or in review.
///
/// # Errors
/// Names `history` when it has no declined try of the period with this card: then [`first`](crate::first) decides.
pub fn next(
    history: &History<'_>,
    decline: &Decline,
    policy: &RetryPolicy,
) -> Result<Decision, ScheduleError> {
    if let Some(stop) = history.tries.iter().find_map(|one| ended_or_open(one)) {
        return Ok(Decision::Stop(stop));
    }
    let declined = history.declined();
    let (Some(first), Some(last)) = (history.own.first(), declined.last()) else {
        let rule = "must hold a declined try of the period; what was not applied may be tried again under its own name";
        return Err(ScheduleError::new("history", rule));
    };
    let scheme = history.scheme(decline.scheme.as_ref());
    let read = |decline| History::read(decline, scheme);
    let (decline, recorded) = (read(decline), last.decline.as_ref().map(read));
    if let Some(never) = forbidden(history, &decline, scheme) {
        return Ok(Decision::Stop(StopReason::Never(never)));
    }
    // What the record has of the last try counts too, where it is stricter than what the caller handed in.
    let known = recorded.as_ref().filter(|recorded| recorded.class() > decline.class()).unwrap_or(&decline);
    if known.class() == DeclineClass::NeedsCustomer {
        return Ok(Decision::NeedsCustomer(if known.is_missing_authentication() {
            CustomerReason::Authentication(known.words())
        } else {
            CustomerReason::NewCard(known.words())
        }));
    }
    if let Some(dead) = dead_card(history, scheme) {
        return Ok(Decision::NeedsCustomer(dead));
    }
    let number = u8::try_from(history.tries.len() + 1).unwrap_or(u8::MAX);
    let used = declined.len() >= usize::from(policy.most_tries()) || number > MOST_TRIES;
    let planned = policy.planned(first.at, declined.len()).filter(|_| !used);
    let Some((planned, name)) = planned.zip(history.period.name().with_number(number)) else {
        return Ok(Decision::Stop(StopReason::TriesUsed));
    };
    let hours = decline.wait_hours().max(recorded.as_ref().map_or(0, |recorded| recorded.wait_hours()));
    let waited =
        last.at.saturating_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MAX);
    let time = permitted(history, scheme, policy, last, planned.max(waited).max(history.now));
    let Some(time) = time.filter(|time| !policy.end_with_period() || *time < history.period.ends()) else {
        return Ok(Decision::Stop(StopReason::PeriodEnds));
    };
    if history.expires.is_some_and(|expires| time >= expires) {
        return Ok(Decision::NeedsCustomer(CustomerReason::CardExpires));
    }
    if history.series_ends.is_some_and(|ends| time >= ends) {
        return Ok(Decision::NeedsCustomer(CustomerReason::SeriesEnds));
    }
    Ok(Decision::At(NextTry { time, name }))
}

pub(crate) fn ended_or_open(one: &Attempt) -> Option<StopReason> {
    match one.state {
        AttemptState::Declined | AttemptState::NotApplied => None,
        AttemptState::Paid | AttemptState::Authorized => Some(StopReason::Paid(one.name.clone())),
        AttemptState::Canceled => Some(StopReason::Canceled(one.name.clone())),
        state => Some(StopReason::Open { name: one.name.clone(), state }),
    }
}

/// What forbids another charge with the credential: this decline, or one of an earlier attempt, since which none was approved.
fn forbidden(history: &History<'_>, decline: &Decline, scheme: Option<&Scheme>) -> Option<String> {
    let this = Some(decline).filter(|decline| decline.class() == DeclineClass::Hard);
    this.map(Decline::words).or_else(|| forbidden_since_approval(history, scheme))
}

/// The first decline since the last approval after which the credential must never be charged again: its words.
pub(crate) fn forbidden_since_approval(history: &History<'_>, scheme: Option<&Scheme>) -> Option<String> {
    let mut since = history.declines_since_approval().map(|decline| History::read(decline, scheme));
    since.find(|decline| decline.class() == DeclineClass::Hard).map(|decline| decline.words())
}

/// What to ask the customer where a decline since the last approval says that the card itself cannot be charged any more, for this
/// payment or another one.
pub(crate) fn dead_card(history: &History<'_>, scheme: Option<&Scheme>) -> Option<CustomerReason> {
    let mut since = history.declines_since_approval().map(|decline| History::read(decline, scheme));
    since.find(|decline| decline.wants_new_card()).map(|decline| CustomerReason::NewCard(decline.words()))
}

/// The first moment at `time` or later that is in the policy's hours and within the scheme's limits.
fn permitted(
    history: &History<'_>,
    scheme: Option<&Scheme>,
    policy: &RetryPolicy,
    last: &Attempt,
    time: Timestamp,
) -> Option<Timestamp> {
    let mut time = policy.in_hours(time)?;
    // A later time is within every limit that an earlier one was in, so that each round but the last passes a limit for good.
    loop {
        let within = limits::earliest(scheme, history.attempts, last.amount, time);
        let next = policy.in_hours(within)?;
        if next == time {
            return Some(time);
        }
        time = next;
    }
}

impl fmt::Display for CustomerReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authentication(code) => {
                write!(f, "the bank wants an authentication of the customer ({code})")
            }
            Self::NewCard(code) => write!(f, "the customer must give another card or new card data ({code})"),
            Self::CardExpires => f.write_str("the card expires before the next try"),
            Self::SeriesEnds => f.write_str("the gateway wants a new enrolment before the next try"),
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paid(name) => write!(f, "{name} was paid"),
            Self::Canceled(name) => write!(f, "{name} was canceled"),
            Self::Open { name, state } => {
                write!(f, "{name} is {state}: another try could take the money twice")
            }
            Self::Never(code) => write!(f, "this card must not be charged again ({code})"),
            Self::TriesUsed => f.write_str("the policy has no further try"),
            Self::PeriodEnds => f.write_str("the next try would be after the end of the period"),
        }
    }
}
