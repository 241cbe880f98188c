//! The concept layout beside the original: its documents have no times and no public id until they are seen here.

use futures::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use sessioning::{Owner, Result, SessionToken};

use super::{Inner, answer};
use crate::Layout;
use crate::document::token;
use crate::error::failed;

impl Inner {
    /// Makes the document of a token findable by its id; whether there is one now.
    pub(super) async fn adopt(&self, imported: &SessionToken) -> Result<bool> {
        if self.settings.layout != Layout::Concept {
            return Ok(false);
        }
        // A look first: who guesses at texts is to cost no write.
        let key = doc! { "_id": imported.expose().as_str() };
        let Some(document) = answer(self.sessions()?.find_one(key).await)? else { return Ok(false) };
        if !document.contains_key("publicId") {
            // Another node may be faster, which is as good.
            self.mark_seen(imported).await?;
        }
        Ok(true)
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

    /// Adds what the original does not write: its times start when it is first seen, and its timeouts are those that
    /// are in force then. What was added, unless that was done before.
    pub(super) async fn mark_seen(&self, seen: &SessionToken) -> Result<Option<Document>> {
        let unseen = doc! { "_id": seen.expose().as_str(), "publicId": { "$exists": false } };
        let added = self.codec.first_sight(seen.id(), self.clock.now());
        let marked = self.sessions()?.update_one(unseen, doc! { "$set": added.clone() });
        Ok((answer(marked.await)?.matched_count == 1).then_some(added))
    }
}

pub(super) fn token_of(document: &Document) -> Option<SessionToken> {
    match document.get("_id") {
        Some(Bson::String(text)) => token(text),
        _ => None,
    }
}
