//! The inspector at `/`: requests, payments, cards, schedules, webhooks, the ledger, faults and the clock.
//! Server-rendered; htmx only saves pressing "Refresh".

mod controls;
mod filter;
mod forms;
mod hooks;
mod lines;
mod lists;
mod one;
mod payments;
mod rows;
mod view;

use crate::answer::Answer;
use crate::request::Request;
use crate::state::State;
use axum::http::Method;

/// Its version and license are in the same folder.
const HTMX: &str = include_str!("inspector/assets/htmx.min.js");

/// Answers a request; `None` when it is not for the inspector.
pub(crate) fn answer(state: &mut State, request: &Request) -> Option<Answer> {
    let segments = request.segments();
    Some(match (&request.method, segments.as_slice()) {
        (&Method::GET, []) => Answer::inspector(200, view::page(state, None)),
        (&Method::GET, ["_sandbox", "live"]) => view::live(state, request.query("seen"))
            .map_or_else(|| Answer::empty(204), |part| Answer::inspector(200, part)),
        (&Method::GET, ["_sandbox", "exchanges", number]) => exchange(state, number, shows(request)),
        (&Method::GET, ["_sandbox", "inspector", section @ ..]) => {
            let (status, page) = section_page(state, request, section)?;
            Answer::inspector(status, page)
        }
        (&Method::GET, ["_sandbox", "assets", "htmx.min.js"]) => Answer::script(HTMX),
        (&Method::POST, ["_sandbox", "inspector", what @ ..]) => {
            let form = forms::Form::of(request);
            match act(state, &form, what)? {
                // A form is answered with another page, so that loading it again sends nothing twice.
                Ok(()) => Answer::see_other(form.back().to_owned()),
                // The page of the section keeps what was entered.
                Err(problem) => Answer::inspector(400, mistaken(state, request, (&form, &problem), what)),
            }
        }
        _ => return None,
    })
}

/// Does what a form says. `None` for an unknown form; an error is a sentence for the page.
fn act(state: &mut State, form: &forms::Form, what: &[&str]) -> Option<Result<(), String>> {
    match what {
        ["webhooks", "trigger"] => Some(hooks::trigger(state, form)),
        ["webhooks", "forward"] => Some(hooks::forward(state, form)),
        ["webhooks", "forward", number, "remove"] => Some(hooks::stop_forwarding(state, number)),
        _ => forms::act(state, form, what),
    }
}

/// The page of the section of a form, with the problem.
fn mistaken(
    state: &mut State,
    request: &Request,
    (form, problem): (&forms::Form, &str),
    what: &[&str],
) -> String {
    match what {
        ["clock"] => controls::clock(state, form, Some(problem)),
        ["webhooks"] if form.field("back") != "webhooks" => controls::settings(state, form, Some(problem)),
        ["webhooks", ..] => {
            lists::section(state, request, "webhooks", (form, Some(problem))).unwrap_or_default()
        }
        _ => controls::faults(state, form, Some(problem)),
    }
}

/// Whether a reader asks for the secrets of a page.
fn shows(request: &Request) -> bool {
    request.query("show") == Some("secrets")
}

fn exchange(state: &State, number: &str, show: bool) -> Answer {
    let record = number.parse().ok().and_then(|number| state.log.find(number));
    let gone = "This request is unknown, or no longer among the last 10,000.";
    match record {
        Some(record) => Answer::inspector(200, one::request(state, record, show)),
        None => Answer::inspector(404, view::gone("requests", gone)),
    }
}

/// The page of a section, or of one thing in it; `None` when there is no such section.
fn section_page(state: &mut State, request: &Request, section: &[&str]) -> Option<(u16, String)> {
    let form = forms::Form::default();
    let found = |page: Option<String>, here: &'static str, gone: &'static str| match page {
        Some(page) => (200, page),
        None => (404, view::gone(here, gone)),
    };
    let show = shows(request);
    Some(match section {
        ["payments", gateway, id] => {
            let gone = "This gateway has no such payment, or no longer remembers it.";
            found(payments::one_payment(state, gateway, id), "payments", gone)
        }
        ["cards", gateway, key] => {
            let gone = "This gateway stores no such card, or it was deleted.";
            found(payments::one_card(state, gateway, key, show), "cards", gone)
        }
        ["webhooks", number] => {
            let page = number.parse().ok().and_then(|number| one::webhook(state, number, show));
            found(page, "webhooks", "This webhook is unknown, or no longer among the last 10,000.")
        }
        ["search"] => (200, lists::search(state, request)),
        ["faults"] => (200, controls::faults(state, &form, None)),
        ["clock"] => (200, controls::clock(state, &forms::Form::of_query(request), None)),
        ["settings"] => (200, controls::settings(state, &form, None)),
        [name] => (200, lists::section(state, request, name, (&form, None))?),
        _ => return None,
    })
}
