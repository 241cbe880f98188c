//! Where the database is, and how it is used.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use mongodb::options::{ConnectionString, HostInfo};
use zeroize::Zeroizing;

/// The address of a database: `mongodb://` or `mongodb+srv://`, as the driver reads it.
///
/// Its user and password never show: `Display` and `Debug` tell hosts and database. A `layout=concept` among its
/// options names the [`Layout`], for commands that know no other settings.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUrl {
    text: Zeroizing<String>,
    shown: String,
    database: Option<String>,
    layout: Option<Layout>,
}

impl MongoUrl {
    /// The database that it names.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The layout that it names.
    #[must_use]
    pub fn layout(&self) -> Option<Layout> {
        self.layout
    }

    /// The whole URL, for the driver alone.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }
}

impl FromStr for MongoUrl {
    type Err = MongoUrlError;

    fn from_str(text: &str) -> Result<Self, MongoUrlError> {
        let (text, layout) = take_layout(text)?;
        // The driver's own words are not repeated: they may quote what was written, the password included.
        let parsed = ConnectionString::parse(text.as_str()).map_err(|_| MongoUrlError::Syntax)?;
        let hosts = match &parsed.host_info {
            HostInfo::HostIdentifiers(hosts) => {
                hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            }
            HostInfo::DnsRecord(host) => host.clone(),
            _ => "…".into(),
        };
        let scheme = text.split("://").next().unwrap_or_default();
        let user = if parsed.credential.is_some() { "***@" } else { "" };
        let database = parsed.default_database.clone();
        let path = database.as_deref().unwrap_or_default();
        let shown = format!("{scheme}://{user}{hosts}/{path}");
        Ok(Self { text, shown, database, layout })
    }
}

/// The URL without the one option that is ours, and that option.
fn take_layout(text: &str) -> Result<(Zeroizing<String>, Option<Layout>), MongoUrlError> {
    let Some((address, options)) = text.split_once('?') else {
        return Ok((Zeroizing::new(text.to_owned()), None));
    };
    let (ours, others): (Vec<_>, Vec<_>) =
        options.split('&').partition(|option| option.starts_with("layout="));
    let layout = ours.first().map(|option| option["layout=".len()..].parse()).transpose();
    let layout = layout.map_err(|_| MongoUrlError::Layout)?;
    let text = if others.is_empty() { address.to_owned() } else { format!("{address}?{}", others.join("&")) };
    Ok((Zeroizing::new(text), layout))
}

impl fmt::Display for MongoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for MongoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Why a text is no URL of a database. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MongoUrlError {
    /// The driver cannot read it.
    Syntax,
    /// There is no such layout.
    Layout,
}

impl fmt::Display for MongoUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => {
                "not a MongoDB URL such as mongodb://user:password@host:27017/database \
                 (in user and password write @ as %40, : as %3A, / as %2F and % as %25)"
            }
            Self::Layout => "layout= must be native or concept",
        })
    }
}

impl std::error::Error for MongoUrlError {}

/// How sessions lie in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Digests, in collections of their own: a copy of the database opens no session.
    #[default]
    Native,
    /// The documents of the original, `{_id: session, user}` in `Sessioning.sessions`: tokens in clear.
    ///
    /// Both programs may run side by side. Sessions cannot be renewed, since their `_id` is the token, and there is
    /// no namespace but `default`.
    Concept,
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "native" => Ok(Self::Native),
            "concept" => Ok(Self::Concept),
            _ => Err(format!("{text:?} is no layout: it is native or concept")),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Concept => "concept",
        })
    }
}

/// How certain a check is that no other server has become the primary meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// What a majority has. A deposed primary may answer until it notices, about ten seconds.
    #[default]
    Majority,
    /// Confirmed by a majority while the check waits: closes that, and costs a round trip within the set.
    Linearizable,
}

impl FromStr for Reads {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "majority" => Ok(Self::Majority),
            "linearizable" => Ok(Self::Linearizable),
            _ => Err(format!("{text:?} is no read concern for sessions: it is majority or linearizable")),
        }
    }
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Majority => "majority",
            Self::Linearizable => "linearizable",
        })
    }
}

/// How a database is used.
#[derive(Clone, Debug)]
pub struct MongoSettings {
    /// Where it is.
    pub url: MongoUrl,
    /// The database, where the URL names none.
    pub database: String,
    /// How sessions lie in it.
    pub layout: Layout,
    /// The concept's name in the concept layout: sessions are in `<concept>.sessions`.
    pub concept: String,
    /// How long any operation may take, the search for a server included; 2 s.
    pub deadline: Duration,
    /// How certain checks are.
    pub reads: Reads,
    /// How old a session of the original may be, by the date in its UUID; `None` is any age. Concept layout only.
    pub legacy_max_age: Option<Duration>,
    /// How old a node's knowledge of "everyone was revoked" may be, at most, and so how long such a call waits
    /// until every node must know; 3 s. The same for all nodes.
    pub everyone_within: Duration,
}

impl MongoSettings {
    /// The defaults, for the database `sessioning` at that address unless it names another.
    #[must_use]
    pub fn new(url: MongoUrl) -> Self {
        Self {
            layout: url.layout().unwrap_or_default(),
            database: url.database().unwrap_or("sessioning").to_owned(),
            url,
            concept: "Sessioning".into(),
            deadline: Duration::from_secs(2),
            reads: Reads::Majority,
            legacy_max_age: None,
            everyone_within: Duration::from_secs(3),
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
