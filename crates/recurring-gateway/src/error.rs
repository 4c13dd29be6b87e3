use std::fmt;

use recurring_core::{Effect, Error, ErrorKind, InvalidInput, Proof, Reply};
use serde::de::DeserializeOwned;

use crate::reply::{ReplyExt as _, Unreadable};

/// The one place where an effect on the money is claimed.
///
/// For authors of gateways. A caller of a gateway reads [`Error::effect`], and never makes one.
pub trait ErrorExt<A>: Sized {
    /// Creates the error of a client that was set up with something that cannot work: `NotApplied(Local)`.
    fn config(input: InvalidInput) -> Self;

    /// Creates the error of a call that this gateway or crate does not support: `NotApplied(Local)`.
    fn unsupported(message: impl Into<String>) -> Self;

    /// Creates the error of a request that provably never left: `NotApplied(NeverSent)`. Only for a caller that has
    /// that proof.
    fn never_sent(kind: ErrorKind, message: impl Into<String>) -> Self;

    /// Creates the error of anything that is not proven: `Unknown`.
    fn unknown(kind: ErrorKind, message: impl Into<String>) -> Self;

    /// Creates the error of a documented refusal in the gateway's own shape, which is the proof: `NotApplied(Refused)`.
    fn refused(kind: ErrorKind, message: impl Into<String>, api: A) -> Self;

    /// Reads a reply that is not a success. `api` is the gateway's own error if the body has its documented
    /// shape: only that can prove that nothing happened, and only for a status that means a refused request,
    /// a refused key or a refused permission. "Not found", a conflict and a rate limit prove nothing.
    fn from_reply(reply: Reply, api: Option<A>) -> Self
    where
        A: fmt::Display;

    /// Reads a reply that is not a success, with words in a shape that the gateway does not document. The words are
    /// kept, and prove nothing: they may be those of a machine in between.
    fn from_unproven_reply(reply: Reply, api: A) -> Self
    where
        A: fmt::Display;

    /// Returns the same error, for a request that could not be sent because its access token could not be obtained.
    /// A refused key stays a refusal; everything else is `NotApplied(NeverSent)`, since asking for a token moves
    /// no money.
    fn while_fetching_token(self) -> Self;

    /// Returns the same error, for a read that failed before the write that it was made for. The effect of an
    /// operation is that of its writes, and none was sent: `NotApplied(NeverSent)`. What was refused locally stays
    /// `Local`.
    fn before_write(self) -> Self;
}

impl<A> ErrorExt<A> for Error<A> {
    fn config(input: InvalidInput) -> Self {
        Self::new(ErrorKind::Config, Effect::NotApplied(Proof::Local), input.to_string()).with_source(input)
    }

    fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, Effect::NotApplied(Proof::Local), message)
    }

    fn never_sent(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Effect::NotApplied(Proof::NeverSent), message)
    }

    fn unknown(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Effect::Unknown, message)
    }

    fn refused(kind: ErrorKind, message: impl Into<String>, api: A) -> Self {
        Self::new(kind, Effect::NotApplied(Proof::Refused), message).with_api(api)
    }

    fn from_reply(reply: Reply, api: Option<A>) -> Self
    where
        A: fmt::Display,
    {
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

    fn from_unproven_reply(reply: Reply, api: A) -> Self
    where
        A: fmt::Display,
    {
        let message = format!("the gateway answered {}: {api}", reply.status());
        Self::unknown(kind_of_status(reply.status()), message).with_api(api).with_reply(reply)
    }

    fn while_fetching_token(self) -> Self {
        let message = format!("could not obtain an access token: {}", self.message());
        match self.effect() {
            Effect::Unknown => self.with_effect(Effect::NotApplied(Proof::NeverSent)),
            Effect::NotApplied(_) => self,
        }
        .with_message(message)
    }

    fn before_write(self) -> Self {
        match self.effect() {
            Effect::NotApplied(Proof::Local) => self,
            _ => self.with_effect(Effect::NotApplied(Proof::NeverSent)),
        }
    }
}

/// Reads a successful reply as a JSON object. `read_api` reads the gateway's own error, if the body has its shape.
///
/// # Errors
/// For a status that is not a success, what [`ErrorExt::from_reply`] says; for a success that cannot be read,
/// `Unknown`: the gateway may well have done what was asked.
#[inline]
pub fn read_success<T: DeserializeOwned, A: fmt::Display>(
    reply: &Reply,
    read_api: impl FnOnce(&Reply) -> Option<A>,
) -> Result<T, Error<A>> {
    read_with(reply, read_api, Reply::object)
}

/// Reads a reply as [`read_success`] does, for a request whose answer is
/// [long](crate::PreparedRequest::long_answer).
///
/// # Errors
/// Those of [`read_success`].
#[inline]
pub fn read_long_success<T: DeserializeOwned, A: fmt::Display>(
    reply: &Reply,
    read_api: impl FnOnce(&Reply) -> Option<A>,
) -> Result<T, Error<A>> {
    read_with(reply, read_api, Reply::object_with_list)
}

#[inline]
fn read_with<T, A: fmt::Display>(
    reply: &Reply,
    read_api: impl FnOnce(&Reply) -> Option<A>,
    read: impl FnOnce(&Reply) -> Result<T, Unreadable>,
) -> Result<T, Error<A>> {
    if !reply.is_success() {
        return Err(Error::from_reply(reply.clone(), read_api(reply)));
    }
    read(reply).map_err(|unreadable| cannot_read(reply, &unreadable))
}

#[cold]
fn cannot_read<A: fmt::Display>(reply: &Reply, unreadable: &Unreadable) -> Error<A> {
    let message = format!("the gateway answered {}, but {unreadable}", reply.status());
    Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
}

/// Compares what a reply repeats with what was sent: the name of the member, what was sent, what came back. A
/// member that the reply leaves out is not compared.
///
/// # Errors
/// `Unknown` when one differs: the gateway did something, but not what was asked, or answered something else.
pub fn check_echo<A>(reply: &Reply, members: &[(&str, &str, Option<&str>)]) -> Result<(), Error<A>> {
    for (name, sent, came_back) in members {
        if came_back.is_some_and(|came_back| came_back != *sent) {
            let message = format!("`{name}` in the reply does not match the request");
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
    }
    Ok(())
}

/// What [`check_echo`] and [`require_echo`] compare of a number: neither is written as text.
pub fn number_echo(
    name: &str,
    sent: i64,
    came_back: Option<i64>,
) -> (&str, &'static str, Option<&'static str>) {
    let echo = |came_back| if came_back == sent { "as sent" } else { "another" };
    (name, "as sent", came_back.map(echo))
}

/// Compares like [`check_echo`], but refuses a member that the reply leaves out or that cannot be read: an answer that
/// settles a payment must carry what proves that it is about this payment.
///
/// # Errors
/// `Unknown` when a member is missing or differs.
pub fn require_echo<A>(reply: &Reply, members: &[(&str, &str, Option<&str>)]) -> Result<(), Error<A>> {
    check_echo(reply, members)?;
    match members.iter().find(|(_, _, came_back)| came_back.is_none()) {
        None => Ok(()),
        Some((name, _, _)) => {
            let message = format!("the reply lacks a readable `{name}`, which would prove that it is ours");
            Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()))
        }
    }
}

/// The kind that an HTTP status means when nothing better is known.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
    fn success_is_read_and_unreadable_success_is_unknown() {
        let read = |status, body: &str| {
            let reply = Reply::new(status, Vec::new(), body.into());
            read_success::<BTreeMap<String, u8>, String>(&reply, |_| Some("no".to_owned()))
        };
        assert_eq!(read(200, "{\"a\":1}").expect("an answer"), BTreeMap::from([("a".to_owned(), 1)]));
        for body in ["", "{", "{\"a\":\"1\"}", "[]"] {
            let error = read(201, body).expect_err(body);
            assert_eq!((error.effect(), error.kind()), (Effect::Unknown, ErrorKind::Protocol), "{body}");
        }
        let refused = read(400, "{\"a\":1}").expect_err("a refusal");
        assert_eq!(
            (refused.effect(), refused.api().map(String::as_str)),
            (Effect::NotApplied(Proof::Refused), Some("no"))
        );
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
    fn read_that_fails_before_the_write_proves_it_unsent() {
        let lost: Error<String> = Error::unknown(ErrorKind::Transport, "reset");
        assert_eq!(lost.before_write().effect(), Effect::NotApplied(Proof::NeverSent));
        assert_eq!(answered(400, true).before_write().effect(), Effect::NotApplied(Proof::NeverSent));
        let local: Error<String> = InvalidInput::new("amount", "must be more than zero").into();
        assert_eq!(local.before_write().effect(), Effect::NotApplied(Proof::Local));
    }

    #[test]
    fn echo_missing_is_unknown() {
        let reply = Reply::new(200, Vec::new(), Vec::new());
        let required = |came_back| require_echo::<String>(&reply, &[("amount", "1", came_back)]);
        assert!(required(Some("1")).is_ok());
        for other in [None, Some("2")] {
            let error = required(other).expect_err("no agreement");
            assert_eq!(error.effect(), Effect::Unknown);
            assert!(error.message().contains("amount"), "{error}");
        }
        assert!(check_echo::<String>(&reply, &[("amount", "1", None)]).is_ok());
        let number = |came_back| require_echo::<String>(&reply, &[number_echo("amount", 1, came_back)]);
        assert!(number(Some(1)).is_ok() && number(Some(2)).is_err() && number(None).is_err());
    }

    #[test]
    fn words_in_an_undocumented_shape_prove_nothing() {
        for status in [400, 401, 403, 422] {
            let error =
                Error::from_unproven_reply(Reply::new(status, Vec::new(), Vec::new()), "no".to_owned());
            assert_eq!((error.effect(), error.api().map(String::as_str)), (Effect::Unknown, Some("no")));
        }
    }
}
