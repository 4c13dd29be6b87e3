//! The file of subscriptions: one JSON object a line.

use std::collections::BTreeSet;
use std::path::Path;

use recurring_facade::{Currency, Money, ProviderId, StoredCredential};
use recurring_schedule::jiff::{Timestamp, civil::Date};
use recurring_schedule::{
    BillingCycle, End, ExpiryDate, GatewayRules, MonthEnd, Period, PeriodLabel, Scheme, from_core_time,
};
use serde::Deserialize;
use serde_json::Value;

use crate::error::CliError;
use crate::files;
use crate::nearest::json_problem;

/// The members that a line may have.
const MEMBERS: [&str; 16] = [
    "subscription",
    "anchor",
    "interval",
    "month_end",
    "until",
    "count",
    "since",
    "amount",
    "currency",
    "credential",
    "credential_file",
    "schedule",
    "scheme",
    "expiry",
    "reason",
    "notification_url",
];

/// The beginning of a line.
const EXAMPLE: &str = r#"{"subscription":"sub-42","anchor":"2026-01-31T09:00[Europe/Lisbon]", ..}"#;

/// One line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    subscription: String,
    anchor: String,
    interval: String,
    month_end: Option<String>,
    until: Option<String>,
    count: Option<u32>,
    since: Option<String>,
    amount: Value,
    currency: String,
    credential: Option<StoredCredential>,
    credential_file: Option<String>,
    schedule: Option<Scheduled>,
    scheme: Option<String>,
    expiry: Option<String>,
    reason: Option<String>,
    notification_url: Option<String>,
}

/// A schedule that the gateway runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scheduled {
    pub(crate) provider: String,
    pub(crate) order_reference: String,
}

/// What a subscription is charged with.
#[derive(Debug)]
pub(crate) enum Means {
    /// On demand.
    Credential(Box<StoredCredential>),
    /// By the gateway: it is only watched.
    Schedule(ProviderId, String),
}

/// One subscription. It holds a token: its `Debug` shows none.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) cycle: BillingCycle,
    pub(crate) amount: Money,
    pub(crate) means: Means,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) reason: Option<String>,
    pub(crate) notification_url: Option<String>,
    since: Option<Date>,
    expiry: Option<ExpiryDate>,
}

/// Up to when something is due.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// With what begins on this date or before it, in the zone of each subscription.
    Date(Date),
    Moment(Timestamp),
}

#[cfg(feature = "sandbox")]
impl Until {
    /// Whether a moment is reached, by the date in this zone.
    pub(crate) fn reaches(self, time: Timestamp, zone: &recurring_schedule::Zone) -> bool {
        match self {
            Self::Date(date) => zone.local(time).date() <= date,
            Self::Moment(until) => time <= until,
        }
    }
}

impl Subscription {
    /// The identifier.
    pub(crate) fn id(&self) -> &str {
        self.cycle.subscription().as_str()
    }

    /// The periods that begin until then, and not before the dates from which they are charged.
    pub(crate) fn periods(&self, since: Option<Date>, until: Until) -> Vec<Period> {
        let since = since.max(self.since);
        let reached = |period: &Period| match until {
            Until::Date(date) => period.date() <= date,
            Until::Moment(time) => period.due() <= time,
        };
        let all = self.cycle.periods(Timestamp::MIN, Timestamp::MAX).take_while(reached);
        all.filter(|period| since.is_none_or(|since| period.date() >= since)).collect()
    }

    /// From when its card has expired. Issuers' zones are not known: where months begin last would be too late.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        Some(self.expiry?.expired_from(self.cycle.anchor().zone()))
    }

    /// From when the gateway wants a new enrolment.
    pub(crate) fn series_ends(&self) -> Option<Timestamp> {
        let Means::Credential(credential) = &self.means else { return None };
        let StoredCredential::Emspay(series) = &**credential else { return None };
        let first = from_core_time(series.first_created.as_ref()?.earliest()?);
        GatewayRules::of("emspay")?.series_ends(first)
    }

    /// The period of a label that an operator reads, such as `2026-11`.
    pub(crate) fn label(period: &Period) -> PeriodLabel {
        period.name().period()
    }
}

/// Reads the file. Every line that is wrong is named.
pub(crate) fn read(path: &Path) -> Result<Vec<Subscription>, CliError> {
    let text = files::text(path)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(|first| first != '{') {
        // Every line of it would be wrong.
        return Err(CliError::usage(format!(
            "cannot read {}: it must hold one JSON object a line, such as {EXAMPLE}; CSV and JSON arrays are not read: write \
             one object a line",
            path.display()
        )));
    }
    let (mut all, mut wrong, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (number, line) in (1..).zip(text.split('\n')) {
        if line.trim().is_empty() {
            continue;
        }
        match subscription(line, path) {
            Ok(one) if !ids.insert(one.id().to_owned()) => {
                wrong.push(format!("line {number}: `subscription` is that of another line"));
            }
            Ok(one) => all.push(one),
            Err(why) => wrong.push(format!("line {number}: {why}")),
        }
    }
    if !wrong.is_empty() {
        return Err(CliError::usage(format!("cannot read {}: {}", path.display(), wrong.join("; "))));
    }
    if all.is_empty() {
        // A broken export looks like a month with nothing due.
        return Err(CliError::usage(format!("cannot read {}: it has no subscription", path.display())));
    }
    Ok(all)
}

/// Reads one line. No message quotes it: it may hold a token.
fn subscription(line: &str, file: &Path) -> Result<Subscription, String> {
    let line: Line =
        serde_json::from_str(line).map_err(|error| json_problem(&error, "a subscription", &MEMBERS))?;
    let (cycle, since) = (cycle(&line)?, line.since.as_deref().map(|text| date("since", text)).transpose()?);
    let amount = line.amount.as_str().ok_or("`amount` must be a string such as \"40.00\"")?;
    let currency = Currency::from_code(&line.currency).map_err(|error| error.to_string())?;
    let amount = Money::parse(amount, currency).map_err(|error| error.to_string())?;
    if amount.minor() == 0 {
        return Err("`amount` must be more than zero".to_owned());
    }
    let expiry =
        line.expiry.as_deref().map(ExpiryDate::read).transpose().map_err(|error| error.to_string())?;
    let means = match (line.credential, line.credential_file, line.schedule) {
        (Some(credential), None, None) => Means::Credential(Box::new(credential)),
        (None, Some(name), None) => {
            let folder = file.parent().unwrap_or(Path::new("."));
            let read = files::read(&folder.join(name), "credential");
            Means::Credential(Box::new(read.map_err(|error| format!("`credential_file`: {error}"))?))
        }
        (None, None, Some(schedule)) => watched(&schedule, &cycle)?,
        _ => {
            return Err(
                "give one of `credential`, `credential_file` and `schedule` (charged by the gateway)"
                    .to_owned(),
            );
        }
    };
    let scheme = line.scheme.as_deref().map(Scheme::from_brand);
    let (reason, notification_url) = (line.reason, line.notification_url);
    Ok(Subscription { cycle, amount, means, scheme, reason, notification_url, since, expiry })
}

fn watched(schedule: &Scheduled, cycle: &BillingCycle) -> Result<Means, String> {
    let id = ProviderId::ALL.iter().find(|id| id.as_str() == schedule.provider);
    let rules = id.and_then(|id| GatewayRules::of(id.as_str())).filter(|rules| rules.charges_itself);
    let (Some(id), Some(rules)) = (id, rules) else {
        return Err("`schedule.provider` must be a gateway that charges by itself: ngenius".to_owned());
    };
    rules.check(cycle).map_err(|error| error.to_string())?;
    Ok(Means::Schedule(id.clone(), schedule.order_reference.clone()))
}

fn cycle(line: &Line) -> Result<BillingCycle, String> {
    let end = match (&line.until, line.count) {
        (Some(_), Some(_)) => {
            return Err("`until` must be left out beside `count`; choose one of both".to_owned());
        }
        (Some(text), None) => End::On(date("until", text)?),
        (None, Some(count)) => End::After(count),
        (None, None) => End::Never,
    };
    let month_end = match line.month_end.as_deref() {
        None | Some("same_day") => MonthEnd::SameDay,
        Some("last_day") => MonthEnd::LastDay,
        Some("twenty_eighth") => MonthEnd::TwentyEighth,
        Some(_) => return Err("`month_end` must be same_day, last_day or twenty_eighth".to_owned()),
    };
    let text = |error: recurring_schedule::ScheduleError| error.to_string();
    let subscription = line.subscription.parse().map_err(text)?;
    let anchor = line.anchor.parse().map_err(text)?;
    let interval = line.interval.parse().map_err(text)?;
    let cycle = BillingCycle::new(subscription, anchor, interval);
    cycle.with_month_end(month_end).and_then(|cycle| cycle.with_end(end)).map_err(text)
}

fn date(member: &str, text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{member}` must be a date that exists, such as 2027-12-31"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(more: &str) -> String {
        let credential = r#""credential":{"provider":"emspay","vault_token":"hunter2"}"#;
        let cycle = r#""subscription":"sub-1","anchor":"2026-01-31T09:00[UTC]","interval":"1 month""#;
        format!(r#"{{{cycle},"amount":"40.00","currency":"EUR",{credential}{more}}}"#)
    }

    #[test]
    fn line_that_is_not_a_subscription_says_why() {
        let good = line("");
        assert!(subscription(&good, Path::new("x")).is_ok());
        for (from, to, says) in [
            ("1 month", "0 months", "`interval` must be of 1 to 366 units"),
            ("2026-01-31T09", "2026-02-31T09", "`anchor` must be"),
            ("[UTC]", "[Nowhere]", "`zone` must be"),
            ("sub-1", "sub 1", "`subscription` must be"),
            ("\"40.00\"", "40.0", "`amount` must be a string"),
            ("40.00", "0.00", "`amount` must be more than zero"),
            ("interval", "intervall", "did you mean `interval`?"),
            ("\"currency\":\"EUR\",", "", "`currency` is missing"),
            ("}}", "},\"month_end\":\"28\"}", "`month_end` must be"),
            ("}}", "},\"until\":\"2025-01-01\"}", "`until` must not be before the anchor"),
            ("}}", "},\"since\":\"soon\"}", "`since` must be a date"),
            ("}}", "},\"expiry\":\"soon\"}", "`expiry` must be"),
            ("}}", "},\"schedule\":{\"provider\":\"ngenius\",\"order_reference\":\"r\"}}", "give one of"),
            ("}}", "}", "not valid JSON"),
        ] {
            let why = subscription(&good.replacen(from, to, 1), Path::new("x")).expect_err(says);
            assert!(why.contains(says) && !why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn periods_before_since_are_left_out() {
        let read = |more: &str| subscription(&line(more), Path::new("x")).expect("a subscription");
        let until = Until::Date("2026-04-30".parse().expect("a date"));
        let names = |one: &Subscription| -> Vec<String> {
            one.periods(None, until).iter().map(|period| Subscription::label(period).to_string()).collect()
        };
        assert_eq!(names(&read("")), ["2026-01", "2026-02", "2026-03", "2026-04"]);
        assert_eq!(names(&read(r#","since":"2026-02-28""#)), ["2026-02", "2026-03", "2026-04"]);
    }
}
