//! The way from a request to its answer: the inspector, the sandbox's own API, the payment pages, and the gateways.

use crate::answer::Answer;
use crate::gateway::PAGE;
use crate::guard::Area;
use crate::ledger::Exchange;
use crate::request::Request;
use crate::state::State;
use crate::{control, inspector, page};
use jiff::Timestamp;
use serde_json::json;

/// The name of the gateway to which a path belongs, [`PAGE`] for the payment pages, or nothing. Known from the head of a
/// request alone, before the path is decoded.
pub(crate) fn gateway_of(state: &State, path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("pay") => PAGE,
        first => {
            let found = state.gateways.iter().find(|gateway| gateway.prefix().first().copied() == first);
            found.map_or("", |gateway| gateway.name())
        }
    }
}

/// What a path belongs to. A path that cannot be decoded belongs to nothing.
pub(crate) fn area_of(state: &State, path: &str) -> Area {
    match gateway_of(state, path) {
        PAGE => Area::PaymentPage,
        "" if control::is_control(path) => Area::Control,
        "" => Area::Inspector,
        _ => Area::Gateway,
    }
}

/// The answer, and the line for the log when the request belongs there. [`State::log_request`] enters it, once what is
/// kept of the request is written: not under the lock, where every other request would wait for it.
pub(crate) fn answer(state: &mut State, request: &Request) -> (Answer, Option<(Timestamp, Exchange)>) {
    state.catch_up();
    if control::described(request)
        && let Some(answer) = inspector::answer(state, request)
    {
        return (answer, None);
    }
    let segments = request.segments();
    let (gateway, answer) = match segments.as_slice() {
        ["_sandbox", path @ ..] => return (control::answer(state, request, path), None),
        ["pay", gateway, id] => (PAGE, page::answer(state, request, gateway, id)),
        path => match state.gateway_at(path) {
            Some((gateway, common)) => (gateway.name(), gateway.answer(common, request)),
            None => ("", Answer::json(404, &json!({"message": "no such path in the sandbox"}))),
        },
    };
    let line = Exchange::new(gateway, request.method.as_str(), &request.path, answer.status);
    (answer, Some((state.common.now(), line)))
}
