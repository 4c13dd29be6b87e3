//! What the payment page looks like. The templates escape everything that is put in.

use super::form::{Entered, Problem};
use crate::answer::render;
use crate::cards;
use askama::Template;

#[derive(Template)]
#[template(path = "page/note.html")]
struct Note<'a> {
    title: &'a str,
    message: &'a str,
    /// The merchant's page, where one is known.
    back: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "page/challenge.html")]
struct Challenge<'a> {
    title: &'a str,
    amount: Option<&'a str>,
    card: &'a str,
}

#[derive(Template)]
#[template(path = "page/ask.html")]
struct Ask<'a> {
    /// The gateway whose page it plays.
    gateway: &'a str,
    title: &'a str,
    amount: Option<&'a str>,
    problems: &'a [Problem],
    fields: [Field<'a>; 4],
    cards: Vec<(String, String)>,
}

/// A field of the form as the page shows it.
struct Field<'a> {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    /// What a browser may fill in by itself (`autocomplete`).
    fill: &'static str,
    longest: u8,
    digits: bool,
    value: &'a str,
    problem: Option<&'static str>,
}

/// A page with one sentence, where the payment is over, and the ways on from there.
pub(super) fn note(title: &str, message: &str, back: Option<&str>) -> String {
    render(&Note { title, message, back })
}

/// The bank's question.
pub(super) fn challenge(title: &str, amount: Option<&str>, card: &str) -> String {
    render(&Challenge { title, amount, card })
}

/// The form for the card. The number and the security code that were sent are not filled in again.
pub(super) fn ask(
    gateway: &str,
    title: &str,
    amount: Option<&str>,
    entered: &Entered,
    problems: &[Problem],
) -> String {
    let field = |name: &'static str, label, hint, fill, longest, digits, value| {
        let problem = problems.iter().find(|problem| problem.field == name).map(|problem| problem.text);
        Field { name, label, hint, fill, longest, digits, value, problem }
    };
    let (expiry, holder) = (entered.expiry.as_str(), entered.holder.as_str());
    let (number, code) = entered.filled();
    let only = "Only the test cards below are accepted.";
    let fields = [
        field("card_number", "Card number", only, "cc-number", 23, true, number),
        field("expiry", "Expiry date", "Like 12/30", "cc-exp", 7, false, expiry),
        field("cvc", "Security code", "3 or 4 digits", "cc-csc", 4, true, code),
        field("cardholder", "Name on the card", "Any name", "cc-name", 100, false, holder),
    ];
    let grouped = |number: &str| {
        let digits: Vec<char> = number.chars().collect();
        digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    };
    let cards = cards::described().map(|(number, what)| (grouped(number), what)).collect();
    render(&Ask { gateway, title, amount, problems, fields, cards })
}
