//! The page where the customer pays. It needs no scripts.
//!
//! Its second step, where the customer's bank asks for authentication, is this sandbox's own convention: what the gateways
//! show there is the bank's own.

mod form;
mod view;

use crate::answer::Answer;
use crate::gateway::{CustomerAction, Page, PageResult};
use crate::request::Request;
use crate::state::State;
use axum::http::Method;
use form::{Act, Entered, NOT_ASKED, Problem};

/// Answers a request for the payment page of this id at the gateway with this path.
pub(crate) fn answer(state: &mut State, request: &Request, path: &str, id: &str) -> Answer {
    let note = |status: u16, title: &str, message: &str, back: Option<&str>| {
        Answer::html(status, view::note(title, message, back))
    };
    let other_method = note(405, "Payment", "This page takes GET and POST only.", None);
    let gone = || note(404, "Not found", "This sandbox has no such payment.", None);
    let State { common, gateways, challenges, .. } = state;
    let found = gateways.iter_mut().find(|known| known.prefix().first() == Some(&path));
    let Some(gateway) = found else { return gone() };
    let name = gateway.name();
    let Some(page) = gateway.page(common, id) else { return gone() };
    let (title, amount) = match page {
        Page::Open { title, amount } => (title, amount),
        Page::Closed { message, back } => {
            return match request.method {
                Method::GET => note(200, "Payment", &message, back.as_deref()),
                Method::POST => note(409, "Payment", &message, back.as_deref()),
                _ => other_method,
            };
        }
    };
    let ask = |status: u16, entered: &Entered, problems: &[Problem]| {
        Answer::html(status, view::ask(name, &title, amount.as_deref(), entered, problems))
    };
    match request.method {
        Method::GET => {
            let card = request.query("card").and_then(|place| Entered::test_card(place, common.now()));
            return ask(200, &card.unwrap_or_default(), &[]);
        }
        Method::POST => {}
        _ => return other_method,
    }
    let entered = match Entered::read(request) {
        Ok(entered) => entered,
        Err(problem) => return ask(400, &Entered::default(), &[problem]),
    };
    let waiting = challenges.take(path, id);
    let authenticates = |number: &str| gateway.authenticates(number);
    let action = match (entered.act(authenticates, common.now()), waiting) {
        (Err(problems), _) => return ask(400, &entered, &problems),
        (Ok(Act::Decides(action)), _) => action,
        (Ok(Act::Authenticates(card)), _) => {
            let page = view::challenge(&title, amount.as_deref(), &card.last_four());
            challenges.keep(path, id, card);
            return Answer::html(200, page);
        }
        (Ok(Act::Confirms), Some(card)) => CustomerAction::Pay(card),
        (Ok(Act::Refuses), Some(_)) => CustomerAction::Decline,
        (Ok(Act::Confirms | Act::Refuses), None) => return ask(400, &entered, &[NOT_ASKED]),
    };
    match gateway.customer(common, id, action) {
        None => gone(),
        Some(PageResult { redirect: Some(to), .. }) => Answer::see_other(to),
        Some(PageResult { message, redirect: None }) => note(200, "Payment", message, None),
    }
}
