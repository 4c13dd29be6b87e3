use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::ScheduleError;
use crate::limits::VISA_MONTH;
use crate::name::MOST_TRIES;
use crate::zone::Zone;

/// The latest day of a try after the first one.
const LATEST_DAY: u16 = 365;

/// A ready-made policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Preset {
    /// Tries after 1, 3, 7 and 14 days, from 9 to 18 o'clock: for monthly subscriptions.
    Standard,
    /// Tries after 3 and 10 days, from 10 to 16 o'clock: where a card should be asked rarely.
    Gentle,
}

impl Preset {
    fn days(self) -> &'static [u16] {
        match self {
            Self::Standard => &[1, 3, 7, 14],
            Self::Gentle => &[3, 10],
        }
    }

    fn hours(self) -> Hours {
        match self {
            Self::Standard => Hours { from: 9, until: 18 },
            Self::Gentle => Hours { from: 10, until: 16 },
        }
    }
}

/// The hours of the local day in which a try may be: from the beginning of `from` to the beginning of `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The first hour, 0 to 23.
    pub from: u8,
    /// The hour after the last one, 1 to 24.
    pub until: u8,
}

/// When to try again after a soft decline: days, hours of the local day, and how often.
///
/// The limits of the card schemes hold whatever a policy says; one that could not keep them is refused. In text formats it has
/// the members `zone`, `preset` (`standard` or `gentle`), and where they differ from the preset `days`, `hours`, `most_tries` and
/// `end_with_period`. Without a preset, `days` and `hours` are required.
///
/// ```
/// use recurring_schedule::RetryPolicy;
///
/// let policy: RetryPolicy = toml::from_str(r#"
///     zone = "Europe/Lisbon"
///     days = [1, 3, 5, 7]
///     hours = { from = 9, until = 18 }
/// "#)?;
/// assert_eq!(policy.most_tries(), 5);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Terms", into = "Terms")]
pub struct RetryPolicy {
    zone: Zone,
    days: Vec<u16>,
    hours: Hours,
    most_tries: u8,
    end_with_period: bool,
}

/// A policy as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    zone: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preset: Option<Preset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<Vec<u16>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hours: Option<Hours>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    most_tries: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_with_period: Option<bool>,
}

impl RetryPolicy {
    /// Creates a policy that tries again so many `days` after the first try, in these hours of the zone's day, until the period ends.
    ///
    /// # Errors
    /// Names `days` unless they are 1 to 98 different days in rising order from 1 to 365, at most 20 of them within any 30 days, which
    /// is what Visa permits; and `hours` unless `from` is before `until`, and `until` at most 24.
    pub fn new(zone: Zone, days: &[u16], hours: Hours) -> Result<Self, ScheduleError> {
        check_days(days)?;
        if hours.from >= hours.until || hours.until > 24 {
            let rule = "must have a `from` of 0 to 23 and a later `until` of at most 24";
            return Err(ScheduleError::new("hours", rule));
        }
        let tries = u8::try_from(days.len() + 1).unwrap_or(MOST_TRIES);
        Ok(Self { zone, days: days.to_vec(), hours, most_tries: tries, end_with_period: true })
    }

    /// Creates a ready-made policy in a zone.
    pub fn preset(zone: Zone, preset: Preset) -> Self {
        let days = preset.days().to_vec();
        let most_tries = u8::try_from(days.len() + 1).unwrap_or(MOST_TRIES);
        Self { zone, days, hours: preset.hours(), most_tries, end_with_period: true }
    }

    /// Sets how many tries a period has at most, the first one included.
    ///
    /// # Errors
    /// Names `most_tries` unless it is from 1 to the number of days and one.
    pub fn with_most_tries(mut self, tries: u8) -> Result<Self, ScheduleError> {
        if tries == 0 || usize::from(tries) > self.days.len() + 1 {
            let rule = format!(
                "must be 1 to {}: the first try, and one for each of the {} days; add days, within the 20 in 30 days that Visa permits",
                self.days.len() + 1,
                self.days.len()
            );
            return Err(ScheduleError::new("most_tries", rule));
        }
        self.most_tries = tries;
        Ok(self)
    }

    /// Sets whether the last try is before the end of the period. If not, a period may be tried while the next one is.
    #[must_use]
    pub fn with_end_with_period(mut self, ends: bool) -> Self {
        self.end_with_period = ends;
        self
    }

    /// Returns the zone of its days and hours.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns the days after the first try.
    pub fn days(&self) -> &[u16] {
        &self.days
    }

    /// Returns the hours of the local day.
    pub fn hours(&self) -> Hours {
        self.hours
    }

    /// Returns how many tries a period has at most, the first one included.
    pub fn most_tries(&self) -> u8 {
        self.most_tries
    }

    /// Returns whether the last try is before the end of the period.
    pub fn end_with_period(&self) -> bool {
        self.end_with_period
    }

    /// The moment of the try after `declined` refused ones: that many days after the first try, at the same time of day.
    pub(crate) fn planned(&self, first: Timestamp, declined: usize) -> Option<Timestamp> {
        let days = declined.checked_sub(1).and_then(|index| self.days.get(index))?;
        let local = self.zone.local(first);
        let date = local.date().checked_add(jiff::Span::new().try_days(i64::from(*days)).ok()?).ok()?;
        self.zone.moment(date.to_datetime(local.time()))
    }

    /// The first moment at `time` or later that is in the hours. `None` only at the end of the calendar.
    pub(crate) fn in_hours(&self, time: Timestamp) -> Option<Timestamp> {
        let hours = i8::try_from(self.hours.from).ok()?..i8::try_from(self.hours.until).ok()?;
        let mut time = time;
        // The clocks may skip the hours of one day, and a zone a whole day.
        for _ in 0..4 {
            let local = self.zone.local(time);
            if hours.contains(&local.hour()) {
                return Some(time);
            }
            let date =
                if local.hour() < hours.start { local.date() } else { local.date().tomorrow().ok()? };
            let begin = self.zone.moment(date.at(hours.start, 0, 0, 0))?;
            // The clocks that go back can show an hour before the window after the window began.
            time = if begin > time {
                begin
            } else {
                self.zone.moment(date.tomorrow().ok()?.at(hours.start, 0, 0, 0))?
            };
        }
        Some(time)
    }
}

fn check_days(days: &[u16]) -> Result<(), ScheduleError> {
    let refuse = |rule: &'static str| Err(ScheduleError::new("days", rule));
    let rising = days.windows(2).all(|pair| pair.first() < pair.last());
    if days.is_empty() || days.len() >= usize::from(MOST_TRIES) || !rising {
        return refuse("must be 1 to 98 days after the first try, each later than the one before");
    }
    if days.iter().any(|day| *day == 0 || *day > LATEST_DAY) {
        return refuse("must be 1 to 365 days after the first try");
    }
    let beyond = days.windows(VISA_MONTH.most + 1).any(|window| match (window.first(), window.last()) {
        (Some(first), Some(last)) => u32::from(last - first) * 24 <= u32::from(VISA_MONTH.hours),
        _ => false,
    });
    if beyond {
        return refuse(
            "must not have more than 20 days within 30: Visa permits at most 20 tries after a decline in 30 days",
        );
    }
    Ok(())
}

impl TryFrom<Terms> for RetryPolicy {
    type Error = ScheduleError;

    fn try_from(terms: Terms) -> Result<Self, ScheduleError> {
        let missing = |field| ScheduleError::new(field, "must be given, or a `preset` of standard or gentle");
        let days = match (&terms.days, terms.preset) {
            (Some(days), _) => days.as_slice(),
            (None, Some(preset)) => preset.days(),
            (None, None) => return Err(missing("days")),
        };
        let hours =
            terms.hours.or_else(|| terms.preset.map(Preset::hours)).ok_or_else(|| missing("hours"))?;
        let policy = Self::new(terms.zone.parse()?, days, hours)?;
        let policy = match terms.most_tries {
            Some(tries) => policy.with_most_tries(tries)?,
            None => policy,
        };
        Ok(policy.with_end_with_period(terms.end_with_period.unwrap_or(true)))
    }
}

impl From<RetryPolicy> for Terms {
    fn from(policy: RetryPolicy) -> Self {
        Self {
            zone: policy.zone.to_string(),
            preset: None,
            days: Some(policy.days),
            hours: Some(policy.hours),
            most_tries: Some(policy.most_tries),
            end_with_period: Some(policy.end_with_period),
        }
    }
}
