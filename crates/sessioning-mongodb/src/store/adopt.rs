//! The concept layout beside the original: its documents have no times and no public id until they are seen here.

use futures::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use sessioning::{Owner, Result, SessionToken};

use super::{Inner, answer};
use crate::Layout;
use crate::document::{date, token, uuid};
use crate::error::failed;

impl Inner {
    /// Makes the document of a token findable by its id; whether there is one now.
    pub(super) async fn adopt(&self, imported: &SessionToken) -> Result<bool> {
        if self.settings.layout != Layout::Concept {
            return Ok(false);
        }
        let adopted = self.mark_seen(imported).await?;
        // Another node may have been faster.
        Ok(adopted || answer(self.sessions()?.find_one(self.codec.by_id(imported.id())).await)?.is_some())
    }

    /// The same for everything that the original wrote for a user.
    pub(super) async fn adopt_all(&self, owner: &Owner) -> Result<()> {
        if self.settings.layout != Layout::Concept {
            return Ok(());
        }
        let unseen = doc! { "user": owner.user().as_str(), "publicId": { "$exists": false } };
        let mut found = answer(self.sessions()?.find(unseen).projection(doc! { "_id": 1 }).await)?;
        while let Some(document) = found.try_next().await.map_err(failed)? {
            if let Some(token) = token_of(&document) {
                self.mark_seen(&token).await?;
            }
        }
        Ok(())
    }

    /// Adds what the original does not write; its times start when they are first seen. Whether it was done now.
    pub(super) async fn mark_seen(&self, seen: &SessionToken) -> Result<bool> {
        let now = date(self.clock.now());
        let unseen = doc! { "_id": seen.expose().as_str(), "publicId": { "$exists": false } };
        let times = doc! { "publicId": uuid(seen.id()), "createdAt": now, "lastSeen": now, "version": 0_i64 };
        let marked = self.sessions()?.update_one(unseen, doc! { "$set": times });
        Ok(answer(marked.await)?.matched_count == 1)
    }
}

pub(super) fn token_of(document: &Document) -> Option<SessionToken> {
    match document.get("_id") {
        Some(Bson::String(text)) => token(text),
        _ => None,
    }
}
