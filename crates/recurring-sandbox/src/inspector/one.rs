//! The page of one request, and of one webhook.

use super::lines::{
    DeliveryLine, LedgerLine, PaymentLine, RequestLine, delivery, line, money, payment, payment_link,
};
use super::rows;
use crate::answer::render;
use crate::ledger::LedgerEntry;
use crate::log::Record;
use crate::mask;
use crate::state::State;
use crate::texts::Kept;
use askama::Template;
use serde_json::Value;
use std::borrow::Cow;

/// How many webhooks are looked through for those of a payment.
const SEARCHED: usize = 1_000;
/// How many payments of a request are shown.
const SHOWN: usize = 5;

#[derive(Template)]
#[template(path = "inspector/exchange.html")]
struct Exchange<'a> {
    here: &'static str,
    line: RequestLine,
    /// Request and reply.
    texts: Option<(Cow<'a, str>, Cow<'a, str>)>,
    secrets: Secrets,
    fault: Option<&'a str>,
    milliseconds: u128,
    payments: Vec<PaymentLine>,
    moved: Vec<LedgerLine>,
    webhooks: Vec<DeliveryLine>,
    curl: Option<String>,
    earlier: Option<u64>,
    later: Option<u64>,
}

#[derive(Template)]
#[template(path = "inspector/webhook.html")]
struct Webhook<'a> {
    here: &'static str,
    line: DeliveryLine,
    payment: &'a str,
    /// The page of the payment.
    link: Option<String>,
    content_type: &'a str,
    header: Option<(&'a str, Cow<'a, str>)>,
    body: Cow<'a, str>,
    secrets: Secrets,
    earlier: Option<u64>,
    later: Option<u64>,
}

/// Whether the secrets of a page are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Shown,
    Hidden,
    /// They were not kept.
    Gone,
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

/// One request and what came of it; with its secrets where `show` asks for them.
pub(super) fn request(state: &State, record: &Record, show: bool) -> String {
    let moved = moved(state, record);
    let payments: Vec<_> = rows::payments_in(state, record).take(SHOWN).collect();
    let of_payment = |payment: &str| {
        moved.iter().any(|entry| entry.payment == payment)
            || payments.iter().any(|(_, row)| row.id == payment || row.order == payment)
    };
    let sent = state.common.outbox.newest().take(SEARCHED).filter(|sent| of_payment(&sent.payment));
    let texts = record.texts.as_ref();
    let whole = texts.is_some_and(|texts| texts.request.whole().is_some() || texts.reply.whole().is_some());
    render(&Exchange {
        here: "requests",
        line: line(record),
        secrets: match (whole, show) {
            (false, _) => Secrets::Gone,
            (true, true) => Secrets::Shown,
            (true, false) => Secrets::Hidden,
        },
        fault: record.facts.fault.as_deref(),
        milliseconds: record.facts.took.as_millis(),
        webhooks: sent.map(|sent| delivery(state, sent)).collect(),
        curl: texts.map(|texts| match texts.request.whole().filter(|_| show) {
            Some(whole) => curl(&state.common.origin, whole),
            None => curl(&state.common.origin, &texts.request.masked()),
        }),
        texts: texts.map(|texts| (shown(&texts.request, show), shown(&texts.reply, show))),
        earlier: record.number.checked_sub(1).filter(|number| state.log.find(*number).is_some()),
        later: record.number.checked_add(1).filter(|number| state.log.find(*number).is_some()),
        moved: moved.into_iter().map(money).collect(),
        payments: payments.iter().map(payment).collect(),
    })
}

/// A message as the page shows it.
fn shown(kept: &Kept, show: bool) -> Cow<'_, str> {
    let Some(whole) = kept.whole().filter(|_| show) else { return kept.masked() };
    match whole.split_once("\n\n") {
        Some((head, body)) => Cow::Owned(format!("{head}\n\n{}", pretty(body))),
        None => Cow::Borrowed(whole),
    }
}

/// JSON with its members on lines of their own; any other text as it is.
fn pretty(text: &str) -> Cow<'_, str> {
    let value = serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array());
    match value.and_then(|value| serde_json::to_string_pretty(&value).ok()) {
        Some(pretty) => Cow::Owned(pretty),
        None => Cow::Borrowed(text),
    }
}

/// The request as a command. With its secrets it works; what is hidden on the page is hidden here.
fn curl(origin: &str, message: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let (head, body) = message.split_once("\n\n").unwrap_or((message, ""));
    let body = if body == mask::NO_BODY { "" } else { body };
    let mut lines = head.lines();
    let (method, target) = lines.next().and_then(|first| first.split_once(' ')).unwrap_or(("GET", "/"));
    let method = match method {
        "GET" if body.is_empty() => String::new(),
        "HEAD" => " --head".to_owned(),
        method => format!(" -X {method}"),
    };
    let mut words = vec![format!("curl{method} {}", quoted(&format!("{origin}{target}")))];
    let wanted = |line: &&str| {
        let name = line.split_once(':').map_or("", |(name, _)| name);
        !["host", "content-length", "connection", "user-agent", "accept-encoding"].contains(&name)
    };
    words.extend(lines.filter(wanted).map(|header| format!("-H {}", quoted(header))));
    if !body.is_empty() {
        if !head.contains("\ncontent-type:") {
            words.push("-H 'content-type:'".to_owned());
        }
        words.push(format!("--data-raw {}", quoted(body)));
    }
    words.join(" \\\n  ")
}

/// One webhook as it was sent; `None` when it is not kept. With its secrets where `show` asks for them.
pub(super) fn webhook(state: &State, number: u64, show: bool) -> Option<String> {
    let outbox = &state.common.outbox;
    let (sent, head) = outbox.find(number)?;
    // At ngenius the event is about an order, which has the payments.
    let known = rows::payments(state).find(|(gateway, row)| {
        *gateway == sent.gateway && [&*row.id, row.order].contains(&sent.payment.as_str())
    });
    // A signature may be shown; the fixed value of the other header is the key.
    let secret = |name: &str| !name.eq_ignore_ascii_case("x-signature");
    let body = || Cow::Owned(mask::body(head.content_type, sent.body.as_bytes()));
    Some(render(&Webhook {
        here: "webhooks",
        line: delivery(state, sent),
        payment: &sent.payment,
        link: known.map(|(gateway, row)| payment_link(gateway, &row.id)),
        content_type: head.content_type,
        header: head.header.as_ref().map(|(name, value)| {
            let hidden = secret(name) && !show;
            (*name, if hidden { Cow::Owned(mask::secret(value)) } else { Cow::Borrowed(value.as_str()) })
        }),
        body: if show { pretty(&sent.body) } else { body() },
        secrets: if show { Secrets::Shown } else { Secrets::Hidden },
        earlier: number.checked_sub(1).filter(|number| outbox.find(*number).is_some()),
        later: number.checked_add(1).filter(|number| outbox.find(*number).is_some()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_quoted_for_a_shell() {
        let message = "PUT /x?a=1&b='\ncontent-type: text/plain\nhost: h\nx-y: it's\n\n@it's $HOME";
        let expected = r"curl -X PUT 'http://h/x?a=1&b='\''' \
  -H 'content-type: text/plain' \
  -H 'x-y: it'\''s' \
  --data-raw '@it'\''s $HOME'";
        assert_eq!(curl("http://h", message), expected);
        assert_eq!(
            curl("http://h", "GET /x\naccept: */*\n\n(no body)"),
            "curl 'http://h/x' \\\n  -H 'accept: */*'"
        );
        assert_eq!(
            curl("http://h", "POST /x\n\n{}"),
            "curl -X POST 'http://h/x' \\\n  -H 'content-type:' \\\n  --data-raw '{}'"
        );
    }
}
