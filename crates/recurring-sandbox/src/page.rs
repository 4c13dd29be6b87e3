//! The page where the customer pays. It needs no scripts.
//!
//! Its second step, where the customer's bank asks back, is this sandbox's own convention, as is the test card that
//! asks for it at every gateway: what the gateways show there is the bank's own.

mod view;

use crate::answer::Answer;
use crate::call::{Call, form};
use crate::cards::Card;
use crate::world::World;
use axum::http::Method;
use jiff::Timestamp;
use std::collections::VecDeque;

/// This sandbox's own convention: the bank asks back before this card is charged.
const ASKS_BACK: &str = "4000002500003155";
/// revio's public documentation has this card for 3-D Secure; at the other gateways it is a plain one.
const ASKS_BACK_AT_REVIO: &str = "5555555555554444";
const CHALLENGES_KEPT: usize = 1_000;

/// What the page shows.
#[derive(Debug)]
pub(crate) enum Sheet {
    /// The card is asked for.
    Open { title: String, amount: Option<String> },
    /// Nothing is left to do; the text says why.
    Closed(String),
}

/// What the customer did.
#[derive(Debug)]
pub(crate) enum Customer {
    Pays(Card),
    Declines,
    Cancels,
}

/// What came of it: a sentence for the customer, and the merchant's page to go on to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) message: &'static str,
    pub(crate) to: Option<String>,
}

/// The cards that wait for a word to the customer's bank. They stay here, so that no page holds a card's number.
#[derive(Debug, Default)]
pub(crate) struct Challenges(VecDeque<(String, String, Card)>);

impl Challenges {
    fn keep(&mut self, gateway: &str, id: &str, card: Card) {
        self.take(gateway, id);
        if self.0.len() >= CHALLENGES_KEPT {
            self.0.pop_front();
        }
        self.0.push_back((gateway.to_owned(), id.to_owned(), card));
    }

    fn take(&mut self, gateway: &str, id: &str) -> Option<Card> {
        let place = self.0.iter().position(|(of, page, _)| of == gateway && page == id)?;
        self.0.remove(place).map(|(_, _, card)| card)
    }
}

pub(crate) fn answer(world: &mut World, call: &Call, gateway: &str, id: &str) -> Answer {
    let note = |status: u16, title: &str, message: &str| Answer::html(status, view::note(title, message));
    let other_method = note(405, "Payment", "This page knows GET and POST only.");
    let gone = || note(404, "Not found", "There is no such payment in this sandbox.");
    let Some((hosted, common)) = world.hosted(gateway) else { return gone() };
    let Some(sheet) = hosted.sheet(common, id) else { return gone() };
    let (title, amount) = match sheet {
        Sheet::Open { title, amount } => (title, amount),
        Sheet::Closed(message) if call.method == Method::GET => return note(200, "Payment", &message),
        Sheet::Closed(message) if call.method == Method::POST => return note(409, "Payment", &message),
        Sheet::Closed(_) => return other_method,
    };
    let ask = |status: u16, entered: &Entered, problems: &[Problem]| {
        Answer::html(status, view::ask(&title, amount.as_deref(), entered, problems))
    };
    match call.method {
        Method::GET => return ask(200, &Entered::default(), &[]),
        Method::POST => {}
        _ => return other_method,
    }
    let entered = match Entered::read(call) {
        Ok(entered) => entered,
        Err(problem) => return ask(400, &Entered::default(), &[problem]),
    };
    let waiting = common.challenges.take(gateway, id);
    let customer = match (entered.act(gateway, common.now()), waiting) {
        (Err(problems), _) => return ask(400, &entered, &problems),
        (Ok(Act::Decides(customer)), _) => customer,
        (Ok(Act::IsAsked(card)), _) => {
            let page = view::challenge(&title, amount.as_deref(), &card.last_four());
            common.challenges.keep(gateway, id, card);
            return Answer::html(200, page);
        }
        (Ok(Act::Confirms), Some(card)) => Customer::Pays(card),
        (Ok(Act::Refuses), Some(_)) => Customer::Declines,
        (Ok(Act::Confirms | Act::Refuses), None) => return ask(400, &entered, &[NOT_ASKED]),
    };
    match hosted.customer(common, id, customer) {
        None => gone(),
        Some(Done { to: Some(to), .. }) => Answer::see_other(to),
        Some(Done { message, to: None }) => note(200, "Payment", message),
    }
}

/// What the form asks for.
#[derive(Debug)]
enum Act {
    /// Nothing more is to be asked.
    Decides(Customer),
    /// The bank wants to hear from the customer before it lets this card pay.
    IsAsked(Card),
    /// Yes to the bank.
    Confirms,
    /// No to the bank.
    Refuses,
}

/// Something in the form that cannot be taken.
#[derive(Debug, Clone, Copy)]
struct Problem {
    /// The field it is about; empty for the form as a whole.
    field: &'static str,
    text: &'static str,
}

/// The form as it was filled in.
#[derive(Debug, Default)]
struct Entered {
    number: String,
    expiry: String,
    code: String,
    holder: String,
    action: String,
}

const NOT_A_FORM: Problem = Problem { field: "", text: "The form could not be read. Please try again." };
const NOT_ASKED: Problem =
    Problem { field: "", text: "The bank is not asking any more. Please enter the card again." };
const NUMBER: Problem = Problem {
    field: "card_number",
    text: "Enter one of this sandbox's own test cards. Never enter a real card here.",
};
const EXPIRY: Problem =
    Problem { field: "expiry", text: "Enter an expiry date like 12/30 that has not passed." };
const CODE: Problem = Problem { field: "cvc", text: "Enter a security code of three or four digits." };
const HOLDER: Problem =
    Problem { field: "cardholder", text: "Enter the name on the card, of at most 100 characters." };

impl Entered {
    fn read(call: &Call) -> Result<Entered, Problem> {
        if !call.sends("application/x-www-form-urlencoded") {
            return Err(NOT_A_FORM);
        }
        let fields = form(std::str::from_utf8(&call.body).map_err(|_| NOT_A_FORM)?);
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        Ok(Entered {
            number: field("card_number").replace([' ', '-'], ""),
            expiry: field("expiry"),
            code: field("cvc"),
            holder: field("cardholder"),
            action: field("action"),
        })
    }

    fn act(&self, gateway: &str, now: Timestamp) -> Result<Act, Vec<Problem>> {
        match self.action.as_str() {
            "decline" => return Ok(Act::Decides(Customer::Declines)),
            "cancel" => return Ok(Act::Decides(Customer::Cancels)),
            "confirm" => return Ok(Act::Confirms),
            "refuse" => return Ok(Act::Refuses),
            "pay" => {}
            _ => return Err(vec![NOT_A_FORM]),
        }
        // All at once, in the order of the fields: nobody wants to hear of one mistake after the other.
        let (month, year) = expiry(&self.expiry).unwrap_or_default();
        let card = Card::new(&self.number, year, month, &self.holder);
        // Without a card nothing can say whether it has expired; a date that cannot be read has year 0.
        let expired = card.as_ref().map_or(year == 0, |card| card.expired(now));
        let code = matches!(self.code.len(), 3 | 4) && self.code.bytes().all(|byte| byte.is_ascii_digit());
        let holder = (1..=100).contains(&self.holder.chars().count());
        let checks = [(card.is_some(), NUMBER), (!expired, EXPIRY), (code, CODE), (holder, HOLDER)];
        let problems: Vec<Problem> =
            checks.into_iter().filter(|(fine, _)| !fine).map(|(_, problem)| problem).collect();
        let asks = self.number == ASKS_BACK || gateway == "revio" && self.number == ASKS_BACK_AT_REVIO;
        match card {
            Some(card) if problems.is_empty() && asks => Ok(Act::IsAsked(card)),
            Some(card) if problems.is_empty() => Ok(Act::Decides(Customer::Pays(card))),
            _ => Err(problems),
        }
    }
}

/// `MM/YY`
fn expiry(text: &str) -> Option<(i8, i16)> {
    let (month, year) = text.split_once('/')?;
    let (month, year) = (month.trim(), year.trim());
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(month) || !digits(year) {
        return None;
    }
    let month: i8 = month.parse().ok()?;
    let year: i16 = year.parse().ok()?;
    (1..=12).contains(&month).then_some((month, 2000 + year))
}
