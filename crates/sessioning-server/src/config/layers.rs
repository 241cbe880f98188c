//! Layers of settings: each overrides the ones before it, and each value remembers where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::{Table, Value};

use sessioning::Timeouts;

use super::{Config, ConfigError, ProfileSetting, StoreUrl};
use crate::shape::demanded;

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "sessioning.toml";
const PREFIX: &str = "SESSIONING_";
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
const ORIGINAL: (&str, &str) = ("MONGODB_URL", "DB_NAME");

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The profile that `session.profile` names.
    Profile(String),
    /// That file.
    File(PathBuf),
    /// That variable.
    Environment(String),
    /// That flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(name) => write!(f, "session.profile {name}"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value in force.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its name, as `session.idle_timeout`.
    pub key: String,
    /// Its value, as it would stand in the file; secrets masked.
    pub value: String,
    /// Where it came from.
    pub source: String,
}

/// A whole configuration, and where it came from.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The configuration.
    pub config: Config,
    /// Its values, one by one.
    pub settings: Vec<Setting>,
}

/// Settings, as far as they are collected. Start from the defaults and add layers in their order.
#[derive(Debug)]
pub struct Layers {
    values: BTreeMap<String, (Value, Source)>,
    keys: Vec<(Value, Source)>,
    /// The address and the name of the database that the original uses.
    original: (Option<String>, Option<String>),
}

impl Default for Layers {
    fn default() -> Self {
        let mut values = BTreeMap::new();
        if let Ok(table) = Table::try_from(Config::default()) {
            flatten("", table, &mut |key, value| {
                values.insert(key, (value, Source::Default));
            });
        }
        values.remove("keys");
        Self { values, keys: Vec::new(), original: (None, None) }
    }
}

impl Layers {
    /// Adds the named file, or `sessioning.toml` if it is there.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not TOML, or sets what does not exist.
    pub fn file(&mut self, named: Option<&Path>) -> Result<(), ConfigError> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        if named.is_none() && !path.exists() {
            return Ok(());
        }
        let source = Source::File(path.to_path_buf());
        let mut failed = None;
        flatten("", read(path)?, &mut |key, value| {
            if failed.is_none() {
                failed = self.set(&key, value, source.clone()).err();
            }
        });
        failed.map_or(Ok(()), Err)
    }

    /// Adds the `SESSIONING_*` variables among these; `…_FILE` names a file that holds the value. `MONGODB_URL` and
    /// `DB_NAME` name the store where nothing else does.
    ///
    /// # Errors
    ///
    /// When a variable sets what does not exist, or a value of another type, or two variables set the same.
    pub fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let mut set_by = BTreeMap::new();
        for (name, text) in variables {
            if name == ORIGINAL.0 && !text.is_empty() {
                self.original.0 = Some(text);
                continue;
            } else if name == ORIGINAL.1 && !text.is_empty() {
                self.original.1 = Some(text);
                continue;
            }
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let other = rest.strip_suffix("_FILE").unwrap_or(rest);
            if NOT_SETTINGS.contains(&other) || rest.starts_with("TEST_") {
                continue;
            }
            let source = Source::Environment(name.clone());
            let key = self.key_of_variable(rest);
            let key_of_file = || rest.strip_suffix("_FILE").and_then(|rest| self.key_of_variable(rest));
            let (key, text) = if let Some(key) = key {
                (key, text)
            } else if let Some(key) = key_of_file() {
                let path = PathBuf::from(text);
                let text = fs::read_to_string(&path);
                let text = text.map_err(|source| ConfigError::Unreadable { path, source })?;
                (key, text.trim_end().to_owned())
            } else {
                let nearest = self.nearest(&rest.to_lowercase().replacen('_', ".", 1));
                return Err(ConfigError::UnknownKey {
                    nearest: nearest.map(|key| variable(&key)),
                    key: name,
                    from: Source::Environment("environment".into()),
                });
            };
            if let Some(other) = set_by.insert(key.clone(), name) {
                let why = format!("{other} sets it, too; keep one of the two");
                return Err(ConfigError::BadValue { key, from: source, why });
            }
            self.set_text(&key, &text, source)?;
        }
        Ok(())
    }

    /// The names that the original uses, where nobody has named a store.
    fn apply_original(&mut self) -> Result<(), ConfigError> {
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

    fn is_unset(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some((_, Source::Default)))
    }

    /// Sets one value from text, as a flag or `--set KEY=VALUE` does.
    ///
    /// # Errors
    ///
    /// When there is no such setting, or its type is another.
    pub fn set_text(&mut self, key: &str, text: &str, source: Source) -> Result<(), ConfigError> {
        let bad =
            |why: &str| ConfigError::BadValue { key: key.into(), from: source.clone(), why: why.into() };
        let value = match self.values.get(key) {
            Some((Value::Boolean(_), _)) => {
                text.parse().map(Value::Boolean).map_err(|_| bad("must be true or false"))?
            }
            Some((Value::Integer(_), _)) => {
                text.parse().map(Value::Integer).map_err(|_| bad("must be a whole number"))?
            }
            Some((Value::Array(_), _)) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::Array(items.map(|item| Value::String(item.into())).collect())
            }
            _ => Value::String(text.into()),
        };
        self.set(key, value, source)
    }

    fn set(&mut self, key: &str, value: Value, source: Source) -> Result<(), ConfigError> {
        if key == "keys" {
            self.keys.push((value, source));
            return Ok(());
        }
        if !self.values.contains_key(key) {
            let nearest = self.nearest(key);
            return Err(ConfigError::UnknownKey { key: key.into(), from: source, nearest });
        }
        self.values.insert(key.into(), (value, source));
        Ok(())
    }

    fn key_of_variable(&self, rest: &str) -> Option<String> {
        self.values.keys().find(|key| variable(key).strip_prefix(PREFIX) == Some(rest)).cloned()
    }

    fn nearest(&self, key: &str) -> Option<String> {
        let like = |known: &&String| strsim::jaro_winkler(known, key);
        let nearest = self.values.keys().max_by(|a, b| like(a).total_cmp(&like(b)))?;
        (like(&nearest) > 0.7).then(|| nearest.clone())
    }

    /// The timeouts that nobody set are those of the profile, if there is one.
    fn apply_profile(&mut self) {
        let Some((Value::String(name), _)) = self.values.get("session.profile") else { return };
        let Ok(ProfileSetting::Of(profile)) = name.parse() else { return };
        let Timeouts { idle, absolute } = profile.timeouts();
        for (key, timeout) in [("session.idle_timeout", idle), ("session.absolute_timeout", absolute)] {
            if let Some(unset) = self.values.get_mut(key).filter(|(_, source)| *source == Source::Default) {
                *unset = (Value::String(timeout.to_string()), Source::Profile(profile.to_string()));
            }
        }
    }

    /// The configuration that all layers together are.
    ///
    /// # Errors
    ///
    /// When a value is not acceptable: names the setting, where it was set, and why.
    pub fn finish(mut self) -> Result<Effective, ConfigError> {
        self.apply_profile();
        self.apply_original()?;
        let mut table = Table::new();
        for (key, (value, source)) in &self.values {
            // One value alone over the defaults: what fails now is this one.
            let mut alone = Table::new();
            insert(&mut alone, key, value.clone());
            if let Err(error) = alone.try_into::<Config>() {
                let (key, from) = (key.clone(), source.clone());
                let said = error.message().trim();
                let why = demanded(said).unwrap_or_else(|| said.into());
                return Err(ConfigError::BadValue { key, from, why });
            }
            insert(&mut table, key, value.clone());
        }
        let mut keys = Vec::new();
        for (value, source) in self.keys {
            match value.try_into::<Vec<super::KeyConfig>>() {
                Ok(more) => keys.extend(more),
                Err(error) => {
                    let why = error.message().trim().into();
                    return Err(ConfigError::BadValue { key: "keys".into(), from: source, why });
                }
            }
        }
        let bad = |error: &toml::de::Error| ConfigError::BadValue {
            key: "configuration".into(),
            from: Source::Default,
            why: error.message().into(),
        };
        let config: Config = table.try_into().map_err(|error| bad(&error))?;
        if let Some((key, why)) = config.fault() {
            let from = self.values.get(&key).map_or(Source::Default, |(_, source)| source.clone());
            return Err(ConfigError::BadValue { key, from, why });
        }
        let settings: Vec<_> = self
            .values
            .into_iter()
            .map(|(key, (value, source))| Setting {
                value: if key == "store" { shown(&config.store) } else { value.to_string() },
                source: source.to_string(),
                key,
            })
            .collect();
        Ok(Effective { settings, config: Config { keys, ..config } })
    }
}

/// A store without its password.
fn shown(store: &StoreUrl) -> String {
    Value::String(store.to_string()).to_string()
}

/// The variable that sets a key.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

pub(crate) fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    text.parse().map_err(|source: toml::de::Error| {
        let before = source.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::NotToml { path: path.into(), line, source: Box::new(source) }
    })
}

fn flatten(prefix: &str, table: Table, found: &mut dyn FnMut(String, Value)) {
    for (name, value) in table {
        // A quoted name is one name, whatever dots are in it: it must not pass for a path.
        let name = if name.contains('.') { format!("{name:?}") } else { name };
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(table) => flatten(&key, table, found),
            value => found(key, value),
        }
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.into(), value);
        }
        Some((name, rest)) => {
            let inner = table.entry(name).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
