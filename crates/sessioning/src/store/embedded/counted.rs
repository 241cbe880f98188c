//! Which sessions count for a limit: a list of ids for each owner, kept up by every write, so that a create under a
//! limit reads no more than what the limit allows, however much has ended.
//!
//! Without its list an owner is looked through once, by readers and in steps, and further creates wait for that. A
//! create without a limit takes the list away. A list holds the newest ids, little more than the limit: each end of a
//! session writes it anew. An empty one stays as long as its owner has anything on the disk: it saves looking through
//! what has ended.

use std::collections::HashMap;

use super::endings::{Ending, Scope};
use super::engine::STEP;
use super::group::Group;
use super::keys::{self, ID, Space};
use crate::store::{Inserted, Limit};
use crate::{OnLimit, Owner, Record, Result, SessionId};

/// What ends a list of the newest alone.
const MORE: u8 = 1;

/// An owner's list.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// In the order of inserts.
    ids: Vec<SessionId>,
    /// Whether there are older ones, too.
    more: bool,
}

/// Lists that were read, and who leaves them.
pub(super) type Lists = HashMap<Owner, (Option<Counted>, Vec<SessionId>)>;

/// What a limit says to one more.
enum Room {
    /// There is no list that says it.
    Unknown,
    Full,
    Made(Place),
}

struct Place {
    /// Who leaves, oldest first.
    leaving: Vec<Record>,
    /// More that are older than all of these, up to a place in the order of inserts.
    older: Option<(Vec<SessionId>, u64)>,
    staying: Vec<SessionId>,
}

impl Counted {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (ids, rest) = bytes.as_chunks::<ID>();
        let ids = ids.iter().map(|bytes| SessionId::from_bytes(*bytes)).collect::<Option<_>>()?;
        Some(Self { ids, more: rest == [MORE] })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let ids = self.ids.iter().flat_map(|id| *id.as_bytes());
        ids.chain(self.more.then_some(MORE)).collect()
    }

    /// The newest of it: as many as a create under that limit reads.
    fn newest(&self, limit: &Limit) -> Self {
        let left_out = self.ids.len().saturating_sub(limit.max.saturating_add(STEP));
        Self { ids: self.ids[left_out..].to_vec(), more: self.more || left_out > 0 }
    }

    /// Whether it says that nothing counts.
    fn is_empty(&self) -> bool {
        self.ids.is_empty() && !self.more
    }
}

impl Group<'_> {
    /// Makes room for the record under a limit and counts it, or says why not; `None` if what counts is not known.
    pub(super) fn count(&mut self, record: &Record, limit: Option<&Limit>) -> Result<Option<Inserted>> {
        let Some(limit) = limit else {
            self.forget_counted(&record.owner)?;
            self.uncounted.push(record.owner.clone());
            return Ok(Some(Inserted::Done { evicted: Vec::new() }));
        };
        let place = match self.room(&record.owner, limit)? {
            Room::Unknown => {
                // Whoever looks through the owner now writes another.
                self.forget_counted(&record.owner)?;
                return Ok(None);
            }
            Room::Full => return Ok(Some(Inserted::Full)),
            Room::Made(place) => place,
        };
        let mut evicted = Vec::new();
        if let Some((ids, up_to)) = place.older {
            evicted = ids;
            self.raise(Ending::new(Scope::Owner(record.owner.clone(), up_to), 0));
        }
        for old in &place.leaving {
            self.drop_record(old);
        }
        evicted.extend(place.leaving.iter().map(|record| record.id));
        let mut ids = place.staying;
        ids.push(record.id);
        self.put_counted(&record.owner, &Counted { ids, more: false }.newest(limit));
        Ok(Some(Inserted::Done { evicted }))
    }

    /// Writes the list of an owner who was looked through, unless others have changed what counts meanwhile.
    pub(super) fn list(&mut self, owner: &Owner, ids: Vec<SessionId>) {
        if self.engine.looks.end(owner) && !self.uncounted.contains(owner) {
            self.needs_sync = true;
            self.put_counted(owner, &Counted { ids, more: false });
        }
    }

    /// Leaves the newest in an owner's list.
    pub(super) fn shorten(&mut self, owner: &Owner, limit: &Limit) -> Result<()> {
        if let Some(counted) = self.counted(owner)? {
            self.put_counted(owner, &counted.newest(limit));
        }
        Ok(())
    }

    /// Reads at most as many as the limit allows, and a step more.
    fn room(&self, owner: &Owner, limit: &Limit) -> Result<Room> {
        let Some(Counted { mut ids, more }) = self.counted(owner)? else { return Ok(Room::Unknown) };
        let (mut live, mut staying, mut read) = (Vec::new(), Vec::new(), 0);
        while let Some(id) = ids.pop() {
            // Newest first: of very many, the oldest leave without being read.
            if read >= limit.max.saturating_add(STEP) && live.len() >= limit.max {
                ids.push(id);
                break;
            }
            read += 1;
            let Some(record) = self.record(id)? else { continue };
            if (limit.live)(&record) {
                live.push(record);
            } else if record.pending {
                staying.push(id);
            }
        }
        let excess = (live.len() + 1).saturating_sub(limit.max);
        if excess > 0 && limit.on_limit == OnLimit::Refuse {
            return Ok(Room::Full);
        }
        if more {
            // They may count, or would have to leave, and who they are is not known.
            return Ok(Room::Unknown);
        }
        live.reverse();
        let older = live.first().filter(|_| !ids.is_empty()).map(|first| (ids, first.sequence - 1));
        staying.reverse();
        staying.extend(live.iter().skip(excess).map(|record| record.id));
        live.truncate(excess);
        Ok(Room::Made(Place { leaving: live, older, staying }))
    }

    /// The list of an owner; `None` if there is none, or it is damaged: then the owner is looked through.
    pub(super) fn counted(&self, owner: &Owner) -> Result<Option<Counted>> {
        match self.get(Space::Counted, &keys::owner_prefix(owner)) {
            Err(error) if error.is_damage() => Ok(None),
            list => Ok(list?.and_then(|bytes| Counted::read(&bytes))),
        }
    }

    fn put_counted(&mut self, owner: &Owner, counted: &Counted) {
        self.put(Space::Counted, keys::owner_prefix(owner), counted.to_bytes());
    }

    /// Takes an owner's list away, readable or not.
    pub(super) fn forget_counted(&mut self, owner: &Owner) -> Result<()> {
        let key = keys::owner_prefix(owner);
        let is_there = match self.get(Space::Counted, &key) {
            Err(error) if error.is_damage() => true,
            list => list?.is_some(),
        };
        if is_there {
            self.drop_counted(owner);
        }
        Ok(())
    }

    pub(super) fn drop_counted(&mut self, owner: &Owner) {
        self.delete(Space::Counted, keys::owner_prefix(owner));
    }

    /// Leaves at most that session in an owner's list; none is left without it, unless it may count unlisted.
    pub(super) fn count_only(&mut self, owner: &Owner, keep: Option<SessionId>) -> Result<()> {
        let ids = match (self.counted(owner)?, keep) {
            (_, None) => Vec::new(),
            (Some(counted), Some(keep)) if counted.ids.contains(&keep) => vec![keep],
            (Some(Counted { more: false, .. }), Some(_)) => Vec::new(),
            _ => return self.forget_counted(owner),
        };
        self.put_counted(owner, &Counted { ids, more: false });
        Ok(())
    }

    /// Takes ids off an owner's list, which was read before; whether nothing counts since.
    pub(super) fn uncount(&mut self, owner: &Owner, counted: Option<Counted>, gone: &[SessionId]) -> bool {
        let Some(mut counted) = counted else { return false };
        let before = counted.ids.len();
        counted.ids.retain(|id| !gone.contains(id));
        if counted.ids.len() < before {
            self.put_counted(owner, &counted);
        }
        counted.is_empty()
    }

    /// The lists of those whose records these are.
    pub(super) fn lists_of<'r>(&self, records: impl Iterator<Item = &'r Record>) -> Result<Lists> {
        let mut lists = Lists::new();
        for record in records {
            if !lists.contains_key(&record.owner) {
                lists.insert(record.owner.clone(), (self.counted(&record.owner)?, Vec::new()));
            }
        }
        Ok(lists)
    }

    /// Takes what has gone off these lists; the owners of whom nothing counts since.
    pub(super) fn uncount_all(&mut self, lists: Lists) -> Vec<Owner> {
        let lists = lists.into_iter().filter(|(_, (_, gone))| !gone.is_empty());
        let left = lists.filter_map(|(owner, (counted, gone))| {
            let is_empty = self.uncount(&owner, counted, &gone);
            is_empty.then_some(owner)
        });
        left.collect()
    }

    /// Takes the lists of these owners away, where nothing counts.
    pub(super) fn forget_empty(&mut self, owners: &[Owner]) -> Result<()> {
        for owner in owners {
            if self.counted(owner)?.is_some_and(|counted| counted.is_empty()) {
                self.drop_counted(owner);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "counted_tests.rs"]
mod tests;
