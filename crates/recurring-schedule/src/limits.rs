//! How often the schemes permit a card to be tried, and when the next try is within these limits.

use jiff::{SignedDuration, Timestamp};

use crate::attempt::{Amount, Attempt, Initiator};
use crate::decline::Scheme;

/// At most so many attempts within so many hours, wherever the hours begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The name in messages, such as `Visa`.
    pub name: &'static str,
    /// How many are permitted.
    pub most: usize,
    /// The length of the window.
    pub hours: u16,
}

/// Tries after a decline, by card, amount and currency; those that the merchant initiates are counted apart.
// Source: visa-reattempts in SOURCES.md.
pub const VISA_MONTH: Limit = Limit { name: "Visa", most: 20, hours: 30 * 24 };
/// The same before [`VISA_MONTH_SINCE`].
// Source: visa-reattempts in SOURCES.md.
pub const VISA_MONTH_BEFORE: Limit = Limit { name: "Visa", most: 15, hours: 30 * 24 };
/// The moment since which Visa permits 20 tries: 25 May 2025.
// Source: visa-reattempts in SOURCES.md. Otherwise: the 19th in one document; the later day is the stricter one.
pub const VISA_MONTH_SINCE: Timestamp = Timestamp::constant(1_748_131_200, 0);
/// Attempts by card.
// Source: mastercard-attempts in SOURCES.md.
pub const MASTERCARD_DAY: Limit = Limit { name: "Mastercard", most: 10, hours: 24 };
/// Attempts by card. Some documents count by amount too; counting all of them is stricter.
// Source: mastercard-attempts in SOURCES.md.
pub const MASTERCARD_MONTH: Limit = Limit { name: "Mastercard", most: 35, hours: 30 * 24 };

impl Limit {
    pub(crate) fn window(self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.hours))
    }

    /// The earliest moment at `time` or later at which one more attempt is within the limit, given the moments of those that
    /// count, in their order. An attempt leaves the window a second after its end.
    fn earliest(self, counted: &[Timestamp], time: Timestamp) -> Timestamp {
        let begin = time.saturating_sub(self.window()).unwrap_or(Timestamp::MIN);
        let inside = counted.partition_point(|at| *at < begin);
        let inside = counted.get(inside..).unwrap_or_default();
        // With one more there may be `most`: so many of the oldest have to leave.
        let leaving = (inside.len() + 1).saturating_sub(self.most);
        let last = leaving.checked_sub(1).and_then(|index| inside.get(index));
        last.map_or(time, |at| {
            let left = self.window() + SignedDuration::from_secs(1);
            at.saturating_add(left).unwrap_or(Timestamp::MAX)
        })
    }
}

/// The earliest moment at `time` or later at which the scheme permits one more attempt of this amount. Of a scheme that is not
/// known, the limits of every scheme hold.
pub(crate) fn earliest(
    scheme: Option<&Scheme>,
    attempts: &[Attempt],
    amount: Amount,
    time: Timestamp,
) -> Timestamp {
    let mut time = time;
    if scheme != Some(&Scheme::Mastercard) {
        let (reattempts, last) = reattempts(attempts, amount);
        let follows = last.is_some_and(|at| time.duration_since(at) <= VISA_MONTH.window());
        if follows {
            let before = VISA_MONTH_BEFORE.earliest(&reattempts, time);
            let since = || VISA_MONTH.earliest(&reattempts, time.max(VISA_MONTH_SINCE));
            time = if before < VISA_MONTH_SINCE { before } else { since() };
        }
    }
    if scheme != Some(&Scheme::Visa) {
        let all: Vec<Timestamp> =
            attempts.iter().filter(|one| one.state.is_sent()).map(|one| one.at).collect();
        time = MASTERCARD_DAY.earliest(&all, time);
        time = MASTERCARD_MONTH.earliest(&all, time);
    }
    time
}

/// The tries that Visa counts, and the last attempt that one more would follow. An attempt that follows a refused one of the same
/// amount within the window is a try after a decline; the first one is not, and an approval begins anew.
fn reattempts(attempts: &[Attempt], amount: Amount) -> (Vec<Timestamp>, Option<Timestamp>) {
    let (mut found, mut last) = (Vec::new(), None);
    let counts =
        |one: &&Attempt| one.state.is_sent() && one.initiator == Initiator::Merchant && one.amount == amount;
    for one in attempts.iter().filter(counts) {
        let follows = last.is_some_and(|at| one.at.duration_since(at) <= VISA_MONTH.window());
        if follows {
            found.push(one.at);
        }
        last = (!one.state.is_approved()).then_some(one.at);
    }
    (found, last)
}
