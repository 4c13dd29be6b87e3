use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A gateway's time stamp, kept as the text it sent.
///
/// It is read only on demand, so that an odd time stamp never spoils an answer about money.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayTime(String);

impl GatewayTime {
    /// Keeps a time stamp as it stands.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text the gateway sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The instant it names: RFC 3339 with an offset or `Z`, or whole seconds since 1970. `None` for anything
    /// else, and for a time without a zone, which names no instant.
    pub fn instant(&self) -> Option<Timestamp> {
        match self.0.parse::<i64>() {
            Ok(seconds) => Timestamp::from_second(seconds).ok(),
            Err(_) => self.0.parse().ok(),
        }
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
    fn every_form_that_the_gateways_use() {
        let seconds = |text: &str| GatewayTime::new(text).instant().map(Timestamp::as_second);
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
