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
use self::owner_locks::OwnerLocks;
use self::queue::Turn;
use self::readers::Readers;
use self::revocation::Revoking;
use self::status::Status;
use self::tidy::Tidying;
use super::{
    Accept, Inserted, Keeps, Limit, Listed, Purged, Replaced, Store, Touch, Touched, Waiting, own_key,
    run_to_end,
};
use crate::{Clock, Error, ErrorKind, Namespace, Owner, Record, Result, SessionId, SessionToken, Timestamp};

mod access;
mod codec;
mod counted;
mod damage;
mod descriptors;
mod directory;
mod endings;
mod engine;
mod group;
mod journal;
mod keys;
mod looks;
mod meta;
mod owner;
mod owner_locks;
mod presence;
mod purging;
mod queue;
mod readers;
mod recovery;
mod revocation;
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
    tidying: Option<Tidying>,
    inner: Arc<Inner>,
}

/// What work that runs to its end holds on to.
struct Inner {
    owner: OwningThread,
    readers: Readers,
    status: Arc<Status>,
    revoking: Arc<Revoking>,
    looking: OwnerLocks,
    purging: tokio::sync::Mutex<()>,
    #[cfg(test)]
    engine: SharedEngine,
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // First, so that it has let go of the engine before the directory is free.
        self.tidying = None;
        self.inner.owner.stop();
    }
}

/// The engine, which the owning thread takes out and puts back when it has to be reopened.
type SharedEngine = Arc<RwLock<Option<Engine>>>;

impl Embedded {
    /// The most files that an open store uses, where the process may open `limit` of them. Whoever opens files in
    /// the same process leaves it that many.
    #[must_use]
    pub fn descriptors(limit: u64) -> usize {
        descriptors::needed(limit)
    }

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
        let failed = |source: Error| match source.kind() {
            ErrorKind::Damaged { place } => unreadable(&settings.directory, place).with_source(source),
            _ => Error::from(directory.error("open the engine in")).with_source(source),
        };
        directory.make_engine(|path| Engine::open(path).map(drop).map_err(failed))?;
        let engine = Engine::open(&directory.engine()).map_err(failed)?;
        let meta = engine.meta().map_err(failed)?;
        if !settings.trust_clock {
            meta.check_clock(clock.now())?;
        }
        if meta.import.is_some() && !settings.importing {
            let store = format!("embedded:{}", settings.directory.display());
            return Err(ErrorKind::importing(store).into());
        }
        let engine: SharedEngine = Arc::new(RwLock::new(Some(engine)));
        #[cfg(test)]
        let shared = Arc::clone(&engine);
        let status = Arc::new(Status::default());
        let tidying = Tidying::start(&engine, &status)?;
        let inner = Inner {
            readers: Readers::start(&engine, settings.queue)?,
            owner: OwningThread::start(engine, directory, Arc::clone(&status), settings, clock.now())?,
            status,
            revoking: Arc::default(),
            looking: OwnerLocks::default(),
            purging: tokio::sync::Mutex::default(),
            #[cfg(test)]
            engine: shared,
        };
        Ok(Self { tidying: Some(tidying), inner: Arc::new(inner) })
    }

    /// How many writes shared how many syncs since the store was opened.
    #[must_use]
    pub fn group_stats(&self) -> GroupStats {
        self.inner.status.stats()
    }

    /// The same, to be read by whoever has no hold of the store.
    pub fn group_monitor(&self) -> impl Fn() -> GroupStats + Send + Sync + use<> {
        let status = Arc::clone(&self.inner.status);
        move || status.stats()
    }
}

impl Inner {
    /// Looks the session up first, so that its end comes after what was asked for before about the same owner. One
    /// that cannot be read has no owner to wait for, and ends all the same.
    async fn remove(&self, id: SessionId) -> Result<bool> {
        let (found, is_alone) = self.alone(id).await.unwrap_or_default();
        let owner = found.map(|record| record.owner.clone());
        let turn = Turn { owner, id: Some(id), ends: true, ..Turn::default() };
        self.owner.submit(turn, move |group| group.remove(id, is_alone)).await
    }
}

#[async_trait]
impl Store for Embedded {
    async fn insert_while(
        &self,
        waiting: &Waiting,
        record: Record,
        limit: Option<Limit>,
    ) -> Result<Inserted> {
        let (inner, waiting) = (Arc::clone(&self.inner), waiting.clone());
        match limit {
            None => inner.insert(record, None, waiting).await,
            // It may have to look for what counts first.
            Some(_) => run_to_end(async move { inner.insert(record, limit, waiting).await }).await,
        }
    }

    async fn get(&self, id: SessionId, _: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.inner.readers.read(move |engine| engine.record(id)).await
    }

    async fn present(&self, id: SessionId, _: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        // What ended it may not be on the disk, and then no logout may rest on it.
        self.ready().await?;
        self.get(id, &|_| true).await
    }

    async fn replace_while(&self, waiting: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        let waiting = Some(waiting.clone());
        let turn = Turn { owner: Some(record.owner.clone()), waiting, ..Turn::default() };
        self.inner.owner.submit(turn, move |group| group.replace(record, version)).await
    }

    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        // Looked up here first, so that the owning thread waits for no cold block, and what is not due for nobody.
        match self.inner.readers.read(move |engine| engine.record(id)).await? {
            None => Ok(Touched::Gone),
            Some(record) if !touch.is_due(&record) => Ok(Touched::NotDue),
            Some(record) => {
                let turn = Turn { owner: Some(record.owner.clone()), id: Some(id), ..Turn::default() };
                self.inner.owner.submit(turn, move |group| group.touch(id, touch)).await
            }
        }
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move { inner.remove(id).await }).await
    }

    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let (inner, owner) = (Arc::clone(&self.inner), owner.clone());
        run_to_end(async move { inner.revoke(&owner, keep).await }).await
    }

    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        let namespace = namespace.cloned();
        self.inner
            .owner
            .submit(Turn { ends: true, ..Turn::default() }, move |group| {
                group.remove_everyone(namespace.as_ref());
                Ok(())
            })
            .await
    }

    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        let owner = owner.clone();
        let turn = Turn { owner: Some(owner.clone()), ..Turn::default() };
        self.inner.readers.walk(turn, move |engine| engine.list(&owner, after, limit)).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        self.inner.purge(now, limit).await
    }

    fn reopenings(&self) -> u64 {
        self.inner.status.reopenings()
    }

    fn keeps(&self) -> Keeps {
        Keeps::Digests
    }

    async fn adopt(&self, _: &SessionToken) -> Result<bool> {
        Ok(false)
    }

    async fn key(&self) -> Result<[u8; 32]> {
        match self.inner.readers.read(|engine| Ok(engine.meta()?.key)).await? {
            Some(key) => Ok(key),
            None => self.inner.owner.submit(Turn::default(), |group| group.key()).await,
        }
    }

    async fn ready(&self) -> Result<()> {
        match self.inner.status.refusal() {
            Some(kind) => Err(kind.into()),
            None => self.inner.readers.read(|_| Ok(())).await,
        }
    }
}

impl From<fjall::Error> for Error {
    fn from(source: fjall::Error) -> Self {
        let kind = match &source {
            fjall::Error::Storage(error) if damage::is_damage(error) => {
                ErrorKind::Damaged { place: "one of its files".into() }
            }
            fjall::Error::JournalRecovery(_) | fjall::Error::InvalidTrailer | fjall::Error::Unrecoverable => {
                ErrorKind::Damaged { place: "one of its journals".into() }
            }
            _ => ErrorKind::Unavailable,
        };
        Self::new(kind).with_source(source)
    }
}

/// With that damaged, nobody can say which sessions have ended.
fn unreadable(directory: &Path, place: &str) -> Error {
    let why = format!(
        "a part that says which sessions have ended cannot be read ({place}); check the disk, then restore a backup, or \
         move the directory away and begin with an empty one"
    );
    ErrorKind::Unusable { store: format!("embedded:{}", directory.display()), why }.into()
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
