//! A store over a store that counts what is asked of it, and how long the answers take.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use sessioning::store::{Accept, Inserted, Keeps, Limit, Listed, Purged, Replaced, Touch, Touched, Waiting};
use sessioning::{Namespace, Owner, Record, Result, SessionId, SessionToken, Store, Timestamp};

use crate::metrics::Metrics;

pub(crate) struct Metered<S> {
    store: S,
    metrics: Metrics,
}

impl<S: Store> Metered<S> {
    pub(crate) fn new(store: S, metrics: Metrics) -> Self {
        Self { store, metrics }
    }

    async fn count<T>(
        &self,
        operation: &'static str,
        outcome: impl FnOnce(&T) -> &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut told =
            Told { metrics: &self.metrics, operation, outcome: "abandoned", began: Instant::now() };
        let answer = call.await;
        told.outcome = answer.as_ref().map_or("error", outcome);
        answer
    }
}

/// Counts an operation when it ends, also when nobody waits for its answer any more: the slowest do not go
/// uncounted.
struct Told<'a> {
    metrics: &'a Metrics,
    operation: &'static str,
    outcome: &'static str,
    began: Instant,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.metrics.stored(self.operation, self.outcome, self.began.elapsed());
    }
}

fn done<T>(_: &T) -> &'static str {
    "done"
}

fn found(there: bool) -> &'static str {
    if there { "done" } else { "gone" }
}

#[async_trait]
impl<S: Store> Store for Metered<S> {
    async fn insert_while(
        &self,
        waiting: &Waiting,
        record: Record,
        limit: Option<Limit>,
    ) -> Result<Inserted> {
        let outcome = |inserted: &Inserted| match inserted {
            Inserted::Done { .. } => "done",
            Inserted::Taken => "taken",
            Inserted::Revoked => "revoked",
            Inserted::Full => "full",
        };
        self.count("insert", outcome, self.store.insert_while(waiting, record, limit)).await
    }

    async fn get(&self, id: SessionId, accept: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.count("get", |record: &Option<_>| found(record.is_some()), self.store.get(id, accept)).await
    }

    async fn present(&self, id: SessionId, imported: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        let present = self.store.present(id, imported);
        self.count("get", |record: &Option<_>| found(record.is_some()), present).await
    }

    async fn replace_while(&self, waiting: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        let outcome = |replaced: &Replaced| match replaced {
            Replaced::Done => "done",
            Replaced::Stale => "stale",
            Replaced::Gone => "gone",
        };
        self.count("replace", outcome, self.store.replace_while(waiting, record, version)).await
    }

    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        let outcome = |touched: &Touched| match touched {
            Touched::Done => "done",
            Touched::NotDue => "not_due",
            Touched::Gone => "gone",
        };
        self.count("touch", outcome, self.store.touch(id, touch)).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        self.count("remove", |removed| found(*removed), self.store.remove(id)).await
    }

    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        self.count("remove_user", done, self.store.remove_user(owner, keep)).await
    }

    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        self.count("remove_everyone", done, self.store.remove_everyone(namespace)).await
    }

    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        self.count("list", done, self.store.list(owner, after, limit)).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        self.count("purge", done, self.store.purge(now, limit)).await
    }

    fn reopenings(&self) -> u64 {
        self.store.reopenings()
    }

    fn keeps(&self) -> Keeps {
        self.store.keeps()
    }

    async fn adopt(&self, imported: &SessionToken) -> Result<bool> {
        self.count("adopt", |there| found(*there), self.store.adopt(imported)).await
    }

    async fn key(&self) -> Result<[u8; 32]> {
        self.store.key().await
    }

    async fn ready(&self) -> Result<()> {
        self.store.ready().await
    }
}
