//! Lets requests act, keeps them in the state file, and lets them act again after a restart.

use crate::answer::Answer;
use crate::cards::{self, luhn};
use crate::ledger::Exchange;
use crate::request::Request;
use crate::router;
use crate::state::State;
use crate::state_file::{Event, KeptRequest, decode, encode};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Answers a request at one moment of the clock, and keeps it. `gateway` is what its path belongs to; requests to the
/// inspector and the sandbox's own API are not kept.
pub(crate) fn act(
    state: &mut State,
    request: &Request,
    target: &str,
    gateway: &str,
) -> (Answer, Option<(Timestamp, Exchange)>) {
    if state.file_problem().is_some() {
        // The caller gets the problem.
        return (Answer::empty(500), None);
    }
    if gateway.is_empty() {
        return router::answer(state, request);
    }
    let at = state.common.now();
    state.common.clock.stop(Some(at));
    state.catch_up();
    let ids = state.common.ids.counter();
    let (answer, line) = router::answer(state, request);
    state.common.clock.stop(None);
    if state.keeps() && (answer.status < 400 || !holds_a_real_card(&request.body)) {
        state.keep(&Event::Request(Box::new(KeptRequest {
            at: at.to_string(),
            ids,
            method: request.method.to_string(),
            target: target.to_owned(),
            headers: headers(request),
            body: encode(&request.body),
            answer: digest(&answer),
        })));
    }
    (answer, line)
}

/// Lets the events of the state file act again. An error is the reason why they cannot.
pub(crate) fn replay(state: &mut State, events: Vec<Event>) -> Result<(), String> {
    for (place, event) in events.into_iter().enumerate() {
        again(state, event).ok_or_else(|| {
            format!(
                "line {} has another result than when it was written, by other code of the sandbox",
                place + 2
            )
        })?;
        state.common.clock.stop(None);
    }
    state.common.delay = Duration::ZERO;
    state.common.outbox.forget();
    Ok(())
}

fn again(state: &mut State, event: Event) -> Option<()> {
    match event {
        Event::Start { origin } => state.common.origin = origin,
        Event::Advance { seconds, nanoseconds } => {
            state.common.clock.advance(Duration::new(seconds, nanoseconds));
        }
        Event::Due { at, ids } => {
            state.common.clock.stop(Some(at.parse().ok()?));
            state.common.ids.set_counter(ids);
            state.catch_up();
        }
        Event::Webhooks(settings) => state.common.outbox.set_account_wide(&settings).ok()?,
        Event::TokensExpired { gateway } => state.expire_tokens(&gateway),
        Event::Issuer { cardholder, response } => {
            state.set_issuer(&cardholder, response.as_deref()).then_some(())?;
        }
        Event::Request(kept) => {
            let mut headers = HeaderMap::new();
            for (name, value) in &kept.headers {
                headers.append(name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?);
            }
            let (method, uri) = (kept.method.parse::<Method>().ok()?, kept.target.parse::<Uri>().ok()?);
            let request = Request::new(method, &uri, headers, decode(&kept.body)?)?;
            state.common.clock.stop(Some(kept.at.parse().ok()?));
            state.common.ids.set_counter(kept.ids);
            let (answer, _) = router::answer(state, &request);
            return (digest(&answer) == kept.answer).then_some(());
        }
    }
    Some(())
}

/// Those that are text; cookies are of no use to a gateway.
fn headers(request: &Request) -> Vec<(String, String)> {
    let text = request.headers().iter().filter(|(name, _)| *name != "cookie");
    text.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}

fn digest(answer: &Answer) -> String {
    let location = answer.location().unwrap_or_default();
    let digest = Sha256::new()
        .chain_update(answer.status.to_be_bytes())
        .chain_update(location)
        .chain_update([0])
        .chain_update(answer.body())
        .finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a body holds what may be the number of a real card, which the gateways and the page refuse, and which is written
/// nowhere.
fn holds_a_real_card(body: &[u8]) -> bool {
    let known = cards::numbers();
    let text = String::from_utf8_lossy(body).replace("%20", "").replace([' ', '+', '-'], "");
    let mut runs = text.split(|one: char| !one.is_ascii_digit()).filter(|run| (13..=19).contains(&run.len()));
    runs.any(|run| luhn(run) && !known.contains(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_card_numbers_are_found_and_test_cards_are_not() {
        for real in [
            "card_number=4242+4242+4242+4242&cvc=1",
            "{\"pan\":\"4242424242424242\"}",
            "4242%204242%204242%204242",
        ] {
            assert!(holds_a_real_card(real.as_bytes()), "{real}");
        }
        for fine in
            ["card_number=4111+1111+1111+1111&cvc=123", "{\"amount\":4000}", "", "2026-11-28T20:00:00Z"]
        {
            assert!(!holds_a_real_card(fine.as_bytes()), "{fine}");
        }
    }
}
