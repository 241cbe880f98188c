//! Moving all sessions in and out.

use async_trait::async_trait;
use futures::TryStreamExt;
use mongodb::Cursor;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{ErrorKind as DriverKind, Result as DriverResult};
use sessioning::store::{Batch, Keeps, Place, Transfer};
use sessioning::{ErrorKind, Record, Result, SessionId, SessionToken};
use zeroize::Zeroizing;

use super::adopt::token_of;
use super::{Inner, MongoDb, answer};
use crate::Layout;
use crate::document::uuid;
use crate::error::failed;

/// How much of a token of ours is its public id, with the prefix; and of one of the original its date.
const PUBLIC: (usize, usize) = (4 + 32, 13);

#[async_trait]
impl Transfer for MongoDb {
    async fn read(&self, after: &Place, limit: usize, adopt: bool) -> Result<Batch> {
        let inner = &self.inner;
        let documents = inner.read_on(after, limit).await?;
        let next =
            documents.last().filter(|_| documents.len() == limit).and_then(|last| inner.place_of(last));
        let all = documents.len();
        if adopt && inner.settings.layout == Layout::Concept {
            inner.adopt_some(&documents).await?;
        }
        let mut batch = Batch { records: inner.records(documents), foreign: 0, next };
        batch.foreign = u64::try_from(all - batch.records.len()).unwrap_or(0);
        if after.exact().is_empty() {
            // What has a key of another type comes in no batch at all.
            let others = doc! { "_id": { "$not": { "$gt": inner.key_of(after) } } };
            batch.foreign += answer(inner.sessions()?.count_documents(others).await)?;
        }
        Ok(batch)
    }

    async fn find(&self, ids: &[SessionId]) -> Result<Vec<Record>> {
        let inner = &self.inner;
        let ids: Vec<Bson> = ids.iter().map(|id| uuid(*id).into()).collect();
        let found = answer(inner.sessions()?.find(doc! { inner.codec.id_field(): { "$in": ids } }).await)?;
        let documents: Vec<Document> = found.try_collect().await.map_err(failed)?;
        Ok(inner.records(documents))
    }

    async fn add(&self, records: Vec<Record>) -> Result<()> {
        let documents = records.into_iter().map(|record| self.inner.own(record));
        let documents = documents.collect::<Result<Vec<_>>>()?;
        taken_is_there(self.inner.sessions()?.insert_many(documents).ordered(false).await.map(|_| ()))
    }

    async fn amend(&self, records: Vec<Record>) -> Result<()> {
        for record in records {
            let by_id = self.inner.codec.by_id(record.id);
            let document = self.inner.own(record)?;
            answer(self.inner.sessions()?.replace_one(by_id, document).await)?;
        }
        Ok(())
    }

    async fn erase(&self, ids: &[SessionId]) -> Result<()> {
        let ids: Vec<Bson> = ids.iter().map(|id| uuid(*id).into()).collect();
        let those = doc! { self.inner.codec.id_field(): { "$in": ids } };
        answer(self.inner.sessions()?.delete_many(those).await).map(|_| ())
    }

    async fn count(&self) -> Result<u64> {
        let sessions = self.inner.sessions()?;
        // What is estimated may be wrong after a crash, but not about whether there is anything.
        if answer(sessions.find_one(doc! {}).await)?.is_none() {
            return Ok(0);
        }
        answer(sessions.estimated_document_count().await).map(|count| count.max(1))
    }

    async fn import_mark(&self) -> Result<Option<String>> {
        let generations = &self.inner.opened()?.generations;
        generations.read().await?;
        Ok(generations.latest().import)
    }

    async fn begin_import(&self, mark: &str) -> Result<()> {
        self.note_import(mark).await?;
        self.inner.opened()?.generations.until_known().await
    }

    async fn note_import(&self, mark: &str) -> Result<()> {
        self.inner.opened()?.generations.update(doc! { "$set": { "import": mark } }).await
    }

    async fn end_import(&self) -> Result<()> {
        self.inner.opened()?.generations.update(doc! { "$unset": { "import": "" } }).await
    }
}

/// A read of everything, and the place that it has come to.
#[derive(Debug)]
pub(super) struct Reading {
    at: Zeroizing<String>,
    cursor: Cursor<Document>,
}

impl Inner {
    /// The documents after a place: from the cursor that has come to it, if there is one, so that everything is sorted
    /// once and not for every batch.
    async fn read_on(&self, after: &Place, limit: usize) -> Result<Vec<Document>> {
        let mut reading = self.reading.lock().await;
        let mut cursor = match reading.take() {
            Some(Reading { at, cursor }) if at.as_str() == after.exact() => cursor,
            _ => {
                let filter = doc! { "_id": { "$gt": self.key_of(after) } };
                let batch = u32::try_from(limit).unwrap_or(u32::MAX);
                answer(self.sessions()?.find(filter).sort(doc! { "_id": 1 }).batch_size(batch).await)?
            }
        };
        let mut documents = Vec::with_capacity(limit);
        while documents.len() < limit {
            let Some(document) = cursor.try_next().await.map_err(failed)? else { return Ok(documents) };
            documents.push(document);
        }
        if let Some(place) = documents.last().and_then(|last| self.place_of(last)) {
            *reading = Some(Reading { at: Zeroizing::new(place.exact().to_owned()), cursor });
        }
        Ok(documents)
    }

    /// The key that a place is at; every session's key comes after the first one, and what is of another type is no
    /// session.
    fn key_of(&self, place: &Place) -> Bson {
        match self.settings.layout {
            Layout::Concept => place.exact().into(),
            Layout::Native => {
                let id = place.exact().parse::<SessionId>().map(|id| *id.as_bytes()).unwrap_or_default();
                mongodb::bson::Uuid::from_bytes(id).into()
            }
        }
    }

    fn place_of(&self, document: &Document) -> Option<Place> {
        match document.get("_id")? {
            Bson::String(text) => {
                let public = if text.starts_with("ses_") { PUBLIC.0 } else { PUBLIC.1 };
                let public = text.get(..public).unwrap_or_default();
                Some(Place::after_token(Zeroizing::new(text.clone()), public))
            }
            other => crate::document::id(other).map(Place::after),
        }
    }

    /// The sessions among documents, with the digests that a store of digests keeps.
    fn records(&self, documents: Vec<Document>) -> Vec<Record> {
        let Some(open) = self.open.get() else { return Vec::new() };
        let counters = open.generations.latest();
        let records = documents.into_iter().filter_map(|document| self.visible(document, &counters));
        records.map(|record| self.digested(record)).collect()
    }

    fn digested(&self, record: Record) -> Record {
        // What is kept of an imported token is a digest in either layout.
        if self.settings.layout == Layout::Native || record.id.is_imported() {
            return record;
        }
        let digest = SessionToken::restore(record.id, &record.digest).kept(Keeps::Digests);
        Record { digest, ..record }
    }

    /// A record of another store as a document of this one.
    fn own(&self, record: Record) -> Result<Document> {
        if self.settings.layout == Layout::Concept {
            let why = "the concept layout of MongoDB keeps tokens, which a copy does not have";
            return Err(ErrorKind::Unsupported(why).into());
        }
        let generation = self.opened()?.generations.latest().current(record.owner.namespace());
        // Before everything that begins here, in the order of their beginnings.
        self.codec.encode(&Record { epoch: 0, sequence: 0, generation, ..record }, None)
    }

    async fn adopt_some(&self, documents: &[Document]) -> Result<()> {
        let unseen = documents.iter().filter(|document| !document.contains_key("publicId"));
        for token in unseen.filter_map(token_of) {
            self.mark_seen(&token).await?;
        }
        Ok(())
    }
}

/// What an earlier try of the same step has written is there.
fn taken_is_there(inserted: DriverResult<()>) -> Result<()> {
    let Err(error) = inserted else { return Ok(()) };
    let only_taken = match &*error.kind {
        DriverKind::InsertMany(many) => {
            many.write_concern_error.is_none()
                && many.write_errors.iter().flatten().all(|error| error.code == crate::error::DUPLICATE_KEY)
        }
        _ => false,
    };
    if only_taken { Ok(()) } else { Err(failed(error)) }
}
