//! The limit of sessions a user may have, exact among any number of nodes.
//!
//! A record arrives unseen, then looks who else is there: the sessions, and the others that are arriving. Of two
//! that race at least one sees the other, so what is seen never exceeds the limit. The order in which places were
//! handed out decides who stays.

use std::time::Duration;

use futures::TryStreamExt;
use sessioning::store::{Inserted, Limit};
use sessioning::{OnLimit, Record, Result};

use super::{Inner, answer};
use crate::document::{Found, unsigned};
use crate::error::failed;

/// How long to wait for the others that are arriving, too, to make up their minds.
const PAUSE: Duration = Duration::from_millis(5);
/// What has been arriving for longer is left from a process that died. Clocks of nodes that are a minute apart would
/// make two that race overlook each other.
const STALE: Duration = Duration::from_secs(60);

impl Inner {
    pub(super) async fn take_place(&self, record: &Record, limit: &Limit) -> Result<Inserted> {
        // What the original began counts, too, and may have to leave.
        self.adopt_all(&record.owner).await?;
        match limit.on_limit {
            OnLimit::EvictOldest => self.evict(record, limit).await,
            OnLimit::Refuse => self.refuse(record, limit).await,
        }
    }

    async fn evict(&self, record: &Record, limit: &Limit) -> Result<Inserted> {
        let mut there = self.contenders(record, limit).await?;
        // What was copied here, or begun by the original, has no place in the order but its date.
        there.sort_by_key(|found| (found.record.sequence, found.record.created_at, found.record.id));
        let excess = there.len().saturating_sub(limit.max);
        let mut evicted = Vec::new();
        for old in there.into_iter().take(excess) {
            let gone = answer(self.sessions()?.delete_one(self.codec.by_id(old.record.id)).await)?;
            if gone.deleted_count == 1 && old.arriving.is_none() {
                evicted.push(old.record.id);
            }
        }
        if self.arrive(record).await? || self.stands(record).await? {
            return Ok(Inserted::Done { evicted });
        }
        Ok(Inserted::Revoked)
    }

    /// Whether it was no revocation that ended a record on its arrival: then newer sessions have evicted it already.
    async fn stands(&self, record: &Record) -> Result<bool> {
        let epoch = answer(self.opened()?.owners.epoch(&record.owner).await)?;
        Ok(unsigned(epoch) == record.epoch)
    }

    async fn refuse(&self, record: &Record, limit: &Limit) -> Result<Inserted> {
        loop {
            let there = self.contenders(record, limit).await?;
            if there.len() <= limit.max {
                let arrived = self.arrive(record).await?;
                return Ok(if arrived { Inserted::Done { evicted: Vec::new() } } else { Inserted::Revoked });
            }
            let before = |found: &&Found| found.arriving.is_none() || found.record.sequence < record.sequence;
            if there.iter().filter(before).count() >= limit.max {
                self.withdraw(record).await?;
                return Ok(Inserted::Full);
            }
            // There is a place, but for some that came later, who will find that there is none for them.
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Who counts: the owner's live sessions, and what is arriving, the record itself included.
    async fn contenders(&self, record: &Record, limit: &Limit) -> Result<Vec<Found>> {
        let counters = self.counters().await?;
        let asked = self.sessions()?.find(self.codec.of_owner(&record.owner));
        let documents: Vec<_> = answer(asked.await)?.try_collect().await.map_err(failed)?;
        let stale = self.clock.now().before(STALE);
        let counts = |found: &Found| {
            let own = found.record.id == record.id;
            let left_over = !own && found.arriving.is_some_and(|since| since < stale);
            !left_over && !counters.cover(&found.record) && (own || (limit.live)(&found.record))
        };
        Ok(documents.into_iter().filter_map(|document| self.decode(document)).filter(counts).collect())
    }
}
