//! The store: what it consists of, and the contract, one line a method. What each does is in the file of its name.

use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use async_trait::async_trait;
use mongodb::Collection;
use mongodb::bson::Document;
use parking_lot::Mutex;
use sessioning::store::{
    Accept, Inserted, Keeps, Limit, Listed, Purged, Replaced, Store, Touch, Touched, Waiting, run_to_end,
};
use sessioning::{
    Clock, Error, ErrorKind, Namespace, Owner, Record, Result, SessionId, SessionToken, SystemClock,
    Timestamp,
};

use self::adopt::Look;
pub use self::open::Access;
use self::open::Open;
use self::transfer::Reading;
use crate::document::{Codec, Found};
use crate::error::{failed, unavailable};
use crate::generations::Counters;
use crate::server::Server;
use crate::{Layout, MongoSettings};

mod adopt;
mod change;
mod indexes;
mod insert;
mod open;
mod place;
mod purge;
mod read;
mod remove;
mod revoke;
mod transfer;

/// What is known of the clocks.
const UNKNOWN: u8 = 0;
const AGREE: u8 = 1;
const DISAGREE: u8 = 2;

/// Keeps records in MongoDB. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct MongoDb {
    inner: Arc<Inner>,
}

struct Inner {
    settings: MongoSettings,
    codec: Codec,
    clock: Arc<dyn Clock>,
    /// Set once the database was reached and found fit.
    open: OnceLock<Open>,
    /// Why the latest attempt to reach the database failed.
    unreached: Mutex<Option<Error>>,
    /// A read of everything that is under way, for a copy.
    reading: tokio::sync::Mutex<Option<Reading>>,
    /// How many documents were met that are no sessions.
    foreign: AtomicU64,
    /// Whether the database's clock and ours agree, as far as that is known.
    clocks: AtomicU8,
}

impl MongoDb {
    /// A store at that address, which nothing has been asked of: [`prepare`](Self::prepare) does that. Until then
    /// every call answers that the store is unavailable.
    #[must_use]
    pub fn new(settings: MongoSettings) -> Self {
        Self::with_clock(settings, Arc::new(SystemClock::new()))
    }

    /// The same on another clock. It stands in for the times that documents of the original do not have.
    #[must_use]
    pub fn with_clock(settings: MongoSettings, clock: Arc<dyn Clock>) -> Self {
        let MongoSettings { layout, legacy_max_age, adopted, .. } = settings;
        let codec = Codec { layout, legacy_max_age, adopted };
        let (foreign, clocks) = (AtomicU64::new(0), AtomicU8::new(UNKNOWN));
        let (open, unreached, reading) = (OnceLock::new(), Mutex::default(), tokio::sync::Mutex::default());
        Self { inner: Arc::new(Inner { settings, codec, clock, open, unreached, reading, foreign, clocks }) }
    }

    /// What the database runs on, once it was reached.
    #[must_use]
    pub fn server(&self) -> Option<&Server> {
        self.inner.open.get()?.server.as_ref()
    }

    /// How many documents were met that are no sessions; they count as not found.
    #[must_use]
    pub fn foreign_documents(&self) -> u64 {
        self.inner.foreign.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for MongoDb {
    /// Tells where it is. What is beneath holds documents, and those may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoDb").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Inner {
    fn opened(&self) -> Result<&Open> {
        let unreached = || {
            let why = self.unreached.lock().clone();
            why.unwrap_or_else(|| unavailable("MongoDB has not been reached yet"))
        };
        self.open.get().ok_or_else(unreached)
    }

    fn sessions(&self) -> Result<&Collection<Document>> {
        Ok(&self.opened()?.sessions)
    }

    /// What was revoked with everyone, as far as this node has to know.
    async fn counters(&self) -> Result<Counters> {
        self.opened()?.generations.known().await
    }

    /// Runs an operation within the deadline; one that takes longer has an unknown outcome.
    async fn bounded<T>(&self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        let bounded = tokio::time::timeout(self.settings.deadline, operation);
        bounded.await.unwrap_or(Err(ErrorKind::TimedOut.into()))
    }

    /// The record in a document; `None`, counted, if it is no session.
    fn decode(&self, document: Document) -> Option<Found> {
        let found = self.codec.decode(document, self.clock.now());
        if found.is_none() {
            let met = self.foreign.fetch_add(1, Ordering::Relaxed) + 1;
            if met.is_power_of_two() {
                tracing::warn!(
                    documents = met,
                    "documents in the sessions collection that are no sessions; they count as not found"
                );
            }
        }
        found
    }

    /// The record in a document, unless it is no session, not one yet, or ended with everyone.
    fn visible(&self, document: Document, counters: &Counters) -> Option<Record> {
        let found = self.decode(document).filter(|found| found.arriving.is_none())?;
        Some(found.record).filter(|record| !counters.cover(record))
    }

    fn check_namespace(&self, namespace: &Namespace) -> Result<()> {
        if self.settings.layout == Layout::Concept && *namespace != Namespace::default() {
            let why = "the concept layout of MongoDB has no namespace but default";
            return Err(ErrorKind::Unsupported(why).into());
        }
        Ok(())
    }
}

#[async_trait]
impl Store for MongoDb {
    async fn insert_while(&self, _: &Waiting, record: Record, limit: Option<Limit>) -> Result<Inserted> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move { inner.bounded(inner.insert(record, limit)).await }).await
    }

    async fn get(&self, id: SessionId, _: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.inner.bounded(self.inner.get(id)).await
    }

    async fn present(&self, id: SessionId, imported: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        self.inner.bounded(self.inner.present(id, imported)).await
    }

    async fn replace_while(&self, _: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move { inner.bounded(inner.replace(record, version)).await }).await
    }

    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move { inner.bounded(inner.touch(id, touch)).await }).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move { inner.bounded(inner.remove(id)).await }).await
    }

    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let (inner, owner) = (Arc::clone(&self.inner), owner.clone());
        run_to_end(async move { inner.remove_user(&owner, keep).await }).await
    }

    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        let (inner, namespace) = (Arc::clone(&self.inner), namespace.cloned());
        run_to_end(async move { inner.remove_everyone(namespace.as_ref()).await }).await
    }

    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        self.inner.bounded(self.inner.list(owner, after, limit)).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move { inner.purge(now, limit).await }).await
    }

    fn reopenings(&self) -> u64 {
        self.inner.open.get().map_or(0, |open| open.generations.moves())
    }

    fn keeps(&self) -> Keeps {
        match self.inner.settings.layout {
            Layout::Native => Keeps::Digests,
            Layout::Concept => Keeps::Tokens,
        }
    }

    async fn adopt(&self, imported: &SessionToken) -> Result<bool> {
        self.inner.bounded(self.inner.adopt(imported, Look::Plain)).await
    }

    async fn key(&self) -> Result<[u8; 32]> {
        self.inner.bounded(self.inner.key()).await
    }

    async fn ready(&self) -> Result<()> {
        let inner = &self.inner;
        // A primary that is none any more would answer a plain read.
        inner.bounded(async { inner.opened()?.generations.confirm().await }).await?;
        inner.counters().await.map(drop)
    }
}

/// A driver's answer as a store's.
fn answer<T>(result: mongodb::error::Result<T>) -> Result<T> {
    result.map_err(failed)
}
