//! A group of writes that will share one sync. Each is judged against what is committed plus the group so far.

use std::collections::BTreeMap;

use super::engine::{Change, Engine, read_record};
use super::keys::{self, Space};
use super::meta::Meta;
use super::{Inserted, Limit, Purged, Replaced, Touch, Touched, codec, own_key};
use crate::{Error, ErrorKind, Namespace, OnLimit, Owner, Record, Result, SessionId, Timestamp};

/// Every method reads first and changes afterwards, so that a failed read leaves the group as it was.
pub(super) struct Group<'a> {
    engine: &'a Engine,
    meta: Meta,
    meta_before: Meta,
    /// One item a key: a batch with a remove and an insert of one key would leave the insert.
    changes: BTreeMap<(Space, Vec<u8>), Option<Vec<u8>>>,
    /// Whether anything but uses is in it. Then no answer leaves before the sync, "gone already" included: it
    /// may rest on a removal in this very group. Uses alone ride on whatever is synced next.
    needs_sync: bool,
}

impl<'a> Group<'a> {
    pub(super) fn new(engine: &'a Engine, meta: Meta) -> Self {
        Self { engine, meta_before: meta.clone(), meta, changes: BTreeMap::new(), needs_sync: false }
    }

    pub(super) fn insert(&mut self, mut record: Record, limit: Option<&Limit>) -> Result<Inserted> {
        if self.get(Space::Sessions, record.id.as_bytes())?.is_some() {
            return Ok(Inserted::Taken);
        }
        let leaving = match limit {
            Some(limit) => match self.make_place(&record.owner, limit)? {
                Some(leaving) => leaving,
                None => return Ok(Inserted::Full),
            },
            None => Vec::new(),
        };
        for old in &leaving {
            self.drop_record(old);
        }
        record.sequence = self.meta.next_sequence();
        record.generation = self.meta.floors.generation();
        record.version = 0;
        self.put(Space::Users, keys::user(&record.owner, record.id), Vec::new());
        self.schedule_purge(&record);
        self.put_record(&record);
        self.needs_sync = true;
        Ok(Inserted::Done { evicted: leaving.into_iter().map(|record| record.id).collect() })
    }

    /// Who has to leave for one more of `owner`; `None` when the limit refuses.
    fn make_place(&self, owner: &Owner, limit: &Limit) -> Result<Option<Vec<Record>>> {
        let mut live = self.owned(owner)?;
        live.retain(|record| (limit.live)(record));
        let excess = (live.len() + 1).saturating_sub(limit.max);
        if excess > 0 && limit.on_limit == OnLimit::Refuse {
            return Ok(None);
        }
        live.sort_by_key(|record| record.sequence);
        live.truncate(excess);
        Ok(Some(live))
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

    pub(super) fn remove(&mut self, id: SessionId) -> Result<bool> {
        let stored = self.get(Space::Sessions, id.as_bytes())?;
        let Some(bytes) = stored else { return Ok(false) };
        let record = read_record(id, &bytes)?;
        self.needs_sync = true;
        match record {
            Some(record) => {
                self.drop_record(&record);
                Ok(!self.meta.floors.covers(&record))
            }
            None => {
                self.delete(Space::Sessions, id.as_bytes().to_vec());
                Ok(false)
            }
        }
    }

    pub(super) fn remove_user(&mut self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let ids = self.owned_ids(owner)?;
        let mut removed = Vec::new();
        let mut leaving = Vec::new();
        for id in ids.into_iter().filter(|id| Some(*id) != keep) {
            removed.extend(self.record(id)?.map(|record| record.id));
            leaving.push(id);
        }
        self.needs_sync |= !leaving.is_empty();
        for id in leaving {
            self.delete(Space::Users, keys::user(owner, id));
            self.delete(Space::Sessions, id.as_bytes().to_vec());
        }
        Ok(removed)
    }

    pub(super) fn remove_everyone(&mut self, namespace: Option<&Namespace>) {
        self.needs_sync = true;
        self.meta.floors.raise(namespace);
    }

    pub(super) fn purge(&mut self, now: Timestamp, limit: usize) -> Result<Purged> {
        let due = self.keys(Space::Purge, keys::purge(self.meta.purge_from.clone(), now), limit)?;
        let mut found = Vec::with_capacity(due.len());
        for key in &due {
            let record = keys::id_of(key).map_or(Ok(None), |id| self.stored(id));
            match record {
                // A later version's record is that version's to purge; it must not stop this purge for good.
                Err(error) if matches!(error.kind(), ErrorKind::UnknownRecordVersion(_)) => found.push(None),
                record => found.push(record?),
            }
        }
        let mut purged = Purged { removed: 0, more: due.len() == limit };
        if let Some(last) = due.last() {
            self.meta.purge_from = keys::after(last);
        }
        for (key, record) in due.into_iter().zip(found) {
            self.delete(Space::Purge, key);
            let Some(record) = record else { continue };
            // What the key says is a lower bound: uses since then have moved the date.
            if record.purge_at().is_some_and(|at| at <= now) {
                self.drop_record(&record);
                purged.removed += 1;
            } else {
                self.schedule_purge(&record);
            }
        }
        Ok(purged)
    }

    /// The store's own key, made if there is none.
    pub(super) fn key(&mut self) -> Result<[u8; 32]> {
        self.needs_sync |= self.meta.key.is_none();
        own_key(&mut self.meta.key)
    }

    /// Takes over a record from another store, in the place of an older one if there is one.
    pub(super) fn import(&mut self, record: Record) -> Result<()> {
        let stored = self.stored(record.id)?;
        let sequence = stored.map(|stored| stored.sequence);
        let (epoch, generation) = (0, self.meta.floors.generation());
        let sequence = sequence.unwrap_or_else(|| self.meta.next_sequence());
        let record = Record { epoch, sequence, generation, ..record };
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

    /// What the batch will be, whether it has to be synced, and the store's numbers after it.
    pub(super) fn finish(mut self) -> Result<(Vec<Change>, bool, Meta)> {
        if self.meta != self.meta_before {
            let bytes = minicbor::to_vec(&self.meta)
                .map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source))?;
            self.put(Space::Meta, keys::META.to_vec(), bytes);
        }
        let changes = self.changes.into_iter().map(|((space, key), value)| (space, key, value)).collect();
        Ok((changes, self.needs_sync, self.meta))
    }

    /// The record of that id, unless it is gone.
    fn record(&self, id: SessionId) -> Result<Option<Record>> {
        Ok(self.stored(id)?.filter(|record| !self.meta.floors.covers(record)))
    }

    /// The record of that id, ended with everyone's or not.
    fn stored(&self, id: SessionId) -> Result<Option<Record>> {
        match self.get(Space::Sessions, id.as_bytes())? {
            Some(bytes) => read_record(id, &bytes),
            None => Ok(None),
        }
    }

    fn owned(&self, owner: &Owner) -> Result<Vec<Record>> {
        let records = self.owned_ids(owner)?.into_iter().map(|id| self.record(id));
        records.filter_map(Result::transpose).collect()
    }

    fn owned_ids(&self, owner: &Owner) -> Result<Vec<SessionId>> {
        let keys = self.keys(Space::Users, keys::users(owner, None), usize::MAX)?;
        Ok(keys.iter().filter_map(|key| keys::id_of(key)).collect())
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

    /// Leaves the purge key: where it stands now is not known, and the purge clears it when its date comes.
    fn drop_record(&mut self, record: &Record) {
        self.delete(Space::Users, keys::user(&record.owner, record.id));
        self.delete(Space::Sessions, record.id.as_bytes().to_vec());
    }

    fn schedule_purge(&mut self, record: &Record) {
        if let Some(at) = record.purge_at() {
            let key = keys::purge_at(at, record.id);
            if key < self.meta.purge_from {
                self.meta.purge_from.clone_from(&key);
            }
            self.put(Space::Purge, key, Vec::new());
        }
    }

    fn put(&mut self, space: Space, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert((space, key), Some(value));
    }

    fn delete(&mut self, space: Space, key: Vec<u8>) {
        self.changes.insert((space, key), None);
    }

    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.changes.get(&(space, key.to_vec())) {
            Some(change) => Ok(change.clone()),
            None => Ok(self.engine.get(space, key)?.map(|bytes| bytes.to_vec())),
        }
    }

    /// The first `limit` keys of a range, the group's changes counted in.
    fn keys(
        &self,
        space: Space,
        range: std::ops::RangeInclusive<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>> {
        let bounds = (space, range.start().clone())..=(space, range.end().clone());
        let changed: BTreeMap<&[u8], bool> =
            self.changes.range(bounds).map(|((_, key), value)| (key.as_slice(), value.is_some())).collect();
        let mut keys: Vec<Vec<u8>> =
            changed.iter().filter(|(_, kept)| **kept).map(|(key, _)| key.to_vec()).collect();
        let mut committed = 0;
        for key in self.engine.keys(space, range) {
            let key = key?;
            if !changed.contains_key(&*key) {
                keys.push(key.to_vec());
                committed += 1;
            }
            if committed == limit {
                break;
            }
        }
        keys.sort_unstable();
        keys.truncate(limit);
        Ok(keys)
    }
}
