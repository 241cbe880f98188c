//! What is wrong with a configuration, where, and what to write instead.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Source;
use crate::log::masked;

/// A configuration that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not TOML.
    NotToml {
        /// Which.
        path: PathBuf,
        /// In which line.
        line: usize,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// There is no such setting.
    UnknownKey {
        /// What was written.
        key: String,
        /// Where.
        from: Source,
        /// The known one most like it.
        nearest: Option<String>,
    },
    /// A setting cannot have this value.
    BadValue {
        /// The setting.
        key: String,
        /// Where it was set.
        from: Source,
        /// Why.
        why: String,
    },
}

impl ConfigError {
    fn text(&self) -> String {
        match self {
            Self::Unreadable { path, source } => cannot_read(path, source),
            // Without the line itself, as the cause would show it: a URL in it may hold a password.
            Self::NotToml { path, line, source } => {
                format!("{} is not TOML: line {line}: {}", path.display(), source.message())
            }
            Self::UnknownKey { key, from, nearest } => {
                let quoted = if key.contains('"') { ", without the quotes" } else { "" };
                let hint = match nearest {
                    _ if key.starts_with("keys.") => {
                        "a list of keys is written with two brackets, [[keys]]".into()
                    }
                    Some(nearest) => format!("did you mean {nearest}{quoted}?"),
                    None => "sessioning.example.toml has them all".into(),
                };
                format!("there is no setting {key} ({from}); {hint}")
            }
            Self::BadValue { key, from, why } => format!("{key} ({from}): {why}"),
        }
    }
}

/// What stands where a file name belongs may be the secret itself, which is not repeated.
pub(super) fn cannot_read(path: &Path, error: &std::io::Error) -> String {
    let name = path.to_string_lossy();
    if name.contains("://") {
        return "cannot read a file whose name is a URL; it may hold a password, so it is not shown. \
                Give the name of a file that holds the value"
            .into();
    }
    let hint = match masked(&name) {
        Cow::Owned(_) => "; give the name of a file that holds the secret, not the secret itself",
        Cow::Borrowed(_) => "",
    };
    format!("cannot read {name}: {error}{hint}")
}

impl fmt::Display for ConfigError {
    /// Never shows a key or a token, wherever somebody put one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.text()))
    }
}

impl std::error::Error for ConfigError {}
