use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::check::InvalidInput;
use crate::message::Reply;

/// What went wrong. It says nothing about the money: see [`Effect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was set up with something that cannot work. Nothing was sent.
    Config,
    /// The request is not one that the gateway takes: refused here, or by the gateway's validation.
    InvalidRequest,
    /// The gateway does not accept the key, token or signature.
    Authentication,
    /// The key is known, but may not do this.
    Permission,
    /// The gateway knows no such thing. Not a proof that nothing happened.
    NotFound,
    /// The gateway has something with this reference already: usually, the first try went through.
    Conflict,
    /// Too many requests.
    RateLimited,
    /// The gateway is out of order or too slow.
    Unavailable,
    /// The connection failed or broke.
    Transport,
    /// The answer cannot be understood, or contradicts the request.
    Protocol,
    /// The gateway, or this crate, cannot do this.
    Unsupported,
}

impl ErrorKind {
    /// The word used in machine-readable output, such as `rate_limited`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::InvalidRequest => "invalid_request",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Transport => "transport",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the failed call did to the money.
///
/// It speaks of this call only: that a *read* never left proves nothing about the payment it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing happened, and this is why we know. The same attempt may be made again.
    NotApplied(Proof),
    /// It may have happened. Look before doing anything else; never repeat it blindly.
    Unknown,
}

impl Effect {
    /// Whether it is proven that nothing happened.
    pub fn is_not_applied(self) -> bool {
        matches!(self, Self::NotApplied(_))
    }

    /// Whether the money may have moved.
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }

    /// The word used in machine-readable output: `not_applied` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied(_) => "not_applied",
            Self::Unknown => "unknown",
        }
    }
}

/// Why we know that nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Refused here, before sending.
    Local,
    /// The request never left: no connection was made, or no access token could be had for it.
    NeverSent,
    /// The gateway's own documented error shape says so.
    Refused,
}

/// A failed call: what went wrong ([`kind`](Error::kind)) and what happened to the money
/// ([`effect`](Error::effect)).
///
/// `A` is the gateway's own error as its crate reads it. Neither `Display` nor `Debug` shows a secret or the body
/// of a reply; the reply itself is kept for [`reply`](Error::reply).
#[derive(Clone)]
pub struct Error<A> {
    inner: Box<Inner<A>>,
}

#[derive(Clone)]
struct Inner<A> {
    kind: ErrorKind,
    effect: Effect,
    message: String,
    api: Option<A>,
    reply: Option<Reply>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl<A> Error<A> {
    fn new(kind: ErrorKind, effect: Effect, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { inner: Box::new(Inner { kind, effect, message, api: None, reply: None, source: None }) }
    }

    /// A client was set up with something that cannot work: `NotApplied(Local)`.
    pub fn config(input: InvalidInput) -> Self {
        Self::new(ErrorKind::Config, Effect::NotApplied(Proof::Local), input.to_string()).with_source(input)
    }

    /// Something that this gateway or crate cannot do was asked for: `NotApplied(Local)`.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, Effect::NotApplied(Proof::Local), message)
    }

    /// The request provably never left: `NotApplied(NeverSent)`. Only for a caller that has that proof.
    pub fn never_sent(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Effect::NotApplied(Proof::NeverSent), message)
    }

    /// Anything that is not proven: `Unknown`.
    pub fn unknown(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Effect::Unknown, message)
    }

    /// A documented refusal in the gateway's own shape, which is the proof: `NotApplied(Refused)`.
    pub fn refused(kind: ErrorKind, message: impl Into<String>, api: A) -> Self {
        Self::new(kind, Effect::NotApplied(Proof::Refused), message).with_api(api)
    }

    /// Adds the gateway's own error.
    pub fn with_api(mut self, api: A) -> Self {
        self.inner.api = Some(api);
        self
    }

    /// Keeps the reply.
    pub fn with_reply(mut self, reply: Reply) -> Self {
        self.inner.reply = Some(reply);
        self
    }

    /// Keeps the cause. It must not show a secret.
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// What happened to the money.
    pub fn effect(&self) -> Effect {
        self.inner.effect
    }

    /// What went wrong, in a sentence, without the words about the money that `Display` adds.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The gateway's own error, when its reply had that shape.
    pub fn api(&self) -> Option<&A> {
        self.inner.api.as_ref()
    }

    /// The gateway's reply, when there was one. Its body may hold secrets: do not log it.
    pub fn reply(&self) -> Option<&Reply> {
        self.inner.reply.as_ref()
    }

    /// The same error with the gateway's part in another form.
    pub fn map_api<B>(self, change: impl FnOnce(A) -> B) -> Error<B> {
        let Inner { kind, effect, message, api, reply, source } = *self.inner;
        Error { inner: Box::new(Inner { kind, effect, message, api: api.map(change), reply, source }) }
    }

    /// The same error, for a request that could not be sent because the access token it needs could not be had.
    /// A refused key stays a refusal; everything else is `NotApplied(NeverSent)`, since asking for a token moves
    /// no money.
    pub fn while_fetching_token(mut self) -> Self {
        if self.inner.effect == Effect::Unknown {
            self.inner.effect = Effect::NotApplied(Proof::NeverSent);
        }
        self.inner.message = format!("no access token could be had: {}", self.inner.message);
        self
    }

    /// Returns the same error for an operation that failed before its write was sent: the effect of an operation is that
    /// of its writes, so `Unknown` becomes `NotApplied(NeverSent)`.
    pub fn before_write(mut self) -> Self {
        if self.inner.effect == Effect::Unknown {
            self.inner.effect = Effect::NotApplied(Proof::NeverSent);
        }
        self
    }
}

impl<A: fmt::Display> Error<A> {
    /// Reads a reply that is not a success. `api` is the gateway's own error if the body has its documented
    /// shape: only that can prove that nothing happened, and only for a status that means a refused request,
    /// a refused key or a refused permission. "Not found", a conflict and a rate limit prove nothing.
    pub fn from_reply(reply: Reply, api: Option<A>) -> Self {
        let kind = kind_of_status(reply.status());
        let says_refused = matches!(reply.status(), 400 | 401 | 403 | 405 | 406 | 413 | 415 | 422);
        let message = match &api {
            Some(api) => format!("the gateway answered {}: {api}", reply.status()),
            None => format!("the gateway answered {}, not in its own error format", reply.status()),
        };
        let error = match api {
            Some(api) if says_refused => Self::refused(kind, message, api),
            Some(api) => Self::unknown(kind, message).with_api(api),
            None => Self::unknown(kind, message),
        };
        error.with_reply(reply)
    }
}

/// Reads a successful reply as a JSON object. `read_api` reads the gateway's own error, if the body has its shape.
///
/// # Errors
/// For a status that is not a success, what [`Error::from_reply`] says; for a success that cannot be read,
/// `Unknown`: the gateway may well have done what was asked.
pub fn read_success<T: DeserializeOwned, A: fmt::Display>(
    reply: &Reply,
    read_api: impl FnOnce(&Reply) -> Option<A>,
) -> Result<T, Error<A>> {
    if !reply.is_success() {
        return Err(Error::from_reply(reply.clone(), read_api(reply)));
    }
    reply.object().map_err(|unreadable| {
        let message = format!("the gateway answered {}, but {unreadable}", reply.status());
        Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
    })
}

/// Compares what a reply repeats with what was sent: the name of the member, what was sent, what came back. A
/// member that the reply leaves out is not compared.
///
/// # Errors
/// `Unknown` when one differs: the gateway did something, but not what was asked, or answered something else.
pub fn check_echo<A>(reply: &Reply, members: &[(&str, &str, Option<&str>)]) -> Result<(), Error<A>> {
    for (name, sent, came_back) in members {
        if came_back.is_some_and(|came_back| came_back != *sent) {
            let message = format!("the reply speaks of another `{name}` than was sent");
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
    }
    Ok(())
}

/// The kind that an HTTP status stands for when nothing better is known.
fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Authentication,
        403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Unavailable,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

impl<A> From<InvalidInput> for Error<A> {
    fn from(input: InvalidInput) -> Self {
        Self::new(ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local), input.to_string())
            .with_source(input)
    }
}

impl<A> fmt::Display for Error<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let money = match self.inner.effect {
            Effect::NotApplied(Proof::Local) => "nothing was sent",
            Effect::NotApplied(Proof::NeverSent) => "the request never left",
            Effect::NotApplied(Proof::Refused) => "refused, nothing happened",
            Effect::Unknown => "whether it took effect is unknown: look before repeating",
        };
        write!(f, "{} ({money})", self.inner.message)
    }
}

impl<A: fmt::Debug> fmt::Debug for Error<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("effect", &self.inner.effect)
            .field("message", &self.inner.message)
            .field("api", &self.inner.api)
            .field("reply", &self.inner.reply)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl<A: fmt::Debug> StdError for Error<A> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| {
            let source: &(dyn StdError + 'static) = source;
            source
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, in_shape: bool) -> Error<String> {
        Error::from_reply(Reply::new(status, Vec::new(), Vec::new()), in_shape.then(|| "no".to_owned()))
    }

    #[test]
    fn only_a_documented_refusal_is_a_proof() {
        for status in [400, 401, 403, 405, 406, 413, 415, 422] {
            assert_eq!(answered(status, true).effect(), Effect::NotApplied(Proof::Refused), "{status}");
            assert_eq!(answered(status, false).effect(), Effect::Unknown, "{status}");
        }
        for status in [200, 204, 301, 307, 402, 404, 408, 409, 418, 429, 500, 502, 503, 504, 599] {
            for in_shape in [true, false] {
                assert_eq!(answered(status, in_shape).effect(), Effect::Unknown, "{status}");
            }
        }
    }

    #[test]
    fn kinds_follow_the_status() {
        let kinds = [
            (302, ErrorKind::Protocol),
            (400, ErrorKind::InvalidRequest),
            (401, ErrorKind::Authentication),
            (403, ErrorKind::Permission),
            (404, ErrorKind::NotFound),
            (408, ErrorKind::Unavailable),
            (409, ErrorKind::Conflict),
            (422, ErrorKind::InvalidRequest),
            (429, ErrorKind::RateLimited),
            (503, ErrorKind::Unavailable),
        ];
        for (status, kind) in kinds {
            assert_eq!(answered(status, true).kind(), kind, "{status}");
        }
    }

    #[test]
    fn a_failed_token_is_proof_that_the_payment_was_not_sent() {
        let lost: Error<String> = Error::unknown(ErrorKind::Transport, "reset");
        assert_eq!(lost.while_fetching_token().effect(), Effect::NotApplied(Proof::NeverSent));
        let refused = Error::refused(ErrorKind::Authentication, "no", "bad key".to_owned());
        assert_eq!(refused.while_fetching_token().effect(), Effect::NotApplied(Proof::Refused));
    }

    #[test]
    fn error_before_write_is_never_sent() {
        let lost: Error<String> = Error::unknown(ErrorKind::Transport, "reset");
        assert_eq!(lost.before_write().effect(), Effect::NotApplied(Proof::NeverSent));
        let local: Error<String> = InvalidInput::new("payment", "is needed").into();
        assert_eq!(local.before_write().effect(), Effect::NotApplied(Proof::Local));
    }

    #[test]
    fn says_what_happened_to_the_money() {
        let error: Error<String> = InvalidInput::new("amount", "must be more than zero").into();
        assert_eq!(error.to_string(), "`amount` must be more than zero (nothing was sent)");
    }
}
