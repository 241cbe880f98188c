//! Opens the database: reaches it, makes its indexes, and sees whether it is fit.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mongodb::bson::{Binary, Bson, Document, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Client, Collection, Database};
use sessioning::{Error, ErrorKind, OsRandom, Random, Result};

use super::{AGREE, DISAGREE, Inner, MongoDb, answer};
use crate::Layout;
use crate::concerns::client_options;
use crate::document::{binary, bytes32};
use crate::error::{failed, refusal, unavailable};
use crate::generations::Generations;
use crate::owners::{Owners, whole};
use crate::server::{Server, hello};
use crate::upsert::upsert;

/// The format of the documents: a number that a later version of this store may raise.
const FORMAT: i64 = 1;
/// How far the database's clock and ours may be apart.
const MAX_SKEW: Duration = Duration::from_secs(5);
/// How often the clocks are compared.
const SKEW_CHECK: Duration = Duration::from_secs(60);

/// The collections of a database that was reached.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) database: Database,
    pub(super) sessions: Collection<Document>,
    pub(super) owners: Owners,
    pub(super) meta: Collection<Document>,
    pub(super) generations: Arc<Generations>,
    /// What it runs on, once it was looked at.
    pub(super) server: Option<Server>,
}

/// What a copy does with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It looks, and changes nothing.
    Look,
    /// It reads everything.
    From,
    /// It writes.
    Into,
}

impl MongoDb {
    /// Reaches the database, makes the indexes that are missing, and begins to serve. Changes nothing when it was
    /// done before.
    ///
    /// # Errors
    ///
    /// [`Unusable`](ErrorKind::Unusable) when trying again is no use: the login is refused, a later version wrote
    /// the database, a copy into it has not ended. Any other error may pass.
    pub async fn prepare(&self) -> Result<()> {
        let inner = &self.inner;
        if inner.open.get().is_some() {
            return Ok(());
        }
        let open = match inner.reach().await {
            Ok(open) => open,
            Err(error) => {
                *inner.unreached.lock() = Some(error.clone());
                return Err(error);
            }
        };
        let generations = Arc::clone(&open.generations);
        if inner.open.set(open).is_ok() {
            self.watch(generations);
        }
        Ok(())
    }

    /// Reaches the database for a copy, which is also allowed while a copy into it has not ended.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub async fn prepare_to_copy(&self, access: Access) -> Result<()> {
        let inner = &self.inner;
        let open = inner.connect().await?;
        // What the original wrote is made findable by its id while it is read.
        let concept = self.inner.settings.layout == Layout::Concept;
        match access {
            Access::Look | Access::From => inner.look_at_format(&open).await?,
            Access::Into => inner.check_format(&open).await?,
        }
        if access == Access::Into || access == Access::From && concept {
            inner.make_indexes(&open).await?;
        }
        open.generations.read().await?;
        let _ = inner.open.set(open);
        Ok(())
    }

    /// Reads the counters of revocations again and again, and compares clocks, as long as the store is in use.
    fn watch(&self, generations: Arc<Generations>) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let mut compared: Option<tokio::time::Instant> = None;
            while let Some(inner) = inner.upgrade() {
                // A failure is told to whoever needs the counters.
                let _ = generations.read().await;
                if compared.is_none_or(|at| at.elapsed() >= SKEW_CHECK)
                    && inner.compare_clocks_again().await.is_ok()
                {
                    compared = Some(tokio::time::Instant::now());
                }
                drop(inner);
                generations.pause().await;
            }
        });
    }
}

impl Inner {
    async fn reach(&self) -> Result<Open> {
        let mut open = self.connect().await?;
        self.check_format(&open).await?;
        open.generations.read().await?;
        if open.generations.latest().import.is_some() {
            return Err(ErrorKind::importing(self.settings.url.to_string()).into());
        }
        self.make_indexes(&open).await?;
        self.look_at_server(&mut open).await;
        // Purging waits for this; a failure is tried again beside the work.
        let _ = self.compare_clocks(&open).await;
        Ok(open)
    }

    async fn connect(&self) -> Result<Open> {
        let client = self.bounded(async {
            let options = client_options(&self.settings).await;
            options.and_then(Client::with_options).map_err(|error| self.refused_or(error))
        });
        let database = client.await?.database(&self.settings.database);
        let (sessions, own) = match self.settings.layout {
            Layout::Native => ("sessioning_sessions".into(), "sessioning"),
            Layout::Concept => (format!("{}.sessions", self.settings.concept), "sessioning_concept"),
        };
        let meta = database.collection(&format!("{own}_meta"));
        Ok(Open {
            sessions: database.collection(&sessions),
            owners: Owners(database.collection(&format!("{own}_owners"))),
            generations: Arc::new(Generations::new(meta.clone(), &self.settings)),
            meta,
            database,
            server: None,
        })
    }

    async fn check_format(&self, open: &Open) -> Result<()> {
        let wanted = doc! { "$setOnInsert": { "format": FORMAT } };
        let asked = upsert(|| {
            let asked = open.meta.find_one_and_update(doc! { "_id": "format" }, wanted.clone()).upsert(true);
            asked.return_document(ReturnDocument::After).into_future()
        });
        let found = self.bounded(async { asked.await.map_err(|error| self.refused_or(error)) }).await?;
        self.known_format(found.as_ref())
    }

    /// The same of a database that is only read; one that nobody has served yet has no format.
    async fn look_at_format(&self, open: &Open) -> Result<()> {
        let asked = open.meta.find_one(doc! { "_id": "format" });
        let found = self.bounded(async { asked.await.map_err(|error| self.refused_or(error)) }).await?;
        if found.is_none() { Ok(()) } else { self.known_format(found.as_ref()) }
    }

    fn known_format(&self, found: Option<&Document>) -> Result<()> {
        match found.and_then(|found| found.get("format")).and_then(whole) {
            Some(FORMAT) => Ok(()),
            other => {
                let other = other.unwrap_or_default();
                Err(self.unusable(format!(
                    "its documents have format {other}, which this version does not know; use the version that wrote it"
                )))
            }
        }
    }

    /// The store's own key, made by whoever asks first.
    pub(super) async fn key(&self) -> Result<[u8; 32]> {
        let meta = &self.opened()?.meta;
        let mut found = answer(meta.find_one(doc! { "_id": "key" }).await)?;
        if found.is_none() {
            let mut fresh = [0; 32];
            OsRandom.fill(&mut fresh)?;
            let made = doc! { "$setOnInsert": { "key": binary(&fresh) } };
            let asked = upsert(|| {
                let asked = meta.find_one_and_update(doc! { "_id": "key" }, made.clone()).upsert(true);
                asked.return_document(ReturnDocument::After).into_future()
            });
            found = answer(asked.await)?;
        }
        match found.as_ref().and_then(|found| found.get("key")) {
            Some(Bson::Binary(Binary { bytes, .. })) => bytes32(&binary(bytes)),
            _ => None,
        }
        .ok_or_else(|| unavailable("the store's own key in MongoDB is not one"))
    }

    async fn compare_clocks_again(&self) -> Result<()> {
        self.compare_clocks(self.opened()?).await
    }

    /// A node whose clock differs from the database's says so, and purges nothing.
    async fn compare_clocks(&self, open: &Open) -> Result<()> {
        let before = self.clock.now();
        let theirs = self
            .bounded(hello(&open.database))
            .await?
            .get_datetime("localTime")
            .map(|time| time.timestamp_millis());
        let theirs = theirs.map_err(|_| unavailable("the database does not tell its time"))?;
        let after = self.clock.now();
        let (early, late) = (before.before(MAX_SKEW).as_millis(), after.after(MAX_SKEW).as_millis());
        let agree = (early..=late).contains(&theirs);
        let before = self.clocks.swap(if agree { AGREE } else { DISAGREE }, Ordering::Relaxed);
        if !agree && before != DISAGREE {
            tracing::warn!(
                milliseconds = theirs - after.as_millis(),
                "this machine's clock and the database's are apart; set the clock, and restart. Until then this node \
                 purges nothing"
            );
        } else if agree && before == DISAGREE {
            tracing::info!("this machine's clock and the database's agree again");
        }
        Ok(())
    }

    /// Finds out what the database runs on, and says so. Whatever fails stays unknown.
    async fn look_at_server(&self, open: &mut Open) {
        let (database, meta) = (&open.database, &open.meta);
        let looked = self.bounded(async { Ok(Server::look_at(database, meta).await) }).await;
        let Ok(Some(server)) = looked else { return };
        tracing::info!("the database is {}", server.what);
        for shortcoming in &server.shortcomings {
            tracing::warn!("on this database {shortcoming}");
        }
        open.server = Some(server);
    }

    pub(super) fn refused_or(&self, error: mongodb::error::Error) -> Error {
        match refusal(&error) {
            Some(why) => self.unusable(why),
            None => failed(error),
        }
    }

    pub(super) fn unusable(&self, why: String) -> Error {
        ErrorKind::Unusable { store: self.settings.url.to_string(), why }.into()
    }
}
