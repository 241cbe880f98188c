//! May it? Pure decisions from a record, the rules and the time; nothing here reads a clock or a store.

use std::fmt;
use std::time::Duration;

use crate::{Record, Timeout, Timeouts, Timestamp};

/// The rules that sessions live by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The timeouts of a session that asks for none: 7 days idle, 30 days absolute.
    pub timeouts: Timeouts,
    /// The longest timeouts a session may ask for; by default those of `timeouts`.
    pub max_timeouts: Timeouts,
    /// How much time passes between two recorded uses, at least: 60 s. `never` records as little as the idle
    /// timeout allows.
    pub touch_interval: Timeout,
    /// The most live sessions of a user; `None` is no limit.
    pub max_per_user: Option<usize>,
    /// What a create does at that limit.
    pub on_limit: OnLimit,
}

/// What a create does when its user has all the sessions they may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLimit {
    /// Ends the user's oldest session.
    #[default]
    EvictOldest,
    /// Refuses the new one.
    Refuse,
}

impl Default for Policy {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        let timeouts = Timeouts {
            idle: Timeout::After(Duration::from_secs(7 * DAY)),
            absolute: Timeout::After(Duration::from_secs(30 * DAY)),
        };
        Self {
            timeouts,
            max_timeouts: timeouts,
            touch_interval: Timeout::After(Duration::from_secs(60)),
            max_per_user: None,
            on_limit: OnLimit::default(),
        }
    }
}

/// What the rules say of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It counts.
    Live,
    /// It has ended by itself.
    Expired(Expiry),
    /// It is half authenticated and does not count yet.
    Pending,
}

/// How a session ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It was not used for its idle timeout.
    Idle,
    /// It reached its absolute timeout.
    Absolute,
}

impl Policy {
    /// Whether `record` counts at `now`. A deadline that is reached is over.
    pub fn judge(&self, record: &Record, now: Timestamp) -> Verdict {
        let deadlines = self.deadlines(record);
        let over = |deadline: Option<Timestamp>| deadline.is_some_and(|deadline| now >= deadline);
        if over(deadlines.absolute) {
            Verdict::Expired(Expiry::Absolute)
        } else if over(deadlines.idle) {
            Verdict::Expired(Expiry::Idle)
        } else if record.pending {
            Verdict::Pending
        } else {
            Verdict::Live
        }
    }

    /// When `record` ends: by its own timeouts or by today's longest ones, whichever is earlier.
    ///
    /// So tightening the rules acts at once, and loosening them revives nobody.
    #[must_use]
    pub fn deadlines(&self, record: &Record) -> Deadlines {
        Deadlines::of(
            record,
            Timeouts {
                idle: record.timeouts.idle.min(self.max_timeouts.idle),
                absolute: record.timeouts.absolute.min(self.max_timeouts.absolute),
            },
        )
    }

    /// The interval between two recorded uses: at most a tenth of the idle timeout, so that the recorded use
    /// is never so old that a busy session seems idle. `None`: nothing needs recording.
    #[must_use]
    pub fn touch_every(&self, record: &Record) -> Option<Duration> {
        let idle = match record.timeouts.idle.min(self.max_timeouts.idle) {
            Timeout::After(idle) => Timeout::After(idle / 10),
            Timeout::Never => Timeout::Never,
        };
        match idle.min(self.touch_interval) {
            Timeout::After(interval) => Some(interval),
            Timeout::Never => None,
        }
    }

    /// Whether a use at `now` has to be recorded.
    #[must_use]
    pub fn touch_due(&self, record: &Record, now: Timestamp) -> bool {
        self.touch_every(record).is_some_and(|interval| record.last_seen <= now.before(interval))
    }

    /// The timeouts of a session that asks for these, where it asks.
    ///
    /// # Errors
    ///
    /// When it asks for more than it may have: refused, never clamped, so that nobody believes a session to
    /// last longer than it does.
    pub fn grant(
        &self,
        idle: Option<Timeout>,
        absolute: Option<Timeout>,
    ) -> Result<Timeouts, TimeoutTooLong> {
        let check = |name, asked: Option<Timeout>, default: Timeout, max: Timeout| match asked {
            Some(asked) if asked > max => Err(TimeoutTooLong { name, asked, max }),
            Some(asked) => Ok(asked),
            None => Ok(default.min(max)),
        };
        Ok(Timeouts {
            idle: check("idle_timeout", idle, self.timeouts.idle, self.max_timeouts.idle)?,
            absolute: check(
                "absolute_timeout",
                absolute,
                self.timeouts.absolute,
                self.max_timeouts.absolute,
            )?,
        })
    }
}

/// When a session ends; `None` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Unless it is used before.
    pub idle: Option<Timestamp>,
    /// However busy it is.
    pub absolute: Option<Timestamp>,
}

impl Deadlines {
    pub(crate) fn of(record: &Record, timeouts: Timeouts) -> Self {
        Self {
            idle: timeouts.idle.deadline(record.last_seen),
            absolute: timeouts.absolute.deadline(record.created_at),
        }
    }

    /// The earlier of the two.
    #[must_use]
    pub fn first(self) -> Option<Timestamp> {
        self.idle.into_iter().chain(self.absolute).min()
    }
}

/// A session asked to last longer than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutTooLong {
    name: &'static str,
    asked: Timeout,
    max: Timeout,
}

impl fmt::Display for TimeoutTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} is longer than the {} that sessions may have here", self.name, self.asked, self.max)
    }
}

impl std::error::Error for TimeoutTooLong {}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
