use recurring_core::{ErrorKind, Reply, Secret};
use recurring_gateway::{
    Class, ErrorExt as _, Method, Operation, PreparedRequest, ReplyExt as _, check, lenient,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{ApiError, Error, failed};
use crate::shape;

/// `GET /transaction/customer/{customerId}/cards`: the saved cards of a customer. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct ListCards {
    customer_id: String,
}

impl ListCards {
    /// Creates the request for the cards of the customer with the gateway's own identifier.
    pub fn new(customer_id: impl Into<String>) -> Self {
        Self { customer_id: customer_id.into() }
    }
}

impl Operation for ListCards {
    type Api = ApiError;
    type Output = Vec<Card>;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let segment = check::path_segment("customer_id", &self.customer_id)?;
        let path = format!("/transaction/customer/{segment}/cards");
        // The answer does not name the customer.
        Ok(PreparedRequest::new("list cards", Class::Read, Method::Get, path).on_own_connection())
    }

    /// Reads the reply: a list, or an object with the list under `cards` or `data`.
    ///
    /// # Errors
    /// When the reply has another shape, or one of its entries has no token. The message then shows names and
    /// types; the reply itself is kept in the error.
    // Assumption(card-list-shape): no document prints the answer.
    fn read(&self, reply: &Reply) -> Result<Vec<Card>, Error> {
        if !reply.is_success() {
            return Err(failed(reply));
        }
        let _: IgnoredAny = reply.json().map_err(|unreadable| {
            let message = format!("the gateway answered {}, but {unreadable}", reply.status());
            Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
        })?;
        let entries = reply
            .entries(&["cards", "data"])
            .ok_or_else(|| odd(reply, "the saved cards have", reply.body()))?;
        entries
            .iter()
            .map(|entry| {
                Card::read(entry, reply).ok_or_else(|| odd(reply, "a saved card has", entry.get().as_bytes()))
            })
            .collect()
    }
}

/// The largest JSON whose shape is described: in memory its values are many times its size.
const LARGEST_DESCRIBED: usize = 64 * 1024;

fn odd(reply: &Reply, what: &str, found: &[u8]) -> Error {
    let shape = match found.len() {
        ..=LARGEST_DESCRIBED => shape::describe(&serde_json::from_slice::<Value>(found).unwrap_or_default()),
        bytes => format!("{bytes} bytes"),
    };
    let shape = reply.shown(&shape);
    let message =
        format!("the gateway answered {}, but {what} a shape that is not known: {shape}", reply.status());
    Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
}

/// A saved card. Only the token is certain to be there. Assumption(card-members): they are named as in the gateway's
/// notifications; see SOURCES.md, and [`Card::raw`] for the card as the gateway wrote it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Card {
    /// What a later payment is made with.
    #[serde(skip_serializing)]
    pub card_token: Secret,
    /// The masked card number, such as `400000********0044`.
    pub card_mask: Option<String>,
    /// The brand of the card, such as `VISA`.
    pub card_brand: Option<String>,
    /// The expiry date of the card, `12/24` or `01/2025`.
    pub expiration_date: Option<String>,
    /// The name on the card.
    pub cardholder: Option<String>,
    #[serde(skip_serializing)]
    raw: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default, deserialize_with = "lenient::secret")]
    card_token: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::secret")]
    token: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::text")]
    card_mask: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    card_brand: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    expiration_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    cardholder: Option<String>,
}

impl Card {
    fn read(json: &RawValue, reply: &Reply) -> Option<Self> {
        let entry: Entry = lenient::parse_object(json).ok()?;
        let tokens: Vec<Secret> = entry.card_token.into_iter().chain(entry.token).collect();
        // The gateway's words about a card, without its token.
        let shown = |text: Option<String>| text.map(|text| reply.shown_without(&tokens, &text));
        Some(Self {
            card_token: tokens.first()?.clone(),
            card_mask: shown(entry.card_mask),
            card_brand: shown(entry.card_brand),
            expiration_date: shown(entry.expiration_date),
            cardholder: shown(entry.cardholder),
            raw: Secret::new(json.get()),
        })
    }

    /// Returns the card as the gateway wrote it, JSON: with whatever this version does not read. It holds the token, so
    /// `Debug` does not show it; do not log it.
    pub fn raw(&self) -> &str {
        self.raw.expose()
    }
}
