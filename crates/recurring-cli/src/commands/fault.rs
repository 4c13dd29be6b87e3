use recurring_sandbox::FaultPreset;
use serde_json::{Value, json};

use crate::arguments::Fault;
use crate::control::Control;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

/// Arms, lists or clears the faults of a running sandbox.
pub(crate) async fn run(fault: &Fault, out: &Output) -> Result<Exit, CliError> {
    if fault.fault == "presets" {
        for preset in FaultPreset::all() {
            let (name, summary) = (preset.name(), preset.summary());
            out.line(&json!({"preset": name, "summary": summary}), &format!("{name:16}{summary}"));
        }
        return Ok(Exit::Done);
    }
    let sandbox = Control::find(fault.at.sandbox.as_deref())?;
    match fault.fault.as_str() {
        "list" => {
            let armed = sandbox.get("faults").await?;
            let armed = armed.as_array().map(Vec::as_slice).unwrap_or_default();
            if armed.is_empty() {
                out.progress("no fault is armed");
            }
            for fault in armed {
                out.line(fault, &fault.to_string());
            }
        }
        "clear" => {
            sandbox.delete("faults").await?;
            out.line(&json!({"cleared": true}), "no fault is armed any more");
        }
        _ => {
            for fault in wanted(fault)? {
                let armed = sandbox.post("faults", &fault).await?;
                out.line(&armed, &format!("armed {armed}"));
            }
        }
    }
    Ok(Exit::Done)
}

/// The faults that are to be armed, as JSON.
fn wanted(fault: &Fault) -> Result<Vec<Value>, CliError> {
    let text = fault.fault.trim();
    if text.starts_with('{') {
        if fault.provider.is_some() {
            return Err(CliError::usage(
                "cannot use --provider: a fault as JSON names its own `gateway`; leave the option out",
            ));
        }
        let read: Value = serde_json::from_str(text)
            .map_err(|error| CliError::usage(format!("cannot read the fault: not JSON: {error}")))?;
        return Ok(vec![read]);
    }
    let presets = FaultPreset::all();
    let Some(preset) = presets.iter().find(|preset| preset.name() == text) else {
        let names: Vec<&str> = presets.iter().map(FaultPreset::name).collect();
        return Err(CliError::usage(format!(
            "cannot arm `{text}`: there is no such preset; the presets are {}",
            names.join(", ")
        )));
    };
    let gateway = fault.provider.as_ref().map(recurring_facade::ProviderId::as_str);
    let faults =
        preset.faults(gateway).map_err(|error| CliError::usage(format!("cannot arm it: {error}")))?;
    Ok(faults.iter().map(|fault| json!(fault)).collect())
}
