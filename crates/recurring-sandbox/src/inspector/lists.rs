//! The sections that list something: requests, the ledger, schedules and webhooks, with search, filter and pages.

use super::lines::{DeliveryLine, LedgerLine, RequestLine, ScheduleLine, delivery, line, money, schedule};
use crate::answer::render;
use crate::log::Record;
use crate::request::Request;
use crate::state::State;
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How many lines a page has.
const LINES: usize = 50;

/// What a list is limited to.
struct Filter<'a> {
    /// An id or a reference, or a part of it.
    text: &'a str,
    gateway: &'a str,
    status: &'a str,
    page: usize,
}

impl<'a> Filter<'a> {
    fn of(request: &'a Request) -> Filter<'a> {
        let given = |name: &str| request.query(name).unwrap_or_default().trim();
        let page = given("page").parse().ok().filter(|page| *page > 0).unwrap_or(1);
        Filter { text: given("q"), gateway: given("gateway"), status: given("status"), page }
    }

    fn has(&self, gateway: &str, texts: &[&str]) -> bool {
        (self.gateway.is_empty() || self.gateway == gateway)
            && (self.text.is_empty() || texts.iter().any(|text| text.contains(self.text)))
    }

    /// The lines of this page, and whether there are more.
    fn cut<T>(&self, all: impl Iterator<Item = T>) -> (Vec<T>, bool) {
        let mut lines: Vec<T> = all.skip((self.page - 1).saturating_mul(LINES)).take(LINES + 1).collect();
        let more = lines.len() > LINES;
        lines.truncate(LINES);
        (lines, more)
    }

    fn link(&self, page: usize) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!(
            "?q={}&gateway={}&status={}&page={page}",
            encode(self.text),
            encode(self.gateway),
            encode(self.status)
        )
    }
}

#[derive(Template)]
#[template(path = "inspector/section.html")]
struct Section<'a> {
    title: &'static str,
    /// The parts that this section can be limited to.
    filter: Option<&'a Filter<'a>>,
    statuses: &'static [(&'static str, &'static str)],
    gateways: Vec<&'static str>,
    calls: Vec<RequestLine>,
    entries: Vec<LedgerLine>,
    plans: Vec<ScheduleLine>,
    deliveries: Vec<DeliveryLine>,
    earlier: Option<String>,
    later: Option<String>,
}

fn section<'a>(
    state: &State,
    title: &'static str,
    filter: Option<&'a Filter<'a>>,
    more: bool,
) -> Section<'a> {
    Section {
        title,
        filter,
        statuses: &[],
        gateways: state.gateways.iter().map(|gateway| gateway.name()).chain([crate::gateway::PAGE]).collect(),
        calls: Vec::new(),
        entries: Vec::new(),
        plans: Vec::new(),
        deliveries: Vec::new(),
        earlier: filter.filter(|_| more).map(|filter| filter.link(filter.page + 1)),
        later: filter.filter(|filter| filter.page > 1).map(|filter| filter.link(filter.page - 1)),
    }
}

const RESULTS: &[(&str, &str)] =
    &[("fine", "answered 1xx to 3xx"), ("refused", "refused: 4xx"), ("failed", "failed: 5xx or no answer")];

/// The requests, the newest first.
pub(super) fn requests(state: &State, request: &Request) -> String {
    let filter = Filter::of(request);
    let fits = |record: &&Record| {
        let (asked, answered) = record.texts.as_ref().map_or(("", ""), |texts| (&texts.0, &texts.1));
        let moved = super::one::moved(state, record);
        let names = moved.iter().flat_map(|entry| [entry.reference.as_str(), entry.payment.as_str()]);
        let texts: Vec<&str> =
            [record.exchange.path.as_str(), asked, answered].into_iter().chain(names).collect();
        filter.has(&record.exchange.gateway, &texts)
            && (filter.status.is_empty() || line(record).class() == filter.status)
    };
    let (records, more) = filter.cut(state.log.newest().filter(fits));
    let calls = records.into_iter().map(line).collect();
    render(&Section { statuses: RESULTS, calls, ..section(state, "Requests", Some(&filter), more) })
}

/// The money that moved, the newest first.
pub(super) fn ledger(state: &State, request: &Request) -> String {
    let filter = Filter::of(request);
    let entries = state.common.ledger.entries().iter().rev();
    let fits = entries.filter(|entry| filter.has(&entry.gateway, &[&entry.reference, &entry.payment]));
    let (entries, more) = filter.cut(fits);
    let entries = entries.into_iter().map(money).collect();
    render(&Section { entries, ..section(state, "Ledger", Some(&filter), more) })
}

/// The schedules that a gateway runs, the newest first.
pub(super) fn schedules(state: &State) -> String {
    let plans = state.gateways.iter().flat_map(|gateway| gateway.schedules()).take(1_000);
    render(&Section { plans: plans.map(schedule).collect(), ..section(state, "Schedules", None, false) })
}

/// The webhooks, the newest attempt first.
pub(super) fn webhooks(state: &State, request: &Request) -> String {
    let filter = Filter::of(request);
    let fits = state
        .common
        .outbox
        .newest()
        .filter(|sent| filter.has(&sent.gateway, &[&sent.payment, &sent.event, &sent.body]))
        .map(|sent| delivery(state, sent))
        .filter(|line| filter.status.is_empty() || line.class == filter.status);
    let (deliveries, more) = filter.cut(fits);
    const ENDS: &[(&str, &str)] = &[("fine", "accepted"), ("failed", "not accepted"), ("quiet", "not sent")];
    render(&Section { statuses: ENDS, deliveries, ..section(state, "Webhooks", Some(&filter), more) })
}
