//! Bad API keys, and failed checks of callers without a key, counted by source: too many in a minute answer 429.
//!
//! It is the answer alone that changes, never the work: a good key or token is found good however many bad ones
//! came from the same place.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use axum::response::Response;
use lru::LruCache;
use parking_lot::Mutex;
use sessioning_api::Code;

use crate::log::audit;
use crate::problem::ApiError;
use crate::source::Source;

const WINDOW: Duration = Duration::from_secs(60);
/// The most sources that are remembered; the longest unseen is forgotten first.
const MAX_SOURCES: NonZeroUsize = NonZeroUsize::new(16 * 1024).unwrap();

/// Put into an answer's extensions where tokens were sent that opened nothing, or a key that is none. To send none
/// is no failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedChecks {
    pub(crate) count: u32,
    /// Whether the answer says nothing else. One that tells of a good token, too, is never withheld.
    pub(crate) nothing_else: bool,
}

impl FailedChecks {
    /// The one token of a request, or its key, was bad.
    pub(crate) const ONE: Self = Self { count: 1, nothing_else: true };
}

/// Who failed how often.
pub(crate) struct Failures {
    per_minute: u32,
    sources: Mutex<LruCache<Source, Window>>,
}

#[derive(Clone, Copy)]
struct Window {
    began: Instant,
    failures: u32,
}

impl Failures {
    /// Allows so many failures a minute and source; 0 is any number.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, sources: Mutex::new(LruCache::new(MAX_SOURCES)) }
    }

    /// Counts the failures in an answer to `source`; an error, to be answered instead, if there were too many.
    pub(crate) fn count(&self, source: Source, response: &Response) -> Result<(), ApiError> {
        let Some(failed) = response.extensions().get::<FailedChecks>() else { return Ok(()) };
        if self.per_minute == 0 || failed.count == 0 {
            return Ok(());
        }
        let outcome = self.add(source, failed.count, Instant::now());
        if outcome == Outcome::JustOver {
            let limit = self.per_minute;
            let said = "more bad API keys or failed checks in a minute from one address than limits.failed_checks: they get 429";
            audit!(warn, Limit, %source, limit, "{said}");
        }
        if outcome == Outcome::Within || !failed.nothing_else {
            return Ok(());
        }
        let most = self.per_minute;
        let why = format_args!("more than {most} bad API keys or failed checks a minute from this address");
        Err(ApiError::because(Code::RateLimited, why))
    }

    fn add(&self, source: Source, failures: u32, now: Instant) -> Outcome {
        let mut sources = self.sources.lock();
        let window = sources.get_or_insert_mut(source, || Window { began: now, failures: 0 });
        if now.duration_since(window.began) >= WINDOW {
            *window = Window { began: now, failures: 0 };
        }
        let before = window.failures;
        window.failures = before.saturating_add(failures);
        if window.failures <= self.per_minute {
            Outcome::Within
        } else if before <= self.per_minute {
            Outcome::JustOver
        } else {
            Outcome::Over
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Within,
    /// The one that is told, once a window.
    JustOver,
    Over,
}

impl std::fmt::Debug for Failures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failures").field("per_minute", &self.per_minute).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;
    use crate::source::{self, Peer};

    fn source(address: &str) -> Source {
        let mut request = Request::new(axum::body::Body::empty());
        request.extensions_mut().insert(Peer::Address(address.parse().unwrap()));
        source::of(&request, &[]).unwrap()
    }

    #[test]
    fn sec_38_a_source_may_fail_so_often_a_minute_and_is_told_once() {
        let failures = Failures::new(3);
        let (one, other, start) = (source("192.0.2.1"), source("192.0.2.2"), Instant::now());
        assert_eq!(failures.add(one, 2, start), Outcome::Within);
        assert_eq!(failures.add(one, 1, start), Outcome::Within);
        assert_eq!(failures.add(one, 1, start), Outcome::JustOver);
        assert_eq!(failures.add(one, 1, start + WINDOW / 2), Outcome::Over);
        assert_eq!(failures.add(other, 1, start), Outcome::Within);
        assert_eq!(failures.add(one, 1, start + WINDOW), Outcome::Within);
        assert_eq!(failures.add(one, 9, start + WINDOW), Outcome::JustOver);
    }

    #[test]
    fn sec_38_the_addresses_of_one_64_are_one_source() {
        let failures = Failures::new(1);
        let start = Instant::now();
        assert_eq!(failures.add(source("2001:db8::1"), 1, start), Outcome::Within);
        assert_eq!(failures.add(source("2001:db8::2"), 1, start), Outcome::JustOver);
        assert_eq!(failures.add(source("2001:db8:0:1::1"), 1, start), Outcome::Within);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let failures = Failures::new(1);
        let start = Instant::now();
        for number in 0..40_000_u32 {
            let _ = failures.add(source(&std::net::Ipv4Addr::from_bits(number).to_string()), 1, start);
        }
        assert_eq!(failures.sources.lock().len(), MAX_SOURCES.get());
    }
}
