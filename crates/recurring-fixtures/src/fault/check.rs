//! One operation against every row.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::message::{Behavior, RawReply, Received};
use super::rows::{Expected, rows};
use super::server::{FaultServer, refused_url};

/// How often an operation may be sent when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sends {
    /// It can move money: the server sees exactly one request.
    Once,
    /// It only reads: one to three requests.
    AtMostThree,
}

/// Runs one operation against every row, and checks the effect that it reports and how many requests the server saw.
///
/// `prelude` answers the requests that must succeed before the operation itself, such as the one for an access token; they are
/// not counted. `leave_out` names rows that are a success for this operation. `call` makes a client for the given address
/// with a total time-out well under a second and calls the operation; it returns the word for the effect of the error.
///
/// # Panics
/// When a row is taken for a success, claims too much, or is sent too often.
pub async fn check<F, Running>(
    good_reply: RawReply,
    sends: Sends,
    prelude: fn(&Received) -> Option<RawReply>,
    leave_out: &[&str],
    call: F,
) where
    F: Fn(String) -> Running,
    Running: Future<Output = Result<(), &'static str>>,
{
    for row in rows(good_reply).into_iter().filter(|row| !leave_out.contains(&row.name)) {
        let seen = Arc::new(AtomicUsize::new(0));
        let server = match row.behavior {
            None => None,
            Some(behavior) => {
                let seen = Arc::clone(&seen);
                let answer = move |request: &Received, _| match prelude(request) {
                    Some(reply) => Behavior::Reply(reply),
                    None => {
                        seen.fetch_add(1, Ordering::SeqCst);
                        behavior.clone()
                    }
                };
                Some(FaultServer::start(answer).await)
            }
        };
        let address = server.as_ref().map_or_else(refused_url, FaultServer::url);
        let expected = match row.expected {
            Expected::NeverSent => "not_applied",
            Expected::Unknown => "unknown",
        };
        assert_eq!(call(address).await, Err(expected), "row `{}`: the effect on the money", row.name);
        let seen = seen.load(Ordering::SeqCst);
        let allowed = match (row.expected, sends) {
            (Expected::NeverSent, _) => 0..=0,
            (Expected::Unknown, Sends::Once) => 1..=1,
            (Expected::Unknown, Sends::AtMostThree) => 1..=3,
        };
        assert!(allowed.contains(&seen), "row `{}`: the server saw {seen} requests", row.name);
    }
}

/// The prelude of an operation that needs none.
#[must_use]
pub fn no_prelude(_: &Received) -> Option<RawReply> {
    None
}
