use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::invalid_input::InvalidInput;
use crate::words::written_as_text;

/// A moment in time, to the nanosecond, without a time zone.
///
/// Text and serde are RFC 3339 in UTC, such as `2026-11-28T09:00:00Z`; reading takes any offset. It reaches from the year
/// -9999 to the year 9999. Adding a duration, subtracting one, and conversion from a [`SystemTime`] stop at these ends;
/// [`checked_add`](Self::checked_add) and [`checked_sub`](Self::checked_sub) return `None` there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The first moment of 1970, UTC.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);
    /// The earliest moment, in the year -9999.
    pub const MIN: Self = Self(jiff::Timestamp::MIN);
    /// The latest moment, in the year 9999.
    pub const MAX: Self = Self(jiff::Timestamp::MAX);

    /// Returns the time on the clock of this machine.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// Creates the moment that is `seconds` after 1970 began.
    ///
    /// # Errors
    /// When the year is not between -9999 and 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, InvalidInput> {
        jiff::Timestamp::from_second(seconds).map(Self).map_err(|_| out_of_range())
    }

    /// Creates the moment that is `millis` milliseconds after 1970 began.
    ///
    /// # Errors
    /// When the year is not between -9999 and 9999.
    pub fn from_unix_millis(millis: i64) -> Result<Self, InvalidInput> {
        jiff::Timestamp::from_millisecond(millis).map(Self).map_err(|_| out_of_range())
    }

    /// Returns the whole seconds since 1970 began, rounded toward zero.
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Returns the whole milliseconds since 1970 began, rounded toward zero.
    pub fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Returns how long after `earlier` it is; zero when it is not later.
    pub fn duration_since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }

    /// Adds a duration; `None` beyond the year 9999.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).ok().map(Self)
    }

    /// Subtracts a duration; `None` before the year -9999.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).ok().map(Self)
    }

    pub(crate) const fn from_jiff(time: jiff::Timestamp) -> Self {
        Self(time)
    }
}

fn out_of_range() -> InvalidInput {
    InvalidInput::new("time", "must be in a year between -9999 and 9999")
}

/// Stops at [`Timestamp::MAX`].
impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }
}

/// Stops at [`Timestamp::MIN`].
impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).unwrap_or(Self::MIN)
    }
}

/// Stops at [`Timestamp::MIN`] and [`Timestamp::MAX`].
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let end = if time < SystemTime::UNIX_EPOCH { Self::MIN } else { Self::MAX };
        jiff::Timestamp::try_from(time).map_or(end, Self)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        time.0.into()
    }
}

/// RFC 3339 in UTC, with as many decimals of a second as needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads RFC 3339 with `Z` or an offset.
impl FromStr for Timestamp {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        text.parse().map(Self).map_err(|_| {
            let rule = "must be an RFC 3339 time stamp with an offset, such as 2026-11-28T09:00:00Z";
            InvalidInput::new("time", rule)
        })
    }
}

written_as_text!(Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_text_is_rfc_3339() {
        let time: Timestamp = "2017-11-24T15:43:15.5+01:00".parse().expect("a time");
        assert_eq!(time.to_string(), "2017-11-24T14:43:15.5Z");
        assert_eq!((time.unix_seconds(), time.unix_millis()), (1_511_534_595, 1_511_534_595_500));
        let json = serde_json::to_string(&time).expect("JSON");
        assert_eq!(json, "\"2017-11-24T14:43:15.5Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).expect("read"), time);
        for bad in ["", "soon", "2017-11-24", "2017-11-24T14:43:15", "1511534595"] {
            let error = bad.parse::<Timestamp>().expect_err(bad);
            assert!(error.to_string().contains("RFC 3339"), "{error}");
        }
    }

    #[test]
    fn timestamp_converts_without_loss() {
        for millis in [-1, 0, 1, 1_511_534_595_501] {
            let time = Timestamp::from_unix_millis(millis).expect("a time");
            assert_eq!(time.unix_millis(), millis);
            assert_eq!(Timestamp::from(SystemTime::from(time)), time);
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        assert_eq!(Timestamp::from_unix_seconds(0), Ok(Timestamp::UNIX_EPOCH));
        assert!(Timestamp::from_unix_seconds(i64::MAX).is_err());
        assert!(Timestamp::from_unix_millis(i64::MIN).is_err());
    }

    #[test]
    fn timestamp_arithmetic_stops_at_the_ends() {
        let (second, epoch) = (Duration::from_secs(1), Timestamp::UNIX_EPOCH);
        assert_eq!((epoch + second).unix_seconds(), 1);
        assert_eq!((epoch - second).unix_seconds(), -1);
        assert_eq!((epoch + second).duration_since(epoch), second);
        assert_eq!(epoch.duration_since(epoch + second), Duration::ZERO);
        assert!(epoch < epoch + second);
        assert_eq!(Timestamp::MAX + second, Timestamp::MAX);
        assert_eq!(Timestamp::MIN - second, Timestamp::MIN);
        assert_eq!(epoch + Duration::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::MAX.checked_add(second), None);
        assert_eq!(Timestamp::MIN.checked_sub(second), None);
        let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 60));
        assert_eq!(far.map(Timestamp::from), far.map(|_| Timestamp::MAX));
        let old = SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 60));
        assert_eq!(old.map(Timestamp::from), old.map(|_| Timestamp::MIN));
    }
}
