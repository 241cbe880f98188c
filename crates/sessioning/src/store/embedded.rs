//! Durable on the local disk: an LSM engine behind one owning thread.
//!
//! Every write is a command to that thread. It judges each against what is committed plus the group so far,
//! writes the group as one batch, syncs, and only then answers. Reads run on threads of their own, so that the
//! async runtime never waits for the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;

use self::directory::Directory;
use self::engine::Engine;
use self::owner::OwningThread;
use self::readers::Readers;
use self::status::Status;
use self::tidy::Tidying;
use super::{Accept, Inserted, Keeps, Limit, Purged, Replaced, Store, Touch, Touched, own_key};
use crate::{Clock, Error, ErrorKind, Namespace, Owner, Record, Result, SessionId, SessionToken, Timestamp};

mod access;
mod codec;
mod directory;
mod engine;
mod group;
mod keys;
mod meta;
mod owner;
mod readers;
mod recovery;
mod space;
mod status;
mod tidy;
mod transfer;

pub use status::GroupStats;

/// How an embedded store is opened.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// The data directory; made if it is not there.
    pub directory: PathBuf,
    /// The most commands that wait for the owning thread, and the most reads that wait; one more is refused
    /// as overloaded. 4,096 unless told otherwise.
    pub queue: usize,
    /// Starts although the clock is more than an hour behind the newest record.
    pub trust_clock: bool,
    /// Opens although a copy into it has not ended: for that copy alone.
    pub importing: bool,
}

impl EmbeddedSettings {
    /// The defaults, for that directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), queue: 4096, trust_clock: false, importing: false }
    }
}

/// Keeps records on the local disk, safe against `kill -9` and power cuts.
///
/// Dropping it waits for the writes that were begun, and frees the directory.
pub struct Embedded {
    /// First, so that it is dropped first and has let go of the engine before the directory is free.
    _tidying: Tidying,
    owner: OwningThread,
    readers: Readers,
    status: Arc<Status>,
}

/// The engine, which the owning thread takes out and puts back when it has to be reopened.
type SharedEngine = Arc<RwLock<Option<Engine>>>;

impl Embedded {
    /// Opens the store in a directory with the default settings.
    ///
    /// # Errors
    ///
    /// As [`open_with`](Self::open_with).
    pub fn open(directory: impl AsRef<Path>, clock: &dyn Clock) -> Result<Self> {
        Self::open_with(&EmbeddedSettings::new(directory.as_ref()), clock)
    }

    /// Opens the store. Takes as long as replaying the last writes takes, and blocks meanwhile.
    ///
    /// # Errors
    ///
    /// When the directory is in use, cannot be written, or was written by a later version; when the clock is
    /// more than an hour behind the newest record; when a copy into it has not ended; when the engine cannot be
    /// opened.
    pub fn open_with(settings: &EmbeddedSettings, clock: &dyn Clock) -> Result<Self> {
        let directory = Directory::open(&settings.directory)?;
        let failed = |source| Error::from(directory.error("open the engine in")).with_source(source);
        directory.make_engine(|path| Engine::open(path).map(drop).map_err(failed))?;
        let engine = Engine::open(&directory.engine()).map_err(failed)?;
        let meta = engine.meta()?;
        if !settings.trust_clock {
            meta.check_clock(clock.now())?;
        }
        if meta.import.is_some() && !settings.importing {
            let store = format!("embedded:{}", settings.directory.display());
            return Err(ErrorKind::importing(store).into());
        }
        let engine: SharedEngine = Arc::new(RwLock::new(Some(engine)));
        let status = Arc::new(Status::default());
        Ok(Self {
            _tidying: Tidying::start(&engine, &status)?,
            readers: Readers::start(&engine, settings.queue)?,
            owner: OwningThread::start(engine, directory, Arc::clone(&status), settings, clock.now())?,
            status,
        })
    }

    /// How many writes shared how many syncs since the store was opened.
    #[must_use]
    pub fn group_stats(&self) -> GroupStats {
        self.status.stats()
    }

    /// The same, to be read by whoever has no hold of the store.
    pub fn group_monitor(&self) -> impl Fn() -> GroupStats + Send + Sync + use<> {
        let status = Arc::clone(&self.status);
        move || status.stats()
    }
}

#[async_trait]
impl Store for Embedded {
    async fn insert(&self, record: Record, limit: Option<Limit>) -> Result<Inserted> {
        self.owner.submit(move |group| group.insert(record, limit.as_ref())).await
    }

    async fn get(&self, id: SessionId, _: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.readers.read(move |engine| engine.record(id)).await
    }

    async fn present(&self, id: SessionId, _: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        // What ended it may not be on the disk, and then no logout may rest on it.
        self.ready().await?;
        self.get(id, &|_| true).await
    }

    async fn replace(&self, record: Record, version: u64) -> Result<Replaced> {
        self.owner.submit(move |group| group.replace(record, version)).await
    }

    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        self.owner.submit(move |group| group.touch(id, touch)).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        self.owner.submit(move |group| group.remove(id)).await
    }

    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let owner = owner.clone();
        self.owner.submit(move |group| group.remove_user(&owner, keep)).await
    }

    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        let namespace = namespace.cloned();
        self.owner
            .submit(move |group| {
                group.remove_everyone(namespace.as_ref());
                Ok(())
            })
            .await
    }

    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Vec<Arc<Record>>> {
        let owner = owner.clone();
        self.readers.read(move |engine| engine.list(&owner, after, limit)).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        self.owner.submit(move |group| group.purge(now, limit)).await
    }

    fn reopenings(&self) -> u64 {
        self.status.reopenings()
    }

    fn keeps(&self) -> Keeps {
        Keeps::Digests
    }

    async fn adopt(&self, _: &SessionToken) -> Result<bool> {
        Ok(false)
    }

    async fn key(&self) -> Result<[u8; 32]> {
        match self.readers.read(|engine| Ok(engine.meta()?.key)).await? {
            Some(key) => Ok(key),
            None => self.owner.submit(|group| group.key()).await,
        }
    }

    async fn ready(&self) -> Result<()> {
        match self.status.refusal() {
            Some(kind) => Err(kind.into()),
            None => self.readers.read(|_| Ok(())).await,
        }
    }
}

impl From<fjall::Error> for Error {
    fn from(source: fjall::Error) -> Self {
        Self::new(ErrorKind::Unavailable).with_source(source)
    }
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
