use std::time::Duration;

use recurring_core::{ErrorKind, RetryPolicy};
use recurring_journal::State;

use crate::standing::Standing;

/// How long the engine waits between two steps of one attempt. The same on every worker, or a repeated step may come to
/// another decision than the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// The first wait before an attempt is made again that was proven not to have been applied. It doubles.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How often such an attempt is made, at most. Then it ends as `not_applied`.
    pub most_tries: u32,
    /// How long an attempt in manual review waits before its record is read again. A decision that is made through the
    /// engine (`resolve`) wakes it at once; one that is made in the journal itself is found by this.
    pub review: Duration,
    /// How long a lane waits at most before it asks again whether its gateway is paused.
    pub pause: Duration,
}

impl Default for Waits {
    /// 10 seconds, an hour, 10 tries, 5 minutes, half a minute.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(60 * 60),
            most_tries: 10,
            review: Duration::from_secs(5 * 60),
            pause: Duration::from_secs(30),
        }
    }
}

/// What the engine does next with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: it has ended.
    End,
    /// Makes it, after a wait.
    Make(Duration),
    /// Looks it up, after a wait. Nothing is sent again.
    Look(Duration),
    /// Waits for an operator's decision.
    Operator,
}

impl Waits {
    /// What follows a step that left the attempt like this; `tries` of its steps have ended as not applied, or found it held
    /// by another worker.
    pub(crate) fn next(&self, standing: &Standing, tries: u32) -> Next {
        match standing.state {
            State::Paid | State::Authorized | State::Declined | State::Canceled => Next::End,
            State::NotApplied if self.may_help(standing) && tries < self.most_tries => {
                Next::Make(self.wait(tries))
            }
            State::NotApplied => Next::End,
            // Held by another worker, or by one that is gone: the journal frees it then, and only then.
            State::Planned | State::Armed => Next::Make(self.wait(tries)),
            State::Unknown | State::Pending => Next::Look(self.look(standing)),
            State::Review => Next::Operator,
        }
    }

    /// Whether the cause may pass by itself. An operator's decision is the end: who wants the charge made asks again.
    fn may_help(&self, standing: &Standing) -> bool {
        let passes = matches!(
            standing.kind,
            Some(ErrorKind::Transport | ErrorKind::Unavailable | ErrorKind::RateLimited)
        );
        !standing.decided && (passes || standing.kind.is_none())
    }

    pub(crate) fn wait(&self, failures: u32) -> Duration {
        let policy = RetryPolicy::new().with_initial_backoff(self.first).with_max_backoff(self.longest);
        policy.backoff(failures.max(1))
    }

    /// The journal says when to look; an attempt is looked up once a second at most.
    fn look(&self, standing: &Standing) -> Duration {
        let journal = Duration::from_millis(standing.look_in_ms.unwrap_or_default());
        journal.clamp(Duration::from_secs(1).min(self.longest), self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(state: State, kind: Option<ErrorKind>) -> Standing {
        Standing { attempt: "a".to_owned(), state, kind, decided: false, look_in_ms: Some(4_000) }
    }

    #[test]
    fn final_state_is_the_end() {
        let waits = Waits::default();
        for state in [State::Paid, State::Authorized, State::Declined, State::Canceled] {
            assert_eq!(waits.next(&standing(state, None), 1), Next::End, "{state}");
        }
    }

    #[test]
    fn open_end_is_looked_up_and_never_charged() {
        let waits = Waits::default();
        for state in [State::Unknown, State::Pending] {
            for tries in [0, 1, 1_000] {
                let next = waits.next(&standing(state, Some(ErrorKind::Transport)), tries);
                assert_eq!(next, Next::Look(Duration::from_secs(4)), "{state}");
            }
        }
        let mut due = standing(State::Unknown, None);
        due.look_in_ms = None;
        assert_eq!(waits.next(&due, 1), Next::Look(Duration::from_secs(1)));
        due.look_in_ms = Some(u64::MAX);
        assert_eq!(waits.next(&due, 1), Next::Look(waits.longest));
        assert_eq!(waits.next(&standing(State::Review, None), 1), Next::Operator);
    }

    #[test]
    fn not_applied_is_charged_again_while_the_cause_may_pass() {
        let waits = Waits::default();
        let passing = standing(State::NotApplied, Some(ErrorKind::Transport));
        assert_eq!(waits.next(&passing, 1), Next::Make(Duration::from_secs(10)));
        assert_eq!(waits.next(&passing, 3), Next::Make(Duration::from_secs(40)));
        assert_eq!(waits.next(&passing, 10), Next::End);
        for lasting in [ErrorKind::Authentication, ErrorKind::InvalidRequest, ErrorKind::Unsupported] {
            assert_eq!(waits.next(&standing(State::NotApplied, Some(lasting)), 1), Next::End, "{lasting}");
        }
        let decided = Standing { decided: true, ..standing(State::NotApplied, None) };
        assert_eq!(waits.next(&decided, 1), Next::End);
    }

    #[test]
    fn attempt_of_another_worker_is_asked_for_again() {
        let waits = Waits::default();
        assert_eq!(waits.next(&standing(State::Armed, None), 50), Next::Make(waits.longest));
    }
}
