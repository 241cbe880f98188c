//! How long: a duration, or never.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Timestamp;

/// How long something may last: a duration, or for ever.
///
/// Its text is a duration such as `90s`, `30m`, `7d`, `1h 30m`, or `never`. Shorter sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timeout {
    /// Ends after so long; at least a millisecond.
    After(Duration),
    /// Never ends.
    Never,
}

impl Timeout {
    /// The duration; `None` is for ever.
    #[must_use]
    pub fn bound(self) -> Option<Duration> {
        match self {
            Self::After(duration) => Some(duration),
            Self::Never => None,
        }
    }

    /// When something that started at `start` ends; `None` is never.
    #[must_use]
    pub fn deadline(self, start: Timestamp) -> Option<Timestamp> {
        self.bound().map(|duration| start.after(duration))
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u128, &str); 5] =
            [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        let Self::After(duration) = self else { return f.write_str("never") };
        let millis = duration.as_millis();
        let (size, unit) = UNITS.into_iter().find(|(size, _)| millis % size == 0).unwrap_or((1, "ms"));
        write!(f, "{}{unit}", millis / size)
    }
}

impl FromStr for Timeout {
    type Err = TimeoutError;

    fn from_str(text: &str) -> Result<Self, TimeoutError> {
        if text == "never" {
            return Ok(Self::Never);
        }
        match humantime::parse_duration(text) {
            Ok(duration) if duration.as_millis() > 0 => Ok(Self::After(Duration::from_millis(
                u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            ))),
            _ => Err(TimeoutError { text: text.chars().take(40).collect() }),
        }
    }
}

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeoutError {
    text: String,
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a duration: write one such as 90s, 30m or 7d, or never", self.text)
    }
}

impl std::error::Error for TimeoutError {}

/// The two timeouts of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Ends a session unused for so long.
    pub idle: Timeout,
    /// Ends a session of that age, however busy.
    pub absolute: Timeout,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_duration_agree_both_ways() {
        for text in ["1ms", "90s", "30m", "7d", "12h", "never"] {
            assert_eq!(text.parse::<Timeout>().unwrap().to_string(), text);
        }
        assert_eq!("1h 30m".parse::<Timeout>().unwrap().to_string(), "90m");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "0s", "-1s", "forever", "7", "1us", "NEVER"] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }

    #[test]
    fn never_is_the_longest() {
        assert!(Timeout::After(Duration::MAX) < Timeout::Never);
    }
}
