//! "Everyone was revoked": counters in the database, which every node reads each second.
//!
//! A session has the sum of the counters that concern it at its insert; a lower one than today's is dead. No node
//! answers from counters that are older than the bound, and the call that raises one waits for as long, so that
//! when it is answered every node must know.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOneOptions;
use sessioning::{Clock, Error, Namespace, Record, Result, SystemClock, Timestamp};
use tokio::sync::{Notify, watch};

use crate::concerns::{check_options, find_present, present_options};
use crate::config::{LONGEST_DEADLINE, MongoSettings};
use crate::document::{signed, unsigned};
use crate::error::{failed, unavailable};
use crate::owners::whole;
use crate::upsert::upsert;

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
    /// # Errors
    ///
    /// When a counter is there and is no number: to go by another one would bring back what has ended.
    pub(crate) fn of(document: Option<&Document>) -> Result<Self> {
        let Some(document) = document else { return Ok(Self::default()) };
        let count = |count: &Bson| {
            whole(count).ok_or_else(|| unavailable("a counter of revocations in the database is no number"))
        };
        let namespaces = match document.get("namespaces") {
            None => None,
            Some(Bson::Document(namespaces)) => Some(namespaces),
            Some(_) => {
                return Err(unavailable("the counters of revocations in the database are no document"));
            }
        };
        Ok(Self {
            import: document.get_str("import").ok().map(str::to_owned),
            everyone: document.get("everyone").map_or(Ok(0), count)?,
            namespaces: namespaces
                .into_iter()
                .flatten()
                .map(|(name, number)| Ok((name.clone(), count(number)?)))
                .collect::<Result<_>>()?,
        })
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
    /// As checks read: nothing that they rest on is less certain.
    options: FindOneOptions,
    present: FindOneOptions,
    within: Duration,
    deadline: Duration,
    clock: SystemClock,
}

impl Generations {
    pub(crate) fn new(meta: Collection<Document>, settings: &MongoSettings) -> Self {
        Self {
            meta,
            knowledge: watch::Sender::default(),
            wanted: Notify::new(),
            options: check_options(settings),
            present: present_options(settings),
            within: settings.everyone_within,
            deadline: settings.deadline,
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
        let waiting = tokio::time::timeout(self.deadline, self.wait_for_fresh());
        waiting.await.unwrap_or(Err(sessioning::ErrorKind::TimedOut.into()))
    }

    async fn wait_for_fresh(&self) -> Result<Counters> {
        let mut watching = self.knowledge.subscribe();
        loop {
            let seen = {
                let knowledge = watching.borrow_and_update();
                if self.is_fresh(&knowledge) {
                    return Ok(knowledge.counters.clone());
                }
                knowledge.attempts
            };
            self.wanted.notify_one();
            // A read that took longer than the bound tells of the past, and is made again.
            let next = watching.wait_for(|knowledge| knowledge.attempts > seen).await;
            if let Some(error) = next.ok().and_then(|knowledge| knowledge.failure.clone()) {
                return Err(error);
            }
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
        self.read_with(self.options.clone()).await
    }

    /// Reads the counters, from a server that a majority confirms to be the primary now.
    pub(crate) async fn confirm(&self) -> Result<()> {
        self.read_with(self.present.clone()).await
    }

    async fn read_with(&self, options: FindOneOptions) -> Result<()> {
        let read_at = self.clock.now();
        let asked = find_present(&self.meta, doc! { "_id": KEY }, options);
        let read = match tokio::time::timeout(self.deadline, asked).await {
            Ok(found) => found.and_then(|found| Counters::of(found.as_ref())),
            Err(_) => Err(sessioning::ErrorKind::TimedOut.into()),
        };
        let outcome = read.as_ref().map(|_| ()).map_err(Error::clone);
        self.knowledge.send_modify(|knowledge| {
            knowledge.attempts += 1;
            match read {
                // One that began before another that has ended already tells nothing new.
                Ok(_) if knowledge.read_at.is_some_and(|known| known > read_at) => knowledge.failure = None,
                Ok(counters) => {
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
    ///
    /// `highest` is the highest generation that a document has. It is above the counters where documents were moved
    /// here without them.
    pub(crate) async fn raise(&self, namespace: Option<&Namespace>, highest: i64) -> Result<()> {
        let counter = match namespace {
            Some(namespace) => format!("namespaces.{}", field(namespace)),
            None => "everyone".into(),
        };
        self.update(doc! {}, doc! { "$inc": { &counter: 1_i64 } }).await?;
        self.read().await?;
        let latest = self.latest();
        let raised = namespace.map_or(latest.everyone, |namespace| signed(latest.current(namespace)));
        if raised <= highest {
            let missing = highest.saturating_add(1).saturating_sub(raised);
            self.update(doc! {}, doc! { "$inc": { &counter: missing } }).await?;
        }
        self.until_known(self.within).await
    }

    /// Changes the mark of a copy, if it is as it was; whether it was.
    pub(crate) async fn change_import(&self, from: Option<&str>, to: Option<&str>) -> Result<bool> {
        let change = match to {
            Some(to) => doc! { "$set": { "import": to } },
            None => doc! { "$unset": { "import": "" } },
        };
        match from {
            Some(from) => self.update(doc! { "import": from }, change).await,
            None => {
                // There has to be a document for the condition to be about.
                self.update(doc! {}, doc! { "$inc": { "everyone": 0_i64 } }).await?;
                self.update(doc! { "import": { "$exists": false } }, change).await
            }
        }
    }

    /// Changes the document that also fulfils a condition; without any it is made. Whether it was changed.
    async fn update(&self, condition: Document, change: Document) -> Result<bool> {
        let make = condition.is_empty();
        let mut which = doc! { "_id": KEY };
        which.extend(condition);
        let updating =
            upsert(|| self.meta.update_one(which.clone(), change.clone()).upsert(make).into_future());
        let updated = tokio::time::timeout(self.deadline, updating);
        let updated = updated.await.map_err(|_| sessioning::ErrorKind::TimedOut)?.map_err(failed)?;
        Ok(make || updated.matched_count == 1)
    }

    /// Waits until every node must know of an update that was answered.
    async fn until_known(&self, within: Duration) -> Result<()> {
        let must_know = self.clock.now().after(within);
        self.read().await?;
        let left = must_know.as_millis() - self.clock.now().as_millis();
        tokio::time::sleep(Duration::from_millis(unsigned(left) + 1)).await;
        Ok(())
    }

    /// Waits until every node must know of the mark of a copy, and what was begun without knowing has ended.
    pub(crate) async fn until_nobody_works(&self) -> Result<()> {
        self.until_known(self.within + LONGEST_DEADLINE).await
    }
}

/// A namespace as a field's name: a dot there would mean a field within a field, and no namespace has a tilde.
fn field(namespace: &Namespace) -> String {
    namespace.as_str().replace('.', "~")
}
