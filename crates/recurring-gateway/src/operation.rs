use recurring_core::{Error, Reply};

use crate::request::PreparedRequest;

/// One call of a gateway: how a typed request becomes bytes, and how the reply becomes a typed answer.
///
/// A gateway crate implements it for every request type. Its client has one generic `send`: it builds the request,
/// authorizes it, hands it to the [`Transport`](crate::Transport) and reads the reply. Only the transport waits and
/// sends, so a request can be built and shown without a network. The client's `send` is private: its named methods
/// send the operations that the crate knows, and no other request travels with the merchant's key.
///
/// Both methods are pure. They send nothing, read neither a clock nor the environment, draw no random number and keep
/// no state. What follows must hold, since the transport may send a request again and a caller may compare two:
///
/// - The same operation builds the same bytes every time: method, path, headers and body.
/// - A request that can move money or change anything has the class [`Write`](crate::Class::Write). The transport
///   repeats a [`Read`](crate::Class::Read) on its own.
/// - The request carries no credential of the client: the client adds it when it authorizes the request. Every other
///   secret in the path or body is [hidden](PreparedRequest::hide).
/// - What cannot be sent as it was meant is refused while the request is built: `NotApplied(Local)`.
/// - An answer that approves is returned only when it carries what proves that it belongs to this request. Everything
///   that is not proven is an error with the effect `Unknown`.
pub trait Operation {
    /// The gateway's own error.
    type Api;
    /// The typed answer.
    type Output;

    /// Builds the request, without the client's credentials.
    ///
    /// # Errors
    /// When the input breaks a rule: `NotApplied(Local)`.
    fn request(&self) -> Result<PreparedRequest, Error<Self::Api>>;

    /// Reads the reply to this request.
    ///
    /// # Errors
    /// When the gateway refused the request, or when the reply cannot be read or does not belong to it.
    fn read(&self, reply: &Reply) -> Result<Self::Output, Error<Self::Api>>;
}
