//! Ends a user's sessions, and frees what was ended all at once, in steps.
//!
//! What a few sessions of one user are ended by is one write. For many it is a write that ends them, then steps
//! that free them, each between the writes of others. What is left of that when it is cut off is freed by purges.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Inner;
use super::endings::{Ending, Scope};
use super::engine::STEP;
use super::group::Group;
use super::keys::{self, Space};
use super::owner_locks::OwnerLocks;
use super::queue::Turn;
use crate::store::Purged;
use crate::{ErrorKind, Owner, Record, Result, SessionId};

/// What is under way, so that no two do the same.
#[derive(Default)]
pub(super) struct Revoking {
    /// So that each revocation names all that it ended.
    owners: OwnerLocks,
    /// Endings that a purge leaves alone: somebody frees them, or they cover what cannot be read.
    held: Mutex<HashSet<Scope>>,
}

/// An ending that somebody frees, until it is dropped.
pub(super) struct Held {
    all: Arc<Revoking>,
    scope: Scope,
    forever: bool,
}

/// What a step freed.
struct Freed {
    /// What was there until this ending.
    ids: Vec<SessionId>,
    removed: usize,
    /// The ending for the next step; `None` after the last.
    next: Option<Ending>,
    /// Whether the ending stays after the last: this version cannot read all that it may cover.
    stays: bool,
    /// The owners of whom nothing counts for a limit any more.
    uncounted: Vec<Owner>,
}

/// A step of freeing what an ending covers.
#[derive(Clone)]
struct Sweep {
    ending: Ending,
    /// The users' keys to look at.
    keys: Vec<Vec<u8>>,
    /// Where the next step begins; empty after the last one.
    place: Vec<u8>,
}

impl Revoking {
    fn hold(self: &Arc<Self>, scope: Scope) -> Held {
        self.held.lock().insert(scope.clone());
        Held { all: Arc::clone(self), scope, forever: false }
    }

    fn is_free(&self, scope: &Scope) -> bool {
        !self.held.lock().contains(scope)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.forever {
            self.all.held.lock().remove(&self.scope);
        }
    }
}

impl Inner {
    pub(super) async fn revoke(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let _lock = self.revoking.owners.lock(owner).await;
        let keys = match self.owned(owner, true).await {
            Err(error) if error.is_damage() => {
                // This ends them all, but who they are cannot be said, so it is no success.
                let (_, mut held) = self.end_many(owner, keep).await?;
                held.forever = true;
                return Err(error);
            }
            keys => keys?,
        };
        if keys.len() <= STEP {
            let of_owner = owner.clone();
            let remove = move |group: &mut Group<'_>| group.remove_few(&of_owner, keep, &keys);
            return self.owner.submit(ending_turn(owner), remove).await;
        }
        let (mut ending, mut held) = self.end_many(owner, keep).await?;
        let mut ended = Vec::new();
        loop {
            let freed = self.free_step(ending, true).await?;
            ended.extend(freed.ids);
            held.forever |= freed.stays && freed.next.is_none();
            match freed.next {
                Some(next) => ending = next,
                None => break,
            }
        }
        // That the list stays is no failure of the revocation.
        let _ = self.forget_lists(vec![owner.clone()]).await;
        Ok(ended)
    }

    /// The first keys of an owner: one more than a step takes, if there are as many.
    async fn owned(&self, owner: &Owner, ends: bool) -> Result<Vec<Vec<u8>>> {
        let range = keys::users(owner, None);
        let turn = Turn { owner: Some(owner.clone()), ends, ..Turn::default() };
        self.readers.walk(turn, move |engine| engine.keys(Space::Users, range, STEP + 1)).await
    }

    /// Ends what an owner has by now, in one write. No purge frees it while the second is held.
    pub(super) async fn end_many(&self, owner: &Owner, keep: Option<SessionId>) -> Result<(Ending, Held)> {
        let (of_owner, revoking) = (owner.clone(), Arc::clone(&self.revoking));
        let end = move |group: &mut Group<'_>| {
            let ending = group.end_many(&of_owner, keep)?;
            let held = revoking.hold(ending.scope.clone());
            Ok((ending, held))
        };
        self.owner.submit(ending_turn(owner), end).await
    }

    /// Frees a step of what an ending covers.
    async fn free_step(&self, ending: Ending, ends: bool) -> Result<Freed> {
        let owner = match &ending.scope {
            Scope::Owner(owner, _) => Some(owner.clone()),
            Scope::Everyone | Scope::Namespace(_) => None,
        };
        let range = keys::users_in(&ending.scope);
        let range = range.start().clone().max(keys::after(&ending.place))..=range.end().clone();
        let turn = Turn { owner: owner.clone(), ends, ..Turn::default() };
        let keys = self.readers.walk(turn, move |engine| engine.keys(Space::Users, range, STEP)).await?;
        let is_last = keys.len() < STEP;
        let place = keys.last().filter(|_| !is_last).cloned().unwrap_or_default();
        let sweep = Sweep { ending, keys, place };
        let turn = Turn { owner, ends, long: true, ..Turn::default() };
        self.owner.submit(turn, move |group| group.free(&sweep)).await
    }

    /// Frees a step of the first ending that nobody else frees.
    pub(super) async fn free_some(&self) -> Result<Purged> {
        let revoking = Arc::clone(&self.revoking);
        let first = self.readers.read(move |engine| {
            let first = engine.ended().first(|scope| revoking.is_free(scope)).cloned();
            Ok(first.map(|ending| (revoking.hold(ending.scope.clone()), ending)))
        });
        let Some((mut held, ending)) = first.await? else { return Ok(Purged::default()) };
        let freed = match self.free_step(ending, false).await {
            Err(error) if error.is_damage() => {
                tracing::warn!("a purge left what was ended all at once on the disk: {error}");
                held.forever = true;
                return Ok(Purged { removed: 0, more: true });
            }
            freed => freed?,
        };
        held.forever |= freed.stays && freed.next.is_none();
        self.forget_lists(freed.uncounted).await?;
        Ok(Purged { removed: freed.removed, more: true })
    }
}

fn ending_turn(owner: &Owner) -> Turn {
    Turn { owner: Some(owner.clone()), ends: true, ..Turn::default() }
}

/// What a key that ends in an id leads to.
pub(super) enum Found {
    /// Nothing: its record is gone.
    Gone,
    Corrupt,
    Unreadable,
    Record(Box<Record>),
}

impl Found {
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::Record(record) => Some(record),
            Self::Gone | Self::Corrupt | Self::Unreadable => None,
        }
    }
}

impl Group<'_> {
    /// Removes what these keys of an owner lead to, in one group; the ids of what was there, or went meanwhile.
    fn remove_few(
        &mut self,
        owner: &Owner,
        keep: Option<SessionId>,
        keys: &[Vec<u8>],
    ) -> Result<Vec<SessionId>> {
        let (mut removed, mut leaving) = (Vec::new(), Vec::new());
        for id in keys.iter().filter_map(|key| keys::id_of(key)).filter(|id| Some(*id) != keep) {
            let is_there = self.get(Space::Users, &keys::user(owner, id))?.is_some();
            let is_live = match self.record(id) {
                // What cannot be read is ended by being removed, too.
                Err(error) if error.is_damage() => true,
                record => record?.is_some(),
            };
            // Who removed it meanwhile may not have said so yet.
            if !is_there || is_live {
                removed.push(id);
            }
            leaving.extend(is_there.then_some(id));
        }
        let counted = self.counted(owner)?;
        self.needs_sync |= !leaving.is_empty();
        for id in &leaving {
            self.delete(Space::Users, keys::user(owner, *id));
            self.delete(Space::Sessions, id.as_bytes().to_vec());
        }
        // These were all that the owner had on the disk.
        if self.uncount(owner, counted, &leaving) && keep.is_none() {
            self.drop_counted(owner);
        }
        Ok(removed)
    }

    fn end_many(&mut self, owner: &Owner, keep: Option<SessionId>) -> Result<Ending> {
        self.count_only(owner, keep)?;
        // Whoever is looking through the owner may have found what ends here.
        self.uncounted.push(owner.clone());
        // A place that no other ending has: it would take the place of that, and this one keeps what that has ended.
        let scope = Scope::Owner(owner.clone(), self.meta.next_sequence());
        let ending = Ending { keep, ..Ending::new(scope, 0) };
        self.raise(ending.clone());
        Ok(ending)
    }

    /// Frees what the ending covers of what these keys lead to.
    fn free(&mut self, sweep: &Sweep) -> Result<Freed> {
        let mut found = Vec::with_capacity(sweep.keys.len());
        for key in &sweep.keys {
            found.push(self.look_up(key)?);
        }
        let mut lists = self.lists_of(found.iter().filter_map(Found::record))?;
        let mut freed =
            Freed { ids: Vec::new(), removed: 0, next: None, stays: false, uncounted: Vec::new() };
        let (scope, mut unreadable) = (&sweep.ending.scope, false);
        for (key, found) in sweep.keys.iter().zip(found) {
            let id = keys::id_of(key);
            match found {
                Found::Gone => self.delete(Space::Users, key.clone()),
                // No repair may bring it back.
                Found::Corrupt if matches!(scope, Scope::Owner(..)) && id != sweep.ending.keep => {
                    self.delete(Space::Users, key.clone());
                    self.delete(Space::Sessions, id.map_or_else(Vec::new, |id| id.as_bytes().to_vec()));
                }
                Found::Corrupt => {}
                Found::Unreadable => unreadable = true,
                Found::Record(record) => {
                    if self.is_over(&record, None) {
                        freed.ids.extend((!self.is_over(&record, Some(scope))).then_some(record.id));
                        freed.removed += 1;
                        self.drop_record(&record);
                        if let Some((_, gone)) = lists.get_mut(&record.owner) {
                            gone.push(record.id);
                        }
                    }
                }
            }
        }
        freed.uncounted = self.uncount_all(lists);
        if let Some(ending) = self.go_on(sweep, unreadable) {
            freed.stays = ending.stays;
            freed.next = Some(ending).filter(|_| !sweep.place.is_empty());
        }
        Ok(freed)
    }

    pub(super) fn look_up(&self, key: &[u8]) -> Result<Found> {
        let Some(id) = keys::id_of(key) else { return Ok(Found::Gone) };
        match self.stored(id) {
            Ok(Some(record)) => Ok(Found::Record(Box::new(record))),
            Ok(None) if self.get(Space::Sessions, id.as_bytes())?.is_some() => Ok(Found::Corrupt),
            Ok(None) => Ok(Found::Gone),
            Err(error) if matches!(error.kind(), ErrorKind::UnknownRecordVersion(_)) || error.is_damage() => {
                Ok(Found::Unreadable)
            }
            Err(error) => Err(error),
        }
    }

    /// Notes how far the freeing has come; the ending as it stands, unless it is another one by now or over. Synced:
    /// a place that outlived the removals before it would leave them out.
    fn go_on(&mut self, sweep: &Sweep, unreadable: bool) -> Option<Ending> {
        self.needs_sync = true;
        let ending = self.ending(&sweep.ending.scope)?;
        if ending.generation != sweep.ending.generation {
            return None;
        }
        let ending = Ending { stays: ending.stays || unreadable, ..ending };
        if sweep.place.is_empty() && !ending.stays {
            self.lift(&ending);
            return None;
        }
        let place = if sweep.place.is_empty() { ending.place } else { sweep.place.clone() };
        let ending = Ending { place, ..ending };
        self.raise(ending.clone());
        Some(ending)
    }
}
