//! Which try of which period of a subscription a charge is.

use recurring_core::{AttemptId, InvalidInput};
use recurring_facade::{ChargeRequest, ProviderId};
use serde::{Deserialize, Serialize};

/// The most characters of a series and of a period.
const MAX_LENGTH: usize = 128;

/// The largest number of a try: no card scheme allows as many for one payment.
const MAX_NUMBER: u32 = 1000;

/// One try to charge one period of a series, which is a subscription.
///
/// **Of the tries of one period, at most one is open or paid.** The store refuses a try while another one of the same
/// period is anything but declined, canceled or not applied ([`JournalError::OtherTry`](crate::JournalError::OtherTry)), whatever its number is and
/// whichever machine asks. Nothing is sent then.
///
/// As JSON it has the members `series`, `period` and `try`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct SeriesTry {
    series: String,
    period: String,
    #[serde(rename = "try")]
    number: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    series: String,
    period: String,
    #[serde(rename = "try")]
    number: u32,
}

impl TryFrom<Unchecked> for SeriesTry {
    type Error = InvalidInput;

    fn try_from(given: Unchecked) -> Result<Self, InvalidInput> {
        Self::new(given.series, given.period, given.number)
    }
}

impl SeriesTry {
    /// Takes the name of the subscription, the name of its period, and which try of it this is: 1 for the first.
    ///
    /// Periods are listed in the order of their names, byte by byte: `2026-09` comes before `2026-11`.
    ///
    /// # Errors
    /// When a name is empty, longer than 128 bytes or has a space at an end or a control character, or the number is
    /// not from 1 to 1000.
    pub fn new(
        series: impl Into<String>,
        period: impl Into<String>,
        number: u32,
    ) -> Result<Self, InvalidInput> {
        let (series, period) = (series.into(), period.into());
        for (field, text) in [("series", &series), ("period", &period)] {
            let is_name = !text.is_empty()
                && text.len() <= MAX_LENGTH
                && text.trim() == text
                && !text.chars().any(char::is_control);
            if !is_name {
                let rule = format!(
                    "must have 1 to {MAX_LENGTH} bytes, without control characters and without spaces at its ends"
                );
                return Err(InvalidInput::new(field, rule));
            }
        }
        if !(1..=MAX_NUMBER).contains(&number) {
            let rule = format!("must be a whole number from 1 (the first try) to {MAX_NUMBER}");
            return Err(InvalidInput::new("try", rule));
        }
        Ok(Self { series, period, number })
    }

    /// The subscription.
    pub fn series(&self) -> &str {
        &self.series
    }

    /// The period that is charged.
    pub fn period(&self) -> &str {
        &self.period
    }

    /// Which try of the period, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// A charge as the journal is asked for it: the request, and which try of a series it is. A [`ChargeRequest`] alone is
/// one that belongs to no series.
#[derive(Debug, Clone)]
pub struct ChargeIntent {
    pub(crate) request: ChargeRequest,
    pub(crate) series: Option<SeriesTry>,
}

impl ChargeIntent {
    /// A charge that belongs to no series.
    pub fn new(request: ChargeRequest) -> Self {
        Self { request, series: None }
    }

    /// Which try of a series it is. It is stored with the attempt, and compared like the amount when the same name is
    /// planned or charged again.
    #[must_use]
    pub fn with_series(mut self, series: SeriesTry) -> Self {
        self.series = Some(series);
        self
    }

    pub(crate) fn attempt(&self) -> &AttemptId {
        &self.request.attempt
    }

    pub(crate) fn provider(&self) -> ProviderId {
        self.request.credential.provider()
    }

    /// What is charged.
    pub fn request(&self) -> &ChargeRequest {
        &self.request
    }

    /// Which try of a series it is.
    pub fn series(&self) -> Option<&SeriesTry> {
        self.series.as_ref()
    }
}

impl From<ChargeRequest> for ChargeIntent {
    fn from(request: ChargeRequest) -> Self {
        Self::new(request)
    }
}

impl From<&ChargeRequest> for ChargeIntent {
    fn from(request: &ChargeRequest) -> Self {
        Self::new(request.clone())
    }
}

impl From<&ChargeIntent> for ChargeIntent {
    fn from(intent: &ChargeIntent) -> Self {
        intent.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_try_refuses_bad_names_and_numbers() {
        let long = "x".repeat(MAX_LENGTH + 1);
        for (series, period, number, field) in [
            ("", "2026-11", 1, "series"),
            (" sub", "2026-11", 1, "series"),
            ("sub\n", "2026-11", 1, "series"),
            (long.as_str(), "2026-11", 1, "series"),
            ("sub", "", 1, "period"),
            ("sub", "a\u{7}b", 1, "period"),
            ("sub", "2026-11", 0, "try"),
            ("sub", "2026-11", MAX_NUMBER + 1, "try"),
        ] {
            assert_eq!(SeriesTry::new(series, period, number).unwrap_err().field(), field);
        }
    }

    #[test]
    fn series_try_comes_back_from_json() {
        let made = SeriesTry::new("sub-42", "2026-11", 2).unwrap();
        let json = serde_json::to_string(&made).unwrap();
        assert_eq!(json, r#"{"series":"sub-42","period":"2026-11","try":2}"#);
        assert_eq!(serde_json::from_str::<SeriesTry>(&json).unwrap(), made);
        let bad = serde_json::from_str::<SeriesTry>(r#"{"series":"sub-42","period":"2026-11","try":0}"#);
        assert!(bad.unwrap_err().to_string().contains("`try` must be"));
    }
}
