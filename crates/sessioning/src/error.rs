//! The one error type: a kind to act on, and the cause beneath.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What this crate's fallible calls return.
pub type Result<T> = std::result::Result<T, Error>;

/// The system failed; nothing is said about the session. Never "not logged in".
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What failed, in the terms of whoever can do something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store gave no answer, or an error of its own.
    Unavailable,
    /// The store gave no answer within its deadline.
    TimedOut,
    /// More is waiting for the store than it may hold; try again soon.
    Overloaded,
    /// The disk is full: reads go on, writes are refused until there is space, then go on by themselves.
    NoSpace,
    /// A sync to disk failed: reads go on, writes stay refused until a restart.
    SyncFailed,
    /// The store's engine stopped: reads go on as far as they can, writes stay refused until a restart.
    Halted {
        /// What stopped it.
        cause: String,
    },
    /// A part of the store cannot be read: what is in it gets this error, all else is served.
    Damaged {
        /// The file, and what was being read.
        place: String,
    },
    /// The operating system gave no random bytes.
    Random,
    /// The data directory is in use.
    InUse {
        /// The directory.
        directory: PathBuf,
        /// Who says so: process id and start time, as the holder wrote them.
        holder: String,
    },
    /// The data directory was written by a later version.
    NewerFormat {
        /// The directory.
        directory: PathBuf,
        /// The format it carries.
        found: String,
    },
    /// The data directory cannot be used.
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What was tried with it.
        attempt: &'static str,
    },
    /// The clock is more than an hour behind the newest record.
    ClockBehind {
        /// By how many seconds.
        seconds: u64,
    },
    /// A record was written by a later version.
    UnknownRecordVersion(u8),
    /// The store cannot be used as it is; trying again changes nothing.
    Unusable {
        /// Which, without its password.
        store: String,
        /// Why not, and what to do.
        why: String,
    },
    /// This store cannot do that: what, and why.
    Unsupported(&'static str),
}

impl ErrorKind {
    /// The store is the target of a copy that has not ended.
    #[must_use]
    pub fn importing(store: impl Into<String>) -> Self {
        let why = "a copy into it has not ended, so sessions that ended meanwhile may still be open in it; run the \
                   same `sessioning copy` again to finish it, or give it up with `sessioning copy --abandon --to URL`";
        Self::Unusable { store: store.into(), why: why.into() }
    }
}

impl Error {
    /// An error of that kind with no cause beneath.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// The same error, with what caused it.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("the session store is unavailable"),
            Self::TimedOut => f.write_str("the session store gave no answer in time"),
            Self::Overloaded => f.write_str("the session store is overloaded; try again soon"),
            Self::NoSpace => f.write_str(
                "the session store's disk is full; free some space, writing then goes on by itself",
            ),
            Self::SyncFailed => f.write_str(
                "a sync to the session store's disk failed; check the disk and restart, writes are refused until then",
            ),
            Self::Halted { cause } => write!(
                f,
                "the session store stopped writing: {cause}; mend that and restart, writes are refused until then"
            ),
            Self::Damaged { place } => write!(
                f,
                "a part of the session store cannot be read ({place}); the rest is served; check the disk, then restore a \
                 backup, or save the rest with `sessioning copy` into a new directory"
            ),
            Self::Random => f.write_str("the operating system gave no random bytes"),
            Self::InUse { directory, holder } => write!(
                f,
                "the data directory {} is in use by {holder}; stop that process or choose another directory",
                directory.display()
            ),
            Self::NewerFormat { directory, found } => write!(
                f,
                "the data directory {} has {found}, which this version does not know; use the version that wrote it",
                directory.display()
            ),
            Self::Directory { directory, attempt } => write!(
                f,
                "cannot {attempt} the data directory {}; check that it exists and that this user may write to it",
                directory.display()
            ),
            Self::ClockBehind { seconds } => write!(
                f,
                "the clock is {seconds} s behind the newest record, so ended sessions would come back; \
                 set the clock, or start once with --trust-clock"
            ),
            Self::UnknownRecordVersion(version) => write!(
                f,
                "a record has version {version}, which this version does not know; use the version that wrote it"
            ),
            Self::Unusable { store, why } => write!(f, "the session store {store} cannot be used: {why}"),
            Self::Unsupported(what) => write!(f, "the session store does not support this: {what}"),
        }
    }
}
