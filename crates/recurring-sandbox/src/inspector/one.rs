//! The page of one request, and of one webhook.

use super::lines::{DeliveryLine, LedgerLine, RequestLine, delivery, line, money};
use crate::answer::render;
use crate::ledger::LedgerEntry;
use crate::log::Record;
use crate::mask;
use crate::state::State;
use askama::Template;

/// How many webhooks are looked through for those of a payment.
const SEARCHED: usize = 1_000;

#[derive(Template)]
#[template(path = "inspector/exchange.html")]
struct Exchange<'a> {
    line: RequestLine,
    texts: Option<&'a (String, String)>,
    fault: Option<&'a str>,
    milliseconds: u128,
    moved: Vec<LedgerLine>,
    webhooks: Vec<DeliveryLine>,
    curl: Option<String>,
    earlier: Option<u64>,
    later: Option<u64>,
}

#[derive(Template)]
#[template(path = "inspector/webhook.html")]
struct Webhook<'a> {
    line: DeliveryLine,
    payment: &'a str,
    content_type: &'a str,
    header: Option<(&'a str, &'a str)>,
    body: String,
}

/// The entries that a request brought into the ledger, as far as they are kept.
pub(super) fn moved<'a>(state: &'a State, record: &Record) -> Vec<&'a LedgerEntry> {
    let ledger = &state.common.ledger;
    let (before, after) = record.facts.ledger;
    let place =
        |number: u64| usize::try_from(number.saturating_sub(ledger.forgotten())).unwrap_or(usize::MAX);
    let first = place(before);
    ledger.entries().iter().skip(first).take(place(after).saturating_sub(first)).collect()
}

/// One request with what may be shown of it, and what came of it.
pub(super) fn request(state: &State, record: &Record) -> String {
    let moved = moved(state, record);
    let of_payment = |payment: &str| moved.iter().any(|entry| entry.payment == payment);
    let sent = state.common.outbox.newest().take(SEARCHED).filter(|sent| of_payment(&sent.payment));
    render(&Exchange {
        line: line(record),
        texts: record.texts.as_ref(),
        fault: record.facts.fault.as_deref(),
        milliseconds: record.facts.took.as_millis(),
        webhooks: sent.map(|sent| delivery(state, sent)).collect(),
        curl: record.texts.as_ref().map(|texts| curl(&state.common.origin, record, &texts.0)),
        earlier: record.number.checked_sub(1).filter(|number| state.log.find(*number).is_some()),
        later: record.number.checked_add(1).filter(|number| state.log.find(*number).is_some()),
        moved: moved.into_iter().map(money).collect(),
    })
}

/// The request as a command. What is hidden on the page is hidden here: the key is the caller's to put in.
fn curl(origin: &str, record: &Record, shown: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let (head, body) = shown.split_once("\n\n").unwrap_or((shown, ""));
    let path = mask::path(&record.exchange.path);
    let mut words =
        vec![format!("curl -X {} {}", record.exchange.method, quoted(&format!("{origin}{path}")))];
    for name in ["authorization", "content-type", "accept"] {
        let header = head
            .lines()
            .find(|line| line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name)));
        words.extend(header.map(|header| format!("-H {}", quoted(header))));
    }
    if !body.is_empty() {
        words.push(format!("--data-binary {}", quoted(body)));
    }
    words.join(" \\\n  ")
}

/// One webhook as it was sent; `None` when it is not kept.
pub(super) fn webhook(state: &State, number: u64) -> Option<String> {
    let (sent, head) = state.common.outbox.find(number)?;
    Some(render(&Webhook {
        line: delivery(state, sent),
        payment: &sent.payment,
        content_type: head.content_type,
        header: head.header.as_ref().map(|(name, value)| (*name, value.as_str())),
        body: mask::body(head.content_type, sent.body.as_bytes()),
    }))
}
