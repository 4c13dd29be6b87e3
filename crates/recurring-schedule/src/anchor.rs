use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use crate::error::{ScheduleError, written_as_text};
use crate::name::ANCHORS;
use crate::zone::Zone;

/// Where a billing cycle begins: a date, a time of day, and the time zone in which both are meant.
///
/// As text it is `2026-01-31T09:00[Europe/Lisbon]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    local: DateTime,
    zone: Zone,
}

impl Anchor {
    /// Creates an anchor.
    ///
    /// # Errors
    /// Names `anchor` when the clocks of the zone never show this time (they skip it when daylight saving time begins), when
    /// it is not between the years 1970 and 2999, or when it has fractions of a second.
    pub fn new(date: Date, time: Time, zone: Zone) -> Result<Self, ScheduleError> {
        let local = date.to_datetime(time);
        if date < ANCHORS.0 || date > ANCHORS.1 {
            return Err(ScheduleError::new("anchor", "must be in a year between 1970 and 2999"));
        }
        if time.subsec_nanosecond() != 0 {
            return Err(ScheduleError::new("anchor", "must be a whole second"));
        }
        // A time that is skipped comes back as another one.
        let shown = zone.moment(local).map(|moment| zone.local(moment));
        if shown != Some(local) {
            let rule = format!(
                "must be a time that exists: the clocks of {zone} skip this one; choose a time before or after the change"
            );
            return Err(ScheduleError::new("anchor", rule));
        }
        Ok(Self { local, zone })
    }

    /// Returns the date.
    pub fn date(&self) -> Date {
        self.local.date()
    }

    /// Returns the time of day.
    pub fn time(&self) -> Time {
        self.local.time()
    }

    /// Returns the time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns the moment at which a date has the anchor's time of day.
    pub(crate) fn moment_on(&self, date: Date) -> Option<Timestamp> {
        self.zone.moment(date.to_datetime(self.time()))
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.date(), self.time());
        write!(f, "{date}T{:02}:{:02}", time.hour(), time.minute())?;
        if time.second() != 0 {
            write!(f, ":{:02}", time.second())?;
        }
        write!(f, "[{}]", self.zone)
    }
}

/// Reads `2026-01-31T09:00[Europe/Lisbon]`, also with seconds.
impl FromStr for Anchor {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let malformed = || {
            let rule =
                "must be a date and time that exist, and a zone, such as 2026-01-31T09:00[Europe/Lisbon]";
            ScheduleError::new("anchor", rule)
        };
        let (local, zone) =
            text.strip_suffix(']').and_then(|text| text.split_once('[')).ok_or_else(malformed)?;
        let (date, time) = local.split_once('T').ok_or_else(malformed)?;
        let (date, time) = (date.parse().map_err(|_| malformed())?, read_time(time).ok_or_else(malformed)?);
        Self::new(date, time, Zone::new(zone)?)
    }
}

/// Reads `09:00` or `09:00:30`. The library's reader also takes `0900` and offsets.
fn read_time(text: &str) -> Option<Time> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    matches!(shape.as_str(), "00:00" | "00:00:00").then(|| text.parse().ok()).flatten()
}

written_as_text!(Anchor);
