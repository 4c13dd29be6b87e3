//! The judge: counts again from what the sandbox shows, its ledger and what it asked the issuers. It computes the dates of the
//! subscriptions by itself and shares no rule with recurring-schedule; the journal is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use recurring_sandbox::{Authorization, LedgerEntry, LedgerKind};
use recurring_schedule::jiff::civil::Date;
use recurring_schedule::jiff::tz::TimeZone;
use recurring_schedule::jiff::{SignedDuration, Timestamp, ToSpan};
use recurring_schedule::{Decision, StopReason};

use crate::customers::Rhythm;

/// What is known of a subscription from its contract.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) id: String,
    pub(crate) gateway: String,
    pub(crate) anchor: Date,
    pub(crate) rhythm: Rhythm,
    pub(crate) count: u32,
    pub(crate) minor: i64,
    /// The names of its cards.
    pub(crate) cards: Vec<String>,
    pub(crate) earliest_expiry: Option<(i16, i8)>,
    /// Whether the gateway charges by itself.
    pub(crate) by_gateway: bool,
}

/// Why a period is not paid, as the program shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shown {
    NeedsCustomer,
    Never,
    TriesUsed,
    PeriodEnds,
    /// In review, or not known yet.
    Open,
    /// A later time.
    Later,
    /// It could have been charged.
    Now,
    /// An operator took it out.
    Operator,
    /// It says that it was paid.
    Paid,
}

impl Shown {
    /// What a decision at the end of the world is. A time is later than that, or was missed.
    pub(crate) fn at(decision: &Decision, end: Timestamp) -> Self {
        match decision {
            Decision::At(next) if next.time > end => Self::Later,
            Decision::At(_) => Self::Now,
            Decision::NeedsCustomer(_) => Self::NeedsCustomer,
            Decision::Stop(StopReason::Never(_)) => Self::Never,
            Decision::Stop(StopReason::TriesUsed) => Self::TriesUsed,
            Decision::Stop(StopReason::PeriodEnds) => Self::PeriodEnds,
            Decision::Stop(StopReason::Open { .. }) => Self::Open,
            Decision::Stop(_) => Self::Paid,
        }
    }
}

/// Everything that the judge is given.
pub(crate) struct Evidence {
    pub(crate) end: Timestamp,
    pub(crate) expected: Vec<Expected>,
    /// By subscription and period.
    pub(crate) shown: BTreeMap<(String, String), Shown>,
    /// The periods that a gateway was reported not to have charged.
    pub(crate) told: BTreeMap<String, BTreeSet<String>>,
    /// The declined attempts whose reason no gateway told: of these the program is to assume no more than a decline.
    pub(crate) untold: BTreeSet<String>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) authorizations: Vec<Authorization>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Finding {
    PaidTwice(String),
    WrongAmount(String),
    /// A period that nothing was charged for, and no reason is shown.
    Forgotten(String),
    /// A reason that is not that of the issuer.
    NotTheReason(String, Shown),
    /// A card that was tried after a code that forbids it.
    AfterNever(String),
    LimitPassed(&'static str, String),
    /// A charge that a gateway did not make by itself, and that was not reported, or the other way round.
    ScheduleMisread(String),
    /// The sandbox has forgotten something, so that nothing is proven.
    Incomplete(&'static str),
}

impl Finding {
    /// The period, or the try of it.
    pub(crate) fn period(&self) -> Option<&str> {
        match self {
            Self::PaidTwice(name)
            | Self::WrongAmount(name)
            | Self::Forgotten(name)
            | Self::NotTheReason(name, _)
            | Self::AfterNever(name)
            | Self::LimitPassed(_, name)
            | Self::ScheduleMisread(name) => Some(name),
            Self::Incomplete(_) => None,
        }
    }
}

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) findings: Vec<Finding>,
    pub(crate) periods: u64,
    pub(crate) paid: u64,
    pub(crate) by_gateways: u64,
    pub(crate) missing_at_gateways: u64,
    pub(crate) unpaid: BTreeMap<Shown, u64>,
    pub(crate) declines: BTreeMap<String, u64>,
    pub(crate) authorizations: u64,
    /// Codes that forbid the card, in an answer that was lost, and that the gateway's look-up does not tell.
    pub(crate) untold: u64,
    /// The most tries after a decline in 30 days, and attempts in 24 hours and in 30 days, that any card had.
    pub(crate) most: [usize; 3],
}

/// The codes after which Visa permits no further try.
pub(crate) fn is_never(code: &str) -> bool {
    matches!(code, "04" | "07" | "12" | "14" | "15" | "41" | "43" | "46" | "57" | "R0" | "R1" | "R3")
}

impl Expected {
    /// The dates of its periods until a day before the end, and the name of each.
    fn dates(&self, end: Timestamp) -> Vec<(Date, String)> {
        let last = TimeZone::UTC.to_datetime(end).date().checked_sub(2.days()).expect("a day");
        let mut all = Vec::new();
        for index in 0..self.count {
            let index = i32::try_from(index).expect("few periods");
            let (date, name) = match self.rhythm {
                Rhythm::Days(days) => {
                    let date = self.anchor.checked_add((index * days).days()).expect("a day");
                    (date, date.to_string())
                }
                Rhythm::Months(months) => {
                    let month = i32::from(self.anchor.month()) - 1 + index * months;
                    let year = self.anchor.year() + i16::try_from(month / 12).expect("few years");
                    let first =
                        Date::new(year, i8::try_from(month % 12 + 1).expect("a month"), 1).expect("one");
                    let longest = if self.by_gateway && index > 0 { 28 } else { first.days_in_month() };
                    let date = first.with().day(self.anchor.day().min(longest)).build().expect("a day");
                    (date, format!("{:04}-{:02}", date.year(), date.month()))
                }
            };
            if date > last {
                break;
            }
            all.push((date, name));
        }
        all
    }
}

pub(crate) fn judge(evidence: &Evidence) -> Verdict {
    let authorizations = u64::try_from(evidence.authorizations.len()).expect("small");
    let mut verdict = Verdict { authorizations, ..Verdict::default() };
    if evidence.ledger.len() >= 50_000 {
        verdict.findings.push(Finding::Incomplete("the ledger"));
    }
    if evidence.authorizations.first().is_some_and(|first| first.number != 1) {
        verdict.findings.push(Finding::Incomplete("the authorizations"));
    }
    for one in evidence.authorizations.iter().filter(|one| one.response != "00") {
        *verdict.declines.entry(one.response.clone()).or_default() += 1;
    }
    let mut paid: BTreeMap<&str, Vec<&LedgerEntry>> = BTreeMap::new();
    for entry in evidence.ledger.iter().filter(|entry| entry.kind == LedgerKind::Charge) {
        paid.entry(entry.reference.as_str()).or_default().push(entry);
    }
    for one in &evidence.expected {
        if one.by_gateway {
            by_gateway(evidence, one, &mut verdict);
        } else {
            on_demand(evidence, one, &paid, &mut verdict);
        }
    }
    limits(evidence, &mut verdict);
    verdict.findings.sort();
    verdict
}

/// Whether a reference is that of a try of this period.
fn is_try(reference: &str, period: &str) -> bool {
    let rest = reference.strip_prefix(period);
    rest.is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('.').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn on_demand(
    evidence: &Evidence,
    one: &Expected,
    paid: &BTreeMap<&str, Vec<&LedgerEntry>>,
    verdict: &mut Verdict,
) {
    for (_, label) in one.dates(evidence.end) {
        let name = format!("{}.{label}", one.id);
        verdict.periods += 1;
        // No other name of the ledger is between the first try and the last one but those of tries.
        let tries = paid.range(name.as_str()..).take_while(|(reference, _)| reference.starts_with(&name));
        let charges: Vec<&LedgerEntry> = tries
            .filter(|(reference, _)| is_try(reference, &name))
            .flat_map(|(_, entries)| entries.iter().copied())
            .collect();
        if charges.iter().any(|entry| entry.amount_minor != one.minor) {
            verdict.findings.push(Finding::WrongAmount(name.clone()));
        }
        match charges.len() {
            1 => verdict.paid += 1,
            0 => unpaid(evidence, one, &name, &label, verdict),
            _ => verdict.findings.push(Finding::PaidTwice(name)),
        }
    }
}

/// A period that nothing was taken for needs a reason that the issuer confirms.
fn unpaid(evidence: &Evidence, one: &Expected, name: &str, label: &str, verdict: &mut Verdict) {
    let shown = evidence.shown.get(&(one.id.clone(), label.to_owned()));
    let Some(shown) = shown.copied().filter(|shown| !matches!(shown, Shown::Now | Shown::Paid)) else {
        verdict.findings.push(Finding::Forgotten(name.to_owned()));
        return;
    };
    *verdict.unpaid.entry(shown).or_default() += 1;
    let own = |asked: &&Authorization| one.cards.contains(&asked.cardholder);
    let told = |codes: &[&str]| {
        let mut asked = evidence.authorizations.iter().filter(own);
        asked.any(|asked| codes.contains(&asked.response.as_str()))
    };
    let end = TimeZone::UTC.to_datetime(evidence.end).date();
    let expires = one.earliest_expiry.is_some_and(|expiry| expiry < (end.year(), end.month()));
    let holds = match shown {
        // A series of emspay ends after a year.
        Shown::NeedsCustomer => {
            let codes = ["54", "1A", "65", "14", "15", "46", "57", "62"];
            one.gateway == "emspay" || expires || told(&codes)
        }
        Shown::Never | Shown::Operator => told(&["04", "14", "15", "41", "43", "46", "57", "59", "R0", "R1"]),
        Shown::TriesUsed | Shown::PeriodEnds => {
            let mut asked = evidence.authorizations.iter();
            asked.any(|asked| is_try(&asked.reference, name) && asked.response != "00")
        }
        // A limit or a wait: the card was tried lately.
        Shown::Later => {
            let month = evidence.end - SignedDuration::from_hours(24 * 31);
            let mut asked = evidence.authorizations.iter().filter(own);
            asked.any(|asked| asked.at.parse::<Timestamp>().expect("a time") > month)
        }
        Shown::Open => true,
        Shown::Now | Shown::Paid => false,
    };
    if !holds {
        verdict.findings.push(Finding::NotTheReason(name.to_owned(), shown));
    }
}

/// Of a schedule that a gateway runs, the periods without a charge must be those that were reported.
fn by_gateway(evidence: &Evidence, one: &Expected, verdict: &mut Verdict) {
    let asked: Vec<(Date, bool)> = evidence
        .authorizations
        .iter()
        .filter(|asked| asked.gateway == one.gateway && asked.reference == one.id)
        .map(|asked| {
            let at: Timestamp = asked.at.parse().expect("a time");
            (TimeZone::UTC.to_datetime(at).date(), asked.response == "00")
        })
        .collect();
    let told = evidence.told.get(&one.id).cloned().unwrap_or_default();
    // The first payment is that of the order.
    for (date, label) in one.dates(evidence.end).into_iter().skip(1) {
        verdict.periods += 1;
        let near: Vec<bool> = asked
            .iter()
            .filter(|(at, _)| (at.duration_since(date)).as_hours().abs() <= 24)
            .map(|(_, approved)| *approved)
            .collect();
        match near.as_slice() {
            [true] if !told.contains(&label) => verdict.by_gateways += 1,
            [false] if told.contains(&label) => verdict.missing_at_gateways += 1,
            _ => verdict.findings.push(Finding::ScheduleMisread(format!("{}.{label}", one.id))),
        }
    }
}

/// Counts, for every attempt, the windows that end with it.
fn limits(evidence: &Evidence, verdict: &mut Verdict) {
    let authorizations = &evidence.authorizations;
    let mut cards: BTreeMap<&str, Vec<(Timestamp, &Authorization)>> = BTreeMap::new();
    for one in authorizations {
        // What a gateway charges by itself is not the merchant's to limit.
        if one.gateway != "ngenius" {
            let at = one.at.parse().expect("a time");
            cards.entry(one.cardholder.as_str()).or_default().push((at, one));
        }
    }
    let month = SignedDuration::from_hours(720);
    for attempts in cards.values() {
        let within = |index: usize, hours: i64| {
            let (end, _) = attempts[index];
            let begin = end - SignedDuration::from_hours(hours);
            attempts[..=index].iter().rev().take_while(|(at, _)| *at >= begin).count()
        };
        // By amount: when each was tried after a decline.
        let mut again: BTreeMap<(i64, &str), Vec<Timestamp>> = BTreeMap::new();
        let mut last: BTreeMap<(i64, &str), (Timestamp, bool)> = BTreeMap::new();
        let mut forbidden = false;
        for (index, (at, one)) in attempts.iter().enumerate() {
            let name = one.reference.clone();
            if one.brand == "visa" {
                if forbidden {
                    verdict.findings.push(Finding::AfterNever(name.clone()));
                }
                let untold = is_never(&one.response) && evidence.untold.contains(&one.reference);
                verdict.untold += u64::from(untold);
                forbidden = is_never(&one.response) && !untold;
                let key = (one.amount_minor, one.currency.as_str());
                let declined = last.insert(key, (*at, one.response != "00"));
                if declined.is_some_and(|(before, declined)| declined && at.duration_since(before) <= month) {
                    let tries = again.entry(key).or_default();
                    tries.push(*at);
                    let count = tries.iter().filter(|try_| at.duration_since(**try_) <= month).count();
                    verdict.most[0] = verdict.most[0].max(count);
                    // 25 May 2025.
                    let most = if at.as_second() < 1_748_131_200 { 15 } else { 20 };
                    if count > most {
                        verdict.findings.push(Finding::LimitPassed("Visa, 30 days", name));
                    }
                }
            } else {
                let (day, month) = (within(index, 24), within(index, 720));
                verdict.most[1] = verdict.most[1].max(day);
                verdict.most[2] = verdict.most[2].max(month);
                if day > 10 {
                    verdict.findings.push(Finding::LimitPassed("Mastercard, 24 hours", name.clone()));
                }
                if month > 35 {
                    verdict.findings.push(Finding::LimitPassed("Mastercard, 30 days", name));
                }
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} periods: {} paid on demand, {} by gateways, {} reported as not charged by them; unpaid with a reason {:?}",
            self.periods, self.paid, self.by_gateways, self.missing_at_gateways, self.unpaid
        )?;
        writeln!(
            f,
            "{} charges of stored cards were asked of issuers; declined: {:?}; {} of the codes that forbid a card were lost",
            self.authorizations, self.declines, self.untold
        )?;
        write!(
            f,
            "most of any card: {} tries after a decline in 30 days (Visa), {} attempts in 24 hours, {} in 30 days (Mastercard); {} findings",
            self.most[0],
            self.most[1],
            self.most[2],
            self.findings.len()
        )
    }
}
