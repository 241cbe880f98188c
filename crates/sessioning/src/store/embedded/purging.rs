//! Frees what has ended by itself or all at once, in steps. Readers look for it, so that finding nothing is no work
//! for the owning thread.

use std::collections::HashMap;
use std::time::Duration;

use super::Inner;
use super::group::Group;
use super::keys::{self, Space};
use super::queue::Turn;
use super::revocation::Found;
use crate::store::Purged;
use crate::{Owner, Result, SessionId, Timestamp};

/// When to look again at what could not be read.
const PUT_OFF: Duration = Duration::from_secs(24 * 60 * 60);

impl Inner {
    pub(super) async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        // Two at once would take what the other has found for all there was.
        let _turn = self.purging.lock().await;
        if let Some(freed) = self.free_some().await? {
            return Ok(freed);
        }
        let due = self.readers.walk(Turn::default(), move |engine| engine.due(now, limit)).await?;
        if due.is_empty() {
            return Ok(Purged::default());
        }
        let turn = Turn { long: true, ..Turn::default() };
        let more = due.len() == limit;
        let removed = self.owner.submit(turn, move |group| group.purge(now, due)).await?;
        Ok(Purged { removed, more })
    }
}

impl Group<'_> {
    fn purge(&mut self, now: Timestamp, due: Vec<Vec<u8>>) -> Result<usize> {
        let (mut found, mut left) = (Vec::with_capacity(due.len()), 0);
        let mut counted: HashMap<Owner, Option<Vec<SessionId>>> = HashMap::new();
        for key in &due {
            let one = self.look_up(key)?;
            left += usize::from(matches!(one, Found::Unreadable));
            if let Found::Record(record) = &one
                && !counted.contains_key(&record.owner)
            {
                counted.insert(record.owner.clone(), self.counted(&record.owner)?);
            }
            found.push(one);
        }
        if left > 0 {
            tracing::warn!(sessions = left, "a purge left sessions on the disk that cannot be read");
        }
        // Synced: a place that outlived the removals before it would leave them out.
        self.needs_sync = true;
        if let Some(last) = due.last() {
            let next = keys::after(last);
            self.meta.purge_from = self.first_scheduled().map_or(next.clone(), |first| first.min(next));
        }
        let mut gone: HashMap<Owner, Vec<SessionId>> = HashMap::new();
        let mut removed = 0;
        for (key, one) in due.into_iter().zip(found) {
            let record = match one {
                Found::Record(record) => *record,
                Found::Gone => {
                    self.delete(Space::Purge, key);
                    continue;
                }
                // Neither is this version's to purge. It stays scheduled, so that one that can read it finds it.
                Found::Corrupt | Found::Unreadable => {
                    self.put_off(key, now.after(PUT_OFF));
                    continue;
                }
            };
            self.delete(Space::Purge, key);
            // What the key says is a lower bound: uses since then have moved the date.
            if record.purge_at().is_some_and(|at| at <= now) {
                self.drop_record(&record);
                gone.entry(record.owner).or_default().push(record.id);
                removed += 1;
            } else {
                self.schedule_purge(&record);
            }
        }
        for (owner, gone) in gone {
            let counted = counted.remove(&owner).flatten();
            self.uncount(&owner, counted, &gone);
        }
        Ok(removed)
    }

    /// Schedules what stands under a purge key for another date.
    fn put_off(&mut self, key: Vec<u8>, until: Timestamp) {
        if let Some(id) = keys::id_of(&key) {
            self.schedule(id, until);
        }
        self.delete(Space::Purge, key);
    }
}
