//! What a statement and the journal say of each other, before anything is settled.

use std::collections::{HashMap, HashSet};

use recurring_core::AttemptId;

use super::lines::{LineKind, Statement, StatementLine};
use super::report::{Finding, FindingKind};
use crate::attempt::{AttemptRecord, Operation, State};
use crate::policy::Policy;

/// The lines by what names them, and what was found so far.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    pub(crate) statement: &'a Statement,
    by_reference: HashMap<&'a str, Vec<&'a StatementLine>>,
    by_payment: HashMap<&'a str, Vec<&'a StatementLine>>,
    matched: HashSet<u64>,
    /// The attempts that these payments belong to.
    owners: HashMap<&'a str, AttemptId>,
    /// References that are names of refunds and captures.
    parts: HashSet<&'a str>,
    /// Settled attempts of which the payment is listed under this other reference.
    renamed: Vec<(&'a str, Finding)>,
    /// Open attempts that are listed with another amount.
    open_differ: usize,
    /// What is unknown or in review, in the order of the names.
    pub(crate) open: Vec<AttemptId>,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(statement: &'a Statement) -> Self {
        let (mut by_reference, mut by_payment) = (HashMap::new(), HashMap::new());
        for line in &statement.lines {
            if let Some(reference) = &line.reference {
                by_reference.entry(reference.as_str()).or_insert_with(Vec::new).push(line);
            }
            if let Some(payment) = &line.payment {
                by_payment.entry(payment.as_str()).or_insert_with(Vec::new).push(line);
            }
        }
        Self {
            statement,
            by_reference,
            by_payment,
            matched: HashSet::new(),
            owners: HashMap::new(),
            parts: HashSet::new(),
            renamed: Vec::new(),
            open_differ: 0,
            open: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The lines that name an attempt: by its name, or by its payment. A refund and a capture share the payment with what
    /// they belong to, so that only their own names count.
    pub(crate) fn lines_of(&self, record: &AttemptRecord) -> Vec<&'a StatementLine> {
        let named = self.by_reference.get(record.attempt.as_str());
        let payment = record.payment.as_ref().filter(|_| takes_money(record.operation));
        let paid = payment.and_then(|payment| self.by_payment.get(payment.as_str()));
        let mut lines: Vec<&StatementLine> = named.into_iter().chain(paid).flatten().copied().collect();
        lines.sort_by_key(|line| line.number);
        lines.dedup_by_key(|line| line.number);
        lines
    }

    /// Compares one attempt with the statement.
    pub(crate) fn compare(&mut self, record: &AttemptRecord, policy: &Policy) {
        let lines = self.lines_of(record);
        self.matched.extend(lines.iter().map(|line| line.number));
        self.note_names(record);
        let kind = if record.operation == Operation::Refund { LineKind::Refund } else { LineKind::Charge };
        let moved: Vec<&StatementLine> = lines.iter().copied().filter(|line| line.kind == kind).collect();
        let differs = |line: &StatementLine| record.amount.is_some() && line.amount != record.amount;
        if matches!(record.state, State::Unknown | State::Review) && record.operation != Operation::Enrolment
        {
            self.open_differ += usize::from(moved.iter().any(|line| differs(line)));
            self.open.push(record.attempt.clone());
            return;
        }
        if record.operation == Operation::Capture {
            return;
        }
        if let (State::Paid, [line]) = (record.state, moved.as_slice())
            && let Some(other) = line.reference.as_deref().filter(|name| *name != record.attempt.as_str())
        {
            let why = "its payment is listed under another reference; look at the gateway, and check the map";
            self.renamed.push((other, about(Finding::new(FindingKind::Differs, why), record, &lines)));
        }
        let finding = match (record.state, moved.as_slice()) {
            (State::Paid, []) => self.not_taken(record, &lines, policy),
            (_, []) => None,
            (State::Paid | State::Authorized, [_, _, ..]) if record.operation != Operation::Schedule => {
                Some(Finding::new(FindingKind::TakenTwice, taken_twice(&moved)))
            }
            (State::Paid, [line, ..]) if differs(line) => {
                Some(Finding::new(FindingKind::Differs, "the amount is not the recorded one"))
            }
            // What was held is taken by a capture, of which this is the line.
            (State::Paid | State::Authorized, _) => None,
            (state, _) => Some(Finding::new(
                FindingKind::NotRecorded,
                format!("it was taken, and the journal has it as {state}"),
            )),
        };
        self.findings.extend(finding.map(|finding| about(finding, record, &lines)));
    }

    /// Notes what else in the statement is this attempt's.
    fn note_names(&mut self, record: &AttemptRecord) {
        if !takes_money(record.operation) {
            self.parts
                .extend(self.by_reference.get_key_value(record.attempt.as_str()).map(|(name, _)| *name));
            return;
        }
        let payment =
            record.payment.as_ref().and_then(|payment| self.by_payment.get_key_value(payment.as_str()));
        if let Some((payment, _)) = payment {
            self.owners.insert(payment, record.attempt.clone());
        }
    }

    /// Ends the comparison, once every attempt was compared. A payment may be listed under the name of its capture, and
    /// under no other one.
    pub(crate) fn finish(&mut self) {
        let renamed = std::mem::take(&mut self.renamed).into_iter();
        self.findings
            .extend(renamed.filter(|(other, _)| !self.parts.contains(other)).map(|(_, finding)| finding));
    }

    /// Whether the payment of this line is recorded as that of another attempt.
    pub(crate) fn is_of_another(&self, record: &AttemptRecord, line: &StatementLine) -> bool {
        let owner = line.payment.as_ref().and_then(|payment| self.owners.get(payment.as_str()));
        takes_money(record.operation) && owner.is_some_and(|owner| *owner != record.attempt)
    }

    /// What is recorded as paid and is not listed, where it would have to be.
    fn not_taken(
        &self,
        record: &AttemptRecord,
        lines: &[&StatementLine],
        policy: &Policy,
    ) -> Option<Finding> {
        let charged = takes_money(record.operation) && lines.is_empty();
        let last = record.updated.max(settled_at(record, policy));
        let covered = record.armed.is_some() && self.statement.period.covers(record.created, last);
        (charged && covered && self.statement.incomplete().is_none())
            .then(|| Finding::new(FindingKind::NotTaken, "it is recorded as paid, and no line names it"))
    }

    /// The charges that name no attempt of the journal.
    pub(crate) fn unmatched(&self) -> Vec<&'a StatementLine> {
        let lines = self.statement.lines.iter();
        lines.filter(|line| line.kind == LineKind::Charge && !self.matched.contains(&line.number)).collect()
    }

    /// Why the absence of a line proves nothing, whatever the attempt.
    pub(crate) fn doubt(&self) -> Option<String> {
        let count = |kind| self.findings.iter().filter(|finding| finding.finding == kind).count();
        if let Some(why) = self.statement.incomplete() {
            return Some(format!("the statement is not proven to be complete: {why}"));
        }
        if self.statement.rows > 0 && self.matched.is_empty() {
            let why = "no line of the statement names an attempt of this journal; check the column of the reference in the map";
            return Some(why.to_owned());
        }
        match (count(FindingKind::NotTaken), count(FindingKind::Differs) + self.open_differ) {
            (0, 0) => None,
            (0, _) => {
                let why =
                    "amounts or references of the statement differ from the recorded ones; check the map";
                Some(why.to_owned())
            }
            (missing, _) => Some(format!(
                "the statement lacks {missing} attempts that are recorded as paid: it is not the whole of this journal's \
                 payments"
            )),
        }
    }
}

/// Until when a call of this attempt may have been under way.
pub(crate) fn settled_at(record: &AttemptRecord, policy: &Policy) -> recurring_core::Timestamp {
    let armed = record.armed.unwrap_or(record.created);
    armed.checked_add(policy.settle_time).unwrap_or(recurring_core::Timestamp::MAX)
}

/// Whether a line of the statement that takes money may be of this operation itself.
pub(crate) fn takes_money(operation: Operation) -> bool {
    match operation {
        Operation::Charge | Operation::Schedule | Operation::FirstPayment | Operation::Enrolment => true,
        Operation::Refund | Operation::Capture => false,
    }
}

pub(crate) fn taken_twice(lines: &[&StatementLine]) -> String {
    let numbers: Vec<String> = lines.iter().map(|line| line.number.to_string()).collect();
    format!("it was taken {} times (lines {}); give back what is too much", lines.len(), numbers.join(", "))
}

/// The finding with what is known of the attempt.
pub(crate) fn about(finding: Finding, record: &AttemptRecord, lines: &[&StatementLine]) -> Finding {
    Finding {
        attempt: Some(record.attempt.clone()),
        payment: lines.iter().find_map(|line| line.payment.clone()),
        before: Some(record.state),
        recorded: record.amount,
        stated: lines.iter().find_map(|line| line.amount),
        lines: lines.iter().map(|line| line.number).collect(),
        ..finding
    }
}
