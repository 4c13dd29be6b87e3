//! The bodies of requests, member for member in the order of the documents.

use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct CreatePaymentBody<'a> {
    pub(crate) reference: &'a str,
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) token: &'a str,
}
