//! `[mongodb]`: the database, where sessions are kept in MongoDB.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sessioning::{Timeout, Timeouts};
use sessioning_mongodb::{LONGEST_DEADLINE, Layout, MongoSettings, MongoUrl, Reads};

use super::text;

/// `[mongodb]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MongoConfig {
    /// The database; empty for the one that the URL names, or else `sessioning`.
    pub database: String,
    /// How sessions lie in it: `native`, or `concept` to share them with the original.
    #[serde(with = "text")]
    pub layout: Layout,
    /// How long any operation may take, the search for a server included; 5 s at most.
    #[serde(with = "text")]
    pub deadline: Timeout,
    /// How certain a check is that the primary still is one: `majority` or `linearizable`.
    #[serde(with = "text")]
    pub read_concern: Reads,
    /// How old a session of the original may become, by the date in its UUID; concept layout only.
    #[serde(with = "text")]
    pub legacy_max_age: Timeout,
    /// How long to go on trying to reach the database at start.
    #[serde(with = "text")]
    pub start_timeout: Timeout,
}

impl Default for MongoConfig {
    fn default() -> Self {
        Self {
            database: String::new(),
            layout: Layout::Native,
            deadline: Timeout::After(Duration::from_secs(2)),
            read_concern: Reads::Majority,
            legacy_max_age: Timeout::Never,
            start_timeout: Timeout::After(Duration::from_secs(300)),
        }
    }
}

impl MongoConfig {
    /// The layout of the database at `url`, which may name one itself.
    #[must_use]
    pub fn layout_of(&self, url: &MongoUrl) -> Layout {
        url.layout().unwrap_or(self.layout)
    }

    /// What these settings are for the database at `url`, where sessions of the original get those timeouts.
    #[must_use]
    pub fn settings(&self, url: &MongoUrl, concept: &str, adopted: Timeouts) -> MongoSettings {
        let settings = MongoSettings::new(url.clone());
        MongoSettings {
            database: if self.database.is_empty() { settings.database } else { self.database.clone() },
            layout: self.layout_of(url),
            concept: url.concept().unwrap_or(concept).to_owned(),
            deadline: self.deadline.bound().unwrap_or(settings.deadline),
            reads: self.read_concern,
            legacy_max_age: self.legacy_max_age.bound(),
            adopted,
            ..settings
        }
    }

    /// Which of these cannot be so, and why not; `None` if all can.
    pub(super) fn fault(&self) -> Option<(String, String)> {
        let fault = |key: &str, why: &str| Some((format!("mongodb.{key}"), why.to_owned()));
        if self.deadline == Timeout::Never {
            return fault("deadline", "an operation over a network needs a deadline, such as 2s");
        }
        if self.deadline > Timeout::After(LONGEST_DEADLINE) {
            return fault(
                "deadline",
                "at most 5s: a copy into the database waits so long for what was begun before it",
            );
        }
        if self.database.contains(['/', '\\', '.', '"', '$', '\0'])
            || self.database.contains(char::is_whitespace)
            || self.database.len() > 63
        {
            return fault(
                "database",
                "a database has at most 63 bytes and none of / \\ . \" $ or white space",
            );
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_a_copy_would_not_wait_for_is_refused() {
        let fault = |deadline| MongoConfig { deadline, ..MongoConfig::default() }.fault();
        assert_eq!(fault(Timeout::After(LONGEST_DEADLINE)), None);
        for deadline in [Timeout::After(LONGEST_DEADLINE + Duration::from_millis(1)), Timeout::Never] {
            let (key, why) = fault(deadline).unwrap();
            assert_eq!(key, "mongodb.deadline");
            assert!(
                why.contains(&LONGEST_DEADLINE.as_secs().to_string()) || deadline == Timeout::Never,
                "{why}"
            );
        }
    }
}
