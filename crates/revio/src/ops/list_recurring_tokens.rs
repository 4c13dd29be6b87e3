use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use recurring_core::{ErrorKind, GatewayTime, Reply, Secret};
use recurring_gateway::{
    BaseUrl, Class, ErrorExt as _, Method, PreparedRequest, check, lenient, read_success,
};
use serde::{Deserialize, Deserializer};

use crate::client::Client;
use crate::error::{ApiError, Error};
use crate::wire;

/// `GET /clients/{id}/recurring_tokens/`: the cards that are stored for a client, page by page. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct ListRecurringTokens {
    client_id: String,
    cursor: Option<Cursor>,
}

/// Where the next page of a list is: an address, as a reply gave it. It can be had from a [`Page`] only.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// One page of stored cards.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Page {
    /// The cards.
    pub results: Vec<RecurringToken>,
    /// Where the next page is; `None` on the last.
    #[serde(default, deserialize_with = "cursor")]
    pub next: Option<Cursor>,
}

/// A stored card. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct RecurringToken {
    /// The token: the identifier of the purchase that saved the card.
    #[serde(deserialize_with = "wire::required_secret")]
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

/// Nothing of the address is shown: what a gateway writes into it is its own affair.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor([redacted])")
    }
}

impl ListRecurringTokens {
    /// The first page of a client's cards. The client by the gateway's own identifier.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), cursor: None }
    }

    /// The page that another one named as the next.
    pub fn after(mut self, cursor: &Cursor) -> Self {
        self.cursor = Some(cursor.clone());
        self
    }

    /// The request as it goes over the wire, without the key. `base_url` is where the client sends it to: a next page
    /// is followed only there, since the key goes along.
    ///
    /// # Errors
    /// When the identifier cannot be one; when the next page lies anywhere else than on this list of this gateway
    /// (`Protocol`).
    pub fn to_request(&self, base_url: &BaseUrl) -> Result<PreparedRequest, Error> {
        let list =
            format!("/clients/{}/recurring_tokens/", check::path_segment("client_id", &self.client_id)?);
        let path = match &self.cursor {
            None => list,
            Some(Cursor(address)) => base_url
                .relative(address)
                .filter(|path| path.split('?').next() == Some(list.as_str()))
                .ok_or_else(|| {
                    let rule = "the next page of the list is not at the gateway's own address, below the base URL \
                                and for the same client: it is not followed";
                    Error::unknown(ErrorKind::Protocol, rule)
                })?,
        };
        Ok(PreparedRequest::new("list recurring tokens", Class::Read, Method::Get, path))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When the reply cannot be read.
    pub fn from_reply(&self, reply: &Reply) -> Result<Page, Error> {
        read_success(reply, ApiError::read)
    }
}

type Request = Pin<Box<dyn Future<Output = Result<Page, Error>> + Send>>;

/// All the stored cards of a client, page after page: a [`Stream`], or one at a time by [`next`](Self::next).
///
/// After an error it ends. A list whose next page is one that was read already ends with an error.
#[must_use = "nothing is asked of the gateway until the first token is"]
pub struct RecurringTokens {
    client: Client,
    client_id: String,
    waiting: VecDeque<RecurringToken>,
    /// Every next page so far.
    seen: Vec<Cursor>,
    state: State,
}

enum State {
    /// A page is to be asked for.
    Ask(Option<Cursor>),
    /// A page is on its way.
    Wait(Request),
    /// An error is to be given out.
    Fail(Error),
    /// Nothing more comes.
    Ended,
}

impl RecurringTokens {
    pub(crate) fn new(client: Client, client_id: String) -> Self {
        Self { client, client_id, waiting: VecDeque::new(), seen: Vec::new(), state: State::Ask(None) }
    }

    /// The next card; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<RecurringToken, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Takes a page in, and answers what comes after its cards.
    fn take(&mut self, page: Page) -> State {
        self.waiting.extend(page.results);
        match page.next {
            None => State::Ended,
            Some(cursor) if self.seen.contains(&cursor) => {
                let message = "the list of recurring tokens names a next page that was read already";
                State::Fail(Error::unknown(ErrorKind::Protocol, message))
            }
            Some(cursor) => {
                self.seen.push(cursor.clone());
                State::Ask(Some(cursor))
            }
        }
    }
}

impl Stream for RecurringTokens {
    type Item = Result<RecurringToken, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(token) = this.waiting.pop_front() {
                return Poll::Ready(Some(Ok(token)));
            }
            this.state = match mem::replace(&mut this.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Fail(error) => return Poll::Ready(Some(Err(error))),
                State::Ask(cursor) => {
                    let (client, client_id) = (this.client.clone(), this.client_id.clone());
                    State::Wait(Box::pin(async move {
                        client.list_recurring_tokens(&client_id, cursor.as_ref()).await
                    }))
                }
                State::Wait(mut request) => match request.as_mut().poll(context) {
                    Poll::Pending => {
                        this.state = State::Wait(request);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(page)) => this.take(page),
                    Poll::Ready(Err(error)) => State::Fail(error),
                },
            };
        }
    }
}

impl fmt::Debug for RecurringTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecurringTokens").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
