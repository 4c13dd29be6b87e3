use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::error::{ScheduleError, written_as_text};

/// The database that is compiled in: the system's own may be of another year, and then two machines would disagree.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone of the IANA database, by its name, such as `Europe/Lisbon`.
///
/// The database is the one that was compiled in, never the system's.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Looks a zone up by its name, in any letter case.
    ///
    /// # Errors
    /// Names `zone` when the database has none of this name.
    pub fn new(name: &str) -> Result<Self, ScheduleError> {
        let rule = "must be a name of the IANA time zone database, such as Europe/Lisbon or UTC; it has none of this name";
        let zone = DATABASE.get(name).ok().filter(|zone| !zone.is_unknown() && zone.iana_name().is_some());
        zone.map(Self).ok_or_else(|| ScheduleError::new("zone", rule))
    }

    /// Returns coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Returns the name in the database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the date and time that the clocks of this zone show at a moment.
    pub fn local(&self, time: Timestamp) -> DateTime {
        self.0.to_datetime(time)
    }

    /// Returns the moment at which the clocks of this zone show a date and time. A time that the clocks skip is read with the
    /// offset before the change, and is so later by as much as they skip; of a time that they show twice, it is the first.
    /// `None` beyond the years -9999 to 9999.
    pub fn moment(&self, local: DateTime) -> Option<Timestamp> {
        self.0.to_ambiguous_timestamp(local).compatible().ok()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The same as [`Zone::new`].
impl FromStr for Zone {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Self, ScheduleError> {
        Self::new(name)
    }
}

written_as_text!(Zone);
