//! The sandbox's own API, for tests, under `/_sandbox/`. Described in `openapi.json`, which is served too.

use crate::answer::{Answer, JSON};
use crate::faults::Fault;
use crate::json;
use crate::request::Request;
use crate::state::State;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

const OPENAPI: &str = include_str!("openapi.json");

type Act = fn(&mut State, &Request) -> Answer;

/// Every path: the method, the part after `/_sandbox/`, and what it does.
const ROUTES: [(&str, &str, Act); 12] = [
    ("GET", "ledger", |state, _| Answer::json(200, &json!(state.common.ledger.entries()))),
    ("GET", "deliveries", deliveries),
    ("GET", "settings", |state, _| settings(state)),
    ("GET", "openapi.json", |_, _| Answer::text(200, JSON, OPENAPI.to_owned())),
    ("POST", "webhooks", webhooks),
    ("POST", "listeners", listen),
    ("DELETE", "listeners/{number}", unlisten),
    ("GET", "clock", preview),
    ("POST", "clock", clock),
    ("GET", "faults", |state, _| Answer::json(200, &json!(state.common.faults.list()))),
    ("POST", "faults", inject),
    ("DELETE", "faults", |state, _| {
        state.clear_faults();
        Answer::empty(204)
    }),
];

/// The pages of the inspector, which answers them itself.
const PAGES: [(&str, &str); 17] = [
    ("GET", "live"),
    ("GET", "exchanges/{number}"),
    ("GET", "assets/htmx.min.js"),
    ("GET", "inspector/{section}"),
    ("GET", "inspector/payments/{gateway}/{id}"),
    ("GET", "inspector/cards/{gateway}/{key}"),
    ("GET", "inspector/webhooks/{number}"),
    ("POST", "inspector/clock"),
    ("POST", "inspector/faults"),
    ("POST", "inspector/faults/clear"),
    ("POST", "inspector/faults/preset"),
    ("POST", "inspector/faults/remove"),
    ("POST", "inspector/webhooks"),
    ("POST", "inspector/webhooks/trigger"),
    ("POST", "inspector/webhooks/forward"),
    ("POST", "inspector/webhooks/forward/{number}/remove"),
    ("POST", "inspector/webhooks/{number}/resend"),
];

/// The inspector's pages beside the overview.
const SECTIONS: [&str; 10] = [
    "requests",
    "payments",
    "cards",
    "schedules",
    "webhooks",
    "ledger",
    "faults",
    "clock",
    "settings",
    "search",
];

/// The methods of a path.
fn methods(path: &[&str]) -> impl Iterator<Item = &'static str> {
    let routes = ROUTES.iter().map(|(method, name, _)| (*method, *name)).chain(PAGES);
    routes.filter(|(_, name)| fits(name, path)).map(|(method, _)| method)
}

fn fits(name: &str, path: &[&str]) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    parts.len() == path.len()
        && parts.iter().zip(path).all(|(part, given)| match *part {
            "{section}" => SECTIONS.contains(given),
            part => part.starts_with('{') || part == *given,
        })
}

/// Whether a request is for something that the description names, or not for this part of the sandbox at all.
pub(crate) fn described(request: &Request) -> bool {
    match request.segments().as_slice() {
        ["_sandbox", path @ ..] => methods(path).any(|method| method == request.method.as_str()),
        _ => true,
    }
}

/// Whether a path belongs to the sandbox's own API, and not to the inspector's pages.
pub(crate) fn is_control(path: &str) -> bool {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        ["_sandbox", path @ ..] => !PAGES.iter().any(|(_, name)| fits(name, path)),
        _ => false,
    }
}

fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

/// Answers a request under `/_sandbox/`, of which `path` is the rest.
pub(crate) fn answer(state: &mut State, request: &Request, path: &[&str]) -> Answer {
    let asked =
        |(method, name, _): &&(&str, &str, Act)| *method == request.method.as_str() && fits(name, path);
    match ROUTES.iter().find(asked) {
        // A page of another site can send a form or plain text without asking first, but not JSON.
        Some(_) if !request.body.is_empty() && !request.sends(JSON) => refuse(
            415,
            "cannot read the body: its Content-Type is not application/json; send it with curl --json, or with \
             -H 'Content-Type: application/json'",
        ),
        Some((_, _, act)) => act(state, request),
        None if methods(path).next().is_some() => refuse(405, "the method is not allowed here"),
        None => refuse(404, "no such path in the sandbox"),
    }
}

fn settings(state: &State) -> Answer {
    let settings = state.settings.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
    Answer::json(200, &Value::Object(settings.collect()))
}

fn webhooks(state: &mut State, request: &Request) -> Answer {
    let set = json::object(&request.body).and_then(|body| state.set_account_wide(&body));
    set.map_or_else(|reason| refuse(400, &reason), |()| Answer::empty(204))
}

/// Every attempt, or those after a number.
fn deliveries(state: &mut State, request: &Request) -> Answer {
    let after = match request.query("after").map(str::parse::<u64>) {
        None => 0,
        Some(Ok(number)) => number,
        Some(Err(_)) => return refuse(400, "after: the number of a delivery"),
    };
    let newer: Vec<_> =
        state.common.outbox.deliveries().into_iter().filter(|delivery| delivery.number > after).collect();
    Answer::json(200, &json!(newer))
}

fn listen(state: &mut State, request: &Request) -> Answer {
    let added = json::object(&request.body).and_then(|body| {
        if let Some(unknown) = body.keys().find(|name| *name != "forward_to") {
            return Err(format!("{unknown}: not a member; the member is forward_to"));
        }
        let forward_to = match body.get("forward_to") {
            None | Some(Value::Null) => None,
            Some(Value::String(url)) => Some(url.clone()),
            Some(_) => return Err("forward_to: an http URL, or null for none".to_owned()),
        };
        state.common.outbox.listeners.add(forward_to)
    });
    let after = state.common.outbox.last();
    added.map_or_else(
        |reason| refuse(400, &reason),
        |number| Answer::json(201, &json!({"number": number, "after": after})),
    )
}

fn unlisten(state: &mut State, request: &Request) -> Answer {
    match request.segments().last().and_then(|number| number.parse().ok()) {
        Some(number) => {
            state.common.outbox.listeners.remove(number);
            Answer::empty(204)
        }
        None => refuse(404, "no such path in the sandbox"),
    }
}

fn clock(state: &mut State, request: &Request) -> Answer {
    let by = json::object(&request.body).and_then(|body| {
        let unknown = body.keys().find(|name| !matches!(name.as_str(), "advance_seconds" | "to"));
        match (unknown, body.get("advance_seconds"), body.get("to")) {
            (Some(unknown), ..) => {
                Err(format!("{unknown}: not a member; the members are advance_seconds and to"))
            }
            (None, Some(seconds), None) => {
                seconds.as_u64().map(Duration::from_secs).ok_or(NO_SECONDS.to_owned())
            }
            (None, None, Some(to)) => until(state, to.as_str().unwrap_or_default()),
            _ => Err(NO_SECONDS.to_owned()),
        }
    });
    match by {
        Ok(by) => {
            state.advance(by);
            Answer::json(200, &json!({"now": state.common.now().to_string()}))
        }
        Err(reason) => refuse(400, &reason),
    }
}

/// What the clock shows, and what a move would make due.
fn preview(state: &mut State, request: &Request) -> Answer {
    let by = match (request.query("advance_seconds"), request.query("to")) {
        (None, None) => Ok(Duration::ZERO),
        (Some(seconds), None) => seconds.parse().map(Duration::from_secs).map_err(|_| NO_SECONDS.to_owned()),
        (None, Some(to)) => until(state, to),
        (Some(_), Some(_)) => Err(NO_SECONDS.to_owned()),
    };
    match by {
        Ok(by) => Answer::json(200, &json!(state.preview(by))),
        Err(reason) => refuse(400, &reason),
    }
}

const NO_SECONDS: &str =
    "advance_seconds: a whole number of seconds, not negative; or to: a time such as 2030-01-31T00:00:00Z";

/// How long it is until this time.
fn until(state: &State, to: &str) -> Result<Duration, String> {
    let to: Timestamp = to.parse().map_err(|_| NO_SECONDS.to_owned())?;
    let by = to.duration_since(state.common.now());
    by.try_into().map_err(|_| "to: the clock only moves forward".to_owned())
}

fn inject(state: &mut State, request: &Request) -> Answer {
    let fault = json::object(&request.body).and_then(|body| {
        serde_json::from_value::<Fault>(Value::Object(body)).map_err(|error| error.to_string())
    });
    let injected = fault.and_then(|fault| {
        let answer = Answer::json(201, &json!(fault));
        state.inject(fault).map(|()| answer).map_err(|error| error.to_string())
    });
    injected.unwrap_or_else(|reason| refuse(400, &reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn description_names_exactly_the_routes() {
        let description: Value = serde_json::from_str(OPENAPI).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        let routes = ROUTES.iter().map(|(method, name, _)| (*method, *name)).chain(PAGES);
        let routes: BTreeSet<String> =
            routes.map(|(method, name)| format!("{method} /_sandbox/{name}")).collect();
        assert_eq!(described, routes);
    }
}
