//! Makes an event come about in a running sandbox, with the money moved and the webhooks sent as the gateway does.

mod events;
mod flow;

use std::time::{Duration, Instant};

use recurring_facade::{Payment, PaymentRef, ProviderId, Settings};
use serde_json::{Value, json};

use crate::arguments::Trigger;
use crate::control::Control;
use crate::delivery::Delivery;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use events::Event;
use flow::Run;

/// An address that is never called: omno and tokenpay-signed must be given one.
const NOWHERE: &str = "https://shop.example/notify";
/// How long the webhooks are waited for.
const WAIT: Duration = Duration::from_secs(5);
/// How long nothing new must have been sent.
const QUIET: Duration = Duration::from_millis(400);
const INTERVAL: Duration = Duration::from_millis(100);

/// Triggers one event, or lists all of them.
pub(crate) async fn run(trigger: &Trigger, out: &Output) -> Result<Exit, CliError> {
    let all = events::all();
    let Some(name) = &trigger.event else {
        for event in &all {
            let (name, summary) = (event.name(), event.flow.summary());
            out.line(&json!({"event": name, "summary": summary}), &format!("{name:34}{summary}"));
        }
        return Ok(Exit::Done);
    };
    let event = all.iter().find(|event| event.name() == *name).ok_or_else(|| {
        CliError::usage(format!(
            "cannot trigger `{name}`: there is no such event; `recurring trigger --list` shows all"
        ))
    })?;
    let sandbox = Control::find(trigger.at.sandbox.as_deref())?;
    let settings = settings(&sandbox).await?;
    let facade = settings.facade_of(&event.provider)?;
    // Beside those of `recurring listen`: so the event is seen also where the merchant has set no address.
    let listener = sandbox.post("listeners", &json!({"forward_to": trigger.forward_to})).await?;
    let number = |name: &str| listener.get(name).and_then(Value::as_u64).unwrap_or_default();
    let must = [ProviderId::OMNO, ProviderId::TOKENPAY_SIGNED].contains(&event.provider);
    let notification_url = trigger.forward_to.as_deref().or(must.then_some(NOWHERE));
    let happened = Run { facade: &facade, event, notification_url }.happens().await;
    let sent = match &happened {
        Ok(_) => sent(&sandbox, number("after")).await,
        Err(_) => Ok(Vec::new()),
    };
    sandbox.delete(&format!("listeners/{}", number("number"))).await?;
    print(event, &happened?, &sent?, out);
    Ok(Exit::Done)
}

/// The settings of the gateways in the sandbox.
async fn settings(sandbox: &Control) -> Result<Settings, CliError> {
    let values = sandbox.get("settings").await?;
    let values = values.as_object().into_iter().flatten();
    let values = values.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?.to_owned())));
    Ok(Settings::new().set_all(values)?)
}

/// The deliveries after the one of this number, once no more come.
async fn sent(sandbox: &Control, after: u64) -> Result<Vec<Delivery>, CliError> {
    let (begun, mut changed, mut known) = (Instant::now(), Instant::now(), 0);
    loop {
        let sent = Delivery::read(sandbox.get(&format!("deliveries?after={after}")).await?);
        if sent.len() != known {
            (known, changed) = (sent.len(), Instant::now());
        }
        if known > 0 && changed.elapsed() >= QUIET || begun.elapsed() >= WAIT {
            return Ok(sent);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn print(event: &Event, payment: &Payment, sent: &[Delivery], out: &Output) {
    let name = event.name();
    // What goes to the address that is never called goes nowhere.
    let somewhere: Vec<&Delivery> = sent.iter().filter(|delivery| delivery.is_addressed(NOWHERE)).collect();
    let reference = payment.payment.as_ref().map(PaymentRef::as_str).unwrap_or_default();
    let object = json!({
        "event": name, "provider": event.provider.as_str(), "payment": reference, "state": payment.outcome.as_str(),
        "sent": somewhere.iter().map(|delivery| delivery.object()).collect::<Vec<_>>(),
    });
    let mut text = format!("{name}: {}: {reference}", event.flow.summary());
    for delivery in &somewhere {
        text += &format!("\n{} to {}", delivery.text(), delivery.url);
    }
    if somewhere.is_empty() {
        text +=
            "\nits webhooks go nowhere; run `recurring listen --forward-to URL`, or pass --forward-to URL";
    }
    out.line(&object, &text);
}
