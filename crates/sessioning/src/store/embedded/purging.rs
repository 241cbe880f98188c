//! Frees what has ended by itself or all at once, in steps. Readers look for it, so that finding nothing is no work
//! for the owning thread.

use std::time::Duration;

use super::Inner;
use super::group::Group;
use super::keys::{self, Space};
use super::queue::Turn;
use super::revocation::Found;
use crate::store::Purged;
use crate::{Owner, Result, Timestamp};

/// When to look again at what could not be read.
const PUT_OFF: Duration = Duration::from_secs(24 * 60 * 60);

impl Inner {
    pub(super) async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        // Two at once would take what the other has found for all there was.
        let _turn = self.purging.lock().await;
        // A step of each, so that neither holds back the other.
        let freed = self.free_some().await?;
        let purged = self.purge_due(now, limit).await?;
        Ok(Purged { removed: freed.removed + purged.removed, more: freed.more || purged.more })
    }

    async fn purge_due(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        let due = self.readers.walk(Turn::default(), move |engine| engine.due(now, limit)).await?;
        if due.is_empty() {
            return Ok(Purged::default());
        }
        let turn = Turn { long: true, ..Turn::default() };
        let more = due.len() == limit;
        let (removed, uncounted) = self.owner.submit(turn, move |group| group.purge(now, due)).await?;
        self.forget_lists(uncounted).await?;
        Ok(Purged { removed, more })
    }
}

impl Group<'_> {
    /// How many it removed, and the owners of whom nothing counts since.
    fn purge(&mut self, now: Timestamp, due: Vec<Vec<u8>>) -> Result<(usize, Vec<Owner>)> {
        let (mut found, mut left) = (Vec::with_capacity(due.len()), 0);
        for key in &due {
            let one = self.look_up(key)?;
            left += usize::from(matches!(one, Found::Unreadable));
            found.push(one);
        }
        let mut lists = self.lists_of(found.iter().filter_map(Found::record))?;
        if left > 0 {
            tracing::warn!(sessions = left, "a purge left sessions on the disk that cannot be read");
        }
        // Synced: a place that outlived the removals before it would leave them out.
        self.needs_sync = true;
        if let Some(last) = due.last() {
            let next = keys::after(last);
            self.meta.purge_from = self.first_scheduled().map_or(next.clone(), |first| first.min(next));
        }
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
                if let Some((_, gone)) = lists.get_mut(&record.owner) {
                    gone.push(record.id);
                }
                removed += 1;
            } else {
                self.schedule_purge(&record);
            }
        }
        Ok((removed, self.uncount_all(lists)))
    }

    /// Schedules what stands under a purge key for another date.
    fn put_off(&mut self, key: Vec<u8>, until: Timestamp) {
        if let Some(id) = keys::id_of(&key) {
            self.schedule(id, until);
        }
        self.delete(Space::Purge, key);
    }
}
