use recurring_core::Timestamp;
use std::fmt;

/// The clock of this machine. The journal reads no other one, so that a test can move it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock. Several machines on one store should agree within a minute or so, as NTP keeps them: the
/// settle time is shortened by a difference.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
