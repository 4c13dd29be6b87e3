//! The inspector at `/`: requests and answers, the ledger, schedules, notifications, faults and the clock.
//! Server-rendered; htmx only saves pressing "Refresh".

mod forms;
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
        (&Method::GET, ["_sandbox", "assets", "htmx.min.js"]) => Answer::script(HTMX),
        (&Method::POST, ["_sandbox", "inspector", what @ ..]) => {
            if foreign(request) {
                return Some(Answer::inspector(
                    403,
                    view::page(state, Some("Only this page's own forms are accepted.")),
                ));
            }
            match forms::act(state, request, what)? {
                // A form is answered with another page, so that loading it again sends nothing twice.
                Ok(()) => Answer::see_other("/".to_owned()),
                Err(problem) => Answer::inspector(400, view::page(state, Some(&problem))),
            }
        }
        _ => return None,
    })
}

fn exchange(state: &State, number: &str) -> Answer {
    let record = number.parse().ok().and_then(|number| state.log.find(number));
    match record {
        Some(record) => Answer::inspector(200, view::exchange(record)),
        None => Answer::inspector(404, view::gone()),
    }
}

/// Whether another site's page sent the form, as the browser marks it.
fn foreign(request: &Request) -> bool {
    request.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
}
