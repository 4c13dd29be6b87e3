//! The inspector at `/`: what was called and answered, the money, the schedules, the notifications, and what can be
//! switched on. Server-rendered; htmx only saves pressing "Refresh".

mod forms;
mod log;
pub(crate) mod mask;
mod view;

pub(crate) use log::{Log, Shown};

use crate::answer::Answer;
use crate::call::Call;
use crate::world::World;
use axum::http::Method;

/// Version and licence stand beside it.
const HTMX: &str = include_str!("face/assets/htmx.min.js");

/// `None` when the call is not for the inspector.
pub(crate) fn answer(world: &mut World, call: &Call) -> Option<Answer> {
    let segments = call.segments();
    Some(match (&call.method, segments.as_slice()) {
        (&Method::GET, []) => Answer::inspector(200, view::page(world, None)),
        (&Method::GET, ["_sandbox", "live"]) => view::live(world, call.query("seen"))
            .map_or_else(|| Answer::empty(204), |part| Answer::inspector(200, part)),
        (&Method::GET, ["_sandbox", "exchanges", number]) => exchange(world, number),
        (&Method::GET, ["_sandbox", "assets", "htmx.min.js"]) => Answer::script(HTMX),
        (&Method::POST, ["_sandbox", "face", what @ ..]) => {
            if foreign(call) {
                return Some(Answer::inspector(
                    403,
                    view::page(world, Some("Only this page's own forms are taken.")),
                ));
            }
            match forms::act(world, call, what)? {
                // A form is answered with another page, so that loading it again sends nothing twice.
                Ok(()) => Answer::see_other("/".to_owned()),
                Err(problem) => Answer::inspector(400, view::page(world, Some(&problem))),
            }
        }
        _ => return None,
    })
}

fn exchange(world: &World, number: &str) -> Answer {
    let record = number.parse().ok().and_then(|number| world.log.find(number));
    match record {
        Some(record) => Answer::inspector(200, view::exchange(record)),
        None => Answer::inspector(404, view::gone()),
    }
}

/// Whether another site's page sent the form: a browser says so, whatever else is true.
fn foreign(call: &Call) -> bool {
    call.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
}
