//! A group of writes that will share one sync. Each is judged against what is committed plus the group so far.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::endings::{Ending, Scope};
use super::engine::{Change, EndingChange, Engine, read_record};
use super::keys::{self, Space};
use super::meta::Meta;
use super::{Inserted, Limit, Replaced, Touch, Touched, codec, own_key};
use crate::{Namespace, Owner, Record, Result, SessionId, Timestamp};

/// Every method reads first and changes afterwards, so that a failed read leaves the group as it was.
pub(super) struct Group<'a> {
    pub(super) engine: &'a Engine,
    pub(super) meta: Meta,
    meta_before: Meta,
    /// One item a key: a batch with a remove and an insert of one key would leave the insert.
    changes: BTreeMap<(Space, Vec<u8>), Option<Vec<u8>>>,
    endings: Vec<EndingChange>,
    /// The first purge key that was written.
    scheduled: Option<Vec<u8>>,
    /// Who got sessions that were not counted for a limit.
    pub(super) uncounted: Vec<Owner>,
    /// Whether anything but uses is in it. Then no answer leaves before the sync, "gone already" included: it
    /// may rest on a removal in this very group. Uses alone ride on whatever is synced next.
    pub(super) needs_sync: bool,
    records_read: Cell<usize>,
}

/// A group that was judged, to be written.
pub(super) struct Finished {
    pub(super) changes: Vec<Change>,
    pub(super) sync: bool,
    /// The store's numbers after it.
    pub(super) meta: Meta,
    pub(super) endings: Vec<EndingChange>,
    pub(super) scheduled: Option<Vec<u8>>,
    pub(super) uncounted: Vec<Owner>,
}

impl<'a> Group<'a> {
    pub(super) fn new(engine: &'a Engine, meta: Meta) -> Self {
        Self {
            engine,
            meta_before: meta.clone(),
            meta,
            changes: BTreeMap::new(),
            endings: Vec::new(),
            scheduled: None,
            uncounted: Vec::new(),
            needs_sync: false,
            records_read: Cell::new(0),
        }
    }

    /// How many records were read for it.
    pub(super) fn records_read(&self) -> usize {
        self.records_read.get()
    }

    /// `None` if what counts for the limit is not known.
    pub(super) fn insert(&mut self, mut record: Record, limit: Option<&Limit>) -> Result<Option<Inserted>> {
        if self.get(Space::Sessions, record.id.as_bytes())?.is_some() {
            return Ok(Some(Inserted::Taken));
        }
        record.sequence = self.meta.sequence() + 1;
        record.generation = self.meta.generation;
        record.version = 0;
        let inserted = self.count(&record, limit)?;
        if matches!(inserted, Some(Inserted::Done { .. })) {
            self.meta.next_sequence();
            self.put(Space::Users, keys::user(&record.owner, record.id), Vec::new());
            self.schedule_purge(&record);
            self.put_record(&record);
            self.needs_sync = true;
        }
        Ok(inserted)
    }

    pub(super) fn replace(&mut self, record: Record, version: u64) -> Result<Replaced> {
        let Some(stored) = self.record(record.id)? else { return Ok(Replaced::Gone) };
        if stored.version != version {
            return Ok(Replaced::Stale);
        }
        let record = record.succeeding(&stored);
        // Under a date that is earlier or equal it stands already; a new end needs a place of its own.
        if stored.purge_at().is_none_or(|at| record.purge_at().is_some_and(|new| new < at)) {
            self.schedule_purge(&record);
        }
        self.put_changed(&record);
        self.needs_sync = true;
        Ok(Replaced::Done)
    }

    pub(super) fn touch(&mut self, id: SessionId, touch: Touch) -> Result<Touched> {
        let Some(mut record) = self.record(id)? else { return Ok(Touched::Gone) };
        if !touch.is_due(&record) {
            return Ok(Touched::NotDue);
        }
        // Its purge date only moves away, so the one it stands under stays a lower bound: one key to write.
        record.last_seen = touch.at;
        self.put_changed(&record);
        Ok(Touched::Done)
    }

    /// `is_alone` if its owner has nothing else on the disk.
    pub(super) fn remove(&mut self, id: SessionId, is_alone: bool) -> Result<bool> {
        let stored = match self.get(Space::Sessions, id.as_bytes()) {
            Err(error) if error.is_damage() => {
                // It ends all the same: what is written now is newer than what cannot be read.
                self.needs_sync = true;
                self.delete(Space::Sessions, id.as_bytes().to_vec());
                return Ok(true);
            }
            stored => stored?,
        };
        let Some(bytes) = stored else { return Ok(false) };
        let Some(record) = read_record(id, &bytes)? else {
            self.needs_sync = true;
            self.delete(Space::Sessions, id.as_bytes().to_vec());
            return Ok(false);
        };
        let counted = self.counted(&record.owner)?;
        self.needs_sync = true;
        self.drop_record(&record);
        let is_empty = self.uncount(&record.owner, counted, &[id]);
        if is_empty && is_alone {
            self.drop_counted(&record.owner);
        }
        Ok(!self.is_over(&record, None))
    }

    pub(super) fn remove_everyone(&mut self, namespace: Option<&Namespace>) {
        self.meta.generation += 1;
        let scope = namespace.map_or(Scope::Everyone, |namespace| Scope::Namespace(namespace.clone()));
        self.raise(Ending::new(scope, self.meta.generation));
    }

    /// Ends all at once what `ending` covers.
    pub(super) fn raise(&mut self, ending: Ending) {
        self.needs_sync = true;
        self.put(Space::Endings, ending.key(), ending.value());
        self.endings.push(EndingChange::Raise(ending));
    }

    /// Takes an ending away that nothing is left of.
    pub(super) fn lift(&mut self, ending: &Ending) {
        self.needs_sync = true;
        self.delete(Space::Endings, ending.key());
        self.endings.push(EndingChange::Lift(ending.scope.clone()));
    }

    /// The store's own key, made if there is none.
    pub(super) fn key(&mut self) -> Result<[u8; 32]> {
        self.needs_sync |= self.meta.key.is_none();
        own_key(&mut self.meta.key)
    }

    /// Takes over a record from another store, in the place of an older one if there is one.
    pub(super) fn import(&mut self, record: Record) -> Result<()> {
        let stored = self.record(record.id)?;
        self.forget_counted(&record.owner)?;
        // Ended ones keep no place: it is among what has ended.
        self.uncounted.push(record.owner.clone());
        let next = self.meta.next_sequence();
        let sequence = stored.map_or(next, |stored| stored.sequence);
        let record = Record { epoch: 0, sequence, generation: self.meta.generation, ..record };
        self.put(Space::Users, keys::user(&record.owner, record.id), Vec::new());
        self.schedule_purge(&record);
        self.put_changed(&record);
        self.needs_sync = true;
        Ok(())
    }

    /// Changes the mark of a copy into this store, if it is as it was; whether it was.
    pub(super) fn change_import(&mut self, from: Option<&str>, to: Option<String>) -> bool {
        self.needs_sync = true;
        let is_so = self.meta.import.as_deref() == from;
        if is_so {
            self.meta.import = to;
        }
        is_so
    }

    /// What the batch will be.
    pub(super) fn finish(mut self) -> Result<Finished> {
        if self.meta != self.meta_before {
            let bytes = self.meta.to_bytes()?;
            self.put(Space::Meta, keys::META.to_vec(), bytes);
        }
        let changes = self.changes.into_iter().map(|((space, key), value)| (space, key, value)).collect();
        let Self { needs_sync: sync, meta, endings, scheduled, uncounted, .. } = self;
        Ok(Finished { changes, sync, meta, endings, scheduled, uncounted })
    }

    /// The record of that id, unless it is gone.
    pub(super) fn record(&self, id: SessionId) -> Result<Option<Record>> {
        Ok(self.stored(id)?.filter(|record| !self.is_over(record, None)))
    }

    /// The record of that id, ended all at once or not.
    pub(super) fn stored(&self, id: SessionId) -> Result<Option<Record>> {
        self.records_read.set(self.records_read.get() + 1);
        match self.get(Space::Sessions, id.as_bytes())? {
            Some(bytes) => read_record(id, &bytes),
            None => Ok(None),
        }
    }

    /// Whether an ending covers the record, `except` one that is not asked about.
    pub(super) fn is_over(&self, record: &Record, except: Option<&Scope>) -> bool {
        let here = self.endings.iter().any(|change| match change {
            EndingChange::Raise(ending) => Some(&ending.scope) != except && ending.covers(record),
            // Nothing that it covers is there any more.
            EndingChange::Lift(_) => false,
        });
        here || self.engine.ended().cover(record, except)
    }

    /// The ending of that scope, as it stands.
    pub(super) fn ending(&self, scope: &Scope) -> Option<Ending> {
        let here = self.endings.iter().rev().find_map(|change| match change {
            EndingChange::Raise(ending) if ending.scope == *scope => Some(Some(ending.clone())),
            EndingChange::Lift(lifted) if lifted == scope => Some(None),
            _ => None,
        });
        here.unwrap_or_else(|| self.engine.ended().of(scope).cloned())
    }

    fn put_record(&mut self, record: &Record) {
        self.meta.note(record.last_seen);
        self.put(Space::Sessions, record.id.as_bytes().to_vec(), codec::encode(record));
    }

    /// Puts it in the place of what is stored, whose fields of later versions stay.
    fn put_changed(&mut self, record: &Record) {
        let stored = self.get(Space::Sessions, record.id.as_bytes());
        self.put_record(record);
        if let Ok(Some(stored)) = stored {
            self.put(Space::Sessions, record.id.as_bytes().to_vec(), codec::encode_over(record, &stored));
        }
    }

    /// Leaves the purge key: where it stands now is not known, and the purge clears it when its date comes. Leaves
    /// the owner's list, which whoever calls has read.
    pub(super) fn drop_record(&mut self, record: &Record) {
        self.delete(Space::Users, keys::user(&record.owner, record.id));
        self.delete(Space::Sessions, record.id.as_bytes().to_vec());
    }

    pub(super) fn schedule_purge(&mut self, record: &Record) {
        if let Some(at) = record.purge_at() {
            self.schedule(record.id, at);
        }
    }

    /// Has a purge look at that session, not before that date.
    pub(super) fn schedule(&mut self, id: SessionId, at: Timestamp) {
        let key = keys::purge_at(at, id);
        let first = self.scheduled.take().map_or_else(|| key.clone(), |first| first.min(key.clone()));
        self.scheduled = Some(first);
        if key < self.meta.purge_from {
            self.meta.purge_from.clone_from(&key);
        }
        self.put(Space::Purge, key, Vec::new());
    }

    pub(super) fn put(&mut self, space: Space, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert((space, key), Some(value));
    }

    pub(super) fn delete(&mut self, space: Space, key: Vec<u8>) {
        self.changes.insert((space, key), None);
    }

    pub(super) fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.changes.get(&(space, key.to_vec())) {
            Some(change) => Ok(change.clone()),
            None => Ok(self.engine.get(space, key)?.map(|bytes| bytes.to_vec())),
        }
    }

    /// The first purge key that was written since a purge looked for some, by this group included.
    pub(super) fn first_scheduled(&self) -> Option<Vec<u8>> {
        self.engine.scheduled().into_iter().chain(self.scheduled.clone()).min()
    }
}
