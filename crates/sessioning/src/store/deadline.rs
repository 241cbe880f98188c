//! A store whose every answer comes in bounded time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Accept, Inserted, Keeps, Limit, Listed, Purged, Replaced, Store, Touch, Touched, Waiting};
use crate::{ErrorKind, Namespace, Owner, Record, Result, SessionId, SessionToken, Timestamp};

/// A store over a store that waits no longer than its deadline for any answer.
///
/// What was begun still runs to its end below; only the waiting ends, with
/// [`TimedOut`](ErrorKind::TimedOut), which like every error means that the outcome is unknown.
pub struct Deadline<S> {
    store: S,
    deadline: Duration,
}

impl<S> Deadline<S> {
    /// Bounds every call of `store`.
    #[must_use]
    pub fn new(store: S, deadline: Duration) -> Self {
        Self { store, deadline }
    }

    /// The same for what is not to begin once nobody waits for it.
    async fn bound_while<T>(&self, waiting: &Waiting, call: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = self.bound(call).await;
        if answer.as_ref().is_err_and(|error| *error.kind() == ErrorKind::TimedOut) {
            waiting.give_up();
        }
        answer
    }

    async fn bound<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::time::timeout(self.deadline, call).await.unwrap_or(Err(ErrorKind::TimedOut.into()))
    }
}

#[async_trait]
impl<S: Store> Store for Deadline<S> {
    async fn insert_while(
        &self,
        waiting: &Waiting,
        record: Record,
        limit: Option<Limit>,
    ) -> Result<Inserted> {
        self.bound_while(waiting, self.store.insert_while(waiting, record, limit)).await
    }

    async fn get(&self, id: SessionId, accept: Accept<'_>) -> Result<Option<Arc<Record>>> {
        self.bound(self.store.get(id, accept)).await
    }

    async fn present(&self, id: SessionId, imported: Option<&SessionToken>) -> Result<Option<Arc<Record>>> {
        self.bound(self.store.present(id, imported)).await
    }

    async fn replace_while(&self, waiting: &Waiting, record: Record, version: u64) -> Result<Replaced> {
        self.bound_while(waiting, self.store.replace_while(waiting, record, version)).await
    }

    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched> {
        self.bound(self.store.touch(id, touch)).await
    }

    async fn remove(&self, id: SessionId) -> Result<bool> {
        self.bound(self.store.remove(id)).await
    }

    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        self.bound(self.store.remove_user(owner, keep)).await
    }

    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        self.bound(self.store.remove_everyone(namespace)).await
    }

    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        self.bound(self.store.list(owner, after, limit)).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged> {
        self.bound(self.store.purge(now, limit)).await
    }

    fn reopenings(&self) -> u64 {
        self.store.reopenings()
    }

    fn keeps(&self) -> Keeps {
        self.store.keeps()
    }

    async fn adopt(&self, imported: &SessionToken) -> Result<bool> {
        self.bound(self.store.adopt(imported)).await
    }

    async fn key(&self) -> Result<[u8; 32]> {
        self.bound(self.store.key()).await
    }

    async fn ready(&self) -> Result<()> {
        self.bound(self.store.ready()).await
    }
}
