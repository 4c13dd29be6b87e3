//! Settling open attempts by a statement of their gateway.

use std::path::Path;
use std::time::Duration;

use recurring_facade::{Facade, Money};
use recurring_journal::statement::{
    Control, Finding, FindingKind, LineProblem, Period, Statement, StatementMap, StatementReport,
};
use serde_json::{Map, Value, json};

use crate::arguments::{StatementArguments, provider};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::{files, table};

pub(super) async fn settle(
    session: &Session,
    file: &Path,
    arguments: StatementArguments,
    out: &Output,
) -> Result<Exit, CliError> {
    let StatementArguments { map, from, until, margin, lines, total, by, dry_run, .. } = arguments;
    let (Some(map), Some(from), Some(until), Some(by)) = (map, from, until, by) else {
        return Err(CliError::usage("--statement needs --map, --from, --until and --by"));
    };
    for (place, sum) in total.iter().enumerate() {
        if total.iter().take(place).any(|before| before.currency() == sum.currency()) {
            let currency = sum.currency();
            return Err(CliError::usage(format!(
                "--total names {currency} twice; give one sum of its charges for each currency"
            )));
        }
    }
    let margin = Duration::from_secs(u64::from(margin).saturating_mul(3600));
    let period = Period::new(from, until, margin)?;
    let map = StatementMap::from_toml(&files::text(&map)?)?;
    provider(map.provider().as_str())
        .map_err(|why| CliError::usage(format!("cannot read the map: `provider`: {why}")))?;
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let bytes = std::fs::read(file).map_err(|error| files::unreadable(file, &error))?;
    let statement = Statement::read(&name, &bytes, &map, period, Control { lines, totals: total })?;
    let journal = session.needed().await?;
    // A gateway that cannot be asked is treated like one that does not answer: nothing counts as not applied then.
    let facade = session.settings.facade_of(map.provider()).unwrap_or_else(|error| {
        out.problem(&format!("cannot ask {}: {error}", map.provider()));
        Facade::new()
    });
    let report = journal.settle_by_statement(&facade, &statement, &by, dry_run).await?;
    show(&statement, &report, out);
    Ok(if report.needs_operator() {
        Exit::Unknown
    } else if statement.problems().is_empty() {
        Exit::Done
    } else {
        Exit::Usage
    })
}

fn show(statement: &Statement, report: &StatementReport, out: &Output) {
    for problem in statement.problems() {
        out.problem(&problem_text(problem));
        if out.is_json() {
            out.object(problem);
        }
    }
    if out.is_json() {
        for finding in &report.findings {
            out.object(finding);
        }
        let mut counts = Map::new();
        for kind in FindingKind::ALL {
            counts.insert(kind.to_string(), report.count(*kind).into());
        }
        counts.insert("lines".to_owned(), statement.rows().into());
        counts.insert("problems".to_owned(), statement.problems().len().into());
        counts.insert("complete".to_owned(), statement.incomplete().is_none().into());
        counts.insert("doubt".to_owned(), json!(report.doubt));
        out.object(&Value::Object(counts));
        return;
    }
    if !report.findings.is_empty() {
        let rows = report.findings.iter().map(row).collect();
        out.text(&table::of_records(&["finding", "attempt", "state", "amount", "lines", "why"], rows));
    }
    let counts: Vec<String> = FindingKind::ALL
        .iter()
        .filter(|kind| report.count(**kind) > 0)
        .map(|kind| format!("{} {}", report.count(*kind), words(*kind)))
        .collect();
    let found = if counts.is_empty() { "it agrees with the journal".to_owned() } else { counts.join(", ") };
    out.note(&format!("{} lines: {found}", statement.rows()));
    if let Some(doubt) = &report.doubt {
        out.note(&format!("nothing could be settled as not applied: {doubt}"));
    }
}

fn words(kind: FindingKind) -> String {
    kind.as_str().replace('_', " ")
}

fn row(finding: &Finding) -> Vec<String> {
    let state = match (finding.before, finding.state) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (Some(state), None) | (None, Some(state)) => state.to_string(),
        (None, None) => String::new(),
    };
    let amount = match (finding.recorded, finding.stated) {
        (Some(recorded), Some(stated)) if recorded != stated => format!("{recorded}, stated {stated}"),
        (recorded, stated) => recorded.or(stated).as_ref().map(Money::to_string).unwrap_or_default(),
    };
    let lines: Vec<String> = finding.lines.iter().map(u64::to_string).collect();
    let attempt = finding.attempt.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![words(finding.finding), attempt, state, amount, lines.join(", "), finding.why.clone()]
}

fn problem_text(problem: &LineProblem) -> String {
    let column = problem.column.as_deref().map(|column| format!(", column `{column}`")).unwrap_or_default();
    format!("line {}{column}: {}", problem.line, problem.problem)
}
