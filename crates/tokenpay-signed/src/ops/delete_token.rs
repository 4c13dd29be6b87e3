use recurring_core::Reply;
use recurring_gateway::{Class, Operation, PreparedRequest};
use serde::de::IgnoredAny;

use crate::account::ForAccount;
use crate::config::TokenId;
use crate::error::{ApiError, Error, read_answer};
use crate::ops::{check_user_id, unsigned};
use crate::wire::DeleteTokenBody;

/// `POST /tokenization/delete-token`: deletes a stored card for good. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct DeleteToken {
    user_id: String,
    token_id: TokenId,
}

impl DeleteToken {
    /// Creates the request for the card `token_id` of `user_id` (1 to 64 characters, the letter case is kept).
    pub fn new(user_id: impl Into<String>, token_id: impl Into<TokenId>) -> Self {
        Self { user_id: user_id.into(), token_id: token_id.into() }
    }
}

impl Operation for ForAccount<'_, DeleteToken> {
    type Api = ApiError;
    type Output = ();

    /// Builds the request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        check_user_id(&request.user_id)?;
        request.token_id.check()?;
        let body = DeleteTokenBody {
            merchant_id: self.account.merchant_id().wire(),
            user_id: &request.user_id,
            token_id: request.token_id.wire(),
        };
        // The answer does not name the card.
        Ok(unsigned("delete token", Class::Write, "/tokenization/delete-token", &body)?
            .on_own_connection()
            .guard(request.token_id.secret(), &["tokenId"]))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` for every response code but `0000` that nothing public explains.
    fn read(&self, reply: &Reply) -> Result<(), Error> {
        read_answer::<IgnoredAny>(reply).map(drop)
    }
}
