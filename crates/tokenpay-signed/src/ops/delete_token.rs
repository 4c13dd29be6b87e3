use recurring_core::Reply;
use recurring_gateway::Class;
use serde::de::IgnoredAny;

use crate::auth::Unsigned;
use crate::config::{MerchantId, TokenId};
use crate::error::{Error, read_answer};
use crate::ops::check_user_id;
use crate::wire::DeleteTokenBody;

/// `POST /tokenization/delete-token`: deletes a stored card for good. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct DeleteToken {
    user_id: String,
    token_id: TokenId,
}

impl DeleteToken {
    /// The card `token_id` of `user_id` (1 to 64 characters, the letter case is kept).
    pub fn new(user_id: impl Into<String>, token_id: impl Into<TokenId>) -> Self {
        Self { user_id: user_id.into(), token_id: token_id.into() }
    }

    /// The request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    pub fn to_request(&self, merchant_id: &MerchantId) -> Result<Unsigned, Error> {
        check_user_id(&self.user_id)?;
        self.token_id.check()?;
        let body = DeleteTokenBody {
            merchant_id: merchant_id.wire(),
            user_id: &self.user_id,
            token_id: self.token_id.wire(),
        };
        let request = Unsigned::new("delete token", Class::Write, "/tokenization/delete-token", &body)?;
        Ok(request.hide(self.token_id.secret()))
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// `Unknown` for every response code but `0000` that nothing public explains.
    pub fn from_reply(&self, reply: &Reply) -> Result<(), Error> {
        read_answer::<IgnoredAny>(reply).map(drop)
    }
}
