use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::timestamp::Timestamp;

/// The moment after which a call must not send anything.
///
/// It is kept on two clocks, and has passed as soon as it has on either of them. The monotonic clock is not moved when
/// the system's time is set; the wall clock goes on while a virtual machine is suspended. A wall clock that is set
/// back does not extend the limit, since the monotonic clock still ends it.
///
/// ```
/// use std::time::Duration;
///
/// let limit = recurring_core::NotAfter::within(Duration::from_secs(90));
/// assert!(!limit.has_passed());
/// ```
#[derive(Clone)]
pub struct NotAfter {
    monotonic: Instant,
    wall: Timestamp,
    read_wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// A longer limit is shortened to this, about a century, so that both clocks can express it.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl NotAfter {
    /// Creates a limit that passes after `duration`, by the clocks of this machine.
    pub fn within(duration: Duration) -> Self {
        Self::within_by(duration, Arc::new(Timestamp::now))
    }

    /// Creates a limit that passes after `duration`, and whose wall clock is `read_wall`: the clock of a database, or
    /// that of a test. The monotonic clock is always the machine's own.
    pub fn within_by(duration: Duration, read_wall: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        let duration = duration.min(LONGEST);
        let (monotonic, wall) = (Instant::now(), read_wall());
        // A clock that cannot express the deadline makes the limit pass at once, which sends nothing.
        Self {
            monotonic: monotonic.checked_add(duration).unwrap_or(monotonic),
            wall: wall.checked_add(duration).unwrap_or(wall),
            read_wall,
        }
    }

    /// Returns whether the limit has passed on either clock.
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Returns how much time is left on the clock that passes first; zero once the limit has passed.
    pub fn remaining(&self) -> Duration {
        let monotonic = self.monotonic.saturating_duration_since(Instant::now());
        let wall = self.wall.duration_since((self.read_wall)());
        monotonic.min(wall)
    }
}

impl fmt::Debug for NotAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotAfter")
            .field("monotonic", &self.monotonic)
            .field("wall", &self.wall)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    /// A wall clock that is set by hand, and a limit of an hour by it.
    fn by_hand() -> (Arc<Mutex<Timestamp>>, NotAfter) {
        let time = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH + HOUR));
        let clock = Arc::clone(&time);
        let limit = NotAfter::within_by(HOUR, Arc::new(move || *clock.lock().expect("the time")));
        (time, limit)
    }

    #[test]
    fn limit_ahead_has_not_passed() {
        let limit = NotAfter::within(HOUR);
        assert!(!limit.has_passed());
        assert!(limit.remaining() <= HOUR && limit.remaining() > HOUR / 2);
    }

    #[test]
    fn limit_of_zero_has_passed() {
        let limit = NotAfter::within(Duration::ZERO);
        assert!(limit.has_passed());
        assert_eq!(limit.remaining(), Duration::ZERO);
    }

    #[test]
    fn wall_clock_forward_passes_the_limit() {
        let (time, limit) = by_hand();
        assert_eq!(limit.wall, Timestamp::UNIX_EPOCH + 2 * HOUR);
        *time.lock().expect("the time") = Timestamp::UNIX_EPOCH + 2 * HOUR - Duration::from_secs(1);
        assert!(!limit.has_passed());
        assert!(limit.remaining() <= Duration::from_secs(1));
        *time.lock().expect("the time") = Timestamp::UNIX_EPOCH + 2 * HOUR;
        assert!(limit.has_passed());
        assert_eq!(limit.remaining(), Duration::ZERO);
    }

    #[test]
    fn wall_clock_back_does_not_extend_the_limit() {
        let (time, limit) = by_hand();
        *time.lock().expect("the time") = Timestamp::UNIX_EPOCH;
        assert!(limit.remaining() <= HOUR);
        // A limit of the monotonic clock that has passed, with a wall clock before it.
        let passed = NotAfter { monotonic: Instant::now(), ..limit };
        assert!(passed.has_passed());
    }

    #[test]
    fn endless_limit_is_a_century() {
        let limit = NotAfter::within(Duration::MAX);
        assert!(!limit.has_passed());
        let day = Duration::from_secs(86_400);
        assert!(limit.remaining() <= 36_500 * day && limit.remaining() > 36_499 * day);
    }

    #[test]
    fn limit_that_no_clock_can_express_has_passed() {
        assert!(NotAfter::within_by(HOUR, Arc::new(|| Timestamp::MAX)).has_passed());
    }
}
