//! `cargo xtask docs`: writes `docs/providers.md`, and the table in the front page of the facade, from the code, so that
//! they cannot differ from it.

use std::fmt::Write;
use std::fs;

use recurring_facade::{DeclineReason, Operation, Provider, ProviderTables, Settings, provider_tables};

use crate::workspace::{Findings, read, root};

const PAGE: &str = "docs/providers.md";

const README: &str = "crates/recurring-facade/README.md";

/// Around the table in the front page.
const BEGIN: &str = "<!-- capabilities: written by `cargo xtask docs` -->";
const END: &str = "<!-- end of capabilities -->";

/// Writes the page, and the table in the front page of the facade.
pub(crate) fn write() -> Result<(), String> {
    for (file, text) in [(PAGE, page()?), (README, readme()?)] {
        fs::write(root().join(file), text).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

/// Whether both agree with the code.
pub(crate) fn check() -> Findings {
    let mut findings = Vec::new();
    for (file, text) in [(PAGE, page()?), (README, readme()?)] {
        if read(&root().join(file))? != text {
            findings.push(format!("{file} differs from the code: run `cargo xtask docs`"));
        }
    }
    Ok(findings)
}

fn page() -> Result<String, String> {
    let facade = Settings::unreachable().map_err(|error| error.to_string())?;
    let mut text = String::from(
        "# Operations and statuses of each gateway\n\n\
         Written by `cargo xtask docs`; do not edit it by hand.\n\n\
         ## Operations\n\n",
    );
    capabilities(&mut text, facade.providers());
    text += "\n## After a lost answer\n\n| gateway | first payment | renewal | after a lost answer | what bars a late charge | amounts |\n| --- | --- | --- | --- | --- | --- |\n";
    for provider in facade.providers() {
        let facts = provider.facts();
        line(
            &mut text,
            &[
                provider.id().as_str(),
                facts.first_payment,
                facts.renewal,
                facts.after_lost_answer,
                facts.gateway_fence.unwrap_or("nothing"),
                facts.amounts,
            ],
        );
    }
    for tables in provider_tables() {
        statuses(&mut text, &tables);
    }
    text += "\n## Reasons of a decline\n\n\
             Where a gateway has no codes of its own, the codes that card networks share are read, and else its words \
             (a guess; the first that occurs decides). Everything else is `other`.\n\n\
             | code or words | read as | advice |\n| --- | --- | --- |\n";
    for (says, reason) in DeclineReason::RESPONSE_CODES.iter().chain(DeclineReason::WORDS) {
        line(&mut text, &[&format!("`{says}`"), reason.as_str(), reason.advice().as_str()]);
    }
    Ok(text)
}

/// The operations of each gateway, from its capabilities.
fn capabilities<'a>(text: &mut String, providers: impl Iterator<Item = &'a dyn Provider>) {
    let words =
        Operation::ALL.iter().map(|operation| operation.as_str().replace('_', " ")).collect::<Vec<_>>();
    let mut header = vec!["gateway"];
    header.extend(words.iter().map(String::as_str));
    line(text, &header);
    line(text, &vec!["---"; header.len()]);
    for provider in providers {
        let (id, can) = (provider.id(), provider.capabilities());
        let mut cells = vec![id.as_str()];
        cells.extend(Operation::ALL.iter().map(|operation| can.cell(*operation)));
        line(text, &cells);
    }
}

/// The front page of the facade, with the table of the capabilities as the code has them.
fn readme() -> Result<String, String> {
    let text = read(&root().join(README))?;
    let between = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = between.ok_or_else(|| format!("{README}: the marks of the table are missing"))?;
    let facade = Settings::unreachable().map_err(|error| error.to_string())?;
    let mut table = String::new();
    capabilities(&mut table, facade.providers());
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

fn statuses(text: &mut String, tables: &ProviderTables) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n## {}\n\n| status | outcome |\n| --- | --- |\n", tables.provider);
    for (says, outcome) in &tables.outcomes {
        line(text, &[says, outcome.as_str()]);
    }
    if tables.declines.is_empty() {
        return;
    }
    *text += "\n| the gateway's reason | read as | advice |\n| --- | --- | --- |\n";
    for (says, reason) in &tables.declines {
        line(text, &[says, reason.as_str(), reason.advice().as_str()]);
    }
}

fn line(text: &mut String, cells: &[&str]) {
    *text += "| ";
    *text += &cells.join(" | ");
    *text += " |\n";
}
