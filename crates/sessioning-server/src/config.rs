//! The configuration: what can be set, the defaults, and where each value came from.
//!
//! The defaults are overridden by `sessioning.toml`, that by `SESSIONING_*` in the environment, that by flags.

mod error;
mod layers;
mod text;
mod values;

use serde::{Deserialize, Serialize};
use sessioning::store::CacheSettings;
use sessioning::{Namespace, OnLimit, Policy, Timeout, Timeouts};
use sessioning_api::{CookieError, CookieSettings, SameSite, SessionCookie};

pub use error::ConfigError;
pub(crate) use layers::read as read_table;
pub use layers::{Effective, Layers, Setting, Source};
pub use values::{
    Address, AdminListen, ByteSize, LogFormat, LogLevel, LongestTimeout, ProfileSetting, StoreUrl,
    TrustedProxy,
};

use crate::keys::Scope;

/// Every setting, with its default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the service listens: `HOST:PORT`, or `unix:PATH`.
    #[serde(with = "text")]
    pub listen: Address,
    /// Where health is told: `HOST:PORT`, `unix:PATH`, or `off`.
    #[serde(with = "text")]
    pub admin_listen: AdminListen,
    /// Where sessions are kept: `embedded:PATH`, or `memory:`.
    #[serde(with = "text")]
    pub store: StoreUrl,
    /// Serves a network without API keys, because something else guards it.
    pub open: bool,
    /// Host names, besides loopback ones, under which callers without a key may reach the service.
    pub hosts: Vec<String>,
    /// A file with more `[[keys]]`; empty for none.
    pub keys_file: String,
    /// How long sessions last.
    pub session: SessionConfig,
    /// What is kept in memory.
    pub cache: CacheConfig,
    /// The concept surface and its dialects.
    pub concept: ConceptConfig,
    /// The session cookie, as its `Set-Cookie` value is handed to the application.
    pub cookie: CookieConfig,
    /// Whose word counts about where a request came from.
    pub proxy: ProxyConfig,
    /// The bounds on what callers may use.
    pub limits: LimitsConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// The API keys.
    pub keys: Vec<KeyConfig>,
}

impl Config {
    /// The setting that does not go with the others, and why; `None` if all do.
    fn fault(&self) -> Option<(String, String)> {
        self.session.fault().or_else(|| self.concept.fault()).or_else(|| self.cookie.fault())
    }
}

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
            touch_interval: policy.touch_interval,
            max_per_user: 0,
            on_limit: policy.on_limit,
        }
    }
}

impl SessionConfig {
    /// Which timeout is longer than the profile allows, and why not; `None` if none is.
    fn fault(&self) -> Option<(String, String)> {
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

/// `[cache]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// The most memory for sessions that were read, approximately.
    #[serde(with = "text")]
    pub size: ByteSize,
    /// How long what was read may answer; `never` ends where this process alone writes to the store.
    #[serde(with = "text")]
    pub ttl: Timeout,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { size: ByteSize::mib(64), ttl: Timeout::Never }
    }
}

impl CacheConfig {
    /// The cache that these settings are.
    #[must_use]
    pub fn settings(&self) -> CacheSettings {
        let ttl = match self.ttl {
            Timeout::After(ttl) => Some(ttl),
            Timeout::Never => None,
        };
        CacheSettings { max_bytes: self.size.bytes(), ttl }
    }
}

/// `[concept]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConceptConfig {
    /// What its paths begin with.
    pub base_path: String,
    /// The concept's name.
    pub name: String,
    /// The name of the action that begins a session.
    pub create: String,
    /// The name of the action that ends one.
    pub delete: String,
    /// The name of the query for a session's user.
    pub get_user: String,
    /// The field that holds the session.
    pub field: String,
    /// What a query for an unknown session answers: `error` or `empty`.
    pub unknown_session: UnknownSession,
    /// The browser origins that may call; `*` is all of them.
    pub cors_origins: Vec<String>,
}

impl Default for ConceptConfig {
    fn default() -> Self {
        Self {
            base_path: "/api".into(),
            name: "Sessioning".into(),
            create: "create".into(),
            delete: "delete".into(),
            get_user: "_getUser".into(),
            field: "session".into(),
            unknown_session: UnknownSession::Error,
            cors_origins: Vec::new(),
        }
    }
}

impl ConceptConfig {
    /// The paths of create, delete and the query for a user.
    #[must_use]
    pub fn paths(&self) -> [String; 3] {
        [&self.create, &self.delete, &self.get_user]
            .map(|method| format!("{}/{}/{method}", self.base_path.trim_end_matches('/'), self.name))
    }

    /// Why these names cannot be paths; `None` if they can.
    fn fault(&self) -> Option<(String, String)> {
        let fault = |key: &str, why: String| Some((format!("concept.{key}"), why));
        let plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte));
        let is_name = |text: &str| !text.is_empty() && plain(text);
        let base = &self.base_path;
        if !(base.is_empty() || base.strip_prefix('/').is_some_and(|path| path.split('/').all(is_name))) {
            return fault("base_path", format!("{base:?} must be empty or a path such as /api"));
        }
        let names = [
            ("name", &self.name),
            ("create", &self.create),
            ("delete", &self.delete),
            ("get_user", &self.get_user),
        ];
        if let Some((key, name)) = names.into_iter().find(|(_, name)| !is_name(name)) {
            return fault(key, format!("{name:?} must be a plain name of A-Z, a-z, 0-9, _, -, . and ~"));
        }
        let mut paths = self.paths();
        paths.sort();
        if paths.windows(2).any(|pair| pair[0] == pair[1]) || paths[0].starts_with("/v1/") {
            let why = "create, delete and get_user need three different paths outside /v1/";
            return fault("create", why.into());
        }
        None
    }
}

/// What a concept query for an unknown session answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownSession {
    /// `[{"error": …}]`, as the original does.
    Error,
    /// `[]`
    Empty,
}

/// `[cookie]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CookieConfig {
    /// Its name; empty for `session` with the strongest prefix that the rest allows.
    pub name: String,
    /// The domain whose subdomains get it, too; empty for the host alone that set it.
    pub domain: String,
    /// The path below which it is sent.
    pub path: String,
    /// Whether requests that other sites cause carry it: `strict`, `lax` or `none`.
    #[serde(with = "text::same_site")]
    pub same_site: SameSite,
    /// Sent over TLS alone.
    pub secure: bool,
}

impl Default for CookieConfig {
    fn default() -> Self {
        let CookieSettings { path, same_site, secure, .. } = CookieSettings::default();
        Self { name: String::new(), domain: String::new(), path, same_site, secure }
    }
}

impl CookieConfig {
    /// The cookie that these settings are.
    ///
    /// # Errors
    ///
    /// When a browser would not take it.
    pub fn cookie(&self) -> Result<SessionCookie, CookieError> {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        SessionCookie::new(CookieSettings {
            name: given(&self.name),
            domain: given(&self.domain),
            path: self.path.clone(),
            same_site: self.same_site,
            secure: self.secure,
        })
    }

    fn fault(&self) -> Option<(String, String)> {
        let error = self.cookie().err()?;
        let key = match error {
            CookieError::Domain => "domain",
            CookieError::Path => "path",
            CookieError::NoneNeedsSecure => "same_site",
            _ => "name",
        };
        Some((format!("cookie.{key}"), error.to_string()))
    }
}

/// `[proxy]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyConfig {
    /// Whose `X-Forwarded-For` is believed: addresses, networks such as `10.0.0.0/8`, or `unix`.
    #[serde(with = "text::list")]
    pub trusted: Vec<TrustedProxy>,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// The largest body.
    #[serde(with = "text")]
    pub body: ByteSize,
    /// The most connections at once; more wait until one ends.
    pub connections: usize,
    /// The most writes, and the most reads, that wait for the store; more are refused as overloaded.
    pub queue: usize,
    /// How long a request's body may take to arrive, and the store to answer.
    #[serde(with = "text")]
    pub request_timeout: Timeout,
    /// The most failed checks a minute from one address (IPv6: one /64) without a key; more answer 429. 0 is no
    /// limit.
    pub failed_checks: u32,
    /// How long requests in flight may take to end when the service is told to stop.
    #[serde(with = "text")]
    pub drain: Timeout,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let seconds = |seconds| Timeout::After(std::time::Duration::from_secs(seconds));
        Self {
            body: ByteSize::kib(256),
            connections: 4096,
            queue: 4096,
            request_timeout: seconds(10),
            failed_checks: 1000,
            drain: seconds(10),
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text`, `json`, or `auto`: text on a terminal, JSON lines otherwise.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: LogLevel,
}

/// `[[keys]]`: an API key, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// The public half of the key: 16 hex digits.
    pub id: String,
    /// `sha256:` and the digest of the secret half.
    pub digest: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// What it is for, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The only namespace it may use; without one, any.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::optional")]
    pub namespace: Option<Namespace>,
}

#[cfg(test)]
mod tests;
