//! One file for each endpoint: a typed request, how it becomes bytes, how a reply becomes an answer. All pure.

use recurring_core::Reply;

use crate::error::Error;

pub(crate) mod access_token;
pub(crate) mod create_recurring_payment;
pub(crate) mod get_order;
pub(crate) mod order;

/// What the requests about payments ask for and send (source document).
const MEDIA_TYPE: &str = "application/vnd.ni-payment.v2+json";

/// Compares identifiers that a reply repeats with those that were sent. They are UUIDs, whose letter case means
/// nothing: a difference in it alone must not make a payment look like somebody else's.
fn check_ids(reply: &Reply, ids: &[(&str, &str, Option<&str>)]) -> Result<(), Error> {
    for (name, sent, came_back) in ids {
        let came_back = came_back.map(str::to_ascii_lowercase);
        recurring_core::check_echo(reply, &[(name, &sent.to_ascii_lowercase(), came_back.as_deref())])?;
    }
    Ok(())
}
