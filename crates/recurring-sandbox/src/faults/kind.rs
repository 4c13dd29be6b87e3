//! What can go wrong, and when.

use serde::{Deserialize, Serialize};

/// What goes wrong. The money moves or not according to [`Moment`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The next connections are accepted and reset at once, before a byte is read. Open connections go on.
    /// A server cannot refuse a single connection: for that see [`FaultKind::ClosePort`].
    RefuseConnection,
    /// Nothing listens on the port for this many milliseconds (at most ten minutes): the system refuses every new
    /// connection, those to `/_sandbox/` too. [`crate::Sandbox::clear_faults`] opens it early.
    ClosePort {
        /// Milliseconds of real time.
        millis: u64,
    },
    /// The connection stays open and nothing is ever answered.
    Silent,
    /// The connection is reset (RST).
    Reset,
    /// The connection is closed in order (FIN), without an answer.
    Close,
    /// The first `at` bytes of the reply are sent, the status line and headers counted, then the connection is
    /// closed. A shorter reply arrives whole.
    Cut {
        /// Bytes that still arrive; 0 is none.
        at: usize,
    },
    /// The reply comes this many milliseconds later (at most ten minutes).
    Delay {
        /// Milliseconds of real time.
        millis: u64,
    },
    /// A redirect to another address.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The address, as it goes into `Location`.
        to: String,
    },
    /// Another status, 400 to 599, with the body a proxy would write: HTML for 502, else one line of text.
    Status {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// 200 with a body that is not JSON.
    Garbage,
    /// 200 with a JSON text of this many bytes (at most 64 MiB).
    HugeBody {
        /// The size of the body.
        bytes: usize,
    },
    /// The real reply as `text/html`.
    WrongContentType,
    /// The real reply, with each `status` and `state` in it replaced by `sandbox_unknown`.
    UnknownStatus,
    /// The real reply, with one major unit (or, in minor units, one minor unit) more in each amount.
    OtherAmount,
    /// The access tokens of omno and ngenius have just expired: the call gets the gateway's own 401. Only calls that
    /// carry one are hit.
    TokenExpired,
    /// A notification is sent twice.
    NotificationDuplicated,
    /// A notification is held back until after the next one of its gateway.
    NotificationReordered,
    /// A notification is never sent.
    NotificationDropped,
    /// A forged copy is sent ahead of the notification, with other content and, where the gateway sends a proof of origin,
    /// a wrong one.
    NotificationForged,
}

/// When a fault happens to a request. For each kind that takes a choice, [`crate::Fault::new`] starts with
/// [`Moment::BeforeActing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Moment {
    /// The head of the request is known, its body is left unread. No money moves.
    BeforeReading,
    /// The whole request was read, and the gateway does nothing. No money moves.
    BeforeActing,
    /// The gateway did what was asked: the ledger has the charge.
    AfterActing,
}

impl FaultKind {
    /// When it can happen, the usual moment first.
    pub fn moments(&self) -> &'static [Moment] {
        use Moment::{AfterActing, BeforeActing, BeforeReading};
        match self {
            FaultKind::RefuseConnection | FaultKind::ClosePort { .. } => &[BeforeReading],
            FaultKind::Silent | FaultKind::Reset | FaultKind::Close => {
                &[BeforeActing, BeforeReading, AfterActing]
            }
            FaultKind::Redirect { .. }
            | FaultKind::Status { .. }
            | FaultKind::Garbage
            | FaultKind::HugeBody { .. } => &[BeforeActing, AfterActing],
            FaultKind::TokenExpired => &[BeforeActing],
            // These need the real reply, or an event.
            FaultKind::Cut { .. }
            | FaultKind::Delay { .. }
            | FaultKind::WrongContentType
            | FaultKind::UnknownStatus
            | FaultKind::OtherAmount
            | FaultKind::NotificationDuplicated
            | FaultKind::NotificationReordered
            | FaultKind::NotificationDropped
            | FaultKind::NotificationForged => &[AfterActing],
        }
    }

    pub(super) fn of_connection(&self) -> bool {
        matches!(self, FaultKind::RefuseConnection | FaultKind::ClosePort { .. })
    }

    pub(super) fn of_notification(&self) -> bool {
        matches!(
            self,
            FaultKind::NotificationDuplicated
                | FaultKind::NotificationReordered
                | FaultKind::NotificationDropped
                | FaultKind::NotificationForged
        )
    }
}
