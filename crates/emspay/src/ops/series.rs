use std::time::SystemTime;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use recurring_core::{InvalidInput, Money, Timestamp};

/// A series of recurring payments and its two rules: every payment has the amount of the first, and a series lasts
/// one year at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    amount: Money,
    first_created: Timestamp,
}

impl Series {
    /// Creates a series by its first payment: the amount, and when its transaction was created.
    // Assumption(series-starts-at-created): the year starts then; the documents do not say when.
    pub fn new(amount: Money, first_created: Timestamp) -> Self {
        Self { amount, first_created }
    }

    /// Checks whether a payment of this amount fits into the series at this time.
    ///
    /// # Errors
    /// Names the rule that is broken, and what to do.
    pub fn check(&self, amount: Money, at: Timestamp) -> Result<(), InvalidInput> {
        if amount != self.amount {
            return Err(InvalidInput::new(
                "amount",
                format!(
                    "must be {}, as in the first payment of the series; start a new series for another amount",
                    self.amount
                ),
            ));
        }
        if self.end().is_some_and(|end| at >= end) {
            return Err(InvalidInput::new(
                "series",
                "began more than a year ago and can take no further payment; start a new one with the customer",
            ));
        }
        Ok(())
    }

    /// A calendar year after it began, UTC; `None` where no calendar reaches so far.
    fn end(&self) -> Option<Timestamp> {
        let began = jiff::Timestamp::try_from(SystemTime::from(self.first_created)).ok()?;
        let end = began.to_zoned(TimeZone::UTC).checked_add(1.year()).ok()?;
        Some(SystemTime::from(end.timestamp()).into())
    }
}

#[cfg(test)]
mod tests {
    use recurring_core::Currency;

    use super::*;

    fn euro(minor: i64) -> Money {
        Money::from_minor(minor, Currency::from_code("EUR").expect("EUR")).expect("money")
    }

    #[test]
    fn one_amount_for_one_year() {
        let at = |text: &str| text.parse::<Timestamp>().expect(text);
        let series = Series::new(euro(4000), at("2024-02-29T12:00:00Z"));
        assert!(series.check(euro(4000), at("2024-03-29T12:00:00Z")).is_ok());
        assert!(series.check(euro(4000), at("2025-02-28T11:59:59Z")).is_ok());
        let late = series.check(euro(4000), at("2025-02-28T12:00:00Z")).expect_err("a year later");
        assert_eq!(late.field(), "series");
        let other = series.check(euro(4001), at("2024-03-29T12:00:00Z")).expect_err("another amount");
        assert_eq!(other.field(), "amount");
    }
}
