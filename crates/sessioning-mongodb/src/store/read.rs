//! Finds records.

use std::sync::Arc;

use futures::TryStreamExt;
use mongodb::bson::{Document, Uuid, doc};
use sessioning::store::Listed;
use sessioning::{Owner, Record, Result, SessionId, SessionToken};

use super::adopt::Look;
use super::{Inner, answer};
use crate::concerns::{check_options, find_present, present_options};
use crate::document::uuid;
use crate::error::failed;

impl Inner {
    pub(super) async fn get(&self, id: SessionId) -> Result<Option<Arc<Record>>> {
        let counters = self.counters().await?;
        let asked =
            self.sessions()?.find_one(self.codec.by_id(id)).with_options(check_options(&self.settings));
        let found = answer(asked.await)?;
        Ok(found.and_then(|document| self.visible(document, &counters)).map(Arc::new))
    }

    /// The same, confirmed by a majority while it waits: on a cluster by that of the session's own shard.
    pub(super) async fn present(
        &self,
        id: SessionId,
        imported: Option<&SessionToken>,
    ) -> Result<Option<Arc<Record>>> {
        let counters = self.counters().await?;
        if let Some(token) = imported {
            self.adopt(token, Look::Confirmed).await?;
        }
        let found = self.confirmed(self.codec.by_id(id)).await?;
        Ok(found.and_then(|document| self.visible(document, &counters)).map(Arc::new))
    }

    /// A document as a majority confirms it to be now, whatever the session that it is.
    pub(super) async fn confirmed(&self, filter: Document) -> Result<Option<Document>> {
        find_present(self.sessions()?, filter, present_options(&self.settings)).await
    }

    pub(super) async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed> {
        self.check_namespace(owner.namespace())?;
        // What is listed is found by its id afterwards.
        self.adopt_some_of(owner, after, limit).await?;
        let counters = self.counters().await?;
        let id_field = self.codec.id_field();
        let mut filter = self.codec.of_owner(owner);
        filter.insert(self.codec.field("generation"), counters.live(owner.namespace()));
        // From the first on, too: what the original wrote has no id until it is seen.
        let id_after = after;
        let after = after.map_or(Uuid::from_bytes([0; 16]), uuid);
        filter.insert(id_field, doc! { "$gt": after });
        let batch = u32::try_from(limit.min(1000)).unwrap_or(1000).max(1);
        let asked = self.sessions()?.find(filter).sort(doc! { id_field: 1 }).batch_size(batch);
        let mut cursor = answer(asked.await)?;
        let mut records = Vec::new();
        while records.len() < limit {
            // Documents that are no sessions take nobody's place in the list.
            let Some(document) = cursor.try_next().await.map_err(failed)? else { break };
            records.extend(self.visible(document, &counters).map(Arc::new));
        }
        Ok(Listed::whole(records, id_after, limit))
    }
}
