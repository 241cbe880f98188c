//! The layer of the environment: which variables are settings, and what they say.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::error::cannot_read;
use super::layers::{PREFIX, variable};
use super::links::is_link;
use super::outside::{Inside, tidy};
use super::{ConfigError, Layers, Source};

/// What other parts of the program read from the environment.
const NOT_SETTINGS: [&str; 9] = [
    "URL",
    "ADMIN_URL",
    "API_KEY",
    "CONFIG",
    "BIN",
    "COPY_FROM",
    "COPY_TO",
    // Of the TypeScript concept, whose environment may be shared.
    "UNKNOWN_SESSION",
    "NAMESPACES",
];
/// The variables in which the original finds its database: its address, and its name.
pub(super) const ORIGINAL: (&str, &str) = ("MONGODB_URL", "DB_NAME");

impl Layers {
    /// Adds the `SESSIONING_*` variables among these; `…_FILE` names a file that holds the value. `MONGODB_URL` and
    /// `DB_NAME` name the store where nothing else does.
    ///
    /// White space and a byte order mark around a value are not part of it. The service links of Kubernetes are
    /// ignored.
    ///
    /// # Errors
    ///
    /// When a variable sets what does not exist, or a value of another type, or two variables set the same.
    pub fn environment<N: Into<OsString>, V: Into<OsString>>(
        &mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), ConfigError> {
        let ours = text_of_ours(variables)?;
        let mut set_by = BTreeMap::new();
        for (name, text) in &ours {
            if name == ORIGINAL.0 || name == ORIGINAL.1 {
                self.add_original(name, text);
            } else if is_link(name, &ours) {
                self.ignored.push(name.clone());
            } else {
                self.add_variable(name, text, &mut set_by)?;
            }
        }
        Ok(())
    }

    fn add_variable(
        &mut self,
        name: &str,
        text: &str,
        set_by: &mut BTreeMap<String, String>,
    ) -> Result<(), ConfigError> {
        let source = Source::Environment(name.into());
        let rest = name.strip_prefix(PREFIX).unwrap_or(name);
        let key = self.key_of_variable(rest);
        let key_of_file = || rest.strip_suffix("_FILE").and_then(|rest| self.key_of_variable(rest));
        let (key, text) = if let Some(key) = key {
            (key, text.to_owned())
        } else if let Some(key) = key_of_file() {
            let text = in_file(&key, text, &source)?;
            (key, text)
        } else {
            let nearest = self.nearest(&rest.to_lowercase().replacen('_', ".", 1));
            return Err(ConfigError::UnknownKey {
                nearest: nearest.map(|key| variable(&key)),
                key: name.into(),
                from: Source::Environment("environment".into()),
            });
        };
        if let Some(other) = set_by.insert(key.clone(), name.into()) {
            let why = format!("{other} sets it, too; keep one of the two");
            return Err(ConfigError::BadValue { key, from: source, why });
        }
        self.set_text(&key, &text, source)
    }

    fn add_original(&mut self, name: &str, text: &str) {
        let is_empty = tidy(text, Inside::Spaces) == Ok("");
        let text = (!is_empty).then(|| text.to_owned());
        if name == ORIGINAL.0 {
            self.original.0 = text;
        } else {
            self.original.1 = text;
        }
    }

    /// The names that the original uses, where nobody has named a store.
    pub(super) fn apply_original(&mut self) -> Result<(), ConfigError> {
        if !self.is_unset("store") {
            return Ok(());
        }
        let (url, database) = std::mem::take(&mut self.original);
        // A database's name without its address is somebody else's.
        let Some(url) = url else { return Ok(()) };
        self.set_text("store", &url, Source::Environment(ORIGINAL.0.into()))?;
        match database {
            Some(name) if self.is_unset("mongodb.database") => {
                self.set_text("mongodb.database", &name, Source::Environment(ORIGINAL.1.into()))
            }
            _ => Ok(()),
        }
    }
}

/// The variables that may be settings, as text.
fn text_of_ours<N: Into<OsString>, V: Into<OsString>>(
    variables: impl IntoIterator<Item = (N, V)>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut ours = BTreeMap::new();
    for (name, value) in variables {
        let name = name.into().to_string_lossy().into_owned();
        if !is_ours(&name) {
            continue;
        }
        let Ok(text) = value.into().into_string() else {
            let (key, from) = ("the value".into(), Source::Environment(name));
            return Err(ConfigError::BadValue { key, from, why: "is not UTF-8 text".into() });
        };
        ours.insert(name, text);
    }
    Ok(ours)
}

fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return name == ORIGINAL.0 || name == ORIGINAL.1 };
    let of_others = rest.strip_suffix("_FILE").unwrap_or(rest);
    !NOT_SETTINGS.contains(&of_others) && !rest.starts_with("TEST_")
}

/// The text in the file that a variable names.
fn in_file(key: &str, name: &str, source: &Source) -> Result<String, ConfigError> {
    let bad = |why: String| ConfigError::BadValue { key: key.into(), from: source.clone(), why };
    let path = tidy(name, Inside::Spaces).map_err(|error| bad(error.to_string()))?;
    if path.is_empty() {
        return Err(bad("is empty; name the file that holds the value, or unset it".into()));
    }
    let path = Path::new(path);
    fs::read_to_string(path).map_err(|error| bad(cannot_read(path, &error)))
}
