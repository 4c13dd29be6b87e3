//! What the gateways' own rules mean for a cycle. Each fact has its row in SOURCES.md.

use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::attempt::Amount;
use crate::cycle::{BillingCycle, MonthEnd};
use crate::error::ScheduleError;
use crate::interval::{Step, Unit};
use crate::period::Period;

/// What a gateway's rules say about when and what may be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewayRules {
    /// The gateway, by the name that the other crates give it.
    pub gateway: &'static str,
    /// Whether the gateway charges by itself. Then a cycle only predicts and checks, and nothing here may be charged or retried.
    pub charges_itself: bool,
    /// Whether every payment of a series has the amount of the first one.
    pub same_amount: bool,
    /// How many months after its first payment a series ends, so that a new enrolment is needed.
    pub series_months: Option<u8>,
    /// Where the gateway says the card's expiry date, for [`ExpiryDate`](crate::ExpiryDate).
    pub expiry: &'static str,
}

/// The rules of the five gateways.
pub const GATEWAYS: &[GatewayRules] = &[
    // Source: emspay in SOURCES.md.
    GatewayRules {
        gateway: "emspay",
        charges_itself: false,
        same_amount: true,
        series_months: Some(12),
        expiry: "payment_method_details.card_expiry, MMYYYY",
    },
    // Source: ngenius in SOURCES.md.
    GatewayRules {
        gateway: "ngenius",
        charges_itself: true,
        same_amount: true,
        series_months: None,
        expiry: "savedCard.expiry, YYYY-MM",
    },
    // Source: omno in SOURCES.md.
    GatewayRules {
        gateway: "omno",
        charges_itself: false,
        same_amount: false,
        series_months: None,
        expiry: "expirationDate, MM/YY or MM/YYYY",
    },
    // Source: revio in SOURCES.md.
    GatewayRules {
        gateway: "revio",
        charges_itself: false,
        same_amount: false,
        series_months: None,
        expiry: "transaction_data.extra.expiry_month and expiry_year",
    },
    // Source: tokenpay-signed in SOURCES.md.
    GatewayRules {
        gateway: "tokenpay-signed",
        charges_itself: false,
        same_amount: false,
        series_months: None,
        expiry: "expiryDate, YYYYMM",
    },
];

/// The end of a gateway's series, and the first period that it does not cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesEnd {
    /// The moment from which the gateway wants a new enrolment.
    pub ends: Timestamp,
    /// The first period that is due then or later.
    pub period: Period,
}

/// What a gateway that charges by itself has charged, beside what the cycle predicts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watched {
    /// The periods that have their charge, and when it was.
    pub charged: Vec<(Period, Timestamp)>,
    /// The periods that are due and have none.
    pub missing: Vec<Period>,
    /// Charges that no period accounts for: before the first, after the last, or a second one in a period.
    pub unexpected: Vec<Timestamp>,
}

impl GatewayRules {
    /// Looks the rules of a gateway up. `None` for a gateway of one's own.
    pub fn of(gateway: &str) -> Option<&'static Self> {
        GATEWAYS.iter().find(|rules| rules.gateway == gateway)
    }

    /// Checks that a cycle is one that the gateway can keep.
    ///
    /// # Errors
    /// Names `interval` when N-Genius has no such frequency: it has every day, week, month and year. Names `month_end` when its
    /// monthly or yearly cycle begins after the 28th and has another rule than [`MonthEnd::TwentyEighth`].
    pub fn check(&self, cycle: &BillingCycle) -> Result<(), ScheduleError> {
        if !self.charges_itself {
            return Ok(());
        }
        let interval = cycle.interval();
        if interval.every() != 1 || interval.unit() == Unit::Quarter {
            let rule = "must be 1 day, week, month or year: N-Genius has no other frequency";
            return Err(ScheduleError::new("interval", rule));
        }
        let late = cycle.anchor().date().day() > 28 && matches!(interval.step(), Step::Months(_));
        if late && cycle.month_end() != MonthEnd::TwentyEighth {
            let rule =
                "must be twenty_eighth: N-Genius charges on the 28th what began on the 29th, 30th or 31st";
            return Err(ScheduleError::new("month_end", rule));
        }
        Ok(())
    }

    /// Checks the amount of a renewal against that of the first payment.
    ///
    /// # Errors
    /// Names `amount` when the gateway wants the same amount in the whole series and it is another one.
    pub fn check_amount(&self, first: Amount, renewal: Amount) -> Result<(), ScheduleError> {
        if self.same_amount && first != renewal {
            let rule =
                "must be that of the first payment of the series: start a new enrolment for another amount";
            return Err(ScheduleError::new("amount", rule));
        }
        Ok(())
    }

    /// Returns the moment from which the gateway wants a new enrolment, given that of the first payment. `None` where a series
    /// has no end.
    pub fn series_ends(&self, first_payment: Timestamp) -> Option<Timestamp> {
        // Assumption(series-in-utc): no document names a zone.
        let first = first_payment.to_zoned(jiff::tz::TimeZone::UTC);
        Some(first.checked_add(i64::from(self.series_months?).months()).ok()?.timestamp())
    }

    /// Warns ahead: returns the end of the series and the first period beyond it, if that period is due before `before`.
    pub fn series_end(
        &self,
        cycle: &BillingCycle,
        first_payment: Timestamp,
        before: Timestamp,
    ) -> Option<SeriesEnd> {
        let ends = self.series_ends(first_payment)?;
        let period = cycle.periods(ends, before).next()?;
        Some(SeriesEnd { ends, period })
    }

    /// Compares the charges of a gateway that charges by itself with the cycle, as far as it is due `now`. A charge belongs to the
    /// period in which it is, or that begins within `tolerance` after it. A period is missing its charge when `tolerance` has passed
    /// since it was due. The charges may be in any order.
    pub fn watch(
        cycle: &BillingCycle,
        charges: &[Timestamp],
        now: Timestamp,
        tolerance: SignedDuration,
    ) -> Watched {
        let mut charges = charges.to_vec();
        charges.sort_unstable();
        let mut watched = Watched::default();
        let begin = |time: Timestamp| time.saturating_sub(tolerance).unwrap_or(Timestamp::MIN);
        let mut rest = charges.as_slice();
        for period in cycle.due(now) {
            let before = rest.partition_point(|charge| *charge < begin(period.due()));
            watched.unexpected.extend(rest.get(..before).unwrap_or_default());
            rest = rest.get(before..).unwrap_or_default();
            let own = rest.partition_point(|charge| *charge < begin(period.ends()));
            let (mine, others) = rest.split_at(own);
            rest = others;
            match mine.split_first() {
                Some((charge, more)) => {
                    watched.charged.push((period, *charge));
                    watched.unexpected.extend(more);
                }
                None if period.due() <= begin(now) => watched.missing.push(period),
                None => {}
            }
        }
        watched.unexpected.extend(rest);
        watched
    }
}
