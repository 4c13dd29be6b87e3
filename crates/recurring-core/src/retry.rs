use std::time::Duration;

/// How often and how soon a request may be repeated, where repeating is allowed at all.
///
/// It can make repeating rarer; no value of it makes an unsafe repeat happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
}

impl RetryPolicy {
    /// Returns the defaults: three sends, 200 ms, at most 5 s.
    pub const fn new() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(5),
        }
    }

    /// Sets how often a request is sent at most, the first time included. 1 switches repeating off.
    #[must_use]
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the wait before the first repeat. It doubles each time.
    #[must_use]
    pub const fn with_initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// Sets the longest wait. A gateway that asks for a longer one by `Retry-After` is not asked again.
    #[must_use]
    pub const fn with_max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// Returns how often a request is sent at most, the first time included.
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Returns the wait before the first repeat.
    pub const fn initial_backoff(&self) -> Duration {
        self.initial_backoff
    }

    /// Returns the longest wait.
    pub const fn max_backoff(&self) -> Duration {
        self.max_backoff
    }

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
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_bound() {
        let seconds = Duration::from_secs;
        let policy = RetryPolicy::new().with_initial_backoff(seconds(1)).with_max_backoff(seconds(5));
        let waits: Vec<_> = [0, 1, 2, 3, 4, u32::MAX].map(|failures| policy.backoff(failures)).into();
        assert_eq!(waits, [1, 1, 2, 4, 5, 5].map(seconds));
        let endless = policy.with_max_backoff(Duration::MAX);
        assert_eq!(endless.backoff(u32::MAX), Duration::from_secs(u64::from(u32::MAX)));
        assert_eq!(policy.backoff_with_jitter(3, 1_000), seconds(4));
        assert_eq!(policy.backoff_with_jitter(3, 2_000), seconds(4));
        assert_eq!(policy.backoff_with_jitter(3, 0), seconds(2));
    }
}
