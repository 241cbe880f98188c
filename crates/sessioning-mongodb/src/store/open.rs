//! Opens the database: reaches it, makes its indexes, and sees whether it is fit.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mongodb::bson::{Binary, Bson, Document, doc};
use mongodb::options::{IndexOptions, ReturnDocument};
use mongodb::{Client, Collection, Database, IndexModel};
use sessioning::{Error, ErrorKind, OsRandom, Random, Record, Result};

use super::{AGREE, DISAGREE, Inner, MongoDb, answer};
use crate::Layout;
use crate::concerns::client_options;
use crate::document::{binary, bytes32};
use crate::error::{failed, is_conflict_of_indexes, refusal, told, unavailable};
use crate::generations::Generations;
use crate::owners::{Owners, whole};

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
        let open = self.connect().await?;
        self.check_format(&open).await?;
        open.generations.read().await?;
        if open.generations.latest().import.is_some() {
            return Err(ErrorKind::importing(self.settings.url.to_string()).into());
        }
        self.make_indexes(&open).await?;
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
        })
    }

    async fn check_format(&self, open: &Open) -> Result<()> {
        let wanted = doc! { "$setOnInsert": { "format": FORMAT } };
        let asked = open.meta.find_one_and_update(doc! { "_id": "format" }, wanted).upsert(true);
        let asked = asked.return_document(ReturnDocument::After);
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

    /// Makes what is missing; what is there is left alone.
    async fn make_indexes(&self, open: &Open) -> Result<()> {
        let index =
            |keys: Document, options: IndexOptions| IndexModel::builder().keys(keys).options(options).build();
        let plain = IndexOptions::default;
        let sparse = || IndexOptions::builder().sparse(true).build();
        let indexes = match self.settings.layout {
            Layout::Native => vec![
                index(doc! { "namespace": 1, "user": 1, "_id": 1 }, plain()),
                // Frees the space of what has ended; whether it has ended is decided on every read.
                index(
                    doc! { "expiresAt": 1 },
                    IndexOptions::builder().expire_after(Record::PURGE_MARGIN).build(),
                ),
                // What is revoked with everyone has to be above what documents have that were moved here.
                index(doc! { "generation": 1 }, plain()),
            ],
            // None that deletes: after a return to the original it would go on.
            Layout::Concept => vec![
                index(
                    doc! { "sessioning.publicId": 1 },
                    IndexOptions::builder().unique(true).sparse(true).build(),
                ),
                index(doc! { "user": 1, "sessioning.publicId": 1 }, plain()),
                index(doc! { "sessioning.expiresAt": 1 }, sparse()),
                index(doc! { "sessioning.generation": 1 }, sparse()),
            ],
        };
        // Building one over a large collection takes as long as it takes: the server goes on, and the next attempt finds
        // what it has made.
        let made = tokio::time::timeout(self.settings.deadline, async {
            open.sessions.create_indexes(indexes).await
        });
        let Ok(made) = made.await else {
            let why = "its indexes are still being made, or the database has stopped answering";
            return Err(Error::new(ErrorKind::TimedOut).with_source(told(why)));
        };
        made.map(drop).map_err(|error| {
            if !is_conflict_of_indexes(&error) {
                return self.refused_or(error);
            }
            let (name, why) = (open.sessions.name(), failed(error));
            let why = std::error::Error::source(&why).map(ToString::to_string).unwrap_or_default();
            self.unusable(format!(
                "an index of {name} cannot be made ({why}): one with the same fields or name and other options is there; \
                 drop it, docs/mongodb.md lists those that there should be"
            ))
        })
    }

    /// The store's own key, made by whoever asks first.
    pub(super) async fn key(&self) -> Result<[u8; 32]> {
        let meta = &self.opened()?.meta;
        let mut found = answer(meta.find_one(doc! { "_id": "key" }).await)?;
        if found.is_none() {
            let mut fresh = [0; 32];
            OsRandom.fill(&mut fresh)?;
            let made = doc! { "$setOnInsert": { "key": binary(&fresh) } };
            let asked = meta.find_one_and_update(doc! { "_id": "key" }, made).upsert(true);
            found = answer(asked.return_document(ReturnDocument::After).await)?;
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
        let hello = self.bounded(async {
            match open.database.run_command(doc! { "hello": 1 }).await {
                Ok(answer) => Ok(answer),
                // Servers from before 4.4.2 know the older name alone.
                Err(_) => answer(open.database.run_command(doc! { "isMaster": 1 }).await),
            }
        });
        let theirs = hello.await?.get_datetime("localTime").map(|time| time.timestamp_millis());
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

    fn refused_or(&self, error: mongodb::error::Error) -> Error {
        match refusal(&error) {
            Some(why) => self.unusable(why),
            None => failed(error),
        }
    }

    fn unusable(&self, why: String) -> Error {
        ErrorKind::Unusable { store: self.settings.url.to_string(), why }.into()
    }
}
