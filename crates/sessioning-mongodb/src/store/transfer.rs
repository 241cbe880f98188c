//! Moving all sessions in and out.

use async_trait::async_trait;
use futures::TryStreamExt;
use mongodb::Cursor;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{ErrorKind as DriverKind, Result as DriverResult};
use sessioning::store::{Amendment, Batch, Keeps, Place, Transfer};
use sessioning::{ErrorKind, Record, Result, SessionId, SessionToken};
use zeroize::Zeroizing;

use super::{Inner, MongoDb, answer};
use crate::Layout;
use crate::document::{binary, date, issued_at, signed, uuid};
use crate::error::failed;

/// How much of a token may be written down: the public id of one of ours, with the prefix, and the date of a UUID of
/// version 7. Of what is neither, nothing.
fn public_part(token: &str) -> Option<&str> {
    match SessionToken::parse(token) {
        Ok(_) => token.get(..4 + 32),
        Err(_) => issued_at(token).and_then(|_| token.get(..13)),
    }
}

#[async_trait]
impl Transfer for MongoDb {
    async fn read(&self, after: &Place, limit: usize, adopt: bool) -> Result<Batch> {
        let inner = &self.inner;
        // "Everyone" may have been revoked since.
        inner.opened()?.generations.read().await?;
        let mut documents = inner.bounded(inner.read_on(after, limit)).await?;
        let next =
            documents.last().filter(|_| documents.len() >= limit).and_then(|last| inner.place_of(last));
        let all = documents.len();
        if adopt && inner.settings.layout == Layout::Concept {
            documents = inner.adopt_some(documents).await?;
        }
        let mut batch = Batch { records: inner.records(documents), foreign: 0, next };
        batch.foreign = u64::try_from(all - batch.records.len()).unwrap_or(0);
        if after.exact().is_empty() {
            // What has a key of another type comes in no batch at all.
            let others = doc! { "_id": { "$not": { "$gt": inner.key_of(after) } } };
            let count = async { answer(inner.sessions()?.count_documents(others).await) };
            batch.foreign += inner.bounded(count).await?;
        }
        Ok(batch)
    }

    async fn find(&self, ids: &[SessionId]) -> Result<Vec<Record>> {
        let inner = &self.inner;
        inner.opened()?.generations.read().await?;
        let found = async {
            let found = answer(inner.sessions()?.find(inner.those(ids)).await)?;
            found.try_collect::<Vec<Document>>().await.map_err(failed)
        };
        Ok(inner.records(inner.bounded(found).await?))
    }

    async fn add(&self, records: Vec<Record>) -> Result<()> {
        let inner = &self.inner;
        let documents = records.into_iter().map(|record| inner.own(record));
        let documents = documents.collect::<Result<Vec<_>>>()?;
        let added =
            async { taken_is_there(inner.sessions()?.insert_many(documents).ordered(false).await.map(drop)) };
        inner.bounded(added).await
    }

    async fn amend(&self, changes: Vec<Amendment>) -> Result<()> {
        let inner = &self.inner;
        for Amendment { found, record } in changes {
            let mut unchanged = inner.codec.by_id(found.id);
            unchanged.insert("version", signed(found.version));
            unchanged.insert("lastSeen", date(found.last_seen));
            unchanged.insert("digest", binary(found.digest.as_bytes()));
            let document = inner.own(record)?;
            let amended = async { answer(inner.sessions()?.replace_one(unchanged, document).await) };
            inner.bounded(amended).await?;
        }
        Ok(())
    }

    async fn erase(&self, ids: &[SessionId]) -> Result<()> {
        let inner = &self.inner;
        let erased = async { answer(inner.sessions()?.delete_many(inner.those(ids)).await) };
        inner.bounded(erased).await.map(drop)
    }

    async fn count(&self) -> Result<u64> {
        let inner = &self.inner;
        let sessions = inner.sessions()?;
        let counted = async {
            // What is estimated may be wrong after a crash, but not about whether there is anything.
            if answer(sessions.find_one(doc! {}).await)?.is_none() {
                return Ok(0);
            }
            answer(sessions.estimated_document_count().await).map(|count| count.max(1))
        };
        inner.bounded(counted).await
    }

    async fn import_mark(&self) -> Result<Option<String>> {
        let generations = &self.inner.opened()?.generations;
        // A primary that was deposed would not know of another run that has taken over.
        generations.confirm().await?;
        Ok(generations.latest().import)
    }

    async fn change_import_mark(&self, from: Option<&str>, to: Option<&str>) -> Result<bool> {
        self.inner.opened()?.generations.change_import(from, to).await
    }

    async fn until_nobody_works(&self) -> Result<()> {
        self.inner.opened()?.generations.until_nobody_works().await
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
        // A batch ends at a key that is a place: what another program wrote may have none.
        while documents.len() < limit || documents.last().and_then(|last| self.place_of(last)).is_none() {
            let Some(document) = cursor.try_next().await.map_err(failed)? else { return Ok(documents) };
            documents.push(document);
        }
        if let Some(place) = documents.last().and_then(|last| self.place_of(last)) {
            *reading = Some(Reading { at: Zeroizing::new(place.exact().to_owned()), cursor });
        }
        Ok(documents)
    }

    fn those(&self, ids: &[SessionId]) -> Document {
        let ids: Vec<Bson> = ids.iter().map(|id| uuid(*id).into()).collect();
        doc! { self.codec.id_field(): { "$in": ids } }
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
                let public = public_part(text).unwrap_or_default();
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
        // Before everything that begins here.
        self.codec.encode(&Record { epoch: 0, sequence: 0, generation, ..record }, None)
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
