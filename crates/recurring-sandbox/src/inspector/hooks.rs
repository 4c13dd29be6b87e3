//! The forms of the webhooks: sending one about a payment, and where they go.

use super::controls::{Address, Choice, addresses};
use super::forms::Form;
use super::{lines, rows};
use crate::gateway::{Gateway, STATUS};
use crate::loopback::refusal;
use crate::state::State;

/// How many payments are offered to choose from.
const OFFERED: usize = 20;

/// The forms as they are filled in.
pub(super) struct Hooks<'a> {
    pub(super) problem: Option<&'a str>,
    /// The gateways with their events.
    pub(super) events: Vec<(&'static str, Vec<Choice>)>,
    pub(super) payment: &'a str,
    pub(super) to: &'a str,
    pub(super) forward_to: &'a str,
    /// The ids of the last payments, and what they are.
    pub(super) offered: Vec<(String, String)>,
    pub(super) addresses: Vec<Address>,
    /// The numbers and addresses of what gets every event.
    pub(super) forwarding: Vec<(u64, String)>,
    /// How many are on their way, and how many are sent again when the clock moves.
    pub(super) waiting: (usize, usize),
}

/// The forms, with what was entered where that was a mistake.
pub(super) fn hooks<'a>(state: &State, form: &'a Form, problem: Option<&'a str>) -> Hooks<'a> {
    let offered = rows::payments(state).take(OFFERED).map(|row| lines::payment(&row));
    let forwarding = state.common.outbox.listeners.forwarding();
    Hooks {
        problem,
        events: state.gateways.iter().map(|known| (known.name(), events(known.as_ref(), form))).collect(),
        payment: form.field("payment"),
        to: form.field("to"),
        forward_to: form.field("forward_to"),
        offered: offered
            .map(|line| (line.id, format!("{} {} {}", line.gateway, line.reference, line.amount)))
            .collect(),
        addresses: addresses(state, form, problem.is_some()),
        forwarding: forwarding.map(|(number, url)| (number, url.to_owned())).collect(),
        waiting: state.common.outbox.waiting(state.common.now()),
    }
}

/// The events of a gateway to choose from.
pub(super) fn events(gateway: &dyn Gateway, form: &Form) -> Vec<Choice> {
    let chosen = form.field("event").strip_prefix(gateway.name()).map(str::trim);
    let choice = |event: &&'static str| Choice {
        value: event,
        words: if *event == STATUS { "the status as it is now" } else { event },
        chosen: chosen == Some(event),
    };
    gateway.events().iter().map(choice).collect()
}

/// Sends a webhook about a payment as it is now.
pub(super) fn trigger(state: &mut State, form: &Form) -> Result<(), String> {
    let now = state.common.now();
    let State { gateways, common, .. } = state;
    let (name, event) = form.field("event").split_once(' ').ok_or("Choose an event.")?;
    let gateway = gateways.iter().find(|known| known.name() == name && known.events().contains(&event));
    let gateway = gateway.ok_or("Choose an event.")?;
    let wanted = form.field("payment");
    let mut rows = gateway.payments(now);
    let row = match wanted {
        "" => rows.next().ok_or_else(|| format!("{name} has no payment yet."))?,
        _ => rows
            .find(|row| [&row.id, row.reference, row.order].contains(&wanted))
            .ok_or_else(|| format!("{name} has no payment with this id or reference."))?,
    };
    let to = match form.field("to") {
        "" => None,
        url => Some(here(url)?),
    };
    let (notification, own) = gateway
        .webhook(common, &row.id, event)
        .ok_or_else(|| format!("{name} cannot send a webhook about this payment."))?;
    let urls = to.map_or(own, |url| vec![url]);
    if !common.outbox.has_receiver(&urls) {
        return Err(format!(
            "{name} has no address to send it to: enter one here, or set one under \u{201c}Where webhooks go\u{201d}."
        ));
    }
    common.notify(&notification, urls);
    Ok(())
}

/// Forwards every event to an address of this machine.
pub(super) fn forward(state: &mut State, form: &Form) -> Result<(), String> {
    let url = here(form.field("forward_to"))?;
    state.common.outbox.listeners.add(Some(url)).map(drop)
}

/// Ends the forwarding of this number. That it has ended meanwhile is not a mistake.
pub(super) fn stop_forwarding(state: &mut State, number: &str) -> Result<(), String> {
    let number = number.parse().map_err(|_| "Choose an address of the list.".to_owned())?;
    state.common.outbox.listeners.remove(number);
    Ok(())
}

fn here(url: &str) -> Result<String, String> {
    match refusal(url) {
        None => Ok(url.to_owned()),
        Some(why) => Err(format!("Webhooks are sent to this machine only: the address is {why}.")),
    }
}
