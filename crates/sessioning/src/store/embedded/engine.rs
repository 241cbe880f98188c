//! The engine: its spaces, reads from them, and one way to write.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use fjall::compaction::Leveled;
use fjall::{
    AbstractTree, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice, Snapshot,
};
use parking_lot::{Mutex, RwLock};

use super::codec::{self, Decoded};
use super::damage::Damages;
use super::descriptors;
use super::endings::{Ending, Endings, Scope};
use super::journal;
use super::keys::{self, Space};
use super::looks::Looks;
use super::meta::Meta;
use super::tidy::Spaces;
use crate::store::Listed;
use crate::{Error, ErrorKind, Owner, Record, Result, SessionId};

/// Bounds what has to be replayed after a crash: the least that the engine allows.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
/// What each space keeps in memory before it becomes a table. Like the next, written down when a space is made.
const MEMORY_BYTES: u64 = 8 * 1024 * 1024;
/// How large tables are at most.
pub(super) const TABLE_BYTES: u64 = 16 * 1024 * 1024;

/// The engine holds up all writes at a few more tables that were not merged.
const MOST_RUNS: usize = 18;

pub(super) struct Engine {
    database: Database,
    sessions: Keyspace,
    users: Keyspace,
    purge: Keyspace,
    meta: Keyspace,
    counted: Keyspace,
    endings: Keyspace,
    /// The same in memory; put in place before anything that changed it is answered.
    ended: RwLock<Arc<Endings>>,
    /// The first of the purge keys that were written since a purge looked for some.
    scheduled: Mutex<Option<Vec<u8>>>,
    pub(super) looks: Looks,
    pub(super) damages: Damages,
    merges: bool,
}

/// How many entries that are shown to nobody one read steps over.
pub(super) const STEP: usize = 256;

/// A change of what was ended all at once.
#[derive(Clone, Debug)]
pub(super) enum EndingChange {
    Raise(Ending),
    Lift(Scope),
}

/// How a space is made; one that is there keeps what it was made with.
fn options() -> KeyspaceCreateOptions {
    let merging = Leveled::default().with_table_target_size(TABLE_BYTES);
    KeyspaceCreateOptions::default().max_memtable_size(MEMORY_BYTES).compaction_strategy(Arc::new(merging))
}

/// What one group changes: a key's new value, or its end.
pub(super) type Change = (Space, Vec<u8>, Option<Vec<u8>>);

impl Engine {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::open_merging(path, true)
    }

    /// Opens it without threads that merge tables: they would meet damage, and no write is taken after that. What
    /// is in memory is written out by [`flush_large`](Self::flush_large) then.
    pub(super) fn open_merging(path: &Path, merges: bool) -> Result<Self> {
        journal::check(path)?;
        // One thread of them writes tables at any time, so there must be another that merges.
        let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4));
        let threads = if merges { threads } else { 0 };
        let mut builder =
            Database::builder(path).max_journaling_size(JOURNAL_BYTES).worker_threads_unchecked(threads);
        if let Some(limit) = descriptors::limit() {
            builder = builder.max_cached_files(Some(descriptors::tables(limit)));
        }
        let database = builder.open()?;
        let space = |name| database.keyspace(name, options);
        let engine = Self {
            sessions: space("sessions")?,
            users: space("users")?,
            purge: space("purge")?,
            meta: space("meta")?,
            counted: space("counted")?,
            endings: space("endings")?,
            database,
            ended: RwLock::default(),
            scheduled: Mutex::default(),
            looks: Looks::default(),
            damages: Damages::default(),
            merges,
        };
        engine.give_endings_their_space()?;
        engine.load_endings()?;
        Ok(engine)
    }

    /// Takes what was ended all at once from the disk.
    pub(super) fn load_endings(&self) -> Result<()> {
        let mut ended = Endings::default();
        let all = Vec::new()..=vec![0xff];
        for entry in self.endings.range(all.clone()) {
            // Leaving out what cannot be read would bring back what it ended.
            let (key, value) =
                entry.into_inner().map_err(|error| self.failed(Space::Endings, &all, error))?;
            let unreadable = || ErrorKind::Damaged { place: "what was ended all at once".into() };
            ended.raise(Ending::read(&key, &value).ok_or_else(unreadable)?);
        }
        *self.ended.write() = Arc::new(ended);
        Ok(())
    }

    /// Moves the endings out of the one record in which they were before.
    fn give_endings_their_space(&self) -> Result<()> {
        let mut meta = self.meta()?;
        let Some(floors) = meta.floors.take() else { return Ok(()) };
        meta.generation = meta.generation.max(floors.generation);
        let put = |ending: Ending| (Space::Endings, ending.key(), Some(ending.value()));
        let mut changes: Vec<Change> = floors.endings().into_iter().map(put).collect();
        changes.push((Space::Meta, keys::META.to_vec(), Some(meta.to_bytes()?)));
        Ok(self.commit(&changes, true)?)
    }

    fn spaces(&self) -> [&Keyspace; 6] {
        [&self.sessions, &self.users, &self.purge, &self.meta, &self.counted, &self.endings]
    }

    pub(super) fn space(&self, space: Space) -> &Keyspace {
        match space {
            Space::Sessions => &self.sessions,
            Space::Users => &self.users,
            Space::Purge => &self.purge,
            Space::Meta => &self.meta,
            Space::Counted => &self.counted,
            Space::Endings => &self.endings,
        }
    }

    pub(super) fn get(&self, space: Space, key: &[u8]) -> Result<Option<Slice>> {
        self.space(space).get(key).map_err(|error| self.failed(space, &(key.to_vec()..=key.to_vec()), error))
    }

    /// The first `limit` keys of a range.
    pub(super) fn keys(
        &self,
        space: Space,
        range: RangeInclusive<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>> {
        if range.is_empty() {
            // No range to the engine.
            return Ok(Vec::new());
        }
        let key = |entry: fjall::Guard| match entry.key() {
            Ok(key) => Ok(key.to_vec()),
            Err(error) => Err(self.failed(space, &range, error)),
        };
        self.space(space).range(range.clone()).take(limit).map(key).collect()
    }

    /// The last keys of an owner. From the end, since what is purged first stands first and leaves marks.
    pub(super) fn last_keys(&self, owner: &Owner, limit: usize) -> Result<Vec<Vec<u8>>> {
        let range = keys::users(owner, None);
        let key = |entry: fjall::Guard| entry.key().map(|key| key.to_vec());
        let keys: fjall::Result<_> = self.users.range(range.clone()).rev().take(limit).map(key).collect();
        keys.map_err(|error| self.failed(Space::Users, &range, error))
    }

    /// The keys of sessions with ids after `after`, in order, at most `limit` of them; without what is damaged.
    pub(super) fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> Result<Vec<Vec<u8>>> {
        let first = after.map(|id| keys::after(id.as_bytes())).unwrap_or_default();
        self.readable_keys(Space::Sessions, first..=vec![0xff; 17], limit)
    }

    /// How many sessions there are, approximately; 0 only if there is none.
    pub(super) fn approximate_count(&self) -> Result<u64> {
        if self.sessions_after(None, 1)?.is_empty() {
            return Ok(0);
        }
        Ok(u64::try_from(self.sessions.approximate_len()).unwrap_or(u64::MAX).max(1))
    }

    /// The store's own numbers, as they were written last.
    pub(super) fn meta(&self) -> Result<Meta> {
        let Some(bytes) = self.get(Space::Meta, keys::META)? else { return Ok(Meta::default()) };
        minicbor::decode(&bytes).map_err(|source| {
            Error::new(ErrorKind::Damaged { place: "the store's own numbers".into() }).with_source(source)
        })
    }

    /// What was ended all at once, now. Asked before the records it is about are read: what they are read from is
    /// then no older, so that a record of an ending which is over since is not taken for a live one.
    pub(super) fn ended(&self) -> Arc<Endings> {
        Arc::clone(&self.ended.read())
    }

    /// The record of that id, unless it is gone.
    pub(super) fn record(&self, id: SessionId) -> Result<Option<Arc<Record>>> {
        let ended = self.ended();
        let Some(bytes) = self.get(Space::Sessions, id.as_bytes())? else { return Ok(None) };
        visible(&ended, id, &bytes)
    }

    /// As [`Store::list`](crate::Store::list), from one snapshot.
    pub(super) fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        let ended = self.ended();
        let snapshot: Snapshot = self.database.snapshot();
        let mut listed = Listed { records: Vec::new(), next: after };
        let range = keys::users(owner, after);
        let entries = snapshot.range(&self.users, range.clone());
        let failed = |error| self.failed(Space::Users, &range, error);
        for (number, entry) in entries.enumerate() {
            if listed.records.len() == limit || number == limit.saturating_add(STEP) {
                return Ok(listed);
            }
            let Some(id) = keys::id_of(&entry.key().map_err(failed)?).filter(|id| Some(*id) != after) else {
                continue;
            };
            let bytes = snapshot.get(&self.sessions, id.as_bytes()).map_err(|error| {
                let key = id.as_bytes().to_vec();
                self.failed(Space::Sessions, &(key.clone()..=key), error)
            });
            if let Some(bytes) = bytes? {
                listed.records.extend(visible(&ended, id, &bytes)?);
            }
            listed.next = Some(id);
        }
        Ok(Listed { next: None, ..listed })
    }

    /// Writes all changes or none, at most one for a key. With `sync`, what is readable afterwards is on the
    /// disk: the batch is synced before it becomes readable.
    pub(super) fn commit(&self, changes: &[Change], sync: bool) -> std::result::Result<(), fjall::Error> {
        let mode = if sync { PersistMode::SyncData } else { PersistMode::Buffer };
        let mut batch = self.database.batch().durability(Some(mode));
        for (space, key, value) in changes {
            match value {
                Some(value) => batch.insert(self.space(*space), key, value),
                None => batch.remove(self.space(*space), key),
            }
        }
        batch.commit()
    }

    /// The parts that are tidied.
    pub(super) fn to_tidy(&self) -> Spaces {
        let damages = self.damages.clone();
        let all = self.spaces().map(Clone::clone);
        Spaces { database: self.database.clone(), all, damages, merges: self.merges }
    }

    /// Without threads that merge: writes to tables what is much in memory. Only for the owning thread, while nobody
    /// writes. False once there are so many tables that the engine would take no more.
    pub(super) fn flush_large(&self) -> std::result::Result<bool, fjall::LsmError> {
        for space in self.spaces().into_iter().filter(|_| !self.merges) {
            let lock = space.tree.get_flush_lock();
            if space.tree.active_memtable().size() > MEMORY_BYTES {
                space.tree.rotate_memtable();
            }
            space.tree.flush(&lock, 0)?;
        }
        Ok(self.merges || self.spaces().iter().all(|space| space.tree.l0_run_count() < MOST_RUNS))
    }

    /// Does in this thread what the engine does in the background, after that failed: the error that it meets.
    pub(super) fn retry_background(&self) -> std::result::Result<(), fjall::LsmError> {
        for space in self.spaces() {
            let lock = space.tree.get_flush_lock();
            space.tree.flush(&lock, 0)?;
            drop(lock);
            space
                .tree
                .compact(space.config.compaction_strategy.clone(), 0)
                .inspect_err(|error| self.damages.look_through(space, error))?;
        }
        Ok(())
    }

    /// Begins to write what is in memory as tables, as the engine does by itself when that is much.
    #[cfg(test)]
    pub(super) fn rotate(&self) -> std::result::Result<(), fjall::Error> {
        for space in self.spaces() {
            space.rotate_memtable()?;
        }
        Ok(())
    }

    /// Whether the engine takes writes: false once something failed.
    #[cfg(test)]
    pub(super) fn is_alive(&self) -> bool {
        self.database.persist(PersistMode::Buffer).is_ok()
    }

    /// Makes known what a group that was written has ended, and scheduled for a purge, and did not count.
    pub(super) fn note(&self, changes: Vec<EndingChange>, scheduled: Option<Vec<u8>>, uncounted: &[Owner]) {
        self.looks.disturb(uncounted);
        if let Some(first) = scheduled {
            let mut known = self.scheduled.lock();
            *known = Some(known.take().map_or(first.clone(), |known| known.min(first)));
        }
        if changes.is_empty() {
            return;
        }
        let mut ended = self.ended.write();
        let ended = Arc::make_mut(&mut ended);
        for change in changes {
            match change {
                EndingChange::Raise(ending) => ended.raise(ending),
                EndingChange::Lift(scope) => ended.lift(&scope),
            }
        }
    }

    /// The purge keys that are due, at most `limit` of them; without what is damaged.
    pub(super) fn due(&self, now: crate::Timestamp, limit: usize) -> Result<Vec<Vec<u8>>> {
        *self.scheduled.lock() = None;
        self.readable_keys(Space::Purge, keys::purge(self.meta()?.purge_from, now), limit)
    }

    /// The first of the purge keys that were written since [`due`](Self::due) looked.
    pub(super) fn scheduled(&self) -> Option<Vec<u8>> {
        self.scheduled.lock().clone()
    }
}

fn visible(ended: &Endings, id: SessionId, bytes: &[u8]) -> Result<Option<Arc<Record>>> {
    let record = read_record(id, bytes)?;
    Ok(record.filter(|record| !ended.cover(record, None)).map(Arc::new))
}

/// The record in these bytes; a corrupt one answers like an unknown one, with an event.
///
/// # Errors
///
/// When a later version wrote it: guessing at its meaning could let somebody in.
pub(super) fn read_record(id: SessionId, bytes: &[u8]) -> Result<Option<Record>> {
    match codec::decode(id, bytes) {
        Decoded::Record(record) => Ok(Some(*record)),
        Decoded::Corrupt => {
            tracing::error!(session = %id, "the record of this session is corrupt; it counts as unknown");
            Ok(None)
        }
        Decoded::UnknownVersion(version) => Err(ErrorKind::UnknownRecordVersion(version).into()),
    }
}
