//! The contract in its plainest form: maps behind one lock, gone with the process.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{
    Accept, Inserted, Keeps, Limit, Listed, Purged, Replaced, Store, Touch, Touched, Waiting, own_key,
};
use crate::{Namespace, OnLimit, Owner, Record, Result, SessionId, SessionToken, Timestamp};

/// Keeps records in memory: for tests, and for sessions that may end with the process.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: HashMap<SessionId, Arc<Record>>,
    by_owner: HashMap<Owner, BTreeSet<SessionId>>,
    sequence: u64,
    key: Option<[u8; 32]>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    fn of(&self, owner: &Owner) -> impl Iterator<Item = &Arc<Record>> {
        let ids = self.by_owner.get(owner).into_iter().flatten();
        ids.filter_map(|id| self.records.get(id))
    }

    fn remove(&mut self, id: SessionId) -> bool {
        let Some(record) = self.records.remove(&id) else { return false };
        if let Some(ids) = self.by_owner.get_mut(&record.owner) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_owner.remove(&record.owner);
            }
        }
        true
    }

    /// Makes place for one more of `owner`; `None` when the limit refuses.
    fn make_place(&mut self, owner: &Owner, limit: &Limit) -> Option<Vec<SessionId>> {
        let mut live: Vec<_> = self.of(owner).filter(|record| (limit.live)(record)).collect();
        let excess = (live.len() + 1).saturating_sub(limit.max);
        if excess > 0 && limit.on_limit == OnLimit::Refuse {
            return None;
        }
        live.sort_by_key(|record| record.sequence);
        let evicted: Vec<_> = live.into_iter().take(excess).map(|record| record.id).collect();
        for id in &evicted {
            self.remove(*id);
        }
        Some(evicted)
    }
}

#[async_trait]
impl Store for Memory {
    async fn insert_while(&self, _: &Waiting, mut record: Record, limit: Option<Limit>) -> Result<Inserted> {
        let mut state = self.state.lock();
        if state.records.contains_key(&record.id) {
            return Ok(Inserted::Taken);
        }
        let evicted = match &limit {
            Some(limit) => match state.make_place(&record.owner, limit) {
                Some(evicted) => evicted,
                None => return Ok(Inserted::Full),
            },
            None => Vec::new(),
        };
        state.sequence += 1;
        record.sequence = state.sequence;
        record.version = 0;
        state.by_owner.entry(record.owner.clone()).or_default().insert(record.id);
        state.records.insert(record.id, Arc::new(record));
        Ok(Inserted::Done { evicted })
    }

    async fn get(&self, id: SessionId, _: Accept<'_>) -> Result<Option<Arc<Record>>> {
        Ok(self.state.lock().records.get(&id).cloned())
    }

    async fn present(&self, id: SessionId, _: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        self.get(id, &|_| true).await
    }

    async fn replace_while(&self, _: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        let mut state = self.state.lock();
        let Some(stored) = state.records.get_mut(&record.id) else { return Ok(Replaced::Gone) };
        if stored.version != version {
            return Ok(Replaced::Stale);
        }
        *stored = Arc::new(record.succeeding(stored));
        Ok(Replaced::Done)
    }

    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        let mut state = self.state.lock();
        let Some(stored) = state.records.get_mut(&id) else { return Ok(Touched::Gone) };
        if !touch.is_due(stored) {
            return Ok(Touched::NotDue);
        }
        Arc::make_mut(stored).last_seen = touch.at;
        Ok(Touched::Done)
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        Ok(self.state.lock().remove(id))
    }

    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        let mut state = self.state.lock();
        let ids: Vec<_> = state.of(owner).map(|record| record.id).filter(|id| Some(*id) != keep).collect();
        for id in &ids {
            state.remove(*id);
        }
        Ok(ids)
    }

    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        let mut state = self.state.lock();
        let covered = |owner: &Owner| namespace.is_none_or(|namespace| namespace == owner.namespace());
        state.records.retain(|_, record| !covered(&record.owner));
        state.by_owner.retain(|owner, _| !covered(owner));
        Ok(())
    }

    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        let state = self.state.lock();
        let records = state.of(owner).filter(|record| Some(record.id) > after).take(limit).cloned().collect();
        Ok(Listed::whole(records, after, limit))
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        let mut state = self.state.lock();
        let over = |record: &&Arc<Record>| record.purge_at().is_some_and(|at| at <= now);
        let ids: Vec<_> = state.records.values().filter(over).take(limit).map(|record| record.id).collect();
        for id in &ids {
            state.remove(*id);
        }
        Ok(Purged { removed: ids.len(), more: ids.len() == limit })
    }

    fn reopenings(&self) -> u64 {
        0
    }

    fn keeps(&self) -> Keeps {
        Keeps::Digests
    }

    async fn adopt(&self, _: &SessionToken) -> Result<bool> {
        Ok(false)
    }

    async fn key(&self) -> Result<[u8; 32]> {
        own_key(&mut self.state.lock().key)
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
