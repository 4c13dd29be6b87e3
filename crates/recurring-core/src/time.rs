use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// A gateway's time stamp, kept as the text it sent.
///
/// It is read only on demand, so that an odd time stamp never spoils an answer about money.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayTime(String);

impl GatewayTime {
    /// Keeps a time stamp as the gateway wrote it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text that the gateway sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the instant that it names: RFC 3339 with an offset or `Z`, or whole seconds since 1970. `None` for anything
    /// else, and for a time without a zone, which names no instant.
    pub fn instant(&self) -> Option<Timestamp> {
        match self.0.parse::<i64>() {
            Ok(seconds) => Timestamp::from_unix_seconds(seconds).ok(),
            Err(_) => self.0.parse().ok(),
        }
    }

    /// Returns the earliest instant that the text can mean: [`instant`](Self::instant), or for a date, or a time without a zone,
    /// the moment at which it began first anywhere on earth (UTC+14). For a rule that must not end too late. `None`
    /// for anything else.
    pub fn earliest(&self) -> Option<Timestamp> {
        self.instant().or_else(|| {
            let local: DateTime = self.0.parse().ok()?;
            let first = local.to_zoned(TimeZone::fixed(offset(14))).ok()?;
            Some(Timestamp::from_jiff(first.timestamp()))
        })
    }
}

impl fmt::Display for GatewayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earliest_of_a_date_is_its_first_moment() {
        let earliest = |text: &str| GatewayTime::new(text).earliest().map(|time| time.to_string());
        assert_eq!(earliest("2020-01-01").as_deref(), Some("2019-12-31T10:00:00Z"));
        assert_eq!(earliest("2020-01-01T10:00:00").as_deref(), Some("2019-12-31T20:00:00Z"));
        assert_eq!(earliest("2020-01-01 10:00:00").as_deref(), Some("2019-12-31T20:00:00Z"));
        assert_eq!(earliest("2020-01-01T10:00:00+01:00").as_deref(), Some("2020-01-01T09:00:00Z"));
        for text in ["", "01/01/2020", "soon", "2020-13-01", "1663425652000"] {
            assert_eq!(earliest(text), None, "{text}");
        }
    }

    #[test]
    fn instant_reads_every_form_of_the_gateways() {
        let seconds = |text: &str| GatewayTime::new(text).instant().map(Timestamp::unix_seconds);
        assert_eq!(seconds("2017-11-24T14:43:15.522321+00:00"), Some(1_511_534_595));
        assert_eq!(seconds("2019-05-26T04:59:11Z"), Some(1_558_846_751));
        assert_eq!(seconds("2022-07-05T03:30:03.709+00:00"), Some(1_656_991_803));
        assert_eq!(seconds("2024-01-01T00:00:00.123456789Z"), Some(1_704_067_200));
        assert_eq!(seconds("1663425652"), Some(1_663_425_652));
        for text in ["2024-01-18T12:34:56", "2024-07-04 12:08:06", "", "soon", "99999999999999999"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
