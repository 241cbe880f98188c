//! The engine: its spaces, reads from them, and one way to write.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use fjall::compaction::Leveled;
use fjall::{
    AbstractTree, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice, Snapshot,
};
use parking_lot::RwLock;

use super::codec::{self, Decoded};
use super::keys::{self, Space};
use super::meta::{Floors, Meta};
use super::tidy::Spaces;
use crate::{Error, ErrorKind, Owner, Record, Result, SessionId};

/// Bounds what has to be replayed after a crash: the least that the engine allows.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
/// What each space keeps in memory before it becomes a table. Like the next, written down when a space is made.
const MEMORY_BYTES: u64 = 8 * 1024 * 1024;
/// How large tables are at most.
pub(super) const TABLE_BYTES: u64 = 16 * 1024 * 1024;

pub(super) struct Engine {
    database: Database,
    sessions: Keyspace,
    users: Keyspace,
    purge: Keyspace,
    meta: Keyspace,
    /// What the readers need of the meta record; put in place before anything that changed it is answered.
    floors: RwLock<Floors>,
}

/// How a space is made; one that is there keeps what it was made with.
fn options() -> KeyspaceCreateOptions {
    let merging = Leveled::default().with_table_target_size(TABLE_BYTES);
    KeyspaceCreateOptions::default().max_memtable_size(MEMORY_BYTES).compaction_strategy(Arc::new(merging))
}

/// What one group changes: a key's new value, or its end.
pub(super) type Change = (Space, Vec<u8>, Option<Vec<u8>>);

impl Engine {
    pub(super) fn open(path: &Path) -> std::result::Result<Self, Error> {
        // One thread of them writes tables at any time, so there must be another that merges.
        let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4));
        let database =
            Database::builder(path).max_journaling_size(JOURNAL_BYTES).worker_threads(threads).open()?;
        let space = |name| database.keyspace(name, options);
        let engine = Self {
            sessions: space("sessions")?,
            users: space("users")?,
            purge: space("purge")?,
            meta: space("meta")?,
            database,
            floors: RwLock::default(),
        };
        *engine.floors.write() = engine.meta()?.floors;
        Ok(engine)
    }

    fn space(&self, space: Space) -> &Keyspace {
        match space {
            Space::Sessions => &self.sessions,
            Space::Users => &self.users,
            Space::Purge => &self.purge,
            Space::Meta => &self.meta,
        }
    }

    pub(super) fn get(&self, space: Space, key: &[u8]) -> Result<Option<Slice>> {
        Ok(self.space(space).get(key)?)
    }

    /// The keys of a range, in order.
    pub(super) fn keys(
        &self,
        space: Space,
        range: RangeInclusive<Vec<u8>>,
    ) -> impl Iterator<Item = Result<Slice>> {
        self.space(space).range(range).map(|entry| Ok(entry.key()?))
    }

    /// The keys of sessions with ids after `after`, in order, at most `limit` of them.
    pub(super) fn sessions_after(&self, after: Option<SessionId>, limit: usize) -> Result<Vec<Slice>> {
        let first = after.map(|id| keys::after(id.as_bytes())).unwrap_or_default();
        self.sessions.range(first..).take(limit).map(|entry| Ok(entry.key()?)).collect()
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
        match self.get(Space::Meta, keys::META)? {
            None => Ok(Meta::default()),
            Some(bytes) => minicbor::decode(&bytes)
                .map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source)),
        }
    }

    /// The record of that id, unless it is gone.
    pub(super) fn record(&self, id: SessionId) -> Result<Option<Arc<Record>>> {
        self.visible(id, self.get(Space::Sessions, id.as_bytes())?)
    }

    fn visible(&self, id: SessionId, bytes: Option<Slice>) -> Result<Option<Arc<Record>>> {
        let Some(bytes) = bytes else { return Ok(None) };
        let record = read_record(id, &bytes)?;
        Ok(record.filter(|record| !self.floors.read().covers(record)).map(Arc::new))
    }

    /// As [`Store::list`](crate::Store::list), from one snapshot.
    pub(super) fn list(
        &self,
        owner: &Owner,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>> {
        let snapshot: Snapshot = self.database.snapshot();
        let mut records = Vec::new();
        for entry in snapshot.range(&self.users, keys::users(owner, after)) {
            if records.len() == limit {
                break;
            }
            let Some(id) = keys::id_of(&entry.key()?).filter(|id| Some(*id) != after) else { continue };
            records.extend(self.visible(id, snapshot.get(&self.sessions, id.as_bytes())?)?);
        }
        Ok(records)
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

    pub(super) fn spaces(&self) -> Spaces {
        let all = [&self.sessions, &self.users, &self.purge, &self.meta].map(Clone::clone);
        Spaces { database: self.database.clone(), all }
    }

    /// Does in this thread what the engine does in the background, after that failed: the error that it meets.
    pub(super) fn retry_background(&self) -> std::result::Result<(), fjall::LsmError> {
        for space in [&self.sessions, &self.users, &self.purge, &self.meta] {
            let lock = space.tree.get_flush_lock();
            space.tree.flush(&lock, 0)?;
            drop(lock);
            space.tree.compact(space.config.compaction_strategy.clone(), 0)?;
        }
        Ok(())
    }

    /// Begins to write what is in memory as tables, as the engine does by itself when that is much.
    #[cfg(test)]
    pub(super) fn rotate(&self) -> std::result::Result<(), fjall::Error> {
        for space in [&self.sessions, &self.users, &self.purge, &self.meta] {
            space.rotate_memtable()?;
        }
        Ok(())
    }

    /// Whether the engine takes writes: false once something failed.
    #[cfg(test)]
    pub(super) fn is_alive(&self) -> bool {
        self.database.persist(PersistMode::Buffer).is_ok()
    }

    pub(super) fn set_floors(&self, floors: &Floors) {
        let mut current = self.floors.write();
        if *current != *floors {
            *current = floors.clone();
        }
    }
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
