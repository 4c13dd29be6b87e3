//! Settling open attempts by a statement.

use recurring_core::AttemptId;
use recurring_facade::Facade;

use super::judge::{Verdict, judge};
use super::lines::Statement;
use super::report::{Finding, FindingKind, StatementReport};
use super::survey::{Survey, about};
use crate::attempt::{AttemptRecord, State};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::resolve::{Decided, Decision};
use crate::store::{Filter, NOTE_RULE, missing_note};

/// Attempts that are read at a time.
const PAGE: u32 = 500;

impl Journal {
    /// Compares the attempts of one gateway with its statement, and settles what is unknown or in review where the
    /// statement proves it. A line that names the attempt, with its amount, settles it as paid. Without one it is settled as
    /// not applied only when the statement is [complete](Statement::incomplete), covers the whole time of the attempt, and
    /// lists what is recorded as paid. Nothing is sent; each decision is one of [`resolve`](Self::resolve), which looks at the
    /// gateway first and refuses what the gateway contradicts.
    ///
    /// With `dry_run` nothing is looked up and nothing recorded.
    ///
    /// # Errors
    /// When `by` is empty, the period ends in the future, or the store fails. What was settled before stays settled.
    pub async fn settle_by_statement(
        &self,
        facade: &Facade,
        statement: &Statement,
        by: &str,
        dry_run: bool,
    ) -> Result<StatementReport, JournalError> {
        if missing_note(by, &statement.source).is_some() {
            return Err(JournalError::Invalid { field: "by", rule: NOTE_RULE.to_owned() });
        }
        let now = self.now().await?;
        if statement.period.until > now {
            let rule = format!("must not be in the future: no statement covers it; it is {now:.0}");
            return Err(JournalError::Invalid { field: "until", rule });
        }
        if !dry_run {
            self.recover().await?;
        }
        let mut survey = Survey::new(statement);
        let mut filter = Filter { provider: Some(statement.provider.clone()), ..Filter::default() };
        loop {
            let page = self.list(&filter, PAGE).await?;
            let Some(last) = page.last() else { break };
            filter.after = Some(last.attempt.clone());
            for record in &page {
                survey.compare(record, self.policy());
            }
        }
        survey.finish();
        let doubt = survey.doubt();
        let mut findings = std::mem::take(&mut survey.findings);
        for attempt in std::mem::take(&mut survey.open) {
            let record = self.attempt(&attempt).await?;
            if !matches!(record.state, State::Unknown | State::Review) {
                // It was settled in the meantime.
                continue;
            }
            let verdict = judge(&survey, doubt.as_deref(), &record, self.policy(), now);
            let finding = match decision_of(verdict, statement, by) {
                Ok(decision) if dry_run => {
                    let finding = Finding::new(FindingKind::WouldSettle, decision.why);
                    Finding { state: Some(decision.what.state()), ..finding }
                }
                Ok(decision) => self.record_decision(facade, &record, &decision).await?,
                Err((kind, why)) => Finding::new(kind, why),
            };
            findings.push(about(finding, &record, &survey.lines_of(&record)));
        }
        findings.sort_by(|one, other| {
            one.attempt.as_ref().map(AttemptId::as_str).cmp(&other.attempt.as_ref().map(AttemptId::as_str))
        });
        findings.extend(survey.unmatched().into_iter().map(|line| Finding {
            attempt: line.reference.as_deref().and_then(|name| AttemptId::new(name).ok()),
            payment: line.payment.clone(),
            stated: line.amount,
            lines: vec![line.number],
            ..Finding::new(FindingKind::NotRecorded, "it was taken, and the journal has no such attempt")
        }));
        Ok(StatementReport { findings, doubt })
    }

    /// Records a decision. What the gateway has just settled needs none, and what it contradicts is left.
    async fn record_decision(
        &self,
        facade: &Facade,
        record: &AttemptRecord,
        decision: &Decision,
    ) -> Result<Finding, JournalError> {
        let attempt = &record.attempt;
        let refused = match self.resolve(facade, attempt, decision).await {
            Ok(settled) => {
                let finding = Finding::new(FindingKind::Settled, decision.why.clone());
                return Ok(Finding { state: Some(settled.state), ..finding });
            }
            Err(refused @ (JournalError::NotToDecide { .. } | JournalError::Contradicted { .. })) => refused,
            Err(failed) => return Err(failed),
        };
        let known = self.attempt(attempt).await?;
        let finding = if known.state == decision.what.state() {
            Finding::new(FindingKind::Settled, "the gateway settles it as the statement does")
        } else {
            Finding::new(FindingKind::Left, format!("{refused} ({})", decision.why))
        };
        Ok(Finding { state: Some(known.state), ..finding })
    }
}

/// What to record; or what was found, when that is nothing.
fn decision_of(verdict: Verdict, statement: &Statement, by: &str) -> Result<Decision, (FindingKind, String)> {
    let (what, payment, why) = match verdict {
        Verdict::Paid { payment, why } => (Decided::Paid, payment, why),
        Verdict::NotApplied { why } => (Decided::NotApplied, None, why),
        Verdict::TakenTwice { why } => return Err((FindingKind::TakenTwice, why)),
        Verdict::Differs { why } => return Err((FindingKind::Differs, why)),
        Verdict::Left { why } => return Err((FindingKind::Left, why)),
    };
    let why = format!("statement {}: {why}", statement.source);
    Ok(Decision { what, payment, by: by.to_owned(), why, force: false })
}
