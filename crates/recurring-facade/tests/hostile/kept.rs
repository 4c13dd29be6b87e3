//! A kept connection on which a server sends two answers to one request: the second one is about another payment, and is
//! taken for the answer of the next call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use recurring_core::{Effect, ErrorKind};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received, Script};
use serde_json::Value;

use super::operation::{Answer, Operation, stored};
use super::run::{Judged, Tally, is_unread, judged, options, side_by_side};

/// Members that name a payment, order, customer or card. Amounts stay: another customer pays the same price.
const IDENTIFIERS: &[&str] = &[
    "id",
    "_id",
    "reference",
    "orderReference",
    "orderId",
    "paymentId",
    "merchantReference",
    "merchantOrderReference",
    "merchant_order_id",
    "refund_of_order_id",
    "client_id",
    "cardToken",
    "token",
    "tokenId",
    "userId",
    "email",
];

/// Calls about the account: the same answer for every customer, whatever it is the answer to.
const ABOUT_THE_ACCOUNT: &[&str] = &["revio payment_methods", "revio public_key", "emspay currencies"];

/// How many calls follow each other while every answer is sent twice.
const RACES: usize = 10;

pub(crate) async fn matrix(operations: Vec<Operation>) -> Tally {
    side_by_side(operations, |operation| async move { after_two_answers(&operation).await }).await
}

async fn after_two_answers(operation: &Operation) -> Vec<Judged> {
    // On a loaded machine the first call may not be answered in time: such a case says nothing.
    for _ in 0..20 {
        if let Some((good, late)) = second_answer_late(operation).await {
            let mut all = vec![late];
            all.extend(second_answer_at_once(operation, &good).await);
            return all;
        }
    }
    panic!("{}: no first answer in twenty attempts", operation.name);
}

/// A server that grants a token, and does the rest as it is told.
struct Stage {
    server: FaultServer,
    seen: Arc<AtomicUsize>,
}

impl Stage {
    async fn open(
        operation: &Operation,
        behavior: impl Fn(&Received) -> Behavior + Send + Sync + 'static,
    ) -> Stage {
        let token = operation.token.map(|(path, case)| (path, stored(case)));
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        let server = FaultServer::start(move |request: &Received, _| match &token {
            // Its connection is not the first of the calls.
            Some((path, granted)) if request.path == *path => {
                Behavior::Reply(granted.clone().header("Connection", "close"))
            }
            _ => {
                counted.fetch_add(1, Ordering::SeqCst);
                behavior(request)
            }
        })
        .await;
        Stage { server, seen }
    }

    async fn call(&self, operation: &Operation) -> (Answer, usize) {
        self.seen.store(0, Ordering::SeqCst);
        let keeping = options().with_pool_idle_timeout(Duration::from_secs(60));
        let answer = (operation.call)(&self.server.url(), keeping).await;
        (answer, self.seen.load(Ordering::SeqCst))
    }
}

/// The second answer to the first call arrives while the second call waits for its own. `None` when the first call was
/// not answered; else also its answer.
async fn second_answer_late(operation: &Operation) -> Option<(Answer, Judged)> {
    let (good, other) = (operation.good.clone(), another(&operation.good));
    let mixed = Arc::new(AtomicBool::new(false));
    let is_mixed = Arc::clone(&mixed);
    let stage = Stage::open(operation, move |request| match request.earlier {
        0 => Behavior::Reply(good.clone()),
        _ => {
            is_mixed.store(true, Ordering::SeqCst);
            two(&other, &good)
        }
    })
    .await;
    let (first, sends) = stage.call(operation).await;
    if sends > 1 || matches!(&first, Err(failed) if failed.kind == ErrorKind::Transport) {
        return None;
    }
    let (answer, seen) = stage.call(operation).await;
    let is_mixed = mixed.load(Ordering::SeqCst) && !ABOUT_THE_ACCOUNT.contains(&operation.name);
    // What `Debug` does not show, such as a card's token, cannot be compared. A read may have been sent again.
    let wrong = if answer.is_ok() && is_mixed && seen == 1 {
        Some("a success on a connection with two answers")
    } else {
        wrong(operation, &first, &answer, seen)
    };
    let case = judged(operation, "second answer late", &answer, seen, wrong);
    Some((first, case))
}

/// Every answer is sent together with a second one, about another payment.
async fn second_answer_at_once(operation: &Operation, good: &Answer) -> Vec<Judged> {
    let (first, second) = (operation.good.clone(), another(&operation.good));
    let open = || {
        let (first, second) = (first.clone(), second.clone());
        Stage::open(operation, move |_| two(&first, &second))
    };
    let mut stage = open().await;
    let mut all = Vec::new();
    for _ in 0..RACES {
        let (answer, seen) = stage.call(operation).await;
        let wrong = wrong(operation, good, &answer, seen);
        all.push(judged(operation, "second answer at once", &answer, seen, wrong));
        if is_unread(operation, &answer, seen) {
            stage = open().await;
        }
    }
    all
}

fn wrong(operation: &Operation, good: &Answer, answer: &Answer, seen: usize) -> Option<&'static str> {
    if operation.is_write && seen > 1 {
        return Some("sent too often");
    }
    match answer {
        Ok(value) if good.as_ref().is_ok_and(|good| good == value) => None,
        Ok(_) => Some("a success about another payment"),
        Err(failed) if failed.effect != Effect::Unknown => Some("claims a proof that it has not"),
        Err(_) => None,
    }
}

fn two(one: &RawReply, other: &RawReply) -> Behavior {
    Behavior::Script(Script { tail: other.bytes(), stays_open: true, ..Script::new(one.bytes()) })
}

/// The same answer about another payment: every identifier is another one, wherever it is repeated.
fn another(good: &RawReply) -> RawReply {
    let mut body = String::from_utf8(good.body.clone()).expect("text");
    let mut found = BTreeSet::new();
    if let Ok(json) = serde_json::from_str(&body) {
        identifiers(&json, &mut found);
    }
    for id in found {
        let last = id.chars().last().unwrap_or('0');
        let other = if last == '7' { '8' } else { '7' };
        let changed = format!("{}{other}", id.strip_suffix(last).unwrap_or_default());
        for (before, after) in [("\"", "\""), (": ", ","), ("/", "")] {
            body = body.replace(&format!("{before}{id}{after}"), &format!("{before}{changed}{after}"));
        }
    }
    RawReply { body: body.into_bytes(), ..good.clone() }
}

fn identifiers(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => {
                        identifiers(value, found);
                        continue;
                    }
                };
                if IDENTIFIERS.contains(&name.as_str()) {
                    found.insert(text);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| identifiers(value, found)),
        _ => {}
    }
}
