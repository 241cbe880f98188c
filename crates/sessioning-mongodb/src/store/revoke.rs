//! Ends the sessions of a user, or of everybody.

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
use sessioning::{Namespace, Owner, Result, SessionId};

use super::{Inner, answer};
use crate::Layout;
use crate::document::signed;
use crate::error::failed;

/// How many sessions are removed in one step.
const STEP: i64 = 500;

impl Inner {
    /// Raises the epoch in one write, then removes what is of an earlier one until there is none. Whoever inserts
    /// meanwhile finds either the epoch raised or the record gone.
    pub(super) async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>> {
        self.check_namespace(owner.namespace())?;
        let open = self.opened()?;
        self.bounded(self.adopt_all(owner)).await?;
        let counters = self.counters().await?;
        let epoch = self.bounded(async { answer(open.owners.next_epoch(owner).await) }).await?;
        let mut revoked = self.codec.of_owner(owner);
        // Not "less than": what the original wrote has no epoch at all.
        revoked.insert("epoch", doc! { "$not": { "$gte": epoch } });
        if let Some(keep) = keep {
            // Left out, and left in its epoch: another revocation that is under way, and keeps nothing, ends it.
            revoked.insert("$nor", [self.codec.by_id(keep)]);
        }
        let mut removed = Vec::new();
        loop {
            let step = self.bounded(self.find_some(revoked.clone())).await?;
            if step.is_empty() {
                return Ok(removed);
            }
            self.bounded(self.delete_found(&step, revoked.clone())).await?;
            let seen = step.into_iter().filter_map(|document| self.visible(document, &counters));
            removed.extend(seen.map(|record| record.id));
        }
    }

    /// Deletes those of the documents that still match.
    async fn delete_found(&self, found: &[Document], mut still: Document) -> Result<()> {
        let keys: Vec<_> = found.iter().filter_map(|document| document.get("_id").cloned()).collect();
        still.insert("_id", doc! { "$in": keys });
        answer(self.sessions()?.delete_many(still).await).map(drop)
    }

    async fn find_some(&self, filter: Document) -> Result<Vec<Document>> {
        let found = answer(self.sessions()?.find(filter).limit(STEP).await)?;
        found.try_collect().await.map_err(failed)
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
        open.generations.raise(namespace).await?;
        if self.settings.layout == Layout::Concept {
            let counters = self.counters().await?;
            let current = signed(counters.current(&Namespace::default()));
            let before = doc! { "generation": { "$not": { "$gte": current } } };
            loop {
                let step = self.bounded(self.find_some(before.clone())).await?;
                if step.is_empty() {
                    break;
                }
                self.bounded(self.delete_found(&step, before.clone())).await?;
            }
        }
        Ok(())
    }
}
