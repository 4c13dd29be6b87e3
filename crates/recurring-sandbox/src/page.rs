//! The page where the customer pays. It needs no scripts.

use crate::answer::Answer;
use crate::call::{Call, form};
use crate::cards::{self, Card};
use crate::world::World;
use axum::http::Method;
use jiff::Timestamp;

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

pub(crate) fn answer(world: &mut World, call: &Call, gateway: &str, id: &str) -> Answer {
    let gone = || Answer::html(404, note("Not found", "There is no such payment in this sandbox."));
    let Some((hosted, common)) = world.hosted(gateway) else { return gone() };
    let Some(sheet) = hosted.sheet(common, id) else { return gone() };
    match (&call.method, sheet) {
        (&Method::GET, Sheet::Closed(message)) => Answer::html(200, note("Payment", &message)),
        (&Method::POST, Sheet::Closed(message)) => Answer::html(409, note("Payment", &message)),
        (&Method::GET, Sheet::Open { title, amount }) => {
            Answer::html(200, ask(&title, amount.as_deref(), &Entered::default(), None))
        }
        (&Method::POST, Sheet::Open { title, amount }) => {
            let now = common.now();
            let entered = Entered::read(call);
            let act = entered.as_ref().map_err(|message| *message).and_then(|entered| entered.act(now));
            match act {
                Err(message) => {
                    let entered = entered.unwrap_or_default();
                    Answer::html(400, ask(&title, amount.as_deref(), &entered, Some(message)))
                }
                Ok(act) => match hosted.customer(common, id, act) {
                    None => gone(),
                    Some(Done { to: Some(to), .. }) => Answer::see_other(to),
                    Some(Done { message, to: None }) => Answer::html(200, note("Payment", message)),
                },
            }
        }
        _ => Answer::html(405, note("Payment", "This page knows GET and POST only.")),
    }
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

const NOT_A_FORM: &str = "The form could not be read.";
const NUMBER: &str = "This sandbox takes its own test cards only. Never enter a real card here.";
const EXPIRY: &str = "The expiry date must look like 12/30 and must not have passed.";
const CODE: &str = "The security code has three or four digits.";
const HOLDER: &str = "The name on the card is missing or longer than 100 characters.";

impl Entered {
    fn read(call: &Call) -> Result<Entered, &'static str> {
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

    fn act(&self, now: Timestamp) -> Result<Customer, &'static str> {
        match self.action.as_str() {
            "decline" => return Ok(Customer::Declines),
            "cancel" => return Ok(Customer::Cancels),
            "pay" => {}
            _ => return Err(NOT_A_FORM),
        }
        if self.holder.is_empty() || self.holder.chars().count() > 100 {
            return Err(HOLDER);
        }
        if !matches!(self.code.len(), 3 | 4) || !self.code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CODE);
        }
        let (month, year) = expiry(&self.expiry).ok_or(EXPIRY)?;
        let card = Card::new(&self.number, year, month, &self.holder).ok_or(NUMBER)?;
        if card.expired(now) { Err(EXPIRY) } else { Ok(Customer::Pays(card)) }
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

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:26rem;padding:1rem}\
label{display:block;margin-top:1rem;font-weight:600}\
input,button{font:inherit;box-sizing:border-box;width:100%;padding:.7rem;margin-top:.25rem}\
button{margin-top:1rem}.amount{font-size:1.6rem}.problem{border-left:.3rem solid #b00020;padding-left:.7rem}";

fn document(title: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - sandbox</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{main}</main>\n\
         </body>\n</html>\n",
        title = escape(title),
    )
}

fn note(title: &str, message: &str) -> String {
    let main = format!("<h1>{}</h1>\n<p role=\"status\">{}</p>\n", escape(title), escape(message));
    document(title, &main)
}

fn ask(title: &str, amount: Option<&str>, entered: &Entered, problem: Option<&str>) -> String {
    let amount =
        amount.map(|amount| format!("<p class=\"amount\">{}</p>\n", escape(amount))).unwrap_or_default();
    let problem = problem
        .map(|text| format!("<p class=\"problem\" id=\"problem\" role=\"alert\">{}</p>\n", escape(text)))
        .unwrap_or_default();
    let described = if problem.is_empty() { "cards" } else { "problem cards" };
    // The number and the code are not filled in again: nothing that was typed there leaves the server.
    let main = format!(
        "<h1>{title}</h1>\n{amount}{problem}<form method=\"post\">\n\
         <label for=\"card_number\">Card number</label>\n\
         <input id=\"card_number\" name=\"card_number\" inputmode=\"numeric\" autocomplete=\"cc-number\" \
         aria-describedby=\"{described}\" required>\n\
         <label for=\"expiry\">Expiry date (MM/YY)</label>\n\
         <input id=\"expiry\" name=\"expiry\" value=\"{expiry}\" inputmode=\"numeric\" autocomplete=\"cc-exp\" \
         placeholder=\"MM/YY\" required>\n\
         <label for=\"cvc\">Security code</label>\n\
         <input id=\"cvc\" name=\"cvc\" inputmode=\"numeric\" autocomplete=\"cc-csc\" maxlength=\"4\" required>\n\
         <label for=\"cardholder\">Name on the card</label>\n\
         <input id=\"cardholder\" name=\"cardholder\" value=\"{holder}\" autocomplete=\"cc-name\" required>\n\
         <button name=\"action\" value=\"pay\">Pay</button>\n\
         <button name=\"action\" value=\"decline\" formnovalidate>Let the bank decline</button>\n\
         <button name=\"action\" value=\"cancel\" formnovalidate>Cancel</button>\n</form>\n\
         <p id=\"cards\">This is a sandbox: no real money moves. Test cards: {numbers}.</p>\n",
        title = escape(title),
        expiry = escape(&entered.expiry),
        holder = escape(&entered.holder),
        numbers = cards::numbers(),
    );
    document(title, &main)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
