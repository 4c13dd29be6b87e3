//! The one decision whether a request may go out again. Pure: nothing here waits or sends.

use std::time::Duration;

use recurring_core::RetryPolicy;

use crate::request::Class;

/// How a request failed, as far as it matters for a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection was made, so it provably never left.
    NeverSent,
    /// It broke somewhere after that: a time-out, a reset, a cut-off reply.
    ConnectionLost,
    /// The gateway answered with this status, and perhaps said how long to wait.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` header.
        retry_after: Option<Duration>,
    },
    /// The gateway refused an expired access token: 401, in its own error shape.
    ExpiredToken {
        /// Whether a new token has been fetched for this request before.
        renewed: bool,
    },
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Give the failure to the caller.
    Stop,
    /// Wait, then send the same bytes again.
    SendAgain(Duration),
    /// Fetch a new access token, then send the same bytes again, once.
    RenewToken,
}

/// Decides whether a request that was sent `sends` times, the last of which failed, goes out again.
///
/// A write is repeated only when it never left, or once after an expired token. A read is also repeated after a
/// broken connection and after 408, 429, 500, 502, 503 and 504. `jitter` (0 to 1000) makes waiting clients not
/// return all at once: the wait is between half of its full length (0) and the whole (1000).
pub fn decide(policy: &RetryPolicy, class: Class, sends: u32, failure: Failure, jitter: u32) -> Decision {
    let (repeatable, asked) = match (failure, class) {
        (Failure::ExpiredToken { renewed }, _) => {
            return if renewed { Decision::Stop } else { Decision::RenewToken };
        }
        (Failure::NeverSent, _) | (Failure::ConnectionLost, Class::Read) => (true, None),
        (Failure::Answered { status, retry_after }, Class::Read) => {
            (matches!(status, 408 | 429 | 500 | 502 | 503 | 504), retry_after)
        }
        (Failure::ConnectionLost | Failure::Answered { .. }, Class::Write) => (false, None),
    };
    if !repeatable
        || sends >= policy.max_attempts()
        || asked.is_some_and(|asked| asked > policy.max_backoff())
    {
        return Decision::Stop;
    }
    Decision::SendAgain(policy.backoff_with_jitter(sends, jitter).max(asked.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: RetryPolicy = RetryPolicy::new()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(5));

    fn answered(status: u16) -> Failure {
        Failure::Answered { status, retry_after: None }
    }

    #[test]
    fn a_write_is_repeated_only_when_it_never_left() {
        assert!(matches!(decide(&POLICY, Class::Write, 1, Failure::NeverSent, 0), Decision::SendAgain(_)));
        assert_eq!(decide(&POLICY, Class::Write, 1, Failure::ConnectionLost, 0), Decision::Stop);
        for status in 100..600 {
            assert_eq!(decide(&POLICY, Class::Write, 1, answered(status), 0), Decision::Stop, "{status}");
        }
    }

    #[test]
    fn an_expired_token_is_renewed_once() {
        for class in [Class::Read, Class::Write] {
            let expired = |renewed| decide(&POLICY, class, 1, Failure::ExpiredToken { renewed }, 0);
            assert_eq!(expired(false), Decision::RenewToken);
            assert_eq!(expired(true), Decision::Stop);
        }
    }

    #[test]
    fn a_read_is_repeated_within_bounds() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(decide(&POLICY, Class::Read, 1, answered(status), 0), Decision::SendAgain(_)));
        }
        for status in [200, 301, 400, 401, 404, 501] {
            assert_eq!(decide(&POLICY, Class::Read, 1, answered(status), 0), Decision::Stop, "{status}");
        }
        assert_eq!(decide(&POLICY, Class::Read, 3, Failure::ConnectionLost, 0), Decision::Stop);
        let wait = |sends, jitter| decide(&POLICY, Class::Read, sends, Failure::ConnectionLost, jitter);
        assert_eq!(wait(1, 0), Decision::SendAgain(Duration::from_millis(100)));
        assert_eq!(wait(1, 1000), Decision::SendAgain(Duration::from_millis(200)));
        assert_eq!(wait(2, 1000), Decision::SendAgain(Duration::from_millis(400)));
        let asks =
            |seconds| Failure::Answered { status: 429, retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(decide(&POLICY, Class::Read, 1, asks(4), 0), Decision::SendAgain(Duration::from_secs(4)));
        assert_eq!(decide(&POLICY, Class::Read, 1, asks(5), 0), Decision::SendAgain(Duration::from_secs(5)));
        assert_eq!(decide(&POLICY, Class::Read, 1, asks(6), 0), Decision::Stop);
    }

    proptest! {
        #[test]
        fn no_policy_makes_a_write_go_out_twice(
            max_attempts in any::<u32>(), sends in any::<u32>(), jitter in any::<u32>(), status in any::<u16>(),
            after in proptest::option::of(0_u64..100), first in any::<u32>(), longest in any::<u32>(),
        ) {
            let policy = RetryPolicy::new().with_max_attempts(max_attempts).with_initial_backoff(Duration::from_millis(first.into())).with_max_backoff(Duration::from_millis(longest.into()));
            let answered = Failure::Answered { status, retry_after: after.map(Duration::from_secs) };
            prop_assert_eq!(decide(&policy, Class::Write, sends, answered, jitter), Decision::Stop);
            prop_assert_eq!(decide(&policy, Class::Write, sends, Failure::ConnectionLost, jitter), Decision::Stop);
            for failure in [answered, Failure::ConnectionLost, Failure::NeverSent] {
                if let Decision::SendAgain(wait) = decide(&policy, Class::Read, sends, failure, jitter) {
                    prop_assert!(wait <= policy.max_backoff() && sends < max_attempts);
                }
            }
        }
    }
}
