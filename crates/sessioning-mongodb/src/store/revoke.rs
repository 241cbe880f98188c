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
        if let Some(keep) = keep {
            let mut kept = self.codec.of_owner(owner);
            kept.extend(self.codec.by_id(keep));
            let keeping = open.sessions.update_one(kept, doc! { "$max": { "epoch": epoch } });
            self.bounded(async { answer(keeping.await) }).await?;
        }
        let mut revoked = self.codec.of_owner(owner);
        // Not "less than": what the original wrote has no epoch at all.
        revoked.insert("epoch", doc! { "$not": { "$gte": epoch } });
        let mut removed = Vec::new();
        loop {
            let step = self.bounded(self.find_some(revoked.clone())).await?;
            if step.is_empty() {
                return Ok(removed);
            }
            let keys: Vec<_> = step.iter().filter_map(|document| document.get("_id").cloned()).collect();
            let mut these = revoked.clone();
            these.insert("_id", doc! { "$in": keys });
            self.bounded(async { answer(open.sessions.delete_many(these).await) }).await?;
            let seen = step.into_iter().filter_map(|document| self.visible(document, &counters));
            removed.extend(seen.map(|record| record.id));
        }
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
        open.generations.raise(namespace).await?;
        if self.settings.layout == Layout::Concept {
            let counters = self.counters().await?;
            let current = signed(counters.current(&Namespace::default()));
            let before = doc! { "generation": { "$not": { "$gte": current } } };
            answer(open.sessions.delete_many(before).await)?;
        }
        Ok(())
    }
}
