//! The limit of sessions a user may have, exact among any number of nodes.
//!
//! A record arrives unseen, then looks who else is there: the sessions, and the others that are arriving. Of two
//! that race at least one sees the other, so what is seen never exceeds the limit. The order in which places were
//! handed out decides who stays.
//!
//! The oldest leave before the new one is a session, since the other order would exceed the limit for a moment: a create
//! that fails in between has ended the oldest all the same.
//!
//! What has been arriving for longer than an operation may take is left of one that failed. It is removed, never merely
//! overlooked: where the clocks of two nodes are apart one of two that race may end, and the limit still holds.

use std::time::Duration;

use futures::TryStreamExt;
use mongodb::bson::{Bson, doc};
use sessioning::store::{Inserted, Limit};
use sessioning::{ErrorKind, OnLimit, Record, Result};
use tokio::time::Instant;

use super::{Inner, answer};
use crate::document::{Found, unsigned};
use crate::error::failed;

/// How long to wait for the others that are arriving, too, to make up their minds.
const PAUSE: Duration = Duration::from_millis(5);

impl Inner {
    pub(super) async fn take_place(&self, record: &Record, limit: &Limit) -> Result<Inserted> {
        match limit.on_limit {
            OnLimit::EvictOldest => self.evict(record, limit).await,
            OnLimit::Refuse => self.refuse(record, limit).await,
        }
    }

    async fn evict(&self, record: &Record, limit: &Limit) -> Result<Inserted> {
        let mut there = self.contenders(record, limit).await?;
        // What was copied here, or begun by the original, has no place in the order but its date.
        there.sort_by_key(|(_, found)| (found.record.sequence, found.record.created_at, found.record.id));
        let excess = there.len().saturating_sub(limit.max);
        let mut evicted = Vec::new();
        for (key, old) in there.into_iter().take(excess) {
            // By its key: what the original began may not be findable by its id yet.
            let gone = answer(self.sessions()?.delete_one(doc! { "_id": key }).await)?;
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
        let until = Instant::now() + self.settings.deadline * 9 / 10;
        loop {
            let there = self.contenders(record, limit).await?;
            if there.len() <= limit.max {
                let arrived = self.arrive(record).await?;
                return Ok(if arrived { Inserted::Done { evicted: Vec::new() } } else { Inserted::Revoked });
            }
            let before = |(_, found): &&(Bson, Found)| {
                found.arriving.is_none() || found.record.sequence < record.sequence
            };
            if there.iter().filter(before).count() >= limit.max {
                self.withdraw(record).await?;
                return Ok(Inserted::Full);
            }
            // There is a place, but for some that came later, who will find that there is none for them: unless they
            // died. Then this one does not become what others wait for.
            if Instant::now() + PAUSE >= until {
                self.withdraw(record).await?;
                return Err(ErrorKind::TimedOut.into());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Who counts: the owner's live sessions, and what is arriving, the record itself included.
    async fn contenders(&self, record: &Record, limit: &Limit) -> Result<Vec<(Bson, Found)>> {
        let counters = self.counters().await?;
        let asked = self.sessions()?.find(self.codec.of_owner(&record.owner));
        let documents: Vec<_> = answer(asked.await)?.try_collect().await.map_err(failed)?;
        let stale = self.clock.now().before(self.settings.deadline);
        let mut contenders = Vec::new();
        for document in documents {
            let Some(key) = document.get("_id").cloned() else { continue };
            let Some(found) = self.decode(document) else { continue };
            let own = found.record.id == record.id;
            if !own && found.arriving.is_some_and(|since| since < stale) && self.clear_away(&key).await? {
                continue;
            }
            if !counters.cover(&found.record) && (own || (limit.live)(&found.record)) {
                contenders.push((key, found));
            }
        }
        Ok(contenders)
    }

    /// Removes what is left of a create that ended without an answer, unless it has arrived after all.
    async fn clear_away(&self, key: &Bson) -> Result<bool> {
        let still = doc! { "_id": key.clone(), self.codec.field("arriving"): { "$exists": true } };
        Ok(answer(self.sessions()?.delete_one(still).await)?.deleted_count == 1)
    }
}
