//! The configuration: what can be set, the defaults, and where each value came from.
//!
//! The defaults are overridden by `sessioning.toml`, that by `SESSIONING_*` in the environment, that by flags.

mod concept;
mod cookie;
mod environment;
mod error;
mod layers;
mod links;
mod mongodb;
mod outside;
mod session;
mod share;
mod socket;
mod text;
mod values;

use serde::{Deserialize, Serialize};
use sessioning::store::CacheSettings;
use sessioning::{Namespace, Timeout};
use sessioning_mongodb::{Layout, MongoSettings};

use concept::is_of_a_host;
pub use concept::{ConceptConfig, UnknownSession};
pub use cookie::CookieConfig;
pub use error::ConfigError;
pub(crate) use layers::read as read_table;
pub use layers::{Effective, Layers, Setting, Source};
pub use mongodb::MongoConfig;
pub use outside::{Inside, Untidy, tidy};
pub use session::SessionConfig;
pub use share::AddressShare;
pub use socket::Socket;
pub use values::{
    Address, AdminListen, ByteSize, Delay, ImportedTokens, LogFormat, LogLevel, LongestTimeout,
    ProfileSetting, StoreUrl, TrustedProxy,
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
    /// Where load balancers ask on the main listener whether requests would be served, such as `/healthz`; empty for
    /// nowhere. It needs no key, and answers 200 or 503 and nothing else.
    pub probe_path: String,
    /// Where sessions are kept: `embedded:PATH`, `mongodb://…`, or `memory:`.
    #[serde(with = "text")]
    pub store: StoreUrl,
    /// Serves a network without API keys, because something else guards it.
    pub open: bool,
    /// Host names, besides loopback ones, under which callers without a key may reach it.
    pub hosts: Vec<String>,
    /// A file with more `[[keys]]`; empty for none.
    pub keys_file: String,
    /// How long sessions last.
    pub session: SessionConfig,
    /// The database, where sessions are kept in MongoDB.
    pub mongodb: MongoConfig,
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
    /// How the database is used, where sessions are kept in one.
    #[must_use]
    pub fn mongo_settings(&self) -> Option<MongoSettings> {
        match &self.store {
            StoreUrl::MongoDb(url) => {
                let adopted = self.session.policy().timeouts;
                Some(self.mongodb.settings(url, &self.concept.name, adopted))
            }
            StoreUrl::Embedded(_) | StoreUrl::Memory => None,
        }
    }

    /// Whether tokens that another system issued may open sessions: where they were copied from it, and where it
    /// shares the documents.
    #[must_use]
    pub fn imports_tokens(&self) -> bool {
        let shared = match &self.store {
            StoreUrl::MongoDb(url) => self.mongodb.layout_of(url) == Layout::Concept,
            StoreUrl::Embedded(_) | StoreUrl::Memory => false,
        };
        shared || self.session.imported_tokens == ImportedTokens::Uuid
    }

    fn probe_fault(&self) -> Option<(String, String)> {
        let path = self.probe_path.as_str();
        let plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte))
        };
        let is_path = path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain));
        let is_taken = path.starts_with("/v1/")
            || path == "/openapi.json"
            || self.concept.paths().iter().any(|taken| taken == path);
        let why = match () {
            () if path.is_empty() || is_path && !is_taken => return None,
            () if is_path => format!("{path} is another route's path already"),
            () => format!("{path:?} must be empty or a path such as /healthz"),
        };
        Some(("probe_path".into(), why))
    }

    /// The setting that does not go with the others, and why; `None` if all do.
    fn fault(&self) -> Option<(String, String)> {
        let no_host = |host: &&String| host.is_empty() || !host.bytes().all(is_of_a_host);
        let host = self.hosts.iter().find(no_host);
        let host =
            host.map(|host| ("hosts".into(), format!("{host:?} is no host name such as sessions.internal")));
        host.or_else(|| self.limits.fault())
            .or_else(|| self.probe_fault())
            .or_else(|| self.session.fault())
            .or_else(|| self.concept.fault())
            .or_else(|| self.cookie.fault())
            .or_else(|| self.mongodb.fault())
    }
}

/// `[cache]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// The most memory for sessions that were read, approximately.
    #[serde(with = "text")]
    pub size: ByteSize,
    /// How long what was read may answer. `never` ends where this process alone writes to the store; over MongoDB,
    /// where others do, it is no cache at all.
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
        CacheSettings { max_bytes: self.size.bytes(), ttl: self.ttl.bound() }
    }
}

/// `[proxy]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyConfig {
    /// Whose `X-Forwarded-*` headers are believed: addresses, networks such as `10.0.0.0/8`, or `unix`.
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
    /// The most connections at once; more wait until one ends, and idle ones end for them.
    pub connections: usize,
    /// The most of them that come from one address (IPv6: one /64). This machine, sockets, trusted proxies, and
    /// connections on which a good API key was shown do not count.
    pub connections_per_address: AddressShare,
    /// How long a connection may wait for its next request. The longest waiting ones are closed sooner where others
    /// need their places.
    #[serde(with = "text")]
    pub keep_alive: Timeout,
    /// The most writes, and the most reads, that wait for the store; more are refused as overloaded.
    pub queue: usize,
    /// How long a request's body may take to arrive, and the store to answer.
    #[serde(with = "text")]
    pub request_timeout: Timeout,
    /// The most bad API keys a minute from one address (IPv6: one /64), and the most failed checks of callers without
    /// a key from other machines; more answer 429. 0 is no limit.
    pub failed_checks: u32,
    /// How long the service goes on once it is told to stop, while `/readyz` answers 503 and every answer ends its
    /// connection: so long have balancers and clients to go elsewhere. 0s is not at all.
    #[serde(with = "text")]
    pub stop_delay: Delay,
    /// How long requests in flight may take to end after that.
    #[serde(with = "text")]
    pub drain: Timeout,
}

impl LimitsConfig {
    /// Nothing at all could be served with a 0 there, which elsewhere means that there is no limit.
    fn fault(&self) -> Option<(String, String)> {
        let least = [("connections", self.connections), ("queue", self.queue), ("body", self.body.bytes())];
        let (name, _) = least.into_iter().find(|(_, value)| *value == 0)?;
        Some((format!("limits.{name}"), "must be at least 1".into()))
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let seconds = |seconds| Timeout::After(std::time::Duration::from_secs(seconds));
        Self {
            body: ByteSize::kib(256),
            connections: 4096,
            connections_per_address: AddressShare::default(),
            keep_alive: seconds(120),
            queue: 4096,
            request_timeout: seconds(10),
            failed_checks: 1000,
            stop_delay: Delay(std::time::Duration::from_secs(1)),
            drain: seconds(5),
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
    #[serde(with = "text::list")]
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
