use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::error::{ScheduleError, written_as_text};
use crate::zone::Zone;

/// The expiry date of a card: a month, to whose end the card can be charged.
///
/// As text it is `2031-04`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExpiryDate {
    /// The first day of the month.
    first: Date,
}

impl ExpiryDate {
    /// Creates an expiry date. A year below 100 is one of this century, as cards print it.
    ///
    /// # Errors
    /// Names `expiry` unless the month is 1 to 12 and the year 0 to 99 or 2000 to 2099.
    pub fn new(year: u16, month: u8) -> Result<Self, ScheduleError> {
        let year = if year < 100 { 2000 + year } else { year };
        let known = (2000..2100).contains(&year);
        let date = i16::try_from(year).ok().zip(i8::try_from(month).ok()).filter(|_| known);
        let first = date.and_then(|(year, month)| Date::new(year, month, 1).ok());
        first.map(|first| Self { first }).ok_or_else(unreadable)
    }

    /// Reads an expiry date as a gateway writes it: `MMYYYY` (EMS Online), `YYYYMM` (the signed gateway), `YYYY-MM` (N-Genius),
    /// `MM/YY` and `MM/YYYY` (Omno). No text has two meanings for years of this century.
    ///
    /// # Errors
    /// Names `expiry` when it has none of these forms.
    pub fn read(text: &str) -> Result<Self, ScheduleError> {
        let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let part =
            |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u16>().ok());
        let (year, month) = match shape.as_str() {
            "0000-00" => (part(0..4), part(5..7)),
            "00/00" => (part(3..5), part(0..2)),
            "00/0000" => (part(3..7), part(0..2)),
            // No month is 20, with which every year of this century begins.
            "000000" if text.starts_with("20") => (part(0..4), part(4..6)),
            "000000" => (part(2..6), part(0..2)),
            _ => return Err(unreadable()),
        };
        let (year, month) = year.zip(month).ok_or_else(unreadable)?;
        Self::new(year, u8::try_from(month).map_err(|_| unreadable())?)
    }

    /// Returns the year.
    pub fn year(self) -> i16 {
        self.first.year()
    }

    /// Returns the month, 1 to 12.
    pub fn month(self) -> i8 {
        self.first.month()
    }

    /// Returns the first moment at which the card has expired: the beginning of the next month in a zone. The issuer's zone is
    /// not known; a caller who wants to be early takes `Pacific/Kiritimati`, where months begin first.
    pub fn expired_from(self, zone: &Zone) -> Timestamp {
        let next = self.first.last_of_month().tomorrow().ok();
        next.and_then(|date| zone.moment(date.to_datetime(Time::midnight()))).unwrap_or(Timestamp::MAX)
    }
}

fn unreadable() -> ScheduleError {
    let rule = "must be a month of the years 2000 to 2099, such as 2031-04, 04/31 or 042031";
    ScheduleError::new("expiry", rule)
}

/// The credentials whose cards have expired when `before` comes, those that expire first in front: ask their customers for another
/// card. Of two that expire at once, the order stays.
///
/// ```
/// use recurring_schedule::{ExpiryDate, Zone, credentials_expiring};
///
/// let cards = [("anna", ExpiryDate::read("12/26")?), ("ben", ExpiryDate::read("042031")?)];
/// let next_charge = "2027-01-05T09:00:00Z".parse().expect("a moment");
/// let expiring = credentials_expiring(cards, next_charge, &Zone::new("Europe/Lisbon")?);
/// assert_eq!(expiring, [("anna", ExpiryDate::new(2026, 12)?)]);
/// # Ok::<(), recurring_schedule::ScheduleError>(())
/// ```
pub fn credentials_expiring<Id>(
    credentials: impl IntoIterator<Item = (Id, ExpiryDate)>,
    before: Timestamp,
    zone: &Zone,
) -> Vec<(Id, ExpiryDate)> {
    let mut expiring: Vec<_> =
        credentials.into_iter().filter(|(_, expiry)| expiry.expired_from(zone) <= before).collect();
    expiring.sort_by_key(|(_, expiry)| *expiry);
    expiring
}

impl fmt::Display for ExpiryDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

/// The same as [`ExpiryDate::read`].
impl FromStr for ExpiryDate {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        Self::read(text)
    }
}

written_as_text!(ExpiryDate);
