use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use recurring_facade::{Operation, Provider, Settings};
use serde_json::json;

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

/// Shows what each gateway can do, from the capabilities themselves.
pub(crate) fn run(settings: &Settings, out: &Output) -> Result<Exit, CliError> {
    let all = Settings::unreachable()?;
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["gateway", "can", "look up", "after a lost answer", "configured"]);
    let mut objects = Vec::new();
    for provider in all.providers() {
        let problem = match (settings.mentions(&provider.id()), settings.facade_of(&provider.id())) {
            (false, _) => Some("no".to_owned()),
            (true, Ok(_)) => None,
            (true, Err(error)) => Some(error.to_string()),
        };
        let can = commands(provider);
        let facts = provider.facts();
        table.add_row([
            provider.id().to_string(),
            can.join(", "),
            look_up(provider).to_owned(),
            facts.after_lost_answer.to_owned(),
            problem.clone().unwrap_or_else(|| "yes".to_owned()),
        ]);
        objects.push(json!({
            "provider": provider.id().as_str(),
            "can": can,
            "look_up": provider.capabilities().has(Operation::LookUp),
            "nothing_found_is_proof": facts.nothing_found_is_proof,
            "gateway_fence": facts.gateway_fence,
            "first_payment": facts.first_payment,
            "renewal": facts.renewal,
            "lost_answer": facts.lost_answer.as_str(),
            "after_lost_answer": facts.after_lost_answer,
            "amounts": facts.amounts,
            "configured": problem.is_none(),
            "problem": problem.filter(|problem| problem != "no"),
        }));
    }
    if out.is_json() {
        for object in &objects {
            out.object(object);
        }
    } else {
        out.text(&table.to_string());
    }
    Ok(Exit::Done)
}

/// Whether a charge whose answer was lost can be looked for. It has no command of its own, so it has a column of its own.
fn look_up(provider: &dyn Provider) -> &'static str {
    match (provider.capabilities().has(Operation::LookUp), provider.facts().nothing_found_is_proof) {
        (false, _) => "",
        (true, false) => "yes",
        (true, true) => "yes, nothing found is proof",
    }
}

/// The commands that the gateway has. `resume` goes with `enrol`, and the journal looks up and cancels.
fn commands(provider: &dyn Provider) -> Vec<&'static str> {
    let own = |operation: &Operation| {
        !matches!(operation, Operation::Resume | Operation::LookUp | Operation::CancelUnpaid)
    };
    provider.capabilities().operations().filter(own).map(Operation::as_str).collect()
}
