//! Layers of settings: each overrides the ones before it, and each value remembers where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::{Table, Value};

use sessioning::Timeouts;

use super::environment::ORIGINAL;
use super::outside::{Inside, tidy};
use super::{Config, ConfigError, ProfileSetting};
use crate::expected::demanded;

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "sessioning.toml";
/// What the variables that are settings begin with.
pub(super) const PREFIX: &str = "SESSIONING_";

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
    pub value: Value,
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
    /// The variables that were ignored: service links of Kubernetes.
    pub ignored: Vec<String>,
}

impl Effective {
    /// The variable of the original that names the store, where nothing else does.
    #[must_use]
    pub fn store_of_original(&self) -> Option<String> {
        let store = self.settings.iter().find(|setting| setting.key == "store")?;
        (store.source == ORIGINAL.0).then(|| store.source.clone())
    }
}

/// Settings, as far as they are collected. Start from the defaults and add layers in their order.
#[derive(Debug)]
pub struct Layers {
    values: BTreeMap<String, (Value, Source)>,
    keys: Vec<(Value, Source)>,
    /// The address and the name of the database that the original uses.
    pub(super) original: (Option<String>, Option<String>),
    /// The variables that are none of ours although they begin as ours do.
    pub(super) ignored: Vec<String>,
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
        Self { values, keys: Vec::new(), original: (None, None), ignored: Vec::new() }
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

    pub(super) fn is_unset(&self, key: &str) -> bool {
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
        let text = tidy(text, Inside::Spaces).map_err(|error| bad(&error.to_string()))?;
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
        if let Some(why) = untidy(&value) {
            return Err(ConfigError::BadValue { key: key.into(), from: source, why });
        }
        self.values.insert(key.into(), (value, source));
        Ok(())
    }

    pub(super) fn key_of_variable(&self, rest: &str) -> Option<String> {
        self.values.keys().find(|key| variable(key).strip_prefix(PREFIX) == Some(rest)).cloned()
    }

    pub(super) fn nearest(&self, key: &str) -> Option<String> {
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
                    return Err(ConfigError::BadValue {
                        key: "keys".into(),
                        from: source,
                        why: of_keys(&error),
                    });
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
                value: if key == "store" { Value::String(config.store.to_string()) } else { value },
                source: source.to_string(),
                key,
            })
            .collect();
        Ok(Effective { settings, config: Config { keys, ..config }, ignored: self.ignored })
    }
}

/// What is wrong with a list of keys. What stands below `[[keys]]` is a part of that key, to TOML.
fn of_keys(error: &toml::de::Error) -> String {
    let said = error.message().trim();
    match said.split_once('`').and_then(|(_, rest)| rest.split_once('`')) {
        Some((name, _)) if said.starts_with("unknown field") => format!(
            "a key has no {name}, but id, digest, scopes, label and namespace; a setting of the service stands above the \
             first [[keys]]"
        ),
        _ => said.into(),
    }
}

/// Why a text in the file cannot be meant so: what a path or a name ends with is a part of it.
fn untidy(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => match tidy(text, Inside::Spaces) {
            Ok(tidied) if tidied == text => None,
            Ok(_) => Some("there is white space around the value; remove it".into()),
            Err(error) => Some(error.to_string()),
        },
        Value::Array(items) => items.iter().find_map(untidy),
        _ => None,
    }
}

/// The variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

pub(crate) fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
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
