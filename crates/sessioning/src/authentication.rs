//! How well, and how long ago, a user proved who they are; and what a check may ask of that.

use std::fmt;
use std::time::Duration;

use crate::owner::is_plain;
use crate::{Record, Timestamp};

/// One act of authentication, as the application that did it tells: methods and level belong together, so a
/// new one replaces the last as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    methods: Box<[Box<str>]>,
    level: u8,
}

impl Authentication {
    /// The most methods of one authentication.
    pub const MAX_METHODS: usize = 8;
    /// The most bytes of a method's name.
    pub const MAX_METHOD: usize = 32;

    /// An authentication by these methods (`pwd`, `otp`, …: RFC 8176), which together reach that level.
    ///
    /// Levels are the application's own, higher ones better; 1 to 3 are usual, after the assurance levels of
    /// NIST SP 800-63B-4. 0 is that of a session of which nobody said.
    ///
    /// # Errors
    ///
    /// When there are more than 8 methods, or one is not 1 to 32 of `[A-Za-z0-9_.-]`.
    pub fn new(methods: Vec<String>, level: u8) -> Result<Self, AuthenticationError> {
        let named = |method: &String| is_plain(method, Self::MAX_METHOD);
        if methods.len() <= Self::MAX_METHODS && methods.iter().all(named) {
            Ok(Self { methods: methods.into_iter().map(String::into_boxed_str).collect(), level })
        } else {
            Err(AuthenticationError)
        }
    }

    pub(crate) fn into_parts(self) -> (Box<[Box<str>]>, u8) {
        (self.methods, self.level)
    }
}

/// Methods that cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticationError;

impl fmt::Display for AuthenticationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("amr must be at most 8 names, each 1 to 32 of the characters A-Z, a-z, 0-9, _, . and -")
    }
}

impl std::error::Error for AuthenticationError {}

/// What a check asks of a session's authentication, and whether it counts as a use; the default asks nothing, and does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// It was less than this ago.
    pub max_age: Option<Duration>,
    /// It reached this level.
    pub min_level: Option<u8>,
    /// The check is no use of the session, which ends as if nobody had asked.
    pub quiet: bool,
}

/// What a live session lacks: its user has to authenticate again, and the session to be renewed with that
/// (RFC 9470).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepUp {
    /// The authentication is too long ago.
    TooOld,
    /// Its level is too low.
    TooLow,
}

impl Demand {
    /// Nothing, and no use of the session.
    pub const QUIET: Self = Self { max_age: None, min_level: None, quiet: true };

    /// What `record` lacks at `now`; `None` if it meets the demand.
    ///
    /// As with every deadline here, an age that is reached is over.
    #[must_use]
    pub fn unmet(&self, record: &Record, now: Timestamp) -> Option<StepUp> {
        if self.min_level.is_some_and(|level| record.level < level) {
            Some(StepUp::TooLow)
        } else if self.max_age.is_some_and(|age| now >= record.authenticated_at.after(age)) {
            Some(StepUp::TooOld)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_few_and_plain() {
        let named = |name: &str| Authentication::new(vec![name.into()], 1);
        for good in ["pwd", "A-z_0.9", &"x".repeat(32)] {
            assert!(named(good).is_ok(), "{good}");
        }
        for bad in ["", &"x".repeat(33), "a b", "ü", "a\n"] {
            assert_eq!(named(bad), Err(AuthenticationError), "{bad:?}");
        }
        assert!(Authentication::new(vec!["pwd".into(); 8], 0).is_ok());
        let error = Authentication::new(vec!["pwd".into(); 9], 0).unwrap_err();
        assert!(error.to_string().starts_with("amr must be at most 8 names"));
    }
}
