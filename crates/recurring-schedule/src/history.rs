use jiff::Timestamp;

use crate::attempt::Attempt;
use crate::error::ScheduleError;
use crate::name::AttemptName;
use crate::period::Period;

/// What is known, at one moment, of the attempts with one credential: those of the period that is being retried, and those of
/// other periods and subscriptions with the same card, which count for the limits of the schemes.
#[derive(Debug, Clone)]
pub struct History<'a> {
    pub(crate) period: &'a Period,
    pub(crate) attempts: &'a [Attempt],
    /// The tries of the period, in their order.
    pub(crate) tries: Vec<&'a Attempt>,
    pub(crate) now: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) series_ends: Option<Timestamp>,
}

impl<'a> History<'a> {
    /// Takes the attempts with one credential, oldest first, as they are known `now`. They must reach back 30 days at least, and
    /// hold every try of the period.
    ///
    /// # Errors
    /// Names `history` when an attempt is earlier than the one before it, later than now, or of another credential than the first;
    /// and when the tries of the period are not numbered 1, 2, 3 in this order. The message says which attempt it is.
    pub fn new(period: &'a Period, attempts: &'a [Attempt], now: Timestamp) -> Result<Self, ScheduleError> {
        let refuse = |position: usize, rule: &str| {
            Err(ScheduleError::new(
                "history",
                format!("{rule}: attempt {} of {}", position + 1, attempts.len()),
            ))
        };
        for (position, pair) in (1..).zip(attempts.windows(2)) {
            let [before, attempt] = pair else { continue };
            if attempt.at < before.at {
                return refuse(position, "must be in order, oldest attempt first; sort it by time");
            }
            if attempt.credential != before.credential {
                return refuse(position, "must be of one credential; make a history of each");
            }
        }
        let later = attempts.iter().position(|attempt| attempt.at > now);
        if let Some(position) = later {
            return refuse(position, "must not be later than the moment it is looked at; check the clocks");
        }
        let mut tries = Vec::new();
        for (position, attempt) in attempts.iter().enumerate() {
            let Some(number) = number_of(&attempt.name, period.name()) else { continue };
            if usize::from(number) != tries.len() + 1 {
                return refuse(
                    position,
                    "must hold the tries of the period once each, and in order: 1, 2, 3",
                );
            }
            tries.push(attempt);
        }
        Ok(Self { period, attempts, tries, now, expires: None, series_ends: None })
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
}

/// Which try of a period a name means, counted from 1. `None` when it is not a try of it.
fn number_of(name: &str, first: &AttemptName) -> Option<u8> {
    let name: AttemptName = name.parse().ok()?;
    (name.subscription() == first.subscription() && name.period() == first.period()).then(|| name.number())
}
