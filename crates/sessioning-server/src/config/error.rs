//! What is wrong with a configuration, where, and what to write instead.

use std::fmt;
use std::path::PathBuf;

use super::Source;

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

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            // Without the line itself, as the cause would show it: a URL in it may hold a password.
            Self::NotToml { path, line, source } => {
                write!(f, "{} is not TOML: line {line}: {}", path.display(), source.message())
            }
            Self::UnknownKey { key, from, nearest } => {
                write!(f, "there is no setting {key} ({from})")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean {nearest}?"),
                    None => f.write_str("; sessioning.example.toml has them all"),
                }
            }
            Self::BadValue { key, from, why } => write!(f, "{key} ({from}): {why}"),
        }
    }
}

impl std::error::Error for ConfigError {}
