//! `[session]`: how long sessions last, and how many a user may have.

use serde::{Deserialize, Serialize};
use sessioning::{OnLimit, Policy, Timeout, Timeouts};

use super::{ImportedTokens, LongestTimeout, ProfileSetting, text};

/// `[session]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// Timeouts after NIST SP 800-63B-4, and no longer ones: `aal1`, `aal2`, `aal3`, or `none`.
    #[serde(with = "text")]
    pub profile: ProfileSetting,
    /// Ends a session unused for so long.
    #[serde(with = "text")]
    pub idle_timeout: Timeout,
    /// Ends a session of that age, however busy.
    #[serde(with = "text")]
    pub absolute_timeout: Timeout,
    /// The longest idle timeout a session may ask for; `same` is that of all.
    #[serde(with = "text")]
    pub max_idle_timeout: LongestTimeout,
    /// The longest absolute timeout a session may ask for; `same` is that of all.
    #[serde(with = "text")]
    pub max_absolute_timeout: LongestTimeout,
    /// Tokens of another system whose sessions were copied here: `none`, or `uuid` (the original's).
    pub imported_tokens: ImportedTokens,
    /// How much time passes between two recorded uses.
    #[serde(with = "text")]
    pub touch_interval: Timeout,
    /// The most sessions of a user; 0 is no limit.
    pub max_per_user: usize,
    /// At that limit: `evict-oldest` or `refuse`.
    #[serde(with = "text::on_limit")]
    pub on_limit: OnLimit,
}

impl Default for SessionConfig {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            profile: ProfileSetting::None,
            idle_timeout: policy.timeouts.idle,
            absolute_timeout: policy.timeouts.absolute,
            max_idle_timeout: LongestTimeout::Same,
            max_absolute_timeout: LongestTimeout::Same,
            imported_tokens: ImportedTokens::None,
            touch_interval: policy.touch_interval,
            max_per_user: 0,
            on_limit: policy.on_limit,
        }
    }
}

impl SessionConfig {
    /// Which timeout is longer than the profile allows, and why not; `None` if none is.
    pub(super) fn fault(&self) -> Option<(String, String)> {
        let ProfileSetting::Of(profile) = self.profile else { return None };
        let (policy, longest) = (self.policy(), profile.timeouts());
        let timeouts = [
            ("idle_timeout", policy.timeouts.idle, longest.idle),
            ("max_idle_timeout", policy.max_timeouts.idle, longest.idle),
            ("absolute_timeout", policy.timeouts.absolute, longest.absolute),
            ("max_absolute_timeout", policy.max_timeouts.absolute, longest.absolute),
        ];
        let (key, own, longest) = timeouts.into_iter().find(|(_, own, longest)| own > longest)?;
        let why = format!(
            "{own} is longer than the {longest} of the profile {profile} (NIST SP 800-63B-4); \
             shorten it, or choose another session.profile"
        );
        Some((format!("session.{key}"), why))
    }

    /// The rules that these settings are.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            timeouts: Timeouts { idle: self.idle_timeout, absolute: self.absolute_timeout },
            max_timeouts: Timeouts {
                idle: self.max_idle_timeout.or(self.idle_timeout),
                absolute: self.max_absolute_timeout.or(self.absolute_timeout),
            },
            touch_interval: self.touch_interval,
            max_per_user: (self.max_per_user > 0).then_some(self.max_per_user),
            on_limit: self.on_limit,
        }
    }
}
