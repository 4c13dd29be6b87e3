//! The sections that list something, with search, filter and pages.

use super::filter::{Filter, Pages, encode};
use super::forms::Form;
use super::hooks::{Hooks, hooks};
use super::lines::{
    CardLine, DeliveryLine, LedgerLine, PaymentLine, RequestLine, ScheduleLine, card, delivery, line, money,
    payment, schedule,
};
use super::one::moved;
use super::rows;
use crate::answer::render;
use crate::gateway::{PAGE, PaymentRow, PaymentState, Schedule, StoredCard};
use crate::ledger::{Delivery, LedgerEntry};
use crate::log::Record;
use crate::request::Request;
use crate::state::State;
use askama::Template;

/// How many lines of each list a search shows.
const FOUND: usize = 10;

/// A value to filter by, and its words.
type Status = (&'static str, &'static str);

const RESULTS: &[Status] =
    &[("fine", "answered 1xx to 3xx"), ("refused", "refused: 4xx"), ("failed", "failed: 5xx or no answer")];
const ENDS: &[Status] = &[("fine", "accepted"), ("failed", "not accepted"), ("quiet", "not sent")];
const STATES: &[Status] = &[
    ("paid", "paid"),
    ("refunded", "refunded"),
    ("authorized", "authorized"),
    ("open", "open"),
    ("declined", "declined"),
    ("ended", "ended without money"),
];

/// Lines of each kind.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) payments: Vec<PaymentLine>,
    pub(super) cards: Vec<CardLine>,
    pub(super) plans: Vec<ScheduleLine>,
    pub(super) calls: Vec<RequestLine>,
    pub(super) deliveries: Vec<DeliveryLine>,
    pub(super) entries: Vec<LedgerLine>,
}

impl Lists {
    fn is_empty(&self) -> bool {
        self.payments.is_empty()
            && self.cards.is_empty()
            && self.plans.is_empty()
            && self.calls.is_empty()
            && self.deliveries.is_empty()
            && self.entries.is_empty()
    }
}

/// What tells one section from another.
struct Kind {
    /// As in its address.
    here: &'static str,
    title: &'static str,
    statuses: &'static [Status],
    /// Whether the payment pages are in it, beside the gateways.
    pages: bool,
    /// What it will have, where there is nothing yet.
    hint: &'static str,
}

const KINDS: [Kind; 6] = [
    Kind {
        here: "requests",
        title: "Requests",
        statuses: RESULTS,
        pages: true,
        hint: "Each request to a gateway or a payment page appears here.",
    },
    Kind {
        here: "payments",
        title: "Payments",
        statuses: STATES,
        pages: false,
        hint: "Each order, purchase and payment of the five gateways appears here.",
    },
    Kind {
        here: "cards",
        title: "Cards and tokens",
        statuses: &[],
        pages: false,
        hint: "A card appears here once a payment, or its page, has saved it.",
    },
    Kind {
        here: "schedules",
        title: "Schedules",
        statuses: &[],
        pages: false,
        hint: "The recurring payments that ngenius charges by itself appear here.",
    },
    Kind {
        here: "webhooks",
        title: "Webhooks",
        statuses: ENDS,
        pages: false,
        hint: "Each attempt to deliver a webhook appears here.",
    },
    Kind {
        here: "ledger",
        title: "Ledger",
        statuses: &[],
        pages: false,
        hint: "Money that was taken or returned appears here; an authorization moves none.",
    },
];

#[derive(Template)]
#[template(path = "inspector/section.html")]
struct Section<'a> {
    here: &'static str,
    kind: &'static Kind,
    filter: &'a Filter<'a>,
    gateways: Vec<&'static str>,
    /// The forms of the webhooks.
    hooks: Option<Hooks<'a>>,
    lists: Lists,
    pages: Pages,
}

#[derive(Template)]
#[template(path = "inspector/search.html")]
struct Search<'a> {
    here: &'static str,
    text: &'a str,
    /// The text as a part of an address.
    query: String,
    lists: Lists,
}

/// The section of this name; `None` where there is none. The webhooks have the form as it was filled in.
pub(super) fn section(
    state: &State,
    request: &Request,
    name: &str,
    (form, problem): (&Form, Option<&str>),
) -> Option<String> {
    let kind = KINDS.iter().find(|kind| kind.here == name)?;
    let filter = Filter::of(request);
    let mut lists = Lists::default();
    let pages = match kind.here {
        "requests" => {
            let (found, pages) = filter.cut(found_requests(state, &filter));
            lists.calls = found.into_iter().map(line).collect();
            pages
        }
        "payments" => {
            let (found, pages) = filter.cut(found_payments(state, &filter));
            lists.payments = found.iter().map(payment).collect();
            pages
        }
        "cards" => {
            let (found, pages) = filter.cut(found_cards(state, &filter));
            lists.cards = found.iter().map(card).collect();
            pages
        }
        "schedules" => {
            let (found, pages) = filter.cut(found_schedules(state, &filter));
            lists.plans = found.into_iter().map(schedule).collect();
            pages
        }
        "webhooks" => {
            let (found, pages) = filter.cut(found_deliveries(state, &filter));
            lists.deliveries = found.into_iter().map(|sent| delivery(state, sent)).collect();
            pages
        }
        _ => {
            let (found, pages) = filter.cut(found_entries(state, &filter));
            lists.entries = found.into_iter().map(money).collect();
            pages
        }
    };
    let gateways = state.gateways.iter().map(|gateway| gateway.name());
    Some(render(&Section {
        here: kind.here,
        kind,
        filter: &filter,
        gateways: gateways.chain(kind.pages.then_some(PAGE)).collect(),
        hooks: (kind.here == "webhooks").then(|| hooks(state, form, problem)),
        lists,
        pages,
    }))
}

/// What has this text, in all sections.
pub(super) fn search(state: &State, request: &Request) -> String {
    let text = request.query("q").unwrap_or_default().trim();
    let mut lists = Lists::default();
    if !text.is_empty() {
        let filter = Filter::of_text(text);
        let sent = found_deliveries(state, &filter).take(FOUND);
        lists = Lists {
            payments: found_payments(state, &filter).take(FOUND).map(|row| payment(&row)).collect(),
            cards: found_cards(state, &filter).take(FOUND).map(|stored| card(&stored)).collect(),
            plans: found_schedules(state, &filter).take(FOUND).map(schedule).collect(),
            calls: found_requests(state, &filter).take(FOUND).map(line).collect(),
            deliveries: sent.map(|sent| delivery(state, sent)).collect(),
            entries: found_entries(state, &filter).take(FOUND).map(money).collect(),
        };
    }
    render(&Search { here: "search", text, query: encode(text), lists })
}

fn state_name(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Open => "open",
        PaymentState::Authorized => "authorized",
        PaymentState::Paid => "paid",
        PaymentState::Refunded => "refunded",
        PaymentState::Declined => "declined",
        PaymentState::Ended => "ended",
    }
}

fn found_requests<'a>(state: &'a State, filter: &'a Filter<'_>) -> impl Iterator<Item = &'a Record> {
    state.log.newest().filter(|record| {
        let texts = record.texts.as_ref();
        let (asked, answered) = texts.map_or(("", ""), |texts| (texts.request.text(), texts.reply.text()));
        let moved = moved(state, record);
        let names = moved.iter().flat_map(|entry| [entry.reference.as_str(), entry.payment.as_str()]);
        let texts: Vec<&str> =
            [record.exchange.path.as_str(), asked, answered].into_iter().chain(names).collect();
        filter.has_status(|| line(record).class()) && filter.has(&record.exchange.gateway, &texts)
    })
}

fn found_payments<'a>(
    state: &'a State,
    filter: &'a Filter<'_>,
) -> impl Iterator<Item = (&'static str, PaymentRow<'a>)> {
    rows::payments(state).filter(|(gateway, row)| {
        filter.has_status(|| state_name(row.state))
            && filter.has(gateway, &[&row.id, row.reference, row.order])
    })
}

/// A schedule saves its card again with each payment: these are found by their tokens only.
fn found_cards<'a>(
    state: &'a State,
    filter: &'a Filter<'_>,
) -> impl Iterator<Item = (&'static str, StoredCard<'a>)> {
    rows::cards(state).filter(|(gateway, stored)| {
        let digits = stored.card.last_four();
        let texts = [&stored.token, stored.owner, stored.order, digits.trim_start_matches('*')];
        filter.has(gateway, &texts) && (!stored.again || filter.text == stored.token)
    })
}

fn found_schedules<'a>(state: &'a State, filter: &'a Filter<'_>) -> impl Iterator<Item = Schedule> + 'a {
    let all = state.gateways.iter().flat_map(|known| known.schedules().map(|plan| (known.name(), plan)));
    all.filter(|(gateway, plan)| filter.has(gateway, &[&plan.order, &plan.reference])).map(|(_, plan)| plan)
}

fn found_entries<'a>(state: &'a State, filter: &'a Filter<'_>) -> impl Iterator<Item = &'a LedgerEntry> {
    let entries = state.common.ledger.entries().iter().rev();
    entries.filter(|entry| filter.has(&entry.gateway, &[&entry.reference, &entry.payment]))
}

fn found_deliveries<'a>(state: &'a State, filter: &'a Filter<'_>) -> impl Iterator<Item = &'a Delivery> {
    state.common.outbox.newest().filter(|sent| {
        filter.has(&sent.gateway, &[&sent.payment, &sent.event, &sent.body])
            && filter.has_status(|| delivery(state, sent).class)
    })
}
