use std::time::Duration;

/// How patient the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How long an owner may work on an attempt. It must be longer than any call of a gateway can take; an armed
    /// attempt whose owner takes longer becomes unknown, and its owner can no longer write.
    pub lease: Duration,
    /// How long after an attempt was armed "nothing found" begins to count: until then a call may still be under way.
    pub quiet: Duration,
    /// How soon an unknown or pending attempt is looked up first. The wait doubles each time.
    pub first_look: Duration,
    /// The longest wait between two looks.
    pub longest_wait: Duration,
    /// How long an unknown attempt is looked up in vain (the gateway cannot be read) before it goes to a person.
    pub unknown_patience: Duration,
    /// How long an attempt may be pending before a person is asked to look. It does not fail by it.
    pub pending_patience: Duration,
}

impl Default for Policy {
    /// Lease 5 minutes, quiet 15 minutes, first look after 30 seconds, then up to an hour apart; a person after a day
    /// of unreadable answers, or after a week of pending.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5 * 60),
            quiet: Duration::from_secs(15 * 60),
            first_look: Duration::from_secs(30),
            longest_wait: Duration::from_secs(60 * 60),
            unknown_patience: Duration::from_secs(24 * 60 * 60),
            pending_patience: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

impl Policy {
    /// How long to wait before the look that follows `looks` others.
    pub(crate) fn wait(&self, looks: u32) -> Duration {
        self.first_look.saturating_mul(2_u32.saturating_pow(looks.min(20))).min(self.longest_wait)
    }
}
