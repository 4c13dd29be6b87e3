//! One file for each endpoint: a typed request, how it becomes bytes, how a reply becomes an answer. All pure.

use recurring_core::{ErrorKind, InvalidInput, Money, Reply, Secret};
use recurring_gateway::{Class, ErrorExt as _, Method, PreparedRequest, check, read_success};

use crate::error::{ApiError, Error};
use crate::ops::amount::Amount;
use crate::ops::payment::Payment;
use crate::outlet::Outlet;

pub(crate) mod access_token;
pub(crate) mod amount;
pub(crate) mod capture;
pub(crate) mod capture_payment;
pub(crate) mod create_recurring_payment;
pub(crate) mod evidence;
pub(crate) mod get_order;
pub(crate) mod hal;
pub(crate) mod order;
pub(crate) mod pay_with_saved_card;
pub(crate) mod payment;
pub(crate) mod refund_payment;
pub(crate) mod void_payment;

/// What the requests about payments ask for and send.
const MEDIA_TYPE: &str = "application/vnd.ni-payment.v2+json";

/// Compares identifiers that a reply repeats with those that were sent. They are UUIDs, whose letter case means
/// nothing: a difference in it alone must not make a payment look like another one.
fn check_ids(reply: &Reply, ids: &[(&str, &str, Option<&str>)]) -> Result<(), Error> {
    for (name, sent, came_back) in ids {
        let came_back = came_back.map(|text| if text.eq_ignore_ascii_case(sent) { sent } else { text });
        recurring_gateway::check_echo(reply, &[(name, sent, came_back)])?;
    }
    Ok(())
}

/// The path of one payment.
fn payment_path(outlet: &Outlet, order: &str, payment: &str) -> Result<String, InvalidInput> {
    Ok(format!(
        "/transactions/outlets/{}/orders/{}/payments/{}",
        outlet.segment,
        check::path_segment("order_reference", order)?,
        check::path_segment("payment_reference", payment)?
    ))
}

/// A request that changes a payment. The query of a path that was found in a reply is never shown.
fn write(operation: &'static str, method: Method, path: String) -> PreparedRequest {
    let query = path.split_once('?').map(|(_, query)| Secret::new(query));
    let request = PreparedRequest::new(operation, Class::Write, method, path).header("accept", MEDIA_TYPE);
    match query {
        Some(query) => request.hide(&query),
        None => request,
    }
}

/// Reads the payment that answers a change of it: the one that was sent, without a contradiction, or nothing can be said
/// of the money.
fn read_payment(reply: &Reply, outlet: &str, order: &str, payment: &str) -> Result<Payment, Error> {
    let answer: Payment = read_success(reply, ApiError::read)?;
    if answer.reference.is_none() {
        let message =
            format!("the gateway answered {}, but with no payment that has a reference", reply.status());
        return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
    }
    if let Some(member) = answer.contradiction() {
        let message = format!("the payment in the reply contradicts itself in `{member}`");
        return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
    }
    check_ids(
        reply,
        &[
            ("reference", payment, answer.reference.as_deref()),
            ("orderReference", order, answer.order_reference.as_deref()),
            ("outletId", outlet, answer.outlet_id.as_deref()),
        ],
    )?;
    Ok(answer.cleared(reply))
}

/// An approval must prove its amount: what is missing or unreadable does not agree.
fn check_proven(reply: &Reply, member: &str, proven: bool) -> Result<(), Error> {
    if proven {
        return Ok(());
    }
    let message =
        format!("the reply approves, but does not prove it: `{member}` is missing, unreadable or another");
    Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()))
}

/// Whether one of the entries could be the amount that was sent. An answer that names entries, but none of this
/// amount, does not belong to the request.
fn check_one_is<'a>(
    reply: &Reply,
    name: &str,
    sent: Money,
    entries: impl IntoIterator<Item = Option<&'a Amount>>,
) -> Result<(), Error> {
    let mut entries = entries.into_iter().peekable();
    let none = entries.peek().is_none();
    if none || entries.any(|amount| amount.is_none_or(|amount| amount.may_be(sent))) {
        return Ok(());
    }
    let message = format!("`{name}` in the reply does not match the request");
    Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()))
}
