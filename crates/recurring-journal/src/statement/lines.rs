//! What a statement says, as far as it matters here.

use std::collections::HashMap;
use std::time::Duration;

use recurring_core::{Currency, Money, Timestamp};
use recurring_facade::{PaymentRef, ProviderId};
use serde::Serialize;

use crate::error::JournalError;

/// What a line of a statement says that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Money was taken.
    Charge,
    /// Money was given back.
    Refund,
    /// Anything else, such as a fee or a payout. It settles nothing, but an attempt that it names is not called untouched.
    Other,
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatementLine {
    /// The number of the line in the file, from 1.
    pub number: u64,
    /// The merchant's reference, which is the name of the attempt.
    pub reference: Option<String>,
    /// The gateway's identifier of the payment.
    pub payment: Option<PaymentRef>,
    /// What happened.
    pub kind: LineKind,
    /// The amount, always positive. `None` only for [`LineKind::Other`].
    pub amount: Option<Money>,
    /// When it happened or was booked. `None` only for [`LineKind::Other`].
    pub at: Option<Timestamp>,
}

/// What is wrong with a line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LineProblem {
    /// The number of the line in the file, from 1.
    pub line: u64,
    /// The column, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl LineProblem {
    pub(crate) fn new(line: u64, column: Option<&str>, problem: impl Into<String>) -> Self {
        Self { line, column: column.map(str::to_owned), problem: problem.into() }
    }
}

/// The time that a statement covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) margin: Duration,
}

impl Period {
    /// From a moment until another one. A payment may be booked by up to `margin` earlier or later than it was made: what
    /// is nearer to the ends of the period than that is not covered.
    ///
    /// # Errors
    /// When the end is not after the beginning.
    pub fn new(from: Timestamp, until: Timestamp, margin: Duration) -> Result<Self, JournalError> {
        if until <= from {
            let rule = format!("must be later than the beginning of the period, {from}");
            return Err(JournalError::Invalid { field: "until", rule });
        }
        Ok(Self { from, until, margin })
    }

    /// Whether what happened between the two is in the statement, if it happened.
    pub(crate) fn covers(&self, first: Timestamp, last: Timestamp) -> bool {
        let begins = first.checked_sub(self.margin).unwrap_or(Timestamp::MIN);
        let ends = last.checked_add(self.margin).unwrap_or(Timestamp::MAX);
        self.from <= begins && ends <= self.until
    }
}

/// What proves that a statement is complete. It must come from another place than the file itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Control {
    /// How many lines the statement has, without the names of the columns.
    pub lines: Option<u64>,
    /// The sum of the charges, for each currency in which there are any. Refunds are not subtracted.
    pub totals: Vec<Money>,
}

/// A statement of one gateway for a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub(crate) provider: ProviderId,
    pub(crate) period: Period,
    pub(crate) lines: Vec<StatementLine>,
    pub(crate) problems: Vec<LineProblem>,
    /// How many lines were read, with those that have a problem.
    pub(crate) rows: u64,
    pub(crate) control: Control,
    pub(crate) source: String,
}

impl Statement {
    /// Checks the lines: one that repeats another one, or is outside the period, is a problem. `source` names where they come
    /// from, and is kept with each decision.
    pub fn new(
        provider: ProviderId,
        period: Period,
        lines: Vec<StatementLine>,
        problems: Vec<LineProblem>,
        control: Control,
        source: impl Into<String>,
    ) -> Self {
        let rows = u64::try_from(lines.len().saturating_add(problems.len())).unwrap_or(u64::MAX);
        let mut all =
            Self { provider, period, lines: Vec::new(), problems, rows, control, source: source.into() };
        let mut seen: HashMap<StatementLine, u64> = HashMap::new();
        for line in lines {
            // Fees and payouts often have nothing that tells them apart.
            if line.kind != LineKind::Other {
                let same = StatementLine { number: 0, ..line.clone() };
                if let Some(first) = seen.get(&same) {
                    let problem = format!(
                        "repeats line {first}: the file was joined from parts that overlap, or it was taken twice; look \
                         at the gateway"
                    );
                    all.problems.push(LineProblem::new(line.number, None, problem));
                    continue;
                }
                seen.insert(same, line.number);
            }
            if line.at.is_some_and(|at| at < period.from || at > period.until) {
                let at = line.at.map(|at| at.to_string()).unwrap_or_default();
                let problem = format!(
                    "{at} is outside {} to {}; check the period, and the zone in the map",
                    period.from, period.until
                );
                all.problems.push(LineProblem::new(line.number, None, problem));
            }
            all.lines.push(line);
        }
        all.problems.sort_by_key(|problem| problem.line);
        all
    }

    /// What is wrong with its lines.
    pub fn problems(&self) -> &[LineProblem] {
        &self.problems
    }

    /// How many lines were read, with those that have a problem.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Why it is not proven to be complete, so that what it does not list may have been taken all the same. `None` when it
    /// is proven.
    pub fn incomplete(&self) -> Option<String> {
        if let Some(problem) = self.problems.first() {
            return Some(format!(
                "{} of its lines have a problem, such as line {}",
                self.problems.len(),
                problem.line
            ));
        }
        if let Some(lines) = self.control.lines.filter(|lines| *lines != self.rows) {
            return Some(format!("it has {} lines, and {lines} were announced", self.rows));
        }
        if !self.control.totals.is_empty() && self.totals() != self.announced() {
            let mut sums: Vec<String> = self
                .totals()
                .into_iter()
                .filter_map(|(currency, minor)| Money::from_minor(i64::try_from(minor).ok()?, currency).ok())
                .map(|sum| sum.to_string())
                .collect();
            sums.sort();
            let sums = if sums.is_empty() { "nothing".to_owned() } else { sums.join(", ") };
            return Some(format!("its charges add up to {sums}, which is not the announced total"));
        }
        if self.control.lines.is_none() && self.control.totals.is_empty() {
            return Some("neither the number of its lines nor their total was given".to_owned());
        }
        None
    }

    fn totals(&self) -> HashMap<Currency, i128> {
        sums(self.lines.iter().filter(|line| line.kind == LineKind::Charge).filter_map(|line| line.amount))
    }

    fn announced(&self) -> HashMap<Currency, i128> {
        sums(self.control.totals.iter().copied())
    }
}

fn sums(amounts: impl Iterator<Item = Money>) -> HashMap<Currency, i128> {
    let mut sums = HashMap::new();
    for amount in amounts {
        let sum: &mut i128 = sums.entry(amount.currency()).or_default();
        *sum = sum.saturating_add(amount.minor().into());
    }
    sums
}
