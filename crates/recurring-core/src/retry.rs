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
