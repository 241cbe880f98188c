//! Ends the sessions of a user, or of everybody.

use futures::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use sessioning::{Namespace, Owner, Result, SessionId};

use super::{Inner, answer};
use crate::Layout;
use crate::concerns::find_some_present;
use crate::document::signed;
use crate::error::failed;
use crate::owners::whole;

/// How many sessions are removed in one step.
const STEP: u32 = 500;
/// The same where nothing but their keys is read before.
const KEYS: usize = 500;

impl Inner {
    /// Raises the epoch in one write, then removes what is of an earlier one until there is none. Whoever inserts
    /// meanwhile finds either the epoch raised or the record gone.
    pub(super) async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        self.check_namespace(owner.namespace())?;
        let open = self.opened()?;
        let counters = self.counters().await?;
        let highest = self.bounded(self.highest("epoch", self.codec.of_owner(owner))).await?;
        let epoch = self.bounded(async { answer(open.owners.next_epoch(owner, highest).await) }).await?;
        let mut revoked = self.codec.of_owner(owner);
        // Not "less than": what the original wrote has no epoch at all.
        revoked.insert(self.codec.field("epoch"), doc! { "$not": { "$gte": epoch } });
        if let Some(keep) = keep {
            // Left out, and left in its epoch: another revocation that is under way, and keeps nothing, ends it.
            revoked.insert("$nor", [self.codec.by_id(keep)]);
        }
        let mut removed = Vec::new();
        loop {
            let mut step = self.bounded(self.find_some(revoked.clone())).await?;
            // What the original began may not have been seen yet, and is not found by its id.
            step.retain(|document| keep.is_none() || self.id_of(document) != keep);
            if step.is_empty() {
                return Ok(removed);
            }
            self.bounded(self.delete_found(&step, revoked.clone())).await?;
            let seen = step.into_iter().filter_map(|document| self.visible(document, &counters));
            removed.extend(seen.map(|record| record.id));
        }
    }

    /// The highest number that documents have there; 0 if there is none.
    pub(super) async fn highest(&self, name: &str, mut documents: Document) -> Result<i64> {
        let field = self.codec.field(name);
        documents.insert(&field, doc! { "$gte": 0 });
        let found = self.sessions()?.find_one(documents).sort(doc! { &field: -1 });
        let found = answer(found.projection(doc! { &field: 1 }).await)?;
        Ok(found.as_ref().and_then(|found| self.codec.value(found, name)).and_then(whole).unwrap_or(0))
    }

    /// Deletes those of the documents that still match.
    async fn delete_found(&self, found: &[Document], still: Document) -> Result<()> {
        let keys: Vec<_> = found.iter().filter_map(|document| document.get("_id").cloned()).collect();
        self.delete_keys(&keys, still).await
    }

    async fn delete_keys(&self, keys: &[Bson], mut still: Document) -> Result<()> {
        still.insert("_id", doc! { "$in": keys });
        answer(self.sessions()?.delete_many(still).await).map(drop)
    }

    /// Some of the documents, confirmed by a majority: on a cluster the epoch's write says nothing of another shard,
    /// where a primary that was deposed finds what was there before.
    async fn find_some(&self, filter: Document) -> Result<Vec<Document>> {
        find_some_present(self.sessions()?, filter, STEP, self.settings.deadline).await
    }

    /// Raises a counter, whatever the number of sessions. The original knows no counters, so in its layout the
    /// documents are deleted, too.
    pub(super) async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()> {
        if let Some(namespace) = namespace {
            self.check_namespace(namespace)?;
        }
        let open = self.opened()?;
        // Not while a copy comes in: it would count what it has added among those that ended.
        self.counters().await?;
        let highest = self.bounded(self.highest("generation", doc! {})).await?;
        open.generations.raise(namespace, highest).await?;
        if self.settings.layout == Layout::Concept { self.delete_everyone().await } else { Ok(()) }
    }

    /// Deletes what is there and of an earlier generation, or of none. Once: the original may go on creating, and what
    /// it begins afterwards did not end with everyone.
    async fn delete_everyone(&self) -> Result<()> {
        let current = signed(self.counters().await?.current(&Namespace::default()));
        let before = doc! { self.codec.field("generation"): { "$not": { "$gte": current } } };
        let asked = self.sessions()?.find(before.clone()).projection(doc! { "_id": 1 });
        let mut found = self.bounded(async { answer(asked.await) }).await?;
        let mut keys = Vec::new();
        while let Some(mut document) = self.bounded(async { found.try_next().await.map_err(failed) }).await? {
            keys.extend(document.remove("_id"));
        }
        for step in keys.chunks(KEYS) {
            self.bounded(self.delete_keys(step, before.clone())).await?;
        }
        Ok(())
    }
}
