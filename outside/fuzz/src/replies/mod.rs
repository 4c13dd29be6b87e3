//! Every decoder of every gateway: one table a gateway, in the order in which the first byte of an input counts them.

pub(crate) mod emspay;
pub(crate) mod ngenius;
pub(crate) mod omno;
pub(crate) mod revio;
pub(crate) mod tokenpay;

use recurring_core::{Currency, Money, Reply};

use crate::check;

/// Reads a reply to one call, and checks the answer.
type Call = Box<dyn Fn(&Reply) + Send + Sync>;

fn run(calls: &[Call], bytes: &[u8]) {
    if let Some((number, reply)) = check::reply(bytes) {
        calls[number % calls.len()](&reply);
    }
}

fn money(minor: i64, code: &str) -> Money {
    Money::from_minor(minor, Currency::from_code(code).expect("a currency")).expect("money")
}

/// Whether an amount that is named is the one that was sent. What approves must name it.
fn is_or_open<T: PartialEq>(approved: bool, sent: T, named: Option<T>) -> bool {
    match named {
        Some(named) => named == sent,
        None => !approved,
    }
}
