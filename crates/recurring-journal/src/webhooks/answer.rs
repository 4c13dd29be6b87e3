use recurring_facade::NotificationAnswer;

/// The HTTP response to a notification, for the server to send as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Names, in lower case, and values of the headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: &'static str,
}

impl WebhookAnswer {
    fn new(status: u16, body: &'static str) -> Self {
        Self { status, headers: vec![("content-type", "text/plain; charset=utf-8")], body }
    }

    pub(super) fn expected(expected: NotificationAnswer) -> Self {
        Self::new(expected.status, expected.body)
    }

    pub(super) fn unreadable() -> Self {
        Self::new(400, "not readable")
    }

    pub(super) fn forged() -> Self {
        Self::new(403, "refused")
    }

    pub(super) fn no_such_gateway() -> Self {
        Self::new(404, "no such gateway")
    }

    pub(super) fn method_not_allowed() -> Self {
        let mut answer = Self::new(405, "use POST");
        answer.headers.push(("allow", "POST"));
        answer
    }

    pub(super) fn too_slow() -> Self {
        Self::new(408, "too slow")
    }

    pub(super) fn too_large() -> Self {
        Self::new(413, "too large")
    }

    pub(super) fn unavailable() -> Self {
        Self::new(503, "try again")
    }
}
