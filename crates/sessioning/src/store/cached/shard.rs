//! The cache's own state: shards of entries, each with the counter that guards it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lru::LruCache;
use parking_lot::Mutex;

use self::weight::{table, weight};
use super::CacheSettings;
use crate::{Record, SessionId, Timestamp};

mod weight;

/// Enough that threads seldom meet in one; a power of two, so that an id's own bits choose.
const SHARDS: usize = 64;

pub(super) struct Shards {
    shards: Vec<Mutex<Shard>>,
    settings: CacheSettings,
    /// The store's reopenings that this cache has taken notice of.
    reopenings: AtomicU64,
    /// Held while the cache is emptied for one, so that nobody looks something up before that is done.
    emptying: Mutex<()>,
}

struct Shard {
    /// Raised when a write that may end or change a record of this shard has ended, whatever came of it.
    counter: u64,
    /// Ids with such a write under way, and how many.
    pending: HashMap<SessionId, usize>,
    entries: LruCache<SessionId, Entry, BuildHasherDefault<IdHasher>>,
    /// What the entries weigh.
    bytes: usize,
    /// The most entries there ever were: the map has grown for them, and never shrinks.
    most_entries: usize,
}

struct Entry {
    record: Arc<Record>,
    read_at: Timestamp,
}

impl Shards {
    pub(super) fn new(settings: CacheSettings) -> Self {
        let shard = || Shard {
            counter: 0,
            pending: HashMap::new(),
            entries: LruCache::unbounded_with_hasher(BuildHasherDefault::default()),
            bytes: 0,
            most_entries: 0,
        };
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(shard())).collect(),
            settings,
            reopenings: AtomicU64::new(0),
            emptying: Mutex::new(()),
        }
    }

    fn of(&self, id: SessionId) -> &Mutex<Shard> {
        &self.shards[usize::from(id.as_bytes()[15]) % SHARDS]
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().entries.len()).sum()
    }

    /// What is known of `id`, and the counter to give to [`keep`](Self::keep) with what a read finds.
    pub(super) fn look_up(&self, id: SessionId, now: Timestamp) -> (Option<Arc<Record>>, u64) {
        let mut shard = self.of(id).lock();
        let fresh = |entry: &&Entry| self.settings.ttl.is_none_or(|ttl| now < entry.read_at.after(ttl));
        let known = shard.entries.get(&id).filter(fresh).map(|entry| Arc::clone(&entry.record));
        (known, shard.counter)
    }

    /// Keeps what a read found that began when the counter was `counter`, unless a write came between.
    pub(super) fn keep(&self, record: &Arc<Record>, read_at: Timestamp, counter: u64) {
        let mut shard = self.of(record.id).lock();
        if shard.counter != counter || shard.pending.contains_key(&record.id) {
            return;
        }
        shard.put(record.id, Entry { record: Arc::clone(record), read_at });
        let most = self.settings.max_bytes / SHARDS;
        while shard.memory() > most && shard.drop_oldest() {}
    }

    /// Empties the cache if the store was reopened since it was filled.
    pub(super) fn start_anew_after(&self, reopenings: u64) {
        // Counts only grow: who read an older one has nothing to do.
        if self.reopenings.load(Ordering::Acquire) >= reopenings {
            return;
        }
        let _emptying = self.emptying.lock();
        if self.reopenings.load(Ordering::Acquire) < reopenings {
            self.clear();
            self.reopenings.store(reopenings, Ordering::Release);
        }
    }

    /// Drops every entry, and what reads under way will find.
    fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.counter += 1;
            shard.entries.clear();
            shard.bytes = 0;
        }
    }

    /// Drops the entry of an id: the next read asks the store.
    pub(super) fn forget(&self, id: SessionId) {
        self.of(id).lock().forget(id);
    }

    /// Notes that a read found nothing under an id: no read that began before it may bring a record of it back.
    pub(super) fn gone(&self, id: SessionId) {
        let mut shard = self.of(id).lock();
        shard.counter += 1;
        shard.forget(id);
    }

    /// Notes a recorded use in the entry, if there is one. Adds none: a use proves nothing about the rest.
    pub(super) fn seen(&self, id: SessionId, at: Timestamp) {
        let mut shard = self.of(id).lock();
        if let Some(entry) = shard.entries.peek_mut(&id)
            && entry.record.last_seen < at
        {
            Arc::make_mut(&mut entry.record).last_seen = at;
        }
    }

    /// Announces a write to one id; it is over when the guard is dropped, whatever came of it.
    pub(super) fn begin_write(&self, id: SessionId) -> PendingWrite<'_> {
        let mut shard = self.of(id).lock();
        *shard.pending.entry(id).or_default() += 1;
        shard.forget(id);
        PendingWrite { shard: self.of(id), id }
    }

    /// Announces a write to ids that only its answer names.
    pub(super) fn begin_sweep(&self) -> Sweep<'_> {
        Sweep { shards: self, ended: false }
    }
}

/// A write to one id under way. Success, error and panic all end it by a dropped entry and a raised counter.
pub(super) struct PendingWrite<'a> {
    shard: &'a Mutex<Shard>,
    id: SessionId,
}

impl Drop for PendingWrite<'_> {
    fn drop(&mut self) {
        let mut shard = self.shard.lock();
        shard.counter += 1;
        shard.forget(self.id);
        if let Some(writes) = shard.pending.get_mut(&self.id) {
            *writes -= 1;
            if *writes == 0 {
                shard.pending.remove(&self.id);
            }
        }
    }
}

/// A write to many ids under way. Unless it ends with the list of them, dropping it empties the cache.
pub(super) struct Sweep<'a> {
    shards: &'a Shards,
    ended: bool,
}

impl Sweep<'_> {
    /// The write is done, and it ended nobody's session: what others read meanwhile stays true.
    pub(super) fn end_without_any(mut self) {
        self.ended = true;
    }

    /// The write is done, and these are all that it ended.
    pub(super) fn end(mut self, ids: &[SessionId]) {
        self.ended = true;
        for shard in &self.shards.shards {
            shard.lock().counter += 1;
        }
        for id in ids {
            self.shards.forget(*id);
        }
    }
}

impl Drop for Sweep<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.shards.clear();
        }
    }
}

impl Shard {
    fn put(&mut self, id: SessionId, entry: Entry) {
        self.forget(id);
        self.bytes += weight(&entry.record);
        self.entries.put(id, entry);
        self.most_entries = self.most_entries.max(self.entries.len());
    }

    /// What the shard takes, whichever way the allocator and the map round it.
    fn memory(&self) -> usize {
        self.bytes + table(self.most_entries)
    }

    fn forget(&mut self, id: SessionId) {
        if let Some(entry) = self.entries.pop(&id) {
            self.bytes = self.bytes.saturating_sub(weight(&entry.record));
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((_, entry)) = self.entries.pop_lru() else { return false };
        self.bytes = self.bytes.saturating_sub(weight(&entry.record));
        true
    }
}

/// Takes the random half of an id as it is: hashing what is random already gains nothing.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        // The lowest bits chose the shard and the highest two are a UUID's variant: neither differs here. The
        // map finds a place by the low bits of a hash, so those of the middle go there.
        self.0 = half.rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OsRandom, SessionToken, Timeout, Timeouts};

    /// Two checks meet in the first moment after a reopening: the second must not find what the first still drops.
    #[test]
    fn nothing_is_looked_up_while_the_cache_is_emptied_after_a_reopening() {
        let (now, never) =
            (Timestamp::from_millis(0), Timeouts { idle: Timeout::Never, absolute: Timeout::Never });
        let shards = Shards::new(CacheSettings::default());
        let token = SessionToken::generate(now, &OsRandom).unwrap();
        let record = Arc::new(Record::new(&token, "alice".parse().unwrap(), never, now));
        shards.keep(&record, now, 0);
        let held: Vec<_> =
            shards.shards.iter().filter(|it| !std::ptr::eq(*it, shards.of(record.id))).collect();
        let held: Vec<_> = held.into_iter().map(Mutex::lock).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| shards.start_anew_after(1));
            while !shards.emptying.is_locked() {
                std::thread::yield_now();
            }
            let second = scope.spawn(|| {
                shards.start_anew_after(1);
                shards.look_up(record.id, now).0
            });
            // Time for the second to go wrong; right is that it waits.
            (0..10_000).filter(|_| !second.is_finished()).for_each(|_| std::thread::yield_now());
            drop(held);
            assert!(second.join().unwrap().is_none());
        });
    }
}
