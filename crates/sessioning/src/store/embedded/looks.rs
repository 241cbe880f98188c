//! Looks through owners for what counts for a limit, where there is no list of it, and takes lists away that are of no
//! use any more. Readers do it, in steps.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Inner;
use super::engine::{Engine, STEP};
use super::group::Group;
use super::keys::{self, Space};
use super::queue::Turn;
use crate::store::{Inserted, Limit, Waiting};
use crate::{ErrorKind, Owner, Record, Result, SessionId};

/// How often an owner is looked through for one create: others create without a limit meanwhile.
const LOOKS: usize = 8;
/// The owners that are being looked through, and whether one of them got a session meanwhile that was not counted.
#[derive(Default)]
pub(super) struct Looks(Mutex<HashMap<Owner, bool>>);

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

    #[cfg(test)]
    pub(super) fn are_over(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Whether a look that began found all there is by now.
    pub(super) fn end(&self, owner: &Owner) -> bool {
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
        let mut looks = 0;
        while looks < LOOKS {
            let inserted = if self.is_listed(&record.owner).await? {
                let turn = Turn { waiting: Some(waiting.clone()), ..creating_turn(&record) };
                let (record, limit) = (record.clone(), limit.clone());
                self.owner.submit(turn, move |group| group.insert(record, Some(&limit))).await?
            } else {
                looks += 1;
                self.look_and_insert(&record, &limit, &waiting).await?
            };
            match inserted {
                Some(inserted) => return Ok(inserted),
                None if waiting.is_over() => break,
                None => {}
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
        let ids = match self.look_through(&record.owner, limit).await {
            Err(error) => {
                let owner = record.owner.clone();
                let _ = self.readers.read(move |engine| Ok(engine.looks.end(&owner))).await;
                return Err(error);
            }
            ids => ids?,
        };
        let (turn, waiting) = (creating_turn(record), waiting.clone());
        let (record, limit) = (record.clone(), limit.clone());
        let insert = move |group: &mut Group<'_>| {
            let owner = record.owner.clone();
            group.list(&owner, ids);
            let inserted = if waiting.is_over() { None } else { group.insert(record, Some(&limit))? };
            group.shorten(&owner, &limit)?;
            Ok(inserted)
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

    /// The record of a session, unless it is gone, and whether it is all that its owner has on the disk. That is looked
    /// at only where it is all that counts, too.
    pub(super) async fn alone(&self, id: SessionId) -> Result<(Option<Arc<Record>>, bool)> {
        let read = move |engine: &Engine| {
            let Some(record) = engine.record(id)? else { return Ok((None, false)) };
            let list = engine.get(Space::Counted, &keys::owner_prefix(&record.owner));
            let counts_alone = list.is_ok_and(|list| list.as_deref() == Some(id.as_bytes()));
            Ok((Some(record), counts_alone))
        };
        let (record, counts_alone) = self.readers.read(read).await?;
        let owner = record.as_ref().filter(|_| counts_alone).map(|record| record.owner.clone());
        let Some(owner) = owner else { return Ok((record, false)) };
        let turn = Turn { owner: Some(owner.clone()), ends: true, ..Turn::default() };
        let others = self.readers.walk(turn, move |engine| Ok(engine.last_keys(&owner, 2)?.len() > 1)).await;
        Ok((record, others.is_ok_and(|others| !others)))
    }

    /// Takes the empty lists of those away who have nothing left on the disk.
    pub(super) async fn forget_lists(&self, owners: Vec<Owner>) -> Result<()> {
        if owners.is_empty() {
            return Ok(());
        }
        let without = move |engine: &Engine| {
            let has_none = |owner: &Owner| matches!(engine.last_keys(owner, 1).as_deref(), Ok([]));
            Ok(owners.into_iter().filter(has_none).collect::<Vec<_>>())
        };
        let owners = self.readers.walk(Turn::default(), without).await?;
        if owners.is_empty() {
            return Ok(());
        }
        let turn = Turn { long: true, ..Turn::default() };
        self.owner.submit(turn, move |group| group.forget_empty(&owners)).await
    }
}

fn creating_turn(record: &Record) -> Turn {
    Turn { owner: Some(record.owner.clone()), id: Some(record.id), ..Turn::default() }
}

/// Half authenticated ones may come to count.
fn counts(record: &Record, live: &(dyn Fn(&Record) -> bool + Send + Sync)) -> bool {
    record.pending || live(record)
}
