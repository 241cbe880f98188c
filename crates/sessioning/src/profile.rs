//! Ready-made timeouts, after a standard.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Timeout, Timeouts};

/// The longest timeouts that an authentication assurance level of NIST SP 800-63B-4 allows (sections 2.1.3,
/// 2.2.3 and 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `aal1`: 30 days, no idle timeout.
    Aal1,
    /// `aal2`: 24 hours, 1 hour idle.
    Aal2,
    /// `aal3`: 12 hours, 15 minutes idle.
    Aal3,
}

impl Profile {
    /// The longest timeouts of a session under this profile.
    #[must_use]
    pub fn timeouts(self) -> Timeouts {
        let minutes = |minutes: u64| Timeout::After(Duration::from_secs(minutes * 60));
        let (idle, absolute) = match self {
            Self::Aal1 => (Timeout::Never, minutes(30 * 24 * 60)),
            Self::Aal2 => (minutes(60), minutes(24 * 60)),
            Self::Aal3 => (minutes(15), minutes(12 * 60)),
        };
        Timeouts { idle, absolute }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        })
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        [Self::Aal1, Self::Aal2, Self::Aal3]
            .into_iter()
            .find(|profile| profile.to_string() == text)
            .ok_or(UnknownProfile)
    }
}

/// A text that names no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownProfile;

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a profile is aal1, aal2 or aal3")
    }
}

impl std::error::Error for UnknownProfile {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_those_of_nist_sp_800_63b_4() {
        let text = |profile: Profile| {
            let Timeouts { idle, absolute } = profile.timeouts();
            (idle.to_string(), absolute.to_string())
        };
        assert_eq!(text(Profile::Aal1), ("never".into(), "30d".into()));
        assert_eq!(text(Profile::Aal2), ("1h".into(), "1d".into()));
        assert_eq!(text(Profile::Aal3), ("15m".into(), "12h".into()));
    }

    #[test]
    fn a_profile_has_one_name() {
        for profile in [Profile::Aal1, Profile::Aal2, Profile::Aal3] {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        for other in ["", "AAL1", "aal4", "none"] {
            assert_eq!(other.parse::<Profile>(), Err(UnknownProfile));
            assert_eq!(UnknownProfile.to_string(), "a profile is aal1, aal2 or aal3");
        }
    }
}
