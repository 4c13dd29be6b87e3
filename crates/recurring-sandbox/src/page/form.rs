//! The form of the payment page, as the customer filled it in.

use crate::cards::{self, AUTHENTICATED_CARD, Card};
use crate::gateway::CustomerAction;
use crate::request::{Request, form};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What the form asks for.
#[derive(Debug)]
pub(super) enum Act {
    /// The customer has decided.
    Decides(CustomerAction),
    /// The bank asks the customer for authentication before this card pays.
    Authenticates(Card),
    /// The customer confirms to the bank.
    Confirms,
    /// The customer refuses.
    Refuses,
}

/// A mistake in the form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem {
    /// The field it is about; empty for the form as a whole.
    pub(super) field: &'static str,
    pub(super) text: &'static str,
}

/// The form as it was filled in.
#[derive(Debug, Default)]
pub(super) struct Entered {
    number: String,
    pub(super) expiry: String,
    code: String,
    pub(super) holder: String,
    action: String,
}

const NOT_A_FORM: Problem = Problem { field: "", text: "The form could not be read. Please try again." };
pub(super) const NOT_ASKED: Problem =
    Problem { field: "", text: "The bank's question has expired. Please enter the card again." };
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
    /// The form filled in with one of this sandbox's own test cards, by its place in their list.
    pub(super) fn test_card(place: &str, now: Timestamp) -> Option<Entered> {
        let (number, _) = cards::described().nth(place.parse().ok()?)?;
        let year = TimeZone::UTC.to_datetime(now).year() + 3;
        Some(Entered {
            number: number.to_owned(),
            expiry: format!("12/{:02}", year.rem_euclid(100)),
            code: "123".to_owned(),
            holder: "Test Customer".to_owned(),
            action: String::new(),
        })
    }

    /// The number and the security code of a test card that was filled in here. What was sent is never shown again.
    pub(super) fn filled(&self) -> (&str, &str) {
        if self.action.is_empty() { (&self.number, &self.code) } else { ("", "") }
    }

    pub(super) fn read(request: &Request) -> Result<Entered, Problem> {
        if !request.sends("application/x-www-form-urlencoded") {
            return Err(NOT_A_FORM);
        }
        let fields = form(std::str::from_utf8(&request.body).map_err(|_| NOT_A_FORM)?);
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

    pub(super) fn act(
        &self,
        authenticates: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<Act, Vec<Problem>> {
        match self.action.as_str() {
            "decline" => return Ok(Act::Decides(CustomerAction::Decline)),
            "cancel" => return Ok(Act::Decides(CustomerAction::Cancel)),
            "confirm" => return Ok(Act::Confirms),
            "refuse" => return Ok(Act::Refuses),
            "pay" => {}
            _ => return Err(vec![NOT_A_FORM]),
        }
        // All mistakes at once, in the order of the fields.
        let (month, year) = expiry(&self.expiry).unwrap_or_default();
        let card = Card::new(&self.number, year, month, &self.holder);
        // Without a card the expiry date cannot be checked; a date that cannot be read has year 0.
        let expired = card.as_ref().map_or(year == 0, |card| card.expired(now));
        let code = matches!(self.code.len(), 3 | 4) && self.code.bytes().all(|byte| byte.is_ascii_digit());
        let holder = (1..=100).contains(&self.holder.chars().count());
        let checks = [(card.is_some(), NUMBER), (!expired, EXPIRY), (code, CODE), (holder, HOLDER)];
        let problems: Vec<Problem> =
            checks.into_iter().filter(|(fine, _)| !fine).map(|(_, problem)| problem).collect();
        let asks = self.number == AUTHENTICATED_CARD || authenticates(&self.number);
        match card {
            Some(card) if problems.is_empty() && asks => Ok(Act::Authenticates(card)),
            Some(card) if problems.is_empty() => Ok(Act::Decides(CustomerAction::Pay(card))),
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
