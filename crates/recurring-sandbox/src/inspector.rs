//! The inspector at `/`: requests and answers, the ledger, schedules, notifications, faults and the clock.
//! Server-rendered; htmx only saves pressing "Refresh".

mod controls;
mod forms;
mod lines;
mod lists;
mod one;
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
        (&Method::GET, ["_sandbox", "exchanges", number]) => exchange(state, number),
        (&Method::GET, ["_sandbox", "inspector", section @ ..]) => {
            let (status, page) = section_page(state, request, section)?;
            Answer::inspector(status, page)
        }
        (&Method::GET, ["_sandbox", "assets", "htmx.min.js"]) => Answer::script(HTMX),
        (&Method::POST, ["_sandbox", "inspector", what @ ..]) => {
            let form = forms::Form::of(request);
            match forms::act(state, &form, what)? {
                // A form is answered with another page, so that loading it again sends nothing twice.
                Ok(()) => Answer::see_other(form.back().to_owned()),
                // The page of the section keeps what was entered.
                Err(problem) => {
                    let page = match what {
                        ["clock"] => controls::clock(state, &form, Some(&problem)),
                        ["webhooks", ..] => controls::settings(state, &form, Some(&problem)),
                        _ => controls::faults(state, &form, Some(&problem)),
                    };
                    Answer::inspector(400, page)
                }
            }
        }
        _ => return None,
    })
}

fn exchange(state: &State, number: &str) -> Answer {
    let record = number.parse().ok().and_then(|number| state.log.find(number));
    match record {
        Some(record) => Answer::inspector(200, one::request(state, record)),
        None => Answer::inspector(404, view::gone()),
    }
}

/// The page of a section; `None` when there is no such section.
fn section_page(state: &mut State, request: &Request, section: &[&str]) -> Option<(u16, String)> {
    let form = forms::Form::default();
    Some((
        200,
        match section {
            ["requests"] => lists::requests(state, request),
            ["ledger"] => lists::ledger(state, request),
            ["schedules"] => lists::schedules(state),
            ["webhooks"] => lists::webhooks(state, request),
            ["webhooks", number] => {
                match number.parse().ok().and_then(|number| one::webhook(state, number)) {
                    Some(page) => page,
                    None => return Some((404, view::gone())),
                }
            }
            ["faults"] => controls::faults(state, &form, None),
            ["clock"] => controls::clock(state, &forms::Form::of_query(request), None),
            ["settings"] => controls::settings(state, &form, None),
            _ => return None,
        },
    ))
}
