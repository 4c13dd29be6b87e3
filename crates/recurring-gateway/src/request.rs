use std::borrow::Cow;
use std::fmt;

use recurring_core::{InvalidInput, Secret};
use serde::Serialize;
use smallvec::SmallVec;

use crate::check::query_value;
use crate::guard::Guarded;

/// The class of a request: whether it can move money or change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Only looks. May be repeated.
    Read,
    /// May move money or change something. Repeated only when it provably never left.
    Write,
}

/// The HTTP methods that the gateways use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// Returns the method as it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request that has been built but not sent: what will go over the wire, and nothing else.
///
/// The body is serialized once, when the request is built; those bytes are signed, sent and compared in tests.
/// `Debug` shows neither the body nor a secret header.
#[derive(Clone)]
pub struct PreparedRequest {
    operation: &'static str,
    class: Class,
    method: Method,
    path: Cow<'static, str>,
    headers: SmallVec<[(&'static str, Cow<'static, str>); 3]>,
    secret_headers: SmallVec<[(&'static str, Secret); 1]>,
    body: Option<Body>,
    carried: SmallVec<[Carried; 4]>,
    unwritable: bool,
    own_connection: bool,
    long_answer: bool,
}

/// A secret inside of the body or the path.
#[derive(Clone)]
struct Carried {
    secret: Secret,
    /// The members in which it may come back, if it is kept out of the answer: see [`PreparedRequest::guard`].
    returned_as: Option<&'static [&'static str]>,
}

/// The bytes of a body, wiped from memory when it is dropped. What the buffer has beyond them was never written.
#[derive(Clone)]
struct Body(Vec<u8>);

impl Drop for Body {
    fn drop(&mut self) {
        // All at once: byte by byte, as `Zeroize` does it, costs more than to write the body.
        self.0.fill(0);
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

/// More bytes than the JSON of a charge takes.
const USUAL_BODY: usize = 1_024;

/// The headers that say where a request ends and which connection it is for. The transport alone sets them: twice, or
/// at odds with the body, they make two requests out of one, and servers refuse them.
const FRAMING: [&str; 4] = ["content-length", "transfer-encoding", "host", "connection"];

impl PreparedRequest {
    /// How many times as large a [long answer](Self::long_answer) may be. With the default of 1 MiB: the order of a
    /// schedule that charged every day for ten years.
    pub const LONG_ANSWER: usize = 16;

    /// Creates a request for `path`, which begins with `/`, is relative to the base address and may have a query.
    /// `operation` names it in logs and errors.
    pub fn new(
        operation: &'static str,
        class: Class,
        method: Method,
        path: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            operation,
            class,
            method,
            path: path.into(),
            headers: SmallVec::new(),
            secret_headers: SmallVec::new(),
            body: None,
            carried: SmallVec::new(),
            unwritable: false,
            own_connection: false,
            long_answer: false,
        }
    }

    /// Sets a header. It replaces a header of the same name, in any letter case.
    ///
    /// The transport sets the framing headers (`Content-Length`, `Transfer-Encoding`, `Host`, `Connection`): they are
    /// ignored here.
    pub fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        if self.make_room(name) {
            self.headers.push((name, value.into()));
        }
        self
    }

    /// Sets a header whose value is never shown, such as `Authorization`, under the rules of
    /// [`header`](PreparedRequest::header).
    pub fn secret_header(mut self, name: &'static str, value: impl Into<Secret>) -> Self {
        if self.make_room(name) {
            self.secret_headers.push((name, value.into()));
        }
        self
    }

    /// Removes a header of this name. Returns whether the name may be set at all.
    fn make_room(&mut self, name: &str) -> bool {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.secret_headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        !FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name))
    }

    /// Sets the body, as it is.
    #[inline]
    pub fn body(mut self, bytes: Vec<u8>) -> Self {
        self.body = Some(Body(bytes));
        self
    }

    /// Serializes the body once, as compact JSON.
    ///
    /// A body that cannot be serialized (a map whose keys are not texts, or a `Serialize` that chooses to fail) makes
    /// the whole request unusable: see [`check`](PreparedRequest::check). It is never sent with an empty body instead.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        // A buffer that grows leaves copies of what it held; the bodies of these gateways fit.
        let mut bytes = Vec::with_capacity(USUAL_BODY);
        match serde_json::to_writer(&mut bytes, body) {
            Ok(()) => self.body = Some(Body(bytes)),
            Err(_) => self.unwritable = true,
        }
        self
    }

    /// Sets the body to a form, `application/x-www-form-urlencoded`. A space becomes `%20`, which every reader of forms
    /// takes. Hide each secret of it in its encoded form too: see [`query_value`](crate::check::query_value).
    pub fn form(self, members: &[(&str, &str)]) -> Self {
        let pairs =
            members.iter().map(|(name, value)| format!("{}={}", query_value(name), query_value(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.header("content-type", "application/x-www-form-urlencoded").body(body.into_bytes())
    }

    /// Checks that the request can be sent as it was meant. The transport sends nothing otherwise.
    ///
    /// # Errors
    /// When the body could not be serialized.
    pub fn check(&self) -> Result<(), InvalidInput> {
        if self.unwritable {
            return Err(InvalidInput::new(
                "body",
                "cannot be written as JSON; check the values of the request",
            ));
        }
        Ok(())
    }

    /// Hides a secret inside the body or path, so that neither `Debug` shows it nor a gateway that quotes it back
    /// in an error leaks it.
    #[inline]
    pub fn hide(mut self, secret: &Secret) -> Self {
        self.carry(secret, None);
        self
    }

    /// Hides a secret as [`hide`](PreparedRequest::hide) does, and keeps it out of the answer: the transport replaces it
    /// by `[redacted]` in each value of the body, in every form of at least 8 bytes. An identifier that holds it is
    /// then not an identifier. It stays only where it is the whole value of a member of one of the names
    /// `returned_as`: where the gateway returns it by its own design.
    ///
    /// The values of the secret headers are guarded without an exception.
    #[inline]
    pub fn guard(mut self, secret: &Secret, returned_as: &'static [&'static str]) -> Self {
        self.carry(secret, Some(returned_as));
        self
    }

    /// The builders are small and inlined: the request is not copied by each of them.
    fn carry(&mut self, secret: &Secret, returned_as: Option<&'static [&'static str]>) {
        self.carried.push(Carried { secret: secret.clone(), returned_as });
    }

    /// Sends the request on a connection of its own, which is closed after the answer.
    ///
    /// A gateway that answers an earlier request twice on a kept connection has the second answer taken for that of
    /// the next request. Use this where the answer names nothing of the request that could be compared: on a new
    /// connection there was no earlier request.
    #[inline]
    pub fn on_own_connection(mut self) -> Self {
        self.own_connection = true;
        self
    }

    /// Returns whether it is sent on a [connection of its own](PreparedRequest::on_own_connection).
    pub fn has_own_connection(&self) -> bool {
        self.own_connection
    }

    /// Allows the answer to be [`LONG_ANSWER`](Self::LONG_ANSWER) times as large as the options say: it tells more from
    /// year to year, such as an order with every payment of its schedule, or lists what a busy merchant has.
    #[inline]
    pub fn long_answer(mut self) -> Self {
        self.long_answer = true;
        self
    }

    /// The largest answer that is read, where the options allow so many bytes to one about one thing.
    pub(crate) fn largest_answer(&self, bytes: usize) -> usize {
        if self.long_answer { bytes.saturating_mul(Self::LONG_ANSWER) } else { bytes }
    }

    /// Returns the name of the operation, for logs and errors.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns whether it can move money or change anything.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Returns the HTTP method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Returns the path and query, relative to the base address.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the headers that may be shown.
    pub fn headers(&self) -> &[(&'static str, Cow<'static, str>)] {
        &self.headers
    }

    /// Returns the headers that must not be shown.
    pub fn secret_headers(&self) -> &[(&'static str, Secret)] {
        &self.secret_headers
    }

    /// Returns the exact bytes of the body. They may hold secrets: do not log them.
    pub fn body_bytes(&self) -> Option<&[u8]> {
        self.body.as_ref().map(|body| body.0.as_slice())
    }

    /// Returns every secret that this request carries.
    pub fn secrets(&self) -> impl Iterator<Item = Secret> + '_ {
        let carried = self.carried.iter().map(|carried| &carried.secret);
        carried.chain(self.secret_headers.iter().map(|(_, value)| value)).cloned()
    }

    /// The secrets that stay out of the answer, each with the members in which it may come back.
    pub(crate) fn guarded(&self) -> impl Iterator<Item = Guarded<'_>> + Clone {
        let carried = self.carried.iter();
        let headers = self.secret_headers.iter().map(|(_, value)| (value, &[][..]));
        carried.filter_map(|carried| Some((&carried.secret, carried.returned_as?))).chain(headers)
    }
}

impl fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedRequest")
            .field("operation", &self.operation)
            .field("class", &self.class)
            .field("method", &self.method.as_str())
            .field("path", &Secret::redact(&self.path, &self.secrets().collect::<Vec<_>>()))
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use recurring_core::Reply;

    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let request = PreparedRequest::new("charge", Class::Write, Method::Post, "/charge/4000/")
            .secret_header("Authorization", "Bearer hunter2")
            .hide(&Secret::new("4000"))
            .json(&"hunter2");
        let shown = format!("{request:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("4000"), "{shown}");
        let reply = Reply::new(400, Vec::new(), b"hunter2".to_vec()).hiding(request.secrets());
        assert!(!format!("{reply:?}").contains("hunter2"));
        assert_eq!(reply.shown("no 4000\nfor Bearer hunter2"), "no [redacted] for [redacted]");
    }

    #[test]
    fn header_set_twice_is_kept_once() {
        let request = PreparedRequest::new("charge", Class::Write, Method::Post, "/")
            .header("accept", "text/html")
            .secret_header("X-Key", "one")
            .header("Accept", "application/json")
            .header("authorization", "none")
            .secret_header("Authorization", "Bearer hunter2")
            .secret_header("x-key", "two");
        assert_eq!(request.headers(), [("Accept", Cow::Borrowed("application/json"))]);
        let secret: Vec<_> =
            request.secret_headers().iter().map(|(name, value)| (*name, value.expose())).collect();
        assert_eq!(secret, [("Authorization", "Bearer hunter2"), ("x-key", "two")]);
    }

    #[test]
    fn framing_header_is_left_to_the_transport() {
        let mut request = PreparedRequest::new("charge", Class::Write, Method::Post, "/");
        for name in ["content-length", "Transfer-Encoding", "HOST", "Connection"] {
            request = request.header(name, "0").secret_header(name, "0");
        }
        assert!(request.headers().is_empty() && request.secret_headers().is_empty());
    }

    #[test]
    fn body_that_cannot_be_written_is_refused() {
        let by_pair = BTreeMap::from([((1, 2), 3)]);
        let request = PreparedRequest::new("charge", Class::Write, Method::Post, "/").json(&by_pair);
        let problem = request.check().expect_err("no JSON object has such keys");
        assert_eq!(problem.field(), "body");
        assert_eq!(request.body_bytes(), None);
        assert!(request.json(&1).check().is_err(), "it stays refused");
    }
}
