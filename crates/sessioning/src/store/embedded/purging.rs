//! Frees what has ended by itself or all at once, in steps. Readers look for it, so that finding nothing is no work
//! for the owning thread.

use std::collections::HashMap;

use super::Inner;
use super::group::Group;
use super::keys::{self, Space};
use super::queue::Turn;
use crate::store::Purged;
use crate::{ErrorKind, Owner, Result, SessionId, Timestamp};

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
            let record = keys::id_of(key).map_or(Ok(None), |id| self.stored(id));
            let record = match record {
                // A later version's record is that version's to purge; it must not stop this purge for good.
                Err(error) if matches!(error.kind(), ErrorKind::UnknownRecordVersion(_)) => None,
                Err(error) if error.is_damage() => {
                    left += 1;
                    None
                }
                record => record?,
            };
            if let Some(record) = &record
                && !counted.contains_key(&record.owner)
            {
                counted.insert(record.owner.clone(), self.counted(&record.owner)?);
            }
            found.push(record);
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
        for (key, record) in due.into_iter().zip(found) {
            self.delete(Space::Purge, key);
            let Some(record) = record else { continue };
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
}
