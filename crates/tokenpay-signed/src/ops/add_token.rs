use recurring_core::{InvalidInput, Reply};
use recurring_gateway::{Class, Operation, PreparedRequest, check, lenient};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::ForAccount;
use crate::error::{ApiError, Error, read_answer};
use crate::ops::callback::CallbackUrl;
use crate::ops::{check_reason, check_user_id, unsigned};
use crate::wire::AddTokenBody;

/// `POST /tokenization/add-token`: a page on which the customer stores a card. Moves no money.
#[derive(Debug, Clone)]
#[must_use]
pub struct AddToken {
    user_id: String,
    callback_url: CallbackUrl,
    reason: Option<String>,
    lang: Option<String>,
    allowed_card_type: Option<Value>,
}

impl AddToken {
    /// Creates the request for a page for `user_id` (1 to 64 characters, the letter case is kept). The customer is
    /// sent to `success` or `fail` afterwards, and the gateway reports to `notify`; all three are absolute web
    /// addresses.
    pub fn new(
        user_id: impl Into<String>,
        success: impl Into<String>,
        fail: impl Into<String>,
        notify: impl Into<String>,
    ) -> Self {
        Self {
            user_id: user_id.into(),
            callback_url: CallbackUrl::new().with_success(success).with_fail(fail).with_notify(notify),
            reason: None,
            lang: None,
            allowed_card_type: None,
        }
    }

    /// Sets where the customer goes after canceling.
    pub fn with_cancel(mut self, url: impl Into<String>) -> Self {
        self.callback_url = self.callback_url.with_cancel(url);
        self
    }

    /// Sets why the card is stored, 1 to 255 characters.
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets the language of the page: `zh-HK` or `en`; any text of 1 to 35 characters is sent.
    pub fn with_lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Sets the gateway's `allowedCardType`, sent as it is: its form is not known here.
    pub fn with_allowed_card_type(mut self, value: impl Into<Value>) -> Self {
        self.allowed_card_type = Some(value.into());
        self
    }

    fn check(&self) -> Result<(), InvalidInput> {
        check_user_id(&self.user_id)?;
        check_reason(self.reason.as_deref())?;
        self.callback_url.check()?;
        self.lang.as_deref().map_or(Ok(()), |lang| check::text("lang", lang, 35))
    }
}

impl Operation for ForAccount<'_, AddToken> {
    type Api = ApiError;
    type Output = AddedToken;

    /// Builds the request before it is signed.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        request.check()?;
        let body = AddTokenBody {
            merchant_id: self.account.merchant_id().wire(),
            user_id: &request.user_id,
            reason: request.reason.as_deref(),
            callback_url: request.callback_url.wire(),
            lang: request.lang.as_deref(),
            allowed_card_type: request.allowed_card_type.as_ref(),
        };
        // The answer does not name the user.
        Ok(unsigned("add token", Class::Write, "/tokenization/add-token", &body)?.on_own_connection())
    }

    /// Reads the reply.
    ///
    /// # Errors
    /// When it names no page.
    fn read(&self, reply: &Reply) -> Result<AddedToken, Error> {
        let added: AddedToken = read_answer(reply)?;
        Ok(AddedToken { message: added.message.map(|text| reply.shown(text)), ..added })
    }
}

/// The page on which the customer stores a card.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AddedToken {
    /// `0000`.
    #[serde(deserialize_with = "lenient::required_text")]
    pub response_code: String,
    /// The gateway's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// The page's address as the gateway wrote it. See [`AddedToken::page`].
    #[serde(deserialize_with = "lenient::required_text")]
    pub data: String,
}

impl AddedToken {
    /// Returns the page to send the customer to. `None` for an address that is not `https`; only an address on this
    /// machine (a sandbox) keeps plain `http`.
    pub fn page(&self) -> Option<String> {
        check::page_address(&self.data)
    }
}
