//! The types of the settings.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sessioning::{Profile, Timeout};
use sessioning_mongodb::{MongoUrl, MongoUrlError};

use super::socket::Socket;
use crate::log::masked;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host name or address, and a port; port 0 is any free one.
    Tcp {
        /// The host, an IPv6 address without its brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    Unix(Socket),
}

impl Address {
    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp { host, .. } => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            Self::Unix(_) => true,
        }
    }
}

impl Default for Address {
    fn default() -> Self {
        Self::Tcp { host: "127.0.0.1".into(), port: 7377 }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return path.parse().map(Self::Unix);
        }
        let wrong = || format!("{text:?} is not HOST:PORT (such as 127.0.0.1:7377) or unix:PATH");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) => host,
            None if host.contains(':') => return Err(wrong()),
            None => host,
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(wrong());
        }
        Ok(Self::Tcp { host: host.into(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(socket) => write!(f, "unix:{socket}"),
        }
    }
}

/// Where to tell health, if anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminListen {
    /// There.
    On(Address),
    /// Nowhere.
    Off,
}

impl Default for AdminListen {
    fn default() -> Self {
        Self::On(Address::Tcp { host: "127.0.0.1".into(), port: 7378 })
    }
}

impl FromStr for AdminListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" { Ok(Self::Off) } else { text.parse().map(Self::On) }
    }
}

impl fmt::Display for AdminListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(address) => address.fmt(f),
            Self::Off => f.write_str("off"),
        }
    }
}

const NO_STORE: &str =
    "a store is embedded:PATH (such as embedded:./data), mongodb://HOST/DATABASE, or memory:";

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// On the local disk, in that directory.
    Embedded(PathBuf),
    /// In memory, as long as the process lives.
    Memory,
    /// In that database, which other nodes may share.
    MongoDb(MongoUrl),
}

impl Default for StoreUrl {
    fn default() -> Self {
        Self::Embedded("./data".into())
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let store: Self = match text.split_once(':') {
            Some(("embedded", path)) if !path.is_empty() => Ok(Self::Embedded(path.into())),
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("mongodb" | "mongodb+srv", _)) => {
                text.parse().map(Self::MongoDb).map_err(|error: MongoUrlError| error.to_string())
            }
            // What was written is not repeated: a URL may hold a password.
            _ => Err(NO_STORE.into()),
        }?;
        // The store is shown at the start, and in errors.
        match masked(&store.to_string()) {
            Cow::Owned(_) => Err("an API key or a token stands where a store belongs; leave it out".into()),
            Cow::Borrowed(_) => Ok(store),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(path) => write!(f, "embedded:{}", path.display()),
            Self::Memory => f.write_str("memory:"),
            Self::MongoDb(url) => url.fmt(f),
        }
    }
}

/// A longest timeout: of its own, or the same as that of all sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongestTimeout {
    /// That of all sessions.
    Same,
    /// That one.
    Own(Timeout),
}

impl LongestTimeout {
    /// The timeout, given that of all sessions.
    #[must_use]
    pub fn or(self, of_all: Timeout) -> Timeout {
        match self {
            Self::Same => of_all,
            Self::Own(timeout) => timeout,
        }
    }
}

impl FromStr for LongestTimeout {
    type Err = sessioning::TimeoutError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "same" { Ok(Self::Same) } else { text.parse().map(Self::Own) }
    }
}

impl fmt::Display for LongestTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Own(timeout) => timeout.fmt(f),
        }
    }
}

/// A profile of timeouts, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileSetting {
    /// The timeouts are the operator's own affair.
    None,
    /// No timeout is longer than that profile's.
    Of(Profile),
}

impl FromStr for ProfileSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        text.parse().map(Self::Of).map_err(|error: sessioning::UnknownProfile| format!("{error}, or none"))
    }
}

impl fmt::Display for ProfileSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Of(profile) => profile.fmt(f),
        }
    }
}

/// Whose word about where a request came from is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    /// Whoever calls from these addresses.
    Network(IpNet),
    /// Whoever can reach the socket in the file system.
    Unix,
}

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self::Network).map_err(|_| {
            format!("{text:?} is not an address such as 10.0.0.1, a network such as 10.0.0.0/8, or unix")
        })
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// How long to wait, which may be no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay(pub std::time::Duration);

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|error| format!("{text:?} is not a duration such as 1s, 500ms or 0s: {error}"))
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// A number of bytes, written as `256KiB` or `64MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(u64);

impl ByteSize {
    pub(super) const fn kib(number: u64) -> Self {
        Self(number * 1024)
    }

    pub(super) const fn mib(number: u64) -> Self {
        Self(number * 1024 * 1024)
    }

    /// The number, as far as this machine can count.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = text.parse::<bytesize::ByteSize>();
        size.map(|size| Self(size.as_u64()))
            .map_err(|_| format!("{text:?} is not a size such as 256KiB or 64MiB"))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let exact = |(size, _): &(u64, &str)| self.0 > 0 && self.0.is_multiple_of(*size);
        match UNITS.into_iter().find(exact) {
            Some((size, unit)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}B", self.0),
        }
    }
}

/// Tokens of another system that may open sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportedTokens {
    /// None: only we make tokens.
    #[default]
    None,
    /// UUIDs in lower case with dashes, as the original issues them.
    Uuid,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What needs somebody.
    Error,
    /// What may need somebody.
    Warn,
    /// Every create and delete.
    #[default]
    Info,
    /// Every request.
    Debug,
    /// Everything.
    Trace,
}
