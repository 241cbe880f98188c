//! Which sessions count for a limit: a list of ids for each owner, kept up by every write, so that a create under a
//! limit reads no more than what the limit allows, however much has ended.
//!
//! Without its list an owner is looked through once, by readers and in steps, and further creates wait for that. A
//! create without a limit takes the list away.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::Inner;
use super::endings::{Ending, Scope};
use super::engine::{Engine, STEP};
use super::group::Group;
use super::keys::{self, Space};
use super::queue::Turn;
use crate::store::{Inserted, Limit, Waiting};
use crate::{ErrorKind, OnLimit, Owner, Record, Result, SessionId};

/// How often an owner is looked through for one create: others create without a limit meanwhile.
const TRIES: usize = 8;
const ID: usize = 16;

/// The owners that are being looked through, and whether one of them got a session meanwhile that was not counted.
#[derive(Default)]
pub(super) struct Looks(Mutex<HashMap<Owner, bool>>);

/// What a limit says to one more.
enum Room {
    /// There is no list.
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

impl Looks {
    fn begin(&self, owner: &Owner) {
        self.0.lock().insert(owner.clone(), false);
    }

    /// Says that these owners have got sessions that were not counted. They are on the disk: a look that begins
    /// afterwards finds them.
    pub(super) fn disturb(&self, owners: &[Owner]) {
        let mut looks = self.0.lock();
        for owner in owners {
            looks.entry(owner.clone()).and_modify(|disturbed| *disturbed = true);
        }
    }

    /// Whether a look that began found all there is by now.
    fn end(&self, owner: &Owner) -> bool {
        self.0.lock().remove(owner) == Some(false)
    }
}

impl Inner {
    pub(super) async fn insert(
        &self,
        record: Record,
        limit: Option<Limit>,
        waiting: Waiting,
    ) -> Result<Inserted> {
        let Some(limit) = limit else {
            let turn = Turn { waiting: Some(waiting), ..creating_turn(&record) };
            let inserted = self.owner.submit(turn, move |group| group.insert(record, None)).await?;
            return inserted.ok_or_else(|| ErrorKind::Overloaded.into());
        };
        for _ in 0..TRIES {
            let inserted = if self.is_listed(&record.owner).await? {
                let turn = Turn { waiting: Some(waiting.clone()), ..creating_turn(&record) };
                let (record, limit) = (record.clone(), limit.clone());
                self.owner.submit(turn, move |group| group.insert(record, Some(&limit))).await?
            } else {
                self.look_and_insert(&record, &limit, &waiting).await?
            };
            if let Some(inserted) = inserted {
                return Ok(inserted);
            }
        }
        Err(ErrorKind::Overloaded.into())
    }

    /// Looks through an owner without a list, and inserts. The list is written also when nobody waits any more, so
    /// that the next create finds one. `None` if others changed what counts meanwhile.
    async fn look_and_insert(
        &self,
        record: &Record,
        limit: &Limit,
        waiting: &Waiting,
    ) -> Result<Option<Inserted>> {
        let _lock = self.looking.lock(&record.owner).await;
        if self.is_listed(&record.owner).await? {
            return Ok(None);
        }
        let ids = self.look_through(&record.owner, limit).await?;
        let (turn, waiting) = (creating_turn(record), waiting.clone());
        let (record, limit) = (record.clone(), limit.clone());
        let insert = move |group: &mut Group<'_>| {
            group.list(&record.owner, &ids);
            if waiting.is_over() { Ok(None) } else { group.insert(record, Some(&limit)) }
        };
        self.owner.submit(turn, insert).await
    }

    async fn is_listed(&self, owner: &Owner) -> Result<bool> {
        let key = keys::owner_prefix(owner);
        let is_listed = self.readers.read(move |engine| match engine.get(Space::Counted, &key) {
            Err(error) if error.is_damage() => Ok(false),
            list => Ok(list?.is_some()),
        });
        is_listed.await
    }

    /// What counts of an owner's sessions, in the order of inserts.
    async fn look_through(&self, owner: &Owner, limit: &Limit) -> Result<Vec<SessionId>> {
        let (mut found, mut after, mut is_first) = (Vec::new(), None, true);
        while is_first || after.is_some() {
            let (of, live) = (owner.clone(), limit.live.clone());
            let turn = Turn { owner: Some(owner.clone()), ..Turn::default() };
            let step = move |engine: &Engine| {
                if is_first {
                    engine.looks.begin(&of);
                }
                engine.list(&of, after, STEP)
            };
            let listed = self.readers.walk(turn, step).await?;
            let counting = listed.records.iter().filter(|record| counts(record, &*live));
            found.extend(counting.map(|record| (record.sequence, record.id)));
            (after, is_first) = (listed.next, false);
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }
}

fn creating_turn(record: &Record) -> Turn {
    Turn { owner: Some(record.owner.clone()), id: Some(record.id), ..Turn::default() }
}

/// Half authenticated ones may come to count.
fn counts(record: &Record, live: &(dyn Fn(&Record) -> bool + Send + Sync)) -> bool {
    record.pending || live(record)
}

impl Group<'_> {
    /// Makes room for the record under a limit and counts it, or says why not; `None` if there is no list.
    pub(super) fn count(&mut self, record: &Record, limit: Option<&Limit>) -> Result<Option<Inserted>> {
        let Some(limit) = limit else {
            if self.is_counted(&record.owner)? {
                self.put_counted(&record.owner, &[]);
            }
            self.uncounted.push(record.owner.clone());
            return Ok(Some(Inserted::Done { evicted: Vec::new() }));
        };
        let place = match self.room(&record.owner, limit)? {
            Room::Unknown => return Ok(None),
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
        let mut counted = place.staying;
        counted.push(record.id);
        self.put_counted(&record.owner, &counted);
        Ok(Some(Inserted::Done { evicted }))
    }

    /// Writes the list of an owner who was looked through, unless others have got sessions meanwhile.
    fn list(&mut self, owner: &Owner, ids: &[SessionId]) {
        if self.engine.looks.end(owner) && !self.uncounted.contains(owner) {
            self.needs_sync = true;
            self.write_counted(owner, ids);
        }
    }

    /// Reads at most as many as the limit allows, and a step more.
    fn room(&self, owner: &Owner, limit: &Limit) -> Result<Room> {
        let Some(mut ids) = self.counted(owner)? else { return Ok(Room::Unknown) };
        let (mut live, mut staying, mut read) = (Vec::new(), Vec::new(), 0);
        while let Some(id) = ids.pop() {
            // Newest first: of very many, the oldest leave without being read.
            if read >= limit.max + STEP && live.len() >= limit.max {
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
        live.reverse();
        let older = live.first().filter(|_| !ids.is_empty()).map(|first| (ids, first.sequence - 1));
        staying.reverse();
        staying.extend(live.iter().skip(excess).map(|record| record.id));
        live.truncate(excess);
        Ok(Room::Made(Place { leaving: live, older, staying }))
    }

    /// Whether there is a list of an owner, readable or not.
    pub(super) fn is_counted(&self, owner: &Owner) -> Result<bool> {
        match self.get(Space::Counted, &keys::owner_prefix(owner)) {
            Err(error) if error.is_damage() => Ok(true),
            list => Ok(list?.is_some()),
        }
    }

    /// The list of an owner; `None` if there is none, or it is damaged: then the owner is looked through.
    pub(super) fn counted(&self, owner: &Owner) -> Result<Option<Vec<SessionId>>> {
        let bytes = match self.get(Space::Counted, &keys::owner_prefix(owner)) {
            Err(error) if error.is_damage() => return Ok(None),
            list => list?,
        };
        Ok(bytes.and_then(|bytes| {
            let ids = bytes.chunks_exact(ID).map(|chunk| SessionId::from_bytes(*chunk.first_chunk()?));
            ids.collect()
        }))
    }

    /// Writes an owner's list, or takes an empty one away: there is nothing to look through then.
    pub(super) fn put_counted(&mut self, owner: &Owner, ids: &[SessionId]) {
        if ids.is_empty() {
            self.delete(Space::Counted, keys::owner_prefix(owner));
        } else {
            self.write_counted(owner, ids);
        }
    }

    /// Writes an owner's list, an empty one too: it saves looking through what has ended and is not freed yet.
    pub(super) fn write_counted(&mut self, owner: &Owner, ids: &[SessionId]) {
        let bytes = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        self.put(Space::Counted, keys::owner_prefix(owner), bytes);
    }

    /// Takes ids off an owner's list, which was read before.
    pub(super) fn uncount(&mut self, owner: &Owner, counted: Option<Vec<SessionId>>, gone: &[SessionId]) {
        let Some(mut ids) = counted else { return };
        let before = ids.len();
        ids.retain(|id| !gone.contains(id));
        if ids.len() < before {
            self.put_counted(owner, &ids);
        }
    }
}
