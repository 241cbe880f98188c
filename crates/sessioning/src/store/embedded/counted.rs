//! Which sessions count for a limit: a list of ids for each owner, kept up by every write, so that a create under a
//! limit reads no more than what the limit allows, however much has ended.
//!
//! Without its list an owner is looked through once, by readers and in steps, and further creates wait for that. A
//! create without a limit takes the list away.

use tokio::sync::OwnedMutexGuard;

use super::Inner;
use super::endings::{Ending, Scope};
use super::engine::STEP;
use super::group::Group;
use super::keys::{self, Space};
use super::queue::Turn;
use crate::store::{Inserted, Limit, Waiting};
use crate::{ErrorKind, OnLimit, Owner, Record, Result, SessionId};

/// How often an owner is looked through for one create: others create without a limit meanwhile.
const TRIES: usize = 8;
const ID: usize = 16;

/// The live sessions of an owner that a look through their list found.
#[derive(Clone)]
pub(super) struct Seen {
    /// What had been inserted by then.
    at: u64,
    /// In the order of inserts.
    ids: Vec<SessionId>,
}

/// A look through an owner's sessions. Until it is dropped nobody else begins one of the same owner.
struct Look {
    seen: Seen,
    lock: OwnedMutexGuard<()>,
}

/// What became of an insert, if it could be judged.
pub(super) enum Judged {
    Done(Inserted),
    /// What counts is not known: the owner has to be looked through.
    Unknown,
}

/// What a limit says to one more.
enum Room {
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

impl Inner {
    pub(super) async fn insert(
        &self,
        record: Record,
        limit: Option<Limit>,
        waiting: Waiting,
    ) -> Result<Inserted> {
        let owner = record.owner.clone();
        for _ in 0..TRIES {
            let look = match &limit {
                Some(limit) => self.look(&owner, limit, &waiting).await?,
                None => None,
            };
            // Held until the list is written, so that whoever waits for it finds one.
            let (seen, _lock) = look.map(|look| (look.seen, look.lock)).unzip();
            let (id, waiting) = (Some(record.id), Some(waiting.clone()));
            let turn = Turn { owner: Some(owner.clone()), id, waiting, ..Turn::default() };
            let (record, limit) = (record.clone(), limit.clone());
            let insert = move |group: &mut Group<'_>| group.insert(record, limit.as_ref(), seen.as_ref());
            if let Judged::Done(inserted) = self.owner.submit(turn, insert).await? {
                return Ok(inserted);
            }
        }
        Err(ErrorKind::Overloaded.into())
    }

    /// Looks through the owner's sessions, unless there is a list of them by then.
    async fn look(&self, owner: &Owner, limit: &Limit, waiting: &Waiting) -> Result<Option<Look>> {
        if self.unlisted(owner).await?.is_none() {
            return Ok(None);
        }
        let lock = self.looking.lock(owner).await;
        let Some(at) = self.unlisted(owner).await? else { return Ok(None) };
        let ids = self.look_through(owner, limit, waiting).await?;
        Ok(Some(Look { seen: Seen { at, ids }, lock }))
    }

    /// What has been inserted by now, unless there is a list of that owner's sessions.
    async fn unlisted(&self, owner: &Owner) -> Result<Option<u64>> {
        let key = keys::owner_prefix(owner);
        let read = self.readers.read(move |engine| {
            let is_listed = match engine.get(Space::Counted, &key) {
                Err(error) if error.is_damage() => false,
                list => list?.is_some(),
            };
            Ok((!is_listed).then_some(engine.meta()?.sequence()))
        });
        read.await
    }

    /// What counts of an owner's sessions, in the order of inserts.
    async fn look_through(&self, owner: &Owner, limit: &Limit, waiting: &Waiting) -> Result<Vec<SessionId>> {
        let (mut found, mut after) = (Vec::new(), None);
        while !waiting.is_over() {
            let (of, live) = (owner.clone(), limit.live.clone());
            let turn = Turn { owner: Some(owner.clone()), ..Turn::default() };
            let listed = self.readers.walk(turn, move |engine| engine.list(&of, after, STEP)).await?;
            let counting = listed.records.iter().filter(|record| counts(record, &*live));
            found.extend(counting.map(|record| (record.sequence, record.id)));
            after = listed.next;
            if after.is_none() {
                found.sort_unstable();
                return Ok(found.into_iter().map(|(_, id)| id).collect());
            }
        }
        Err(ErrorKind::Overloaded.into())
    }
}

/// Half authenticated ones may come to count.
fn counts(record: &Record, live: &(dyn Fn(&Record) -> bool + Send + Sync)) -> bool {
    record.pending || live(record)
}

impl Group<'_> {
    /// Makes room for the record under a limit and counts it, or says why not.
    pub(super) fn count(
        &mut self,
        record: &Record,
        limit: Option<&Limit>,
        seen: Option<&Seen>,
    ) -> Result<Judged> {
        let Some(limit) = limit else {
            self.meta.uncounted = record.sequence;
            if self.is_counted(&record.owner)? {
                self.put_counted(&record.owner, &[]);
            }
            return Ok(Judged::Done(Inserted::Done { evicted: Vec::new() }));
        };
        let place = match self.room(&record.owner, limit, seen)? {
            Room::Unknown => return Ok(Judged::Unknown),
            Room::Full => return Ok(Judged::Done(Inserted::Full)),
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
        Ok(Judged::Done(Inserted::Done { evicted }))
    }

    /// Reads at most as many as the limit allows, and a step more.
    fn room(&self, owner: &Owner, limit: &Limit, seen: Option<&Seen>) -> Result<Room> {
        let mut ids = match (self.counted(owner)?, seen) {
            (Some(ids), _) => ids,
            (None, Some(seen)) if seen.at >= self.meta.uncounted => seen.ids.clone(),
            (None, _) => return Ok(Room::Unknown),
        };
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
