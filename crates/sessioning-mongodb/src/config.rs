//! Where the database is, and how it is used.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use mongodb::options::{ConnectionString, HostInfo};
use sessioning::{Policy, Timeouts};
use zeroize::Zeroizing;

use crate::concerns::POOL;

/// Connections that look at the servers and wait for news from them.
const WATCHING: usize = 16;

/// The address of a database: `mongodb://` or `mongodb+srv://`, as the driver reads it.
///
/// Its user and password never show: `Display` and `Debug` tell hosts and database. A `layout=concept` among its
/// options names the [`Layout`], and `concept=Name` the concept, for commands that know no other settings.
#[derive(Clone, PartialEq, Eq)]
pub struct MongoUrl {
    text: Zeroizing<String>,
    shown: String,
    database: Option<String>,
    layout: Option<Layout>,
    concept: Option<String>,
    pool: u32,
}

impl MongoUrl {
    /// The most files that the store uses: connections to a primary and the one before it, and a few that look at
    /// the servers.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        usize::try_from(self.pool).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(WATCHING)
    }

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

    /// The concept's name that it tells, for the concept layout.
    #[must_use]
    pub fn concept(&self) -> Option<&str> {
        self.concept.as_deref()
    }

    /// The whole URL, for the driver alone.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }
}

impl FromStr for MongoUrl {
    type Err = MongoUrlError;

    fn from_str(text: &str) -> Result<Self, MongoUrlError> {
        // The driver takes a line end for a part of the database's name.
        if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(MongoUrlError::WhiteSpace);
        }
        let Own { text, layout, concept } = take_own(text)?;
        if !is_escaped(&text) {
            return Err(MongoUrlError::Syntax);
        }
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
        let pool = parsed.max_pool_size.unwrap_or(POOL);
        Ok(Self { text, shown, database, layout, concept, pool })
    }
}

/// The URL without the options that are ours, and these.
struct Own {
    text: Zeroizing<String>,
    layout: Option<Layout>,
    concept: Option<String>,
}

fn take_own(text: &str) -> Result<Own, MongoUrlError> {
    let (address, options) = text.split_once('?').unwrap_or((text, ""));
    let (mut layout, mut concept, mut others) = (None, None, Vec::new());
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("layout", name)) => layout = Some(name.parse().map_err(|_| MongoUrlError::Layout)?),
            Some(("concept", name)) => concept = Some(name.to_owned()),
            _ => others.push(option),
        }
    }
    let text = if others.is_empty() { address.to_owned() } else { format!("{address}?{}", others.join("&")) };
    Ok(Own { text: Zeroizing::new(text), layout, concept })
}

/// Whether every `%` begins an escape: the driver takes that for granted.
fn is_escaped(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
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
    /// There is white space in it, or a control character.
    WhiteSpace,
    /// The driver cannot read it.
    Syntax,
    /// There is no such layout.
    Layout,
}

impl fmt::Display for MongoUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WhiteSpace => {
                "there is white space or a control character in the MongoDB URL; remove it (in user and password \
                 write a space as %20)"
            }
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

/// The longest deadline that a node may have. A copy waits for as long until what was begun before it has ended, and
/// does not know the nodes' settings.
pub const LONGEST_DEADLINE: Duration = Duration::from_secs(5);

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
    /// How long any operation may take, the search for a server included; 2 s. A node's is [`LONGEST_DEADLINE`] at
    /// most.
    pub deadline: Duration,
    /// How certain checks are.
    pub reads: Reads,
    /// How old a session of the original may be, by the date in its UUID; `None` is any age. Concept layout only.
    pub legacy_max_age: Option<Duration>,
    /// The timeouts that sessions of the original get when they are first seen; 7 and 30 days. Concept layout only.
    pub adopted: Timeouts,
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
            concept: url.concept().unwrap_or("Sessioning").to_owned(),
            deadline: Duration::from_secs(2),
            reads: Reads::Majority,
            legacy_max_age: None,
            adopted: Policy::default().timeouts,
            everyone_within: Duration::from_secs(3),
            url,
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
