use recurring_core::InvalidInput;
use recurring_gateway::check;

use crate::wire::CallbackBody;

/// Where the customer is sent afterwards, and where the gateway reports what happened. Every address is absolute,
/// `https` or `http`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct CallbackUrl {
    success: Option<String>,
    fail: Option<String>,
    cancel: Option<String>,
    notify: Option<String>,
}

impl CallbackUrl {
    /// Creates a set without an address. An empty one is not sent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where the customer goes after success.
    pub fn with_success(mut self, url: impl Into<String>) -> Self {
        self.success = Some(url.into());
        self
    }

    /// Sets where the customer goes after a failure.
    pub fn with_fail(mut self, url: impl Into<String>) -> Self {
        self.fail = Some(url.into());
        self
    }

    /// Sets where the customer goes after canceling.
    pub fn with_cancel(mut self, url: impl Into<String>) -> Self {
        self.cancel = Some(url.into());
        self
    }

    /// Sets where the gateway reports what happened, on the merchant's server.
    pub fn with_notify(mut self, url: impl Into<String>) -> Self {
        self.notify = Some(url.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), InvalidInput> {
        for (field, url) in [
            ("callback_url.success", &self.success),
            ("callback_url.fail", &self.fail),
            ("callback_url.cancel", &self.cancel),
            ("callback_url.notify", &self.notify),
        ] {
            if let Some(url) = url {
                check::web_address(field, url)?;
            }
        }
        Ok(())
    }

    pub(crate) fn wire(&self) -> Option<CallbackBody<'_>> {
        let body = CallbackBody {
            success: self.success.as_deref(),
            fail: self.fail.as_deref(),
            cancel: self.cancel.as_deref(),
            notify: self.notify.as_deref(),
        };
        (*self != Self::default()).then_some(body)
    }
}
