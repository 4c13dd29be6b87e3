use std::time::Duration;

/// How often and how soon a request may be repeated, where repeating is allowed at all.
///
/// It can make repeating rarer; nothing here can make an unsafe repeat happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most often a request is sent, the first time included. 1 switches repeating off.
    pub max_attempts: u32,
    /// The wait before the first repeat; it doubles each time.
    pub initial_backoff: Duration,
    /// The longest wait. A gateway that asks for a longer one by `Retry-After` is not asked again.
    pub max_backoff: Duration,
}

impl RetryPolicy {
    /// Returns the wait after so many failures in a row, the first counted as 1: the initial backoff, doubled after each
    /// further failure, at most the longest one.
    pub fn backoff(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        self.initial_backoff.saturating_mul(2_u32.saturating_pow(doublings)).min(self.max_backoff)
    }

    /// Returns the same wait with jitter, so that clients that wait do not all return at once: between half of its
    /// length (0) and the whole (1000).
    pub fn backoff_with_jitter(&self, failures: u32, jitter: u32) -> Duration {
        let full = self.backoff(failures);
        full - full / 2_000 * 1_000_u32.saturating_sub(jitter)
    }
}

impl Default for RetryPolicy {
    /// Three sends, 200 ms, at most 5 s.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(5),
        }
    }
}
