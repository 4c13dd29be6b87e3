use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::anchor::Anchor;
use crate::error::ScheduleError;
use crate::interval::{Interval, Step};
use crate::name::{AttemptName, PeriodLabel, SubscriptionId};
use crate::period::Period;

/// More periods than any cycle has before the year 9999.
const BEYOND: u32 = 3_000_000;

/// On which day a month is charged that is too short for the anchor's day, or what else is special about the day. Only for
/// months, quarters and years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MonthEnd {
    /// The anchor's day, or the last day of a month that has no such day: 31 January, 28 February, 31 March.
    #[default]
    SameDay,
    /// Always the last day of the month: 28 February, 31 March. The anchor must be one.
    LastDay,
    /// After a first charge on the 29th, 30th or 31st always the 28th, as N-Genius does: 31 January, 28 February, 28 March.
    TwentyEighth,
}

/// Where a cycle ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum End {
    /// Never.
    #[default]
    Never,
    /// With the last period that begins on this date or before it, in the cycle's zone.
    On(Date),
    /// After so many periods.
    After(u32),
}

/// When a subscription is charged: on the anchor, and then once every interval.
///
/// Period *n* is always computed from the anchor, never from period *n*-1, so that a short month leaves no trace in the later
/// ones. Times of day are those of the anchor's zone through all changes of its clocks: a time that is skipped on a day is later
/// by as much as the clocks skip; of a time that is shown twice, it is the first. Where a zone skipped a whole day, a cycle of
/// single days has no period for it, and any other cycle is due a day later.
///
/// In text formats it has the members `subscription`, `anchor`, `interval` and, where they are needed, `month_end` (`same_day`,
/// `last_day`, `twenty_eighth`), and either `until` (a date) or `count`.
///
/// ```
/// use recurring_schedule::{BillingCycle, Interval};
///
/// let anchor = "2026-01-31T09:00[Europe/Lisbon]".parse()?;
/// let cycle = BillingCycle::new("sub-42".parse()?, anchor, Interval::MONTHLY);
/// let days: Vec<_> = (0..4).filter_map(|n| cycle.period(n)).map(|period| period.date().to_string()).collect();
/// assert_eq!(days, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
/// # Ok::<(), recurring_schedule::ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Terms", into = "Terms")]
pub struct BillingCycle {
    subscription: SubscriptionId,
    anchor: Anchor,
    interval: Interval,
    month_end: MonthEnd,
    end: End,
}

/// A cycle as it is written. Texts, so that each error names its member.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    subscription: String,
    anchor: String,
    interval: String,
    #[serde(default, skip_serializing_if = "is_same_day")]
    month_end: MonthEnd,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

fn is_same_day(rule: &MonthEnd) -> bool {
    *rule == MonthEnd::SameDay
}

impl BillingCycle {
    /// Creates a cycle without an end, with the rule [`MonthEnd::SameDay`].
    pub fn new(subscription: SubscriptionId, anchor: Anchor, interval: Interval) -> Self {
        Self { subscription, anchor, interval, month_end: MonthEnd::SameDay, end: End::Never }
    }

    /// Sets the rule for the ends of months.
    ///
    /// # Errors
    /// Names `month_end` when the interval is of days or weeks, which have none, and when the rule is [`MonthEnd::LastDay`] and
    /// the anchor is not the last day of its month.
    pub fn with_month_end(mut self, rule: MonthEnd) -> Result<Self, ScheduleError> {
        let refuse = |rule: &'static str| Err(ScheduleError::new("month_end", rule));
        if rule != MonthEnd::SameDay && matches!(self.interval.step(), Step::Days(_)) {
            return refuse("must be left out with an interval of days or weeks");
        }
        if rule == MonthEnd::LastDay && self.anchor.date() != self.anchor.date().last_of_month() {
            return refuse(
                "must not be last_day unless the anchor is on the last day of its month; use same_day",
            );
        }
        self.month_end = rule;
        Ok(self)
    }

    /// Sets where it ends.
    ///
    /// # Errors
    /// Names `until` when the date is before the anchor, and `count` when it is zero: then nothing would ever be charged.
    pub fn with_end(mut self, end: End) -> Result<Self, ScheduleError> {
        match end {
            End::On(date) if date < self.anchor.date() => {
                return Err(ScheduleError::new("until", "must not be before the anchor"));
            }
            End::After(0) => return Err(ScheduleError::new("count", "must be at least 1")),
            _ => self.end = end,
        }
        Ok(self)
    }

    /// Returns the subscription.
    pub fn subscription(&self) -> &SubscriptionId {
        &self.subscription
    }

    /// Returns the anchor.
    pub fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// Returns the interval.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// Returns the rule for the ends of months.
    pub fn month_end(&self) -> MonthEnd {
        self.month_end
    }

    /// Returns where it ends.
    pub fn end(&self) -> End {
        self.end
    }

    /// Returns period `index`, counted from 0. `None` after the end, and where the zone skipped the whole day.
    pub fn period(&self, index: u32) -> Option<Period> {
        let (date, due) = self.begins(index)?;
        let ended = match self.end {
            End::Never => false,
            End::On(last) => date > last,
            End::After(count) => index >= count,
        };
        if ended {
            return None;
        }
        let next = index.checked_add(1).and_then(|next| self.begins(next));
        let ends = next.map_or(Timestamp::MAX, |(_, ends)| ends);
        let name = AttemptName::first(self.subscription.clone(), self.label(date));
        (due < ends).then_some(Period { index, date, due, ends, name })
    }

    /// Returns the periods that are due at `from` or later, and before `to`.
    pub fn periods(&self, from: Timestamp, to: Timestamp) -> Periods<'_> {
        Periods { cycle: self, next: self.first_index(|_, due| due >= from), to }
    }

    /// Returns every period that is due at `now`, from the first on. What was charged already has a name that the caller's
    /// record knows; `periods` leaves out what is older than a caller's choice.
    pub fn due(&self, now: Timestamp) -> Periods<'_> {
        self.periods(Timestamp::MIN, just_after(now))
    }

    /// Returns the first period that is due later than `after`. `None` after the end.
    pub fn next(&self, after: Timestamp) -> Option<Period> {
        self.periods(just_after(after), Timestamp::MAX).next()
    }

    /// Returns the period in which `now` is. `None` before the anchor and after the end.
    pub fn current(&self, now: Timestamp) -> Option<Period> {
        let next = self.first_index(|_, due| due > now);
        next.checked_sub(1).and_then(|index| self.period(index))
    }

    /// Returns the period that an attempt's name means. `None` when it is the name of another subscription, or not a period of
    /// this cycle.
    pub fn find(&self, name: &AttemptName) -> Option<Period> {
        let index = self.first_index(|date, _| date >= name.period().date());
        let period = self.period(index)?;
        (period.name.period() == name.period() && self.subscription == *name.subscription()).then_some(period)
    }

    /// A change of the day within a month, or from months to years, keeps the names, so that no month is charged twice.
    fn label(&self, date: Date) -> PeriodLabel {
        match self.interval.step() {
            Step::Days(_) => PeriodLabel::day(date),
            Step::Months(_) => PeriodLabel::month(date),
        }
    }

    /// The date of period `index` and the moment at which it is due, whether or not the cycle has ended.
    fn begins(&self, index: u32) -> Option<(Date, Timestamp)> {
        let date = self.date(index)?;
        Some((date, self.anchor.moment_on(date)?))
    }

    fn date(&self, index: u32) -> Option<Date> {
        let (anchor, index) = (self.anchor.date(), i64::from(index));
        let months = match self.interval.step() {
            Step::Days(days) => {
                let days = jiff::Span::new().try_days(days.checked_mul(index)?).ok()?;
                return anchor.checked_add(days).ok();
            }
            Step::Months(months) => months.checked_mul(index)?,
        };
        let month = i64::from(anchor.year()) * 12 + i64::from(anchor.month()) - 1 + months;
        let (year, month) = (i16::try_from(month / 12).ok()?, i8::try_from(month % 12 + 1).ok()?);
        let first = Date::new(year, month, 1).ok()?;
        let day = match self.month_end {
            MonthEnd::SameDay => anchor.day().min(first.days_in_month()),
            MonthEnd::LastDay => first.days_in_month(),
            MonthEnd::TwentyEighth if index == 0 => anchor.day(),
            MonthEnd::TwentyEighth => anchor.day().min(28),
        };
        Date::new(year, month, day).ok()
    }

    /// The first index whose date and moment fulfill a condition that stays fulfilled from then on.
    fn first_index(&self, fulfilled: impl Fn(Date, Timestamp) -> bool) -> u32 {
        let (mut low, mut high) = (0, BEYOND);
        while low < high {
            let middle = u32::midpoint(low, high);
            if self.begins(middle).is_none_or(|(date, due)| fulfilled(date, due)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

/// Periods of a cycle in their order.
#[derive(Debug, Clone)]
pub struct Periods<'a> {
    cycle: &'a BillingCycle,
    next: u32,
    to: Timestamp,
}

impl Iterator for Periods<'_> {
    type Item = Period;

    fn next(&mut self) -> Option<Period> {
        // At most one period in a row is left out: the one of a day that a zone skipped.
        for _ in 0..2 {
            let index = self.next;
            self.next = index.saturating_add(1);
            if let Some(period) = self.cycle.period(index) {
                if period.due < self.to {
                    return Some(period);
                }
                break;
            }
        }
        self.next = u32::MAX;
        None
    }
}

fn just_after(time: Timestamp) -> Timestamp {
    time.checked_add(jiff::SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX)
}

impl TryFrom<Terms> for BillingCycle {
    type Error = ScheduleError;

    fn try_from(terms: Terms) -> Result<Self, ScheduleError> {
        let end = match (terms.until, terms.count) {
            (Some(_), Some(_)) => {
                return Err(ScheduleError::new(
                    "until",
                    "must be left out beside `count`; choose one of both",
                ));
            }
            (Some(date), None) => End::On(date.parse().map_err(|_| {
                ScheduleError::new("until", "must be a date that exists, such as 2027-12-31")
            })?),
            (None, Some(count)) => End::After(count),
            (None, None) => End::Never,
        };
        Self::new(terms.subscription.parse()?, terms.anchor.parse()?, terms.interval.parse()?)
            .with_month_end(terms.month_end)?
            .with_end(end)
    }
}

impl From<BillingCycle> for Terms {
    fn from(cycle: BillingCycle) -> Self {
        let (until, count) = match cycle.end {
            End::Never => (None, None),
            End::On(date) => (Some(date.to_string()), None),
            End::After(count) => (None, Some(count)),
        };
        Self {
            subscription: cycle.subscription.to_string(),
            anchor: cycle.anchor.to_string(),
            interval: cycle.interval.to_string(),
            month_end: cycle.month_end,
            until,
            count,
        }
    }
}

/// The terms in one line: `sub-42: 1 month from 2026-01-31T09:00[Europe/Lisbon]`.
impl fmt::Display for BillingCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} from {}", self.subscription, self.interval, self.anchor)
    }
}
