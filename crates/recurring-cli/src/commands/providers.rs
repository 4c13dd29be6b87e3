use recurring_facade::{Operation, Provider, Settings, SettingsError};
use serde_json::json;

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::table;

/// Shows what each gateway can do, from the capabilities themselves.
pub(crate) fn run(settings: &Settings, out: &Output) -> Result<Exit, CliError> {
    let all = Settings::unreachable()?;
    let mut rows = Vec::new();
    let mut objects = Vec::new();
    for provider in all.providers() {
        let (configured, problem) =
            match (settings.mentions(&provider.id()), settings.facade_of(&provider.id())) {
                (false, _) => ("no".to_owned(), None),
                (true, Ok(_)) => ("yes".to_owned(), None),
                (true, Err(error)) => (incomplete(&error), Some(error.to_string())),
            };
        let can = commands(provider);
        let facts = provider.facts();
        rows.push(vec![
            provider.id().to_string(),
            can.join(", "),
            facts.after_lost_answer.to_owned(),
            configured.clone(),
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
            "configured": configured == "yes",
            "problem": problem,
        }));
    }
    if out.is_json() {
        for object in &objects {
            out.object(object);
        }
    } else {
        out.text(&table::of_texts(&["gateway", "can", "after a lost answer", "configured"], rows));
    }
    for (name, known) in Settings::unknown_variables() {
        let hint = crate::nearest::hint(&name, known.iter().copied());
        out.problem(&format!("{name} in the environment is not a setting of a gateway{hint}"));
    }
    Ok(Exit::Done)
}

/// The commands that the gateway has. `resume` goes with `enrol`, and the journal looks up and cancels.
fn commands(provider: &dyn Provider) -> Vec<&'static str> {
    let own = |operation: &Operation| {
        !matches!(operation, Operation::Resume | Operation::LookUp | Operation::CancelUnpaid)
    };
    provider.capabilities().operations().filter(own).map(Operation::as_str).collect()
}

/// What keeps a gateway from being used, without its name.
fn incomplete(error: &SettingsError) -> String {
    match error {
        SettingsError::Missing { variables, .. } => format!("no: set {}", variables.join(", ")),
        error => format!("no: {error}"),
    }
}
