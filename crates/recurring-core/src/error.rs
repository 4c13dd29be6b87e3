use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::invalid_input::InvalidInput;
use crate::reply::Reply;
use crate::words::{UnknownWord, written_as_text, written_as_words};

/// What went wrong. What happened to the money is a question of its own: see [`Effect`].
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
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Config,
        Self::InvalidRequest,
        Self::Authentication,
        Self::Permission,
        Self::NotFound,
        Self::Conflict,
        Self::RateLimited,
        Self::Unavailable,
        Self::Transport,
        Self::Protocol,
        Self::Unsupported,
    ];

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

written_as_words!(ErrorKind, "error kind");

/// What the failed call did to the money.
///
/// It is about this call only: that a *read* never left proves nothing about the payment that it asked for.
///
/// Its text is `not_applied:` with the proof, such as `not_applied:never_sent`, or `unknown`. A text without a proof is
/// not read as `NotApplied`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing happened, and this is why we know. The same attempt may be made again.
    NotApplied(Proof),
    /// It may have happened. Look before doing anything else; never repeat it blindly.
    Unknown,
}

impl Effect {
    /// Every effect.
    pub const ALL: &'static [Self] = &[
        Self::NotApplied(Proof::Local),
        Self::NotApplied(Proof::NeverSent),
        Self::NotApplied(Proof::Refused),
        Self::Unknown,
    ];

    /// Whether it is proven that nothing happened.
    pub fn is_not_applied(self) -> bool {
        matches!(self, Self::NotApplied(_))
    }

    /// Whether the money may have moved.
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }

    /// The word used in machine-readable output, without the proof: `not_applied` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied(_) => "not_applied",
            Self::Unknown => "unknown",
        }
    }
}

/// `not_applied:local`, `not_applied:never_sent`, `not_applied:refused` or `unknown`.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplied(proof) => f.pad(&format!("not_applied:{proof}")),
            Self::Unknown => f.pad("unknown"),
        }
    }
}

/// Reads what `Display` writes.
impl FromStr for Effect {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.iter().find(|effect| effect.to_string() == text);
        known.copied().ok_or_else(|| UnknownWord::new("effect", Self::ALL))
    }
}

written_as_text!(Effect);

/// Why we know that nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Refused here, before sending.
    Local,
    /// The request never left: no connection was made, or no access token could be obtained for it.
    NeverSent,
    /// The gateway's own documented error shape says so.
    Refused,
}

impl Proof {
    /// Every proof.
    pub const ALL: &'static [Self] = &[Self::Local, Self::NeverSent, Self::Refused];

    /// The word used in machine-readable output: `local`, `never_sent` or `refused`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::NeverSent => "never_sent",
            Self::Refused => "refused",
        }
    }
}

written_as_words!(Proof, "proof");

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
    /// What went wrong, and what happened to the money. For authors of gateways; the message must not show a secret.
    pub fn new(kind: ErrorKind, effect: Effect, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { inner: Box::new(Inner { kind, effect, message, api: None, reply: None, source: None }) }
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

    /// The same error with another effect.
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.inner.effect = effect;
        self
    }

    /// The same error in other words. They must not show a secret.
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.inner.message = message.into();
        self
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
            Effect::Unknown => "outcome unknown: query the payment before retrying",
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

    #[test]
    fn kind_effect_and_proof_are_read_back() {
        for kind in ErrorKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            let json = serde_json::to_string(kind).expect("JSON");
            assert_eq!(serde_json::from_str::<ErrorKind>(&json).expect("read"), *kind);
        }
        for proof in Proof::ALL {
            assert_eq!(proof.as_str().parse(), Ok(*proof));
            let json = serde_json::to_string(proof).expect("JSON");
            assert_eq!(serde_json::from_str::<Proof>(&json).expect("read"), *proof);
            assert!(Effect::ALL.contains(&Effect::NotApplied(*proof)));
        }
        for effect in Effect::ALL {
            assert!(effect.to_string().starts_with(effect.as_str()));
            assert_eq!(effect.to_string().parse(), Ok(*effect));
            let json = serde_json::to_string(effect).expect("JSON");
            assert_eq!(serde_json::from_str::<Effect>(&json).expect("read"), *effect);
        }
        assert!("fatal".parse::<ErrorKind>().is_err());
        assert!("trust".parse::<Proof>().is_err());
        let unproven = "not_applied".parse::<Effect>().expect_err("without a proof");
        assert_eq!(
            unproven.to_string(),
            "unknown effect: must be one of not_applied:local, not_applied:never_sent, not_applied:refused, unknown"
        );
    }

    #[test]
    fn effect_is_either_proven_or_unknown() {
        for effect in Effect::ALL {
            let proven = matches!(effect, Effect::NotApplied(_));
            assert_eq!((effect.is_not_applied(), effect.is_unknown()), (proven, !proven), "{effect}");
            assert_eq!(effect.as_str(), if proven { "not_applied" } else { "unknown" });
        }
    }

    #[test]
    fn error_keeps_what_it_was_made_of() {
        let reply = Reply::new(409, Vec::new(), Vec::new());
        let cause = InvalidInput::new("amount", "must be more than zero");
        let error: Error<u8> = Error::new(ErrorKind::Conflict, Effect::Unknown, "duplicate")
            .with_api(7)
            .with_reply(reply)
            .with_source(cause);
        assert_eq!(
            (error.kind(), error.effect(), error.message()),
            (ErrorKind::Conflict, Effect::Unknown, "duplicate")
        );
        assert_eq!((error.api(), error.reply().map(Reply::status)), (Some(&7), Some(409)));
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("`amount` must be more than zero")
        );
        let changed =
            error.map_api(u16::from).with_message("again").with_effect(Effect::NotApplied(Proof::Refused));
        assert_eq!((changed.message(), changed.api()), ("again", Some(&7_u16)));
        assert!(changed.effect().is_not_applied());
    }

    #[test]
    fn says_what_happened_to_the_money() {
        let error: Error<String> = InvalidInput::new("amount", "must be more than zero").into();
        assert_eq!(error.to_string(), "`amount` must be more than zero (nothing was sent)");
    }
}
