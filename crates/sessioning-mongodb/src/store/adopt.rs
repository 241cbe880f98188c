//! The concept layout beside the original: its documents have no times and no public id until they are seen here.

use futures::{StreamExt, TryStreamExt, stream};
use mongodb::bson::{Document, doc};
use sessioning::{Owner, Result, SessionId, SessionToken};

use super::{Inner, answer};
use crate::Layout;
use crate::document::OURS;
use crate::error::failed;

/// How many documents of the original are marked as seen at once.
const AT_ONCE: usize = 32;
/// How often a document is looked at again that another program changed meanwhile.
const TRIES: usize = 8;

/// How certain "there is no such document" has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As a check is.
    Plain,
    /// Confirmed by a majority.
    Confirmed,
}

impl Inner {
    /// Makes the document of a token findable by its id; whether there is one now.
    pub(super) async fn adopt(&self, imported: &SessionToken, look: Look) -> Result<bool> {
        if self.settings.layout != Layout::Concept {
            return Ok(false);
        }
        for _ in 0..TRIES {
            // A look first: who guesses at texts is to cost no write.
            let key = doc! { "_id": imported.expose().as_str() };
            let found = match look {
                Look::Plain => answer(self.sessions()?.find_one(key).await)?,
                Look::Confirmed => self.confirmed(key).await?,
            };
            let Some(document) = found else { return Ok(false) };
            // Another node may be faster, which is as good.
            if document.contains_key(OURS) {
                return Ok(true);
            }
            if self.decode(document.clone()).is_none() {
                return Ok(false);
            }
            if self.mark_seen(&document).await?.is_some() {
                return Ok(true);
            }
        }
        Err(crate::error::unavailable("another program goes on changing the document of this session"))
    }

    /// The same for what the original wrote for a user, as far as it belongs among so many in the order of ids.
    pub(super) async fn adopt_some_of(
        &self,
        owner: &Owner,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<()> {
        if self.settings.layout != Layout::Concept {
            return Ok(());
        }
        let unseen = doc! { "user": owner.user().as_str(), OURS: { "$exists": false } };
        let found: Vec<Document> =
            answer(self.sessions()?.find(unseen).await)?.try_collect().await.map_err(failed)?;
        let with_id = found.into_iter().filter_map(|document| Some((self.id_of(&document)?, document)));
        let mut later: Vec<_> = with_id.filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
        later.sort_by_key(|(id, _)| *id);
        let page = later.into_iter().take(limit).map(|(_, document)| document).collect();
        self.adopt_some(page).await.map(drop)
    }

    /// The id of the session that a document is.
    pub(super) fn id_of(&self, document: &Document) -> Option<SessionId> {
        self.codec.decode(document.clone(), self.clock.now()).map(|found| found.record.id)
    }

    /// Marks as seen what the original wrote among these; the documents with what was added to them.
    pub(super) async fn adopt_some(&self, documents: Vec<Document>) -> Result<Vec<Document>> {
        let adopting: Vec<_> = documents.into_iter().map(|document| self.adopt_document(document)).collect();
        stream::iter(adopting).buffered(AT_ONCE).try_collect().await
    }

    async fn adopt_document(&self, mut document: Document) -> Result<Document> {
        if document.contains_key(OURS) {
            return Ok(document);
        }
        if let Some(added) = self.mark_seen(&document).await? {
            document.extend(added);
            return Ok(document);
        }
        // Another node was faster, or it has ended, or is no session: then its old document tells no less.
        let Some(key) = document.get("_id") else { return Ok(document) };
        let seen = answer(self.sessions()?.find_one(doc! { "_id": key.clone() }).await)?;
        Ok(seen.unwrap_or(document))
    }

    /// Adds what the original does not write: its times start when it is first seen, and its timeouts are those that
    /// are in force then. What was added, unless that was done before, or this is no session.
    async fn mark_seen(&self, document: &Document) -> Result<Option<Document>> {
        let now = self.clock.now();
        let Some(found) = self.codec.decode(document.clone(), now) else { return Ok(None) };
        let added = self.codec.first_sight(document, found.record.id, now);
        // Nothing that another program has written meanwhile is overwritten.
        let mut unseen: Document =
            added.keys().map(|name| (name.clone(), doc! { "$exists": false }.into())).collect();
        unseen.extend(document.get("_id").map(|key| ("_id".to_owned(), key.clone())));
        let marked = self.sessions()?.update_one(unseen, doc! { "$set": added.clone() });
        Ok((answer(marked.await)?.matched_count == 1).then_some(added))
    }
}
