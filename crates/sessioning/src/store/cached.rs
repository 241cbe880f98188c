//! A bounded cache over a store. It may say yes, never no, and a slow read cannot undo a removal.
//!
//! Each shard has a counter, raised when a removal or replacement has ended, whatever came of it, and notes the
//! ids with such a write under way. What a read found is kept only if the counter has not moved since before the
//! read, and no write of that id is under way. So nothing has to be remembered about what is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use self::shard::Shards;
use super::{
    Accept, Inserted, Keeps, Limit, Listed, Purged, Replaced, Store, Touch, Touched, Waiting, run_to_end,
};
use crate::{
    Clock, ErrorKind, Namespace, OnLimit, Owner, Record, Result, SessionId, SessionToken, Timestamp,
};

mod shard;

/// How much a cache may keep, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// The most bytes of memory that its entries take, all that belongs to them included; 64 MiB by default.
    pub max_bytes: usize,
    /// How long an entry may answer, counted from the start of the read that found it.
    ///
    /// `None` is right where this process is the only one that writes to the store. Where several nodes share
    /// it, this is the bound on how long another node may still say yes to what has ended.
    pub ttl: Option<Duration>,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { max_bytes: 64 * 1024 * 1024, ttl: None }
    }
}

/// A store over a store that remembers what it read, within bounds.
pub struct Cached<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    store: S,
    shards: Shards,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How many reads a cache answered by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Those.
    pub hits: u64,
    /// Those that went on to the store.
    pub misses: u64,
}

impl<S: Store> Cached<S> {
    /// Puts a cache over `store`.
    #[must_use]
    pub fn new(store: S, settings: CacheSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner { store, shards: Shards::new(settings), clock, counts: Arc::default() }),
        }
    }

    /// How many reads it answered, to be read by whoever has no hold of the store.
    pub fn monitor(&self) -> impl Fn() -> CacheStats + Send + Sync + use<S> {
        let counts = Arc::clone(&self.inner.counts);
        move || CacheStats {
            hits: counts.hits.load(Ordering::Relaxed),
            misses: counts.misses.load(Ordering::Relaxed),
        }
    }

    /// How many records are in the cache.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.shards.len()
    }

    /// Whether nothing is in the cache.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait]
impl<S: Store> Store for Cached<S> {
    async fn insert_while(
        &self,
        waiting: &Waiting,
        record: Record,
        limit: Option<Limit>,
    ) -> Result<Inserted> {
        // Without a limit that evicts, an insert ends nobody's session.
        if limit.as_ref().is_none_or(|limit| limit.on_limit == OnLimit::Refuse) {
            return self.inner.store.insert_while(waiting, record, limit).await;
        }
        let (inner, waiting) = (Arc::clone(&self.inner), waiting.clone());
        run_to_end(async move {
            let sweep = inner.shards.begin_sweep();
            let inserted = inner.store.insert_while(&waiting, record, limit).await;
            match &inserted {
                Ok(Inserted::Done { evicted }) if !evicted.is_empty() => sweep.end(evicted),
                Ok(_) => sweep.end_without_any(),
                Err(error) if *error.kind() == ErrorKind::Overloaded => sweep.end_without_any(),
                // Dropping the sweep empties the cache: whom the lost answer would have named is unknown.
                Err(_) => drop(sweep),
            }
            inserted
        })
        .await
    }

    async fn get(&self, id: SessionId, accept: Accept<'_>) -> Result<Option<Arc<Record>>> {
        let inner = &self.inner;
        let now = inner.clock.now();
        inner.shards.start_anew_after(inner.store.reopenings());
        let (known, counter) = inner.shards.look_up(id, now);
        if let Some(record) = known.filter(|record| accept(record)) {
            inner.counts.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(Some(record));
        }
        inner.counts.misses.fetch_add(1, Ordering::Relaxed);
        let found = inner.store.get(id, accept).await?;
        match &found {
            Some(record) => inner.shards.keep(record, now, counter),
            None => inner.shards.gone(id),
        }
        Ok(found)
    }

    async fn present(&self, id: SessionId, imported: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        let found = self.inner.store.present(id, imported).await?;
        if found.is_none() {
            self.inner.shards.gone(id);
        }
        Ok(found)
    }

    async fn replace_while(&self, waiting: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        let (inner, waiting) = (Arc::clone(&self.inner), waiting.clone());
        run_to_end(async move {
            let _pending = inner.shards.begin_write(record.id);
            inner.store.replace_while(&waiting, record, version).await
        })
        .await
    }

    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move {
            let touched = inner.store.touch(id, touch).await;
            match touched {
                // Also when it could not be stored: a disk that takes no writes logs nobody out who is known here.
                Ok(Touched::Done) | Err(_) => inner.shards.seen(id, touch.at),
                // The entry is older than what is stored, or of nothing at all: let the next read see.
                Ok(Touched::NotDue | Touched::Gone) => inner.shards.forget(id),
            }
            touched
        })
        .await
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        let inner = Arc::clone(&self.inner);
        run_to_end(async move {
            let _pending = inner.shards.begin_write(id);
            inner.store.remove(id).await
        })
        .await
    }

    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let (inner, owner) = (Arc::clone(&self.inner), owner.clone());
        run_to_end(async move {
            let sweep = inner.shards.begin_sweep();
            let removed = inner.store.remove_user(&owner, keep).await?;
            sweep.end(&removed);
            Ok(removed)
        })
        .await
    }

    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        let (inner, namespace) = (Arc::clone(&self.inner), namespace.cloned());
        run_to_end(async move {
            // Never ended, so it empties the cache, whatever comes of the call.
            let _sweep = inner.shards.begin_sweep();
            inner.store.remove_everyone(namespace.as_ref()).await
        })
        .await
    }

    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        self.inner.store.list(owner, after, limit).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        // What is purged ended a day ago by the record's own timeouts: an entry of it is judged expired.
        self.inner.store.purge(now, limit).await
    }

    fn reopenings(&self) -> u64 {
        self.inner.store.reopenings()
    }

    fn keeps(&self) -> Keeps {
        self.inner.store.keeps()
    }

    async fn adopt(&self, imported: &SessionToken) -> Result<bool> {
        self.inner.store.adopt(imported).await
    }

    async fn key(&self) -> Result<[u8; 32]> {
        self.inner.store.key().await
    }

    async fn ready(&self) -> Result<()> {
        self.inner.store.ready().await
    }
}

#[cfg(test)]
#[path = "cached_tests.rs"]
mod tests;
