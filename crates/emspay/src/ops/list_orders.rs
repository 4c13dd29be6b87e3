use std::fmt;

use recurring_core::{ErrorKind, InvalidInput, Reply, Timestamp};
use recurring_gateway::{
    Class, ErrorExt as _, Method, Operation, PreparedRequest, ReplyExt as _, check, lenient,
};

use crate::error::{ApiError, Error, failed};
use crate::ops::order::Order;

/// `GET /orders/?created_since=&created_until=`: the orders that were created in a period. Moves no money. **Only
/// other brands of the platform document this call**; see SOURCES.md.
///
/// It is the only way to look for an order whose answer was lost. An order that is found names its status. One
/// that is **not** found proves nothing. Assumption(list-may-be-cut): the gateway may cut long lists; see SOURCES.md.
#[derive(Debug, Clone)]
#[must_use]
pub struct ListOrders {
    since: String,
    until: String,
}

impl ListOrders {
    /// Creates the request for the orders created between two instants: each an RFC 3339 time stamp with an offset or
    /// `Z`, as text or as a [`Timestamp`].
    pub fn created_between(since: impl fmt::Display, until: impl fmt::Display) -> Self {
        Self { since: since.to_string(), until: until.to_string() }
    }
}

impl Operation for ListOrders {
    type Api = ApiError;
    type Output = Vec<Order>;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When one of the two is not an instant, or the period ends before it begins.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let since = instant("created_since", &self.since)?;
        let until = instant("created_until", &self.until)?;
        if until < since {
            return Err(InvalidInput::new("created_until", "must not lie before `created_since`").into());
        }
        let path = format!(
            "/orders/?created_since={}&created_until={}",
            check::query_value(&since.to_string()),
            check::query_value(&until.to_string())
        );
        // The answer does not name the period.
        Ok(PreparedRequest::new("list orders", Class::Read, Method::Get, path)
            .on_own_connection()
            .long_answer())
    }

    /// Reads the reply: a list, or an object with the list under `orders` or `data`.
    ///
    /// # Errors
    /// When the reply has another shape, or one of its entries is not an order. It is never taken for an empty list.
    // Assumption(list-shape): other brands print a list; the object is accepted too.
    fn read(&self, reply: &Reply) -> Result<Vec<Order>, Error> {
        if !reply.is_success() {
            return Err(failed(reply));
        }
        let entries =
            reply.entries(&["orders", "data"]).ok_or_else(|| odd(reply, "not with a list of orders"))?;
        entries
            .iter()
            .map(|entry| match lenient::parse_object::<Order>(entry) {
                Ok(order) => Ok(order.cleared(reply)),
                Err(_) => Err(odd(reply, "one of the entries is not an order")),
            })
            .collect()
    }
}

fn instant(field: &'static str, text: &str) -> Result<Timestamp, InvalidInput> {
    text.parse().map_err(|_| {
        InvalidInput::new(
            field,
            "must be an RFC 3339 time stamp with an offset, such as 2017-11-24T14:43:15Z",
        )
    })
}

fn odd(reply: &Reply, how: &str) -> Error {
    let message = format!("the gateway answered {}, but {how}", reply.status());
    Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
}
