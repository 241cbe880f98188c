//! "Everyone was revoked": counters in the database, which every node reads each second.
//!
//! A session has the sum of the counters that concern it at its insert; a lower one than today's is dead. No node
//! answers from counters that are older than the bound, and the call that raises one waits for as long, so that
//! when it is answered every node must know.

use std::collections::HashMap;
use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use sessioning::{Clock, Error, Namespace, Record, Result, SystemClock, Timestamp};
use tokio::sync::{Notify, watch};

use crate::document::{signed, unsigned};
use crate::error::{failed, unavailable};
use crate::owners::whole;

const KEY: &str = "generations";

/// The counters, as they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    everyone: i64,
    namespaces: HashMap<String, i64>,
    /// The mark of a copy into this database that has not ended: until then nobody works with it.
    pub(crate) import: Option<String>,
}

impl Counters {
    pub(crate) fn of(document: Option<&Document>) -> Self {
        let Some(document) = document else { return Self::default() };
        let namespaces = document.get_document("namespaces").ok().into_iter().flatten();
        Self {
            import: document.get_str("import").ok().map(str::to_owned),
            everyone: document.get("everyone").and_then(whole).unwrap_or(0),
            namespaces: namespaces.filter_map(|(name, count)| Some((name.clone(), whole(count)?))).collect(),
        }
    }

    /// The generation of a session that begins now.
    pub(crate) fn current(&self, namespace: &Namespace) -> u64 {
        unsigned(self.everyone + self.namespaces.get(&field(namespace)).copied().unwrap_or(0))
    }

    /// Whether the record ended with everyone.
    pub(crate) fn cover(&self, record: &Record) -> bool {
        record.generation < self.current(record.owner.namespace())
    }

    /// What a session of the namespace has to match in order not to have ended with everyone. What the original
    /// wrote has no generation.
    pub(crate) fn live(&self, namespace: &Namespace) -> Bson {
        doc! { "$not": { "$lt": signed(self.current(namespace)) } }.into()
    }
}

/// What a node knows, and since when.
#[derive(Clone, Debug, Default)]
struct Knowledge {
    counters: Counters,
    /// When the read began that found them.
    read_at: Option<Timestamp>,
    /// How often they turned out to have moved.
    moves: u64,
    /// Why the latest read failed, if it did.
    failure: Option<Error>,
    attempts: u64,
}

/// The counters of a database.
#[derive(Debug)]
pub(crate) struct Generations {
    meta: Collection<Document>,
    knowledge: watch::Sender<Knowledge>,
    wanted: Notify,
    within: Duration,
    deadline: Duration,
    clock: SystemClock,
}

impl Generations {
    pub(crate) fn new(meta: Collection<Document>, within: Duration, deadline: Duration) -> Self {
        Self {
            meta,
            knowledge: watch::Sender::default(),
            wanted: Notify::new(),
            within,
            deadline,
            clock: SystemClock::new(),
        }
    }

    /// The counters, no older than the bound.
    ///
    /// # Errors
    ///
    /// When they are older, and could not be read again; while a copy into the database has not ended.
    pub(crate) async fn known(&self) -> Result<Counters> {
        let counters = self.fresh().await?;
        match counters.import {
            None => Ok(counters),
            Some(_) => Err(unavailable("a copy into the database has not ended")),
        }
    }

    /// The counters as they were last read, whatever their age.
    pub(crate) fn latest(&self) -> Counters {
        self.knowledge.borrow().counters.clone()
    }

    async fn fresh(&self) -> Result<Counters> {
        let mut watching = self.knowledge.subscribe();
        let seen = {
            let knowledge = watching.borrow_and_update();
            if self.is_fresh(&knowledge) {
                return Ok(knowledge.counters.clone());
            }
            knowledge.attempts
        };
        self.wanted.notify_one();
        let next = watching.wait_for(|knowledge| knowledge.attempts > seen);
        match tokio::time::timeout(self.deadline, next).await {
            Ok(Ok(knowledge)) => match &knowledge.failure {
                None => Ok(knowledge.counters.clone()),
                Some(error) => Err(error.clone()),
            },
            _ => Err(sessioning::ErrorKind::TimedOut.into()),
        }
    }

    fn is_fresh(&self, knowledge: &Knowledge) -> bool {
        knowledge.read_at.is_some_and(|read_at| self.clock.now() <= read_at.after(self.within))
    }

    /// How often the counters moved: what a cache kept from before counts no more.
    pub(crate) fn moves(&self) -> u64 {
        self.knowledge.borrow().moves
    }

    /// Reads the counters.
    pub(crate) async fn read(&self) -> Result<()> {
        let read_at = self.clock.now();
        let reading =
            tokio::time::timeout(self.deadline, async { self.meta.find_one(doc! { "_id": KEY }).await });
        let read = match reading.await {
            Ok(found) => found.map_err(failed),
            Err(_) => Err(sessioning::ErrorKind::TimedOut.into()),
        };
        let outcome = read.as_ref().map(|_| ()).map_err(Error::clone);
        self.knowledge.send_modify(|knowledge| {
            knowledge.attempts += 1;
            match read {
                Ok(found) => {
                    let counters = Counters::of(found.as_ref());
                    knowledge.moves += u64::from(counters != knowledge.counters);
                    knowledge.counters = counters;
                    knowledge.read_at = Some(read_at);
                    knowledge.failure = None;
                }
                Err(error) => knowledge.failure = Some(error),
            }
        });
        outcome
    }

    /// Waits until it is time for the next read, or somebody wants one.
    pub(crate) async fn pause(&self) {
        let _ = tokio::time::timeout(self.within / 3, self.wanted.notified()).await;
    }

    /// Ends every session there is, of one namespace or of all; answers once every node must know.
    pub(crate) async fn raise(&self, namespace: Option<&Namespace>) -> Result<()> {
        let counter = match namespace {
            Some(namespace) => format!("namespaces.{}", field(namespace)),
            None => "everyone".into(),
        };
        self.update(doc! { "$inc": { counter: 1_i64 } }).await?;
        self.until_known().await
    }

    /// Changes the counters, which nobody may know yet.
    pub(crate) async fn update(&self, update: Document) -> Result<()> {
        let updating = self.meta.update_one(doc! { "_id": KEY }, update).upsert(true);
        let updated = tokio::time::timeout(self.deadline, async { updating.await });
        updated.await.map_err(|_| sessioning::ErrorKind::TimedOut)?.map_err(failed).map(|_| ())
    }

    /// Waits until every node must know of an update that was answered.
    pub(crate) async fn until_known(&self) -> Result<()> {
        let must_know = self.clock.now().after(self.within);
        self.read().await?;
        let left = must_know.as_millis() - self.clock.now().as_millis();
        tokio::time::sleep(Duration::from_millis(unsigned(left) + 1)).await;
        Ok(())
    }
}

/// A namespace as a field's name: a dot there would mean a field within a field, and no namespace has a tilde.
fn field(namespace: &Namespace) -> String {
    namespace.as_str().replace('.', "~")
}
