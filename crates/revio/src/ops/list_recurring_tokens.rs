use std::fmt;
use std::slice;

use recurring_core::{ErrorKind, GatewayTime, InvalidInput, Reply, Secret};
use recurring_gateway::{
    BaseUrl, Class, ErrorExt as _, Method, Operation, PreparedRequest, ReplyExt as _, check, lenient,
    read_long_success,
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{ApiError, Error};
use crate::wire;

/// `GET /clients/{id}/recurring_tokens/`: the cards that are stored for a client, page by page. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct ListRecurringTokens {
    client_id: String,
    /// The path and query of a next page.
    next: Option<String>,
}

/// The address of the next page of a list, as a reply gave it. Only a [`Page`] gives one.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// One page of stored cards.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Page {
    /// The cards.
    pub results: Vec<RecurringToken>,
    /// The address of the next page; `None` on the last.
    #[serde(default, deserialize_with = "cursor")]
    #[serde(skip_serializing)]
    pub next: Option<Cursor>,
}

/// A stored card. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct RecurringToken {
    /// The token: the identifier of the purchase that saved the card.
    #[serde(deserialize_with = "wire::required_secret")]
    #[serde(skip_serializing)]
    pub id: Secret,
    /// The brand of the card, such as `mastercard`.
    #[serde(default, deserialize_with = "wire::text")]
    pub payment_method: Option<String>,
    /// The card number, masked by the gateway, such as `555555******4444`.
    #[serde(default, deserialize_with = "wire::text")]
    pub description: Option<String>,
    /// When it was stored, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<GatewayTime>,
    /// When it last changed, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<GatewayTime>,
    /// What it is, `client_recurring_token` (`type` on the wire).
    #[serde(default, rename = "type", deserialize_with = "wire::text")]
    pub token_type: Option<String>,
}

fn cursor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cursor>, D::Error> {
    Ok(wire::text(deserializer)?.map(Cursor))
}

/// Shows nothing of the address: a gateway may write a secret into it.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor([redacted])")
    }
}

impl ListRecurringTokens {
    /// Asks for the first page of a client's cards. The client by the gateway's own identifier.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), next: None }
    }

    /// Asks for the page that another one named as the next. `base_url` is where the client sends it to: a next page
    /// is followed only there, since the key goes along.
    ///
    /// # Errors
    /// When the next page lies anywhere else than on this list of this gateway (`Protocol`), or when the identifier
    /// of the client cannot be one.
    pub fn after(mut self, cursor: &Cursor, base_url: &BaseUrl) -> Result<Self, Error> {
        let list = self.path()?;
        let next = base_url.relative(&cursor.0).filter(|path| path.split('?').next() == Some(list.as_str()));
        self.next = Some(next.ok_or_else(|| {
            let rule = "the next page of the list is not at the gateway's own address, below the base URL and for \
                        the same client: it is not followed";
            Error::unknown(ErrorKind::Protocol, rule)
        })?);
        Ok(self)
    }

    fn path(&self) -> Result<String, InvalidInput> {
        Ok(format!("/clients/{}/recurring_tokens/", check::path_segment("client_id", &self.client_id)?))
    }
}

impl Operation for ListRecurringTokens {
    type Api = ApiError;
    type Output = Page;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// When the identifier cannot be one.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let path = self.path()?;
        let path = self.next.clone().unwrap_or(path);
        // The answer does not name the client.
        Ok(PreparedRequest::new("list recurring tokens", Class::Read, Method::Get, path)
            .on_own_connection()
            .long_answer())
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read.
    fn read(&self, reply: &Reply) -> Result<Page, Error> {
        let mut page: Page = read_long_success(reply, ApiError::read)?;
        for card in &mut page.results {
            for text in [&mut card.payment_method, &mut card.description, &mut card.token_type] {
                *text = text.take().map(|text| reply.shown_without(slice::from_ref(&card.id), &text));
            }
        }
        Ok(page)
    }
}
