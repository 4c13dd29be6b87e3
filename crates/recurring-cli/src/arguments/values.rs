//! How the values of arguments are read.

use std::time::Duration;

use jiff::SignedDuration;
use recurring_facade::{ProviderId, Timestamp};

use crate::subscription::Until;

/// One of the gateways of this program.
pub(crate) fn provider(text: &str) -> Result<ProviderId, String> {
    let known = ProviderId::ALL.iter().find(|id| id.as_str() == text);
    known.cloned().ok_or_else(|| {
        let all: Vec<&str> = ProviderId::ALL.iter().map(ProviderId::as_str).collect();
        format!("there is no gateway `{text}`; the gateways are {}", all.join(", "))
    })
}

/// A number without a unit is in seconds.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{text}s"));
    let read: Result<SignedDuration, _> = seconds.as_deref().unwrap_or(text).parse();
    let duration = read.map_err(|_| "must be a number and a unit, such as 500ms, 30s or 2m")?;
    let duration = Duration::try_from(duration).ok().filter(|duration| !duration.is_zero());
    duration.ok_or("must be longer than zero")
}

/// A time stamp, or a day, which begins at midnight UTC.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    let wrong = "must be a day such as 2026-11-28, which begins at midnight UTC, or a time such as 2026-11-28T09:00:00Z";
    let stamp = match text.parse::<jiff::civil::Date>() {
        Ok(day) if text.len() == "2026-11-28".len() => format!("{day}T00:00:00Z"),
        _ => text.to_owned(),
    };
    stamp.parse().map_err(|_| wrong)
}

/// A date, such as 2026-12-31, or a moment, such as 2026-12-31T09:00:00Z.
pub(super) fn until(text: &str) -> Result<Until, &'static str> {
    let moment = || text.parse().map(Until::Moment);
    text.parse()
        .map(Until::Date)
        .or_else(|_| moment())
        .map_err(|_| "must be a date such as 2026-12-31, or a moment such as 2026-12-31T09:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_with_and_without_a_clock() {
        for text in ["2026-11-28", "2026-11-28T00:00:00Z", "2026-11-28T01:00:00+01:00"] {
            assert_eq!(
                time(text).map(|time| time.to_string()),
                Ok("2026-11-28T00:00:00Z".to_owned()),
                "{text}"
            );
        }
        for bad in ["", "2026", "28.11.2026", "2026-02-30", "2026-11-28T09:00:00", "yesterday"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn duration_is_read_with_and_without_a_unit() {
        for (text, millis) in
            [("30", 30_000), ("30s", 30_000), ("500ms", 500), ("2m", 120_000), ("60m", 3_600_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "s", "-1s", "1x", "soon", "0", "0ms"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn time_is_a_moment_or_a_date_in_utc() {
        let text = |text: &str| time(text).map(|time| time.to_string());
        assert_eq!(text("2026-11-01").as_deref(), Ok("2026-11-01T00:00:00Z"));
        assert_eq!(text("2026-11-01T01:00:00+01:00").as_deref(), Ok("2026-11-01T00:00:00Z"));
        for bad in ["", "2026-11", "2026-13-01", "2026-11-01T10:00:00", "yesterday"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
