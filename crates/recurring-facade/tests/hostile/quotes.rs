//! Answers that quote a credential or a card's token of their request, in every form and in each of their members.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use recurring_core::HttpOptions;
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_fixtures::redaction::forms;
use serde_json::Value;

use super::operation::{Answer, Operation, stored};
use super::run::{Judged, Tally, judged, options, side_by_side};

/// The members of a request that hold a card's token or number.
const TOKENS: &[&str] = &["vault_token", "recurring_token", "cardToken", "tokenId", "pan"];

/// A shorter one may be part of an amount by chance, and is cleared from words only.
const SHORTEST: usize = 8;

pub(crate) async fn matrix(operations: Vec<Operation>) -> Tally {
    side_by_side(operations, |operation| async move { quoted_in_every_member(&operation).await }).await
}

/// A server that grants what an operation needs first, and keeps the last request beside that.
struct Stage {
    server: FaultServer,
    answer: Arc<Mutex<RawReply>>,
    last: Arc<Mutex<Option<Received>>>,
}

impl Stage {
    async fn open(operation: &Operation) -> Stage {
        let token = operation.token.map(|(path, case)| (path, stored(case)));
        let answer = Arc::new(Mutex::new(operation.good.clone()));
        let last = Arc::new(Mutex::new(None));
        let (next, kept) = (Arc::clone(&answer), Arc::clone(&last));
        let server = FaultServer::start(move |request: &Received, _| match &token {
            Some((path, granted)) if request.path == *path => Behavior::Reply(granted.clone()),
            _ => {
                *kept.lock().expect("not poisoned") = Some(request.clone());
                Behavior::Reply(next.lock().expect("not poisoned").clone())
            }
        })
        .await;
        Stage { server, answer, last }
    }

    async fn play(&self, operation: &Operation, answer: RawReply) -> Answer {
        *self.answer.lock().expect("not poisoned") = answer;
        (operation.call)(&self.server.url(), patient()).await
    }

    /// The credentials and tokens of the request that came last.
    fn secrets(&self) -> Vec<String> {
        let last = self.last.lock().expect("not poisoned");
        let request = last.as_ref().expect("a request");
        let key = request.header("authorization").and_then(|value| value.split_once(' '));
        let mut secrets: Vec<String> = key.into_iter().map(|(_, key)| key.to_owned()).collect();
        if let Ok(body) = serde_json::from_slice(&request.body) {
            texts(&body, &mut |name, text| {
                if TOKENS.contains(&name) {
                    secrets.push(text.to_owned());
                }
            });
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        secrets
    }
}

/// No time-out of a loaded machine is a case here.
fn patient() -> HttpOptions {
    options().with_timeout(Duration::from_secs(30)).with_connect_timeout(Duration::from_secs(20))
}

async fn quoted_in_every_member(operation: &Operation) -> Vec<Judged> {
    let stage = Stage::open(operation).await;
    // Brings the request, whatever it answers.
    drop(stage.play(operation, operation.good.clone()).await);
    let mut all = Vec::new();
    let body: Value = serde_json::from_slice(&operation.good.body).unwrap_or_default();
    for secret in stage.secrets() {
        let forms = forms(&secret).into_iter().map(|(_, form)| form).filter(|form| form.len() >= SHORTEST);
        let forms: Vec<String> = forms.collect();
        let mut answers = Vec::new();
        for at in 0..members(&body) {
            for quoted in [secret.clone(), format!("for {}.", forms.join(" "))] {
                let changed = with(&body, at, &quoted).to_string().into_bytes();
                let reply = RawReply { body: changed, ..operation.good.clone() };
                answers.push((format!("quoted in value {at}"), stage.play(operation, reply).await));
            }
        }
        for status in [400, 401, 404, 409, 422] {
            let reply = RawReply::json(status, refusal(&forms.join(" ")));
            answers.push((format!("quoted with {status}"), stage.play(operation, reply).await));
        }
        for (what, answer) in answers {
            let shown = format!("{answer:?}");
            let is_shown = forms.iter().any(|form| shown.contains(form.as_str()));
            all.push(judged(
                operation,
                &what,
                &answer,
                1,
                is_shown.then_some("shows a secret of its request"),
            ));
        }
    }
    all
}

/// A refusal in the shape of each gateway.
fn refusal(words: &str) -> String {
    let error = serde_json::json!({"message": words, "errorCode": words, "code": words});
    serde_json::json!({"message": words, "error": words, "responseCode": "1", "errors": [error], "__all__": [error]}).to_string()
}

/// Calls `found` with each text and number of a JSON value, and the name of its member.
fn texts(value: &Value, found: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) => found(name, text),
                    other => texts(other, found),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| texts(entry, found)),
        _ => {}
    }
}

/// How many values are neither an object nor a list.
fn members(value: &Value) -> usize {
    match value {
        Value::Object(values) => values.values().map(members).sum(),
        Value::Array(values) => values.iter().map(members).sum(),
        _ => 1,
    }
}

/// The JSON with a text in the place of one of these values.
fn with(value: &Value, at: usize, text: &str) -> Value {
    let mut changed = value.clone();
    let mut left = at;
    replace(&mut changed, &mut left, text);
    changed
}

/// Whether it is done.
fn replace(value: &mut Value, left: &mut usize, text: &str) -> bool {
    match value {
        Value::Object(values) => values.values_mut().any(|value| replace(value, left, text)),
        Value::Array(values) => values.iter_mut().any(|value| replace(value, left, text)),
        _ if *left == 0 => {
            *value = Value::String(text.to_owned());
            true
        }
        _ => {
            *left -= 1;
            false
        }
    }
}
