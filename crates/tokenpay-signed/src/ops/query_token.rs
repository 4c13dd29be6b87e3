use std::slice;

use recurring_core::{ErrorKind, Reply};
use recurring_gateway::{Class, ErrorExt as _, Operation, PreparedRequest, ReplyExt as _, lenient};
use serde::{Deserialize, Deserializer, Serialize};

use crate::account::ForAccount;
use crate::config::TokenId;
use crate::error::{ApiError, Error, read_answer};
use crate::ops::{check_user_id, unsigned};
use crate::wire::QueryTokenBody;

/// `POST /tokenization/query-token`: the stored cards of a user, all at once. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct QueryToken {
    user_id: String,
}

impl QueryToken {
    /// Creates the request for the cards of `user_id` (1 to 64 characters, the letter case is kept).
    pub fn new(user_id: impl Into<String>) -> Self {
        Self { user_id: user_id.into() }
    }
}

impl Operation for ForAccount<'_, QueryToken> {
    type Api = ApiError;
    type Output = Vec<StoredToken>;

    /// Builds the request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        check_user_id(&request.user_id)?;
        let body =
            QueryTokenBody { merchant_id: self.account.merchant_id().wire(), user_id: &request.user_id };
        // The answer need not name the user, and cannot where the list is empty.
        Ok(unsigned("query token", Class::Read, "/tokenization/query-token", &body)?.on_own_connection())
    }

    /// Reads the reply. No list, or an empty one, means that there is no card.
    ///
    /// # Errors
    /// When the list cannot be read, or names a card of another user.
    fn read(&self, reply: &Reply) -> Result<Vec<StoredToken>, Error> {
        let request = self.request;
        let Answer { mut list } = read_answer(reply)?;
        // Letter case means nothing here, whichever of the documents is right.
        let own = |user: &str| user.to_lowercase() == request.user_id.to_lowercase();
        if list.iter().any(|token| token.user_id.as_deref().is_some_and(|user| !own(user))) {
            let message = "`userId` in the reply does not match the request";
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        for card in &mut list {
            for text in [
                &mut card.masked_pan,
                &mut card.card_brand,
                &mut card.card_sub_brand,
                &mut card.expiry_date,
                &mut card.user_id,
            ] {
                *text = text
                    .take()
                    .map(|text| reply.shown_without(slice::from_ref(card.token_id.secret()), &text));
            }
        }
        Ok(list)
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "lenient::list")]
    list: Vec<StoredToken>,
}

/// A stored card. Only `token_id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoredToken {
    /// The token of the card, for [`Sale`](crate::Sale) and [`Recurring`](crate::Recurring).
    #[serde(deserialize_with = "token")]
    #[serde(skip_serializing)]
    pub token_id: TokenId,
    /// The user who owns the card.
    #[serde(default, deserialize_with = "lenient::id")]
    pub user_id: Option<String>,
    /// The masked card number. Opaque: its form is not defined.
    #[serde(default, deserialize_with = "lenient::text")]
    pub masked_pan: Option<String>,
    /// The brand of the card, such as `VISA`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_brand: Option<String>,
    /// The brand within the brand.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_sub_brand: Option<String>,
    /// The expiry date of the card, `YYYYMM`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expiry_date: Option<String>,
}

fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenId, D::Error> {
    lenient::required_text(deserializer).map(TokenId::text)
}
