//! What the inspector looks like. The templates escape everything that is put in.

use super::forms::{CHOICES, MOMENTS};
use super::lines::{delivery, line, money, payment, schedule, words};
use super::lists::Lists;
use super::rows;
use crate::answer::render;
use crate::gateway::PAGE;
use crate::state::State;
use askama::Template;
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many lines of each list are shown.
const SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "inspector/page.html")]
struct Page<'a> {
    here: &'static str,
    url: &'a str,
    problem: Option<&'a str>,
    choices: Vec<(&'static str, &'static str)>,
    moments: Vec<(&'static str, &'static str)>,
    gateways: Vec<&'static str>,
    live: &'a str,
}

/// Around the part that changes: how it is asked for again.
#[derive(Template)]
#[template(path = "inspector/live.html")]
struct Live<'a> {
    seen: &'a str,
    lists: &'a str,
}

/// The part that changes.
#[derive(Template)]
#[template(path = "inspector/lists.html")]
struct Changing {
    now: String,
    faults: Vec<String>,
    lists: Lists,
}

#[derive(Template)]
#[template(path = "inspector/gone.html")]
struct Gone {
    here: &'static str,
    what: &'static str,
}

/// The whole page.
pub(super) fn page(state: &State, problem: Option<&str>) -> String {
    let (_, live) = rendered(state);
    render(&Page {
        here: "overview",
        url: &state.common.origin,
        problem,
        choices: CHOICES.iter().map(|(value, words, _)| (*value, *words)).collect(),
        moments: MOMENTS.iter().map(|(value, words, _)| (*value, *words)).collect(),
        gateways: state.gateways.iter().map(|gateway| gateway.name()).chain([PAGE]).collect(),
        live: &live,
    })
}

/// The part that changes; `None` when it is as it was when it was last `seen`, so that nothing moves under a reader.
pub(super) fn live(state: &State, seen: Option<&str>) -> Option<String> {
    let (mark, live) = rendered(state);
    (seen != Some(mark.as_str())).then_some(live)
}

/// Something that is not known, or not kept, with the way back to its section.
pub(super) fn gone(here: &'static str, what: &'static str) -> String {
    render(&Gone { here, what })
}

fn rendered(state: &State) -> (String, String) {
    let lists = render(&changing(state));
    let mut hasher = DefaultHasher::new();
    lists.hash(&mut hasher);
    let seen = format!("{:016x}", hasher.finish());
    let live = render(&Live { seen: &seen, lists: &lists });
    (seen, live)
}

fn changing(state: &State) -> Changing {
    let common = &state.common;
    let schedules = state.gateways.iter().flat_map(|gateway| gateway.schedules());
    Changing {
        now: common.now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
        faults: common.faults.list().iter().map(|fault| words(&json!(fault))).collect(),
        lists: Lists {
            payments: rows::payments(state).take(SHOWN).map(|row| payment(&row)).collect(),
            calls: state.log.newest().take(SHOWN).map(line).collect(),
            entries: common.ledger.entries().iter().rev().take(SHOWN).map(money).collect(),
            plans: schedules.take(SHOWN).map(schedule).collect(),
            deliveries: common.outbox.newest().take(SHOWN).map(|sent| delivery(state, sent)).collect(),
            ..Lists::default()
        },
    }
}
