use recurring_core::{ErrorKind, GatewayTime, Money, Outcome, Reply};
use recurring_gateway::{
    Class, ErrorExt as _, Method, Operation, PreparedRequest, check, check_echo, lenient, number_echo,
    require_echo,
};
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Error, read_object};
use crate::ops::evidence::{self, Whole};
use crate::ops::transaction::{Transaction, clear_words};
use crate::status::{self, OrderStatus, RecurringType};
use crate::wire::RefundOrderBody;

/// `POST /orders/{id}/refunds/`: **gives money back** out of a completed order, all of it or a part.
///
/// Every call is a new refund: the gateway has no idempotency key, so the same call sent twice gives the money back
/// twice. This client sends it once.
#[derive(Debug, Clone)]
#[must_use]
pub struct RefundOrder {
    order_id: String,
    amount: Money,
    description: Option<String>,
}

impl RefundOrder {
    /// Creates the request to give back `amount` of the order with the gateway's own identifier.
    ///
    /// The currency does not go over the wire: the gateway gives back in the order's own. It is compared with the
    /// answer's, so hand in the currency of the order.
    pub fn new(order_id: impl Into<String>, amount: Money) -> Self {
        Self { order_id: order_id.into(), amount, description: None }
    }

    /// Sets why the money is given back, at most 1000 characters.
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
}

impl Operation for RefundOrder {
    type Api = ApiError;
    type Output = Refund;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = format!("/orders/{}/refunds/", check::path_segment("order_id", &self.order_id)?);
        if let Some(description) = &self.description {
            check::text("description", description, 1_000)?;
        }
        let body = RefundOrderBody { amount: self.amount.minor(), description: self.description.as_deref() };
        Ok(PreparedRequest::new("refund order", Class::Write, Method::Post, path)
            // The answer need not name the order.
            .on_own_connection()
            .header("content-type", "application/json")
            .json(&body))
    }

    /// Reads the reply. A refund that the gateway refuses with a success status is `Ok` with the outcome
    /// `Declined`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read, contradicts itself, names another amount, currency or order, or answers
    /// an order instead of a refund: that an order is paid does not mean that its money was given back. So is a
    /// refund that is completed or refused and lacks its amount or currency.
    fn read(&self, reply: &Reply) -> Result<Refund, Error> {
        let refund: Refund = read_object(reply)?;
        evidence::check(reply, &refund.whole())?;
        let echo = [
            number_echo("amount", self.amount.minor(), refund.amount),
            ("currency", self.amount.currency().code(), refund.currency.as_deref()),
        ];
        match refund.outcome() {
            outcome if outcome.is_definite() => require_echo(reply, &echo)?,
            _ => check_echo(reply, &echo)?,
        }
        check_echo(reply, &[("refund_of_order_id", &self.order_id, refund.refund_of_order_id.as_deref())])?;
        if refund.is_charge() {
            let message = "the reply is about a charge and not about a refund";
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        if refund.id == self.order_id {
            let message = "the reply describes the order itself and not a refund";
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        Ok(refund.cleared(reply))
    }
}

/// A refund as the gateway reports it: an order of its own. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Refund {
    /// The gateway's identifier of the refund. Assumption(refund-is-an-order):
    /// [`Client::get_order`](crate::Client::get_order) reads it again; see SOURCES.md.
    #[serde(deserialize_with = "lenient::required_id")]
    pub id: String,
    /// Its status; see [`Refund::outcome`].
    #[serde(default)]
    pub status: OrderStatus,
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub amount: Option<i64>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Why the money is given back.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created: Option<GatewayTime>,
    /// Flags such as `is-refund`.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub flags: Vec<String>,
    /// The order whose money is given back.
    #[serde(default, deserialize_with = "lenient::id")]
    pub refund_of_order_id: Option<String>,
    /// The movements of money, and why one failed. There may be none.
    #[serde(default, deserialize_with = "lenient::list")]
    pub transactions: Vec<Transaction>,
}

impl Refund {
    /// Returns what the status means for the money: `Paid` is given back, `Declined` is not. `new`, `processing` and
    /// every unknown status are `Pending`.
    pub fn outcome(&self) -> Outcome {
        // No customer takes part in a refund, so no page is waited for.
        status::outcome(&self.status, false)
    }

    /// Returns whether the refund says that it is a test: no money moves, whatever its status.
    pub fn is_test(&self) -> bool {
        self.flags.iter().any(|flag| flag == "is-test")
    }

    fn whole(&self) -> Whole<'_> {
        Whole {
            status: &self.status,
            amount: self.amount,
            currency: self.currency.as_deref(),
            transactions: &self.transactions,
        }
    }

    /// Whether a transaction has a place in a series: then it takes money.
    fn is_charge(&self) -> bool {
        let cards =
            self.transactions.iter().filter_map(|transaction| transaction.payment_method_details.as_ref());
        cards
            .map(|card| &card.recurring_type)
            .any(|kind| matches!(kind, RecurringType::First | RecurringType::Recurring))
            && self.refund_of_order_id.is_none()
    }

    fn cleared(mut self, reply: &Reply) -> Self {
        clear_words(&mut self.transactions, reply);
        self
    }
}
