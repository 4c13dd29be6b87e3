use std::borrow::Cow;

use recurring_core::{Decimal, InvalidInput};
use recurring_gateway::{Class, PreparedRequest};

use crate::config::{MerchantId, positive};
use crate::error::Error;
use crate::ops::{check_merchant_reference, unsigned};
use crate::wire::OrderBody;

/// Which order is meant: by the gateway's name for it, or by yours.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrderKey {
    /// The gateway's identifier, more than zero: [`Order::id`](crate::Order::id).
    OrderId(i64),
    /// Your own name for the charge, 1 to 64 characters. The only one that is known after a lost answer.
    MerchantReference(String),
}

impl OrderKey {
    /// The member of the answer that repeats it, and its text.
    pub(crate) fn echo(&self) -> (&'static str, Cow<'_, str>) {
        match self {
            Self::OrderId(id) => ("order.id", Cow::Owned(id.to_string())),
            Self::MerchantReference(reference) => ("merchantReference", Cow::Borrowed(reference)),
        }
    }
}

/// Which of the gateway's calls serve an order that was paid with a stored card.
///
/// Assumption(order-calls): those of the hosted page; no document says which calls an order of [`Sale`](crate::Sale)
/// or [`Recurring`](crate::Recurring) belongs to. Ask the gateway before production; see SOURCES.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OrderApi {
    /// `/hosted-checkout/query`, `/void` and `/refund`. The default.
    #[default]
    HostedCheckout,
    /// `/tokenization/query`, `/void` and `/refund`.
    Tokenization,
}

/// The three calls about an order.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    Query,
    Void,
    Refund,
}

impl OrderApi {
    fn path(self, call: Call) -> &'static str {
        match (self, call) {
            (Self::HostedCheckout, Call::Query) => "/hosted-checkout/query",
            (Self::HostedCheckout, Call::Void) => "/hosted-checkout/void",
            (Self::HostedCheckout, Call::Refund) => "/hosted-checkout/refund",
            (Self::Tokenization, Call::Query) => "/tokenization/query",
            (Self::Tokenization, Call::Void) => "/tokenization/void",
            (Self::Tokenization, Call::Refund) => "/tokenization/refund",
        }
    }

    /// The request of a call before it is signed.
    pub(crate) fn request(
        self,
        call: Call,
        merchant_id: &MerchantId,
        key: &OrderKey,
        amount: Option<Decimal>,
    ) -> Result<PreparedRequest, Error> {
        check(key)?;
        let (order_id, merchant_reference) = match key {
            OrderKey::OrderId(id) => (Some(*id), None),
            OrderKey::MerchantReference(reference) => (None, Some(reference.as_str())),
        };
        let body = OrderBody { merchant_id: merchant_id.wire(), order_id, merchant_reference, amount };
        let (operation, class) = match call {
            Call::Query => ("query order", Class::Read),
            Call::Void => ("void order", Class::Write),
            Call::Refund => ("refund order", Class::Write),
        };
        Ok(unsigned(operation, class, self.path(call), &body)?)
    }
}

fn check(key: &OrderKey) -> Result<(), InvalidInput> {
    match key {
        OrderKey::OrderId(id) => positive("order_id", *id),
        OrderKey::MerchantReference(reference) => check_merchant_reference(reference),
    }
}
