use std::time::Duration;

use recurring_core::RetryPolicy;

use crate::attempt::DEFAULT_LEASE;
use crate::error::JournalError;

/// The timeouts of the journal. They run by the clock of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How long an owner may work on an attempt. The last byte of a call is sent and the last one of its answer awaited
    /// before nine tenths of it have passed. It must be longer than any operation of a gateway can take by the time-outs
    /// of its client: that is checked before the first call.
    pub lease: Duration,
    /// How long after an attempt was armed "nothing found" begins to count: until then a call may still be under way, at
    /// the gateway too. At least twice the lease.
    pub settle_time: Duration,
    /// How soon an unknown or pending attempt is looked up first. The wait doubles each time.
    pub first_look: Duration,
    /// The longest wait between two looks.
    pub max_wait: Duration,
    /// How long an unknown attempt is looked up in vain (the gateway cannot be read) before it goes to manual review.
    pub unknown_timeout: Duration,
    /// How long an attempt may be pending before it goes to manual review. It does not fail by it.
    pub pending_timeout: Duration,
}

impl Default for Policy {
    /// Lease 30 minutes, settle time an hour, first look after 30 seconds, then up to an hour apart; manual review
    /// after a day of unreadable answers, or after a week of pending.
    fn default() -> Self {
        Self {
            lease: DEFAULT_LEASE,
            settle_time: Duration::from_secs(60 * 60),
            first_look: Duration::from_secs(30),
            max_wait: Duration::from_secs(60 * 60),
            unknown_timeout: Duration::from_secs(24 * 60 * 60),
            pending_timeout: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

impl Policy {
    /// Checks that the timeouts fit together.
    ///
    /// # Errors
    /// [`JournalError::Settings`] with the numbers: when the lease is zero, or the settle time shorter than twice the lease.
    pub fn check(&self) -> Result<(), JournalError> {
        if self.lease < Duration::from_secs(1) {
            return Err(JournalError::Settings(format!(
                "the lease of the journal is {:?}, it must be at least one second",
                self.lease
            )));
        }
        if self.settle_time < self.lease.saturating_mul(2) {
            return Err(JournalError::Settings(format!(
                "the settle time of the journal is {:?}, it must be at least twice its lease of {:?}: until then a call \
                 may be under way",
                self.settle_time, self.lease
            )));
        }
        Ok(())
    }

    /// How long after an attempt was asked for the last byte of its calls may be sent or received. What is left of the
    /// lease is for writing the result down.
    pub fn send_window(&self) -> Duration {
        self.lease / 10 * 9
    }

    /// How long to wait before the look that follows `looks` others.
    pub(crate) fn wait(&self, looks: u32) -> Duration {
        let policy = RetryPolicy::new().with_initial_backoff(self.first_look).with_max_backoff(self.max_wait);
        policy.backoff(looks.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_that_contradicts_itself_is_refused() {
        assert!(Policy::default().check().is_ok());
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        for (lease, settle_time) in
            [(minutes(5), minutes(9)), (minutes(60), minutes(90)), (Duration::ZERO, minutes(9))]
        {
            let policy = Policy { lease, settle_time, ..Policy::default() };
            assert!(policy.check().is_err(), "{policy:?}");
        }
    }
}
