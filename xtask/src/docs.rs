//! `cargo xtask docs`: writes `docs/providers.md` from the code, so that it cannot say something else.

use std::fmt::Write;
use std::fs;

use recurring_facade::{DeclineReason, Provider, ProviderTables, Settings, provider_tables};

use crate::workspace::{Findings, read, root};

const PAGE: &str = "docs/providers.md";

/// Writes the page.
pub(crate) fn write() -> Result<(), String> {
    fs::write(root().join(PAGE), page()?).map_err(|error| format!("{PAGE}: {error}"))
}

/// Whether the page is what the code says.
pub(crate) fn check() -> Findings {
    let differs = read(&root().join(PAGE))? != page()?;
    Ok(differs
        .then(|| format!("{PAGE} is not what the code says: run `cargo xtask docs`"))
        .into_iter()
        .collect())
}

fn page() -> Result<String, String> {
    let facade = Settings::unreachable().map_err(|error| error.to_string())?;
    let mut text = String::from(
        "# The gateways, as the code has them\n\n\
         Written by `cargo xtask docs`; do not edit it by hand.\n\n\
         ## What each can do\n\n",
    );
    capabilities(&mut text, facade.providers());
    text += "\n## What a lost answer means\n\n| gateway | first payment | renewal | after a lost answer | what bars a late charge | amounts |\n| --- | --- | --- | --- | --- | --- |\n";
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
    text += "\n## Why a payment was refused\n\n\
             Where a gateway has no codes of its own, the codes that card networks share are read, and else its words \
             (a guess; the first that occurs decides). Everything else is `other`.\n\n\
             | code or words | read as | advice |\n| --- | --- | --- |\n";
    for (says, reason) in DeclineReason::RESPONSE_CODES.iter().chain(DeclineReason::WORDS) {
        line(&mut text, &[&format!("`{says}`"), reason.as_str(), reason.advice().as_str()]);
    }
    Ok(text)
}

fn capabilities<'a>(text: &mut String, providers: impl Iterator<Item = &'a dyn Provider>) {
    *text += "| gateway | first payment | stored cards | charge | schedule | status | refund | capture | notifications |\n";
    *text += "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for provider in providers {
        let can = [
            provider.as_enrol().is_some(),
            provider.as_stored_cards().is_some(),
            provider.as_charge().is_some(),
            provider.as_schedule().is_some(),
            provider.as_status().is_some(),
            provider.as_refund().is_some(),
            provider.as_capture().is_some(),
            provider.as_notifications().is_some(),
        ];
        let mut cells = vec![provider.id().to_string()];
        cells.extend(can.map(|can| if can { "yes".to_owned() } else { String::new() }));
        line(text, &cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn statuses(text: &mut String, tables: &ProviderTables) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n## {}\n\n| what the gateway says | outcome |\n| --- | --- |\n", tables.provider);
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
