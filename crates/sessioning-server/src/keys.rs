//! API keys: who may call, and what for.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use sessioning::{Digest, Namespace};
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError, KeyConfig, Source, read_table};

const PREFIX: &str = "sk_";
const ID_LEN: usize = 16;
const SECRET_LEN: usize = 64;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Begin, renew and fill sessions.
    Create,
    /// Ask whose a session is, and end it by its own token.
    Check,
    /// See and end anybody's sessions.
    Admin,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Check => "check",
            Self::Admin => "admin",
        })
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scope =
            [Self::Create, Self::Check, Self::Admin].into_iter().find(|scope| scope.to_string() == text);
        scope.ok_or_else(|| format!("{text:?} is no scope; list some of create, check, admin"))
    }
}

/// The keys in force. Without any, callers on this machine may do everything.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<String, Key>);

#[derive(Debug)]
pub(crate) struct Key {
    digest: Digest,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) namespace: Option<Namespace>,
}

impl Keys {
    /// The keys of the configuration and of the file it names.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or a key is not one.
    pub(crate) fn load(config: &Config) -> Result<Self, ConfigError> {
        let mut keys = Self::default();
        for key in &config.keys {
            keys.add(key, &Source::File("[[keys]] in the configuration".into()))?;
        }
        if !config.keys_file.is_empty() {
            let path = Path::new(&config.keys_file);
            let source = Source::File(path.into());
            let bad = |why: String| ConfigError::BadValue { key: "keys".into(), from: source.clone(), why };
            let mut table = read_table(path)?;
            let listed = table.remove("keys").ok_or_else(|| bad("the file has no [[keys]]".into()))?;
            if let Some(other) = table.keys().next() {
                return Err(bad(format!("the file may hold [[keys]] alone, not {other}")));
            }
            let listed: Vec<KeyConfig> = listed.try_into().map_err(|error| bad(error.message().into()))?;
            for key in &listed {
                keys.add(key, &source)?;
            }
        }
        Ok(keys)
    }

    fn add(&mut self, key: &KeyConfig, source: &Source) -> Result<(), ConfigError> {
        let bad = |why: &str| ConfigError::BadValue {
            // What is no id may be a whole key, put there by mistake.
            key: if key.id.len() == ID_LEN { format!("keys, id {:?}", key.id) } else { "keys, id".into() },
            from: source.clone(),
            why: why.into(),
        };
        let mut id = [0; ID_LEN / 2];
        if key.id.len() != ID_LEN || base16ct::lower::decode(&key.id, &mut id).is_err() {
            return Err(bad("an id is 16 hex digits; sessioning keys new makes one"));
        }
        let mut digest = [0; 32];
        let hex = key.digest.strip_prefix("sha256:").filter(|hex| hex.len() == 64);
        if hex.is_none_or(|hex| base16ct::lower::decode(hex, &mut digest).is_err()) {
            return Err(bad("a digest is sha256: and 64 hex digits; sessioning keys new makes one"));
        }
        if key.scopes.is_empty() {
            return Err(bad("a key without scopes may do nothing; list some of create, check, admin"));
        }
        let known = Key {
            digest: Digest::from_bytes(digest),
            scopes: key.scopes.clone(),
            namespace: key.namespace.clone(),
        };
        match self.0.insert(key.id.clone(), known) {
            Some(_) => Err(bad("there are two keys of this id")),
            None => Ok(()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of that text, and its id, if it is one in force.
    pub(crate) fn find<'a>(&self, text: &'a [u8]) -> Option<(&'a str, &Key)> {
        let rest = std::str::from_utf8(text).ok()?.strip_prefix(PREFIX)?;
        let (id, secret_hex) = rest.split_once('_')?;
        if secret_hex.len() != SECRET_LEN {
            return None;
        }
        let mut secret = Zeroizing::new([0; SECRET_LEN / 2]);
        base16ct::lower::decode(secret_hex, secret.as_mut()).ok()?;
        // Compared in constant time; the id is no secret.
        let key = self.0.get(id).filter(|key| key.digest == Digest::of(&secret))?;
        Some((id, key))
    }

    /// Whether a text means to be a key.
    pub(crate) fn looks_like_one(text: &[u8]) -> bool {
        text.starts_with(PREFIX.as_bytes())
    }
}

/// A key that was just made: its secret is told once, and its entry is for the configuration.
pub struct NewKey {
    /// The whole key, for the caller who will use it.
    pub key: Zeroizing<String>,
    /// The entry for `[[keys]]`.
    pub entry: KeyConfig,
}

impl NewKey {
    /// Makes a key.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random bytes.
    pub fn generate(
        scopes: Vec<Scope>,
        label: String,
        namespace: Option<Namespace>,
    ) -> Result<Self, getrandom::Error> {
        let (mut id, mut secret) = ([0; ID_LEN / 2], Zeroizing::new([0; SECRET_LEN / 2]));
        getrandom::fill(&mut id)?;
        getrandom::fill(secret.as_mut())?;
        let id = base16ct::lower::encode_string(&id);
        let hex = Zeroizing::new(base16ct::lower::encode_string(secret.as_ref()));
        let digest = base16ct::lower::encode_string(Digest::of(&secret).as_bytes());
        Ok(Self {
            key: Zeroizing::new(format!("{PREFIX}{id}_{}", hex.as_str())),
            entry: KeyConfig { id, digest: format!("sha256:{digest}"), scopes, label, namespace },
        })
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("id", &self.entry.id).finish_non_exhaustive()
    }
}
