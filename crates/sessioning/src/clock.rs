//! Time, as one number and one trait: only a [`Clock`] reads it, everything else is told.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved into the future, as far as time can be told.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This moment moved into the past, as far as time can be told.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The moment it is now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock: the wall time at start, moved on by the time since boot.
///
/// A wall clock that jumps while the process runs changes nothing by itself, and sleep counts (on Linux).
#[derive(Debug)]
pub struct SystemClock {
    wall_at_start: Timestamp,
    started: boot::Instant,
    /// How far it was moved on since then, in milliseconds.
    moved: AtomicI64,
}

impl SystemClock {
    /// Reads the wall clock, once.
    #[must_use]
    pub fn new() -> Self {
        Self { wall_at_start: wall(), started: boot::Instant::now(), moved: AtomicI64::new(0) }
    }

    /// How far the wall clock is ahead of this one by now, in milliseconds; behind it, where that is negative.
    #[must_use]
    pub fn wall_ahead(&self) -> i64 {
        wall().0.saturating_sub(self.now().0)
    }

    /// Moves this clock forward, where the wall clock was set right. There is no way back: what has ended would live
    /// again.
    pub fn move_on(&self, by: Duration) {
        self.moved.fetch_add(millis(by), Ordering::SeqCst);
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = self.wall_at_start.after(self.started.elapsed());
        Timestamp(now.0.saturating_add(self.moved.load(Ordering::SeqCst)))
    }
}

fn wall() -> Timestamp {
    Timestamp(millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
}

#[cfg(target_os = "linux")]
mod boot {
    //! `CLOCK_BOOTTIME`, which goes on while the machine sleeps; `std::time::Instant` stands still.

    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    #[derive(Debug)]
    pub(super) struct Instant(Duration);

    impl Instant {
        pub(super) fn now() -> Self {
            let time = clock_gettime(ClockId::Boottime);
            let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
            let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
            Self(Duration::new(seconds, nanos))
        }

        pub(super) fn elapsed(&self) -> Duration {
            Self::now().0.saturating_sub(self.0)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod boot {
    pub(super) use std::time::Instant;
}

/// A clock that stands until it is told otherwise: for tests, which then need not sleep.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock standing at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(millis(duration), Ordering::SeqCst);
    }

    /// Puts the clock anywhere, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
