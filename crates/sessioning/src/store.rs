//! The store contract, and the stores that come with the crate.
//!
//! The contract is written on the trait, one promise a sentence; `sessioning-conformance` has a case for each.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{
    Namespace, OnLimit, OsRandom, Owner, Random, Record, Result, SessionId, SessionToken, Timestamp,
};

mod cached;
mod deadline;
mod embedded;
mod memory;
mod transfer;
mod waiting;

pub use cached::{CacheSettings, CacheStats, Cached};
pub use deadline::Deadline;
pub use embedded::{Embedded, EmbeddedSettings, GroupStats};
pub use memory::Memory;
pub use transfer::{Amendment, Batch, Place, Transfer, takes_digests};
pub use waiting::{Patience, Waiting};

/// Keeps records.
///
/// Of every method:
/// * It is atomic for one record: no reader sees half of it.
/// * Once it has begun, it runs to its end, even when the caller stops waiting.
/// * Once it has answered, every later call sees what it did, and so does a process that is started after this
///   one was killed, where the store is durable at all.
/// * An error means that the outcome is unknown: done entirely or not at all, never half. Only
///   [`Overloaded`](crate::ErrorKind::Overloaded) says that nothing was begun.
/// * None judges expiry. A record that was removed, or that an acknowledged
///   [`remove_everyone`](Store::remove_everyone) covers, is gone; an expired one is not.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Stores a new record. The only method that creates.
    ///
    /// What has not begun by the time that nobody waits for it any more stores nothing, and is overloaded.
    /// A taken id changes nothing. An owner revoked while this was under way gets
    /// [`Revoked`](Inserted::Revoked) and no record. With a limit, the owner never has more live records than
    /// it allows, however many inserts race.
    /// The store sets `sequence` and `version` itself, and `epoch` and `generation` where it needs them.
    async fn insert_while(&self, waiting: &Waiting, record: Record, limit: Option<Limit>)
    -> Result<Inserted>;

    /// The same for somebody who never gives up.
    async fn insert(&self, record: Record, limit: Option<Limit>) -> Result<Inserted> {
        self.insert_while(&Waiting::default(), record, limit).await
    }

    /// The record of that id, or `None` if it is gone or never was.
    ///
    /// A cache may answer only with a record that `accept` accepts, and otherwise asks further down; the
    /// answer from below is returned whatever `accept` says of it.
    async fn get(&self, id: SessionId, accept: Accept<'_>) -> Result<Option<Arc<Record>>>;

    /// The record of that id as it is now: what a logout rests on that finds nothing to end.
    ///
    /// Where several servers hold the store, one that was replaced and has not noticed still has the past. So the
    /// majority confirms the answer while this waits; without that it is an error. `imported` is the token of a session
    /// that another program may have written: it is [made findable](Store::adopt) first, by a look as certain.
    async fn present(&self, id: SessionId, imported: Option<&SessionToken>) -> Result<Option<Arc<Record>>>;

    /// Replaces the record of `record.id` if its version is `version`; the new one has the next version.
    ///
    /// Never creates. Keeps the owner, `created_at`, `epoch`, `sequence` and `generation` that are stored, and
    /// never lowers `last_seen`. Of two that race with one version, one is done. What has not begun by the time that
    /// nobody waits for it any more changes nothing, and is overloaded.
    async fn replace_while(&self, waiting: &Waiting, record: Record, version: u64) -> Result<Replaced>;

    /// The same for somebody who never gives up.
    async fn replace(&self, record: Record, version: u64) -> Result<Replaced> {
        self.replace_while(&Waiting::default(), record, version).await
    }

    /// Records a use, if the last recorded one is at least an interval before it.
    ///
    /// Never creates, never changes the version, and never lowers `last_seen`. May be lost in a crash.
    async fn touch(&self, id: SessionId, touch: Touch) -> Result<Touched>;

    /// Removes the record; whether it was there. Removing what is gone is not an error.
    async fn remove(&self, id: SessionId) -> Result<bool>;

    /// Removes every record of `owner` but `keep`; the ids that were removed.
    ///
    /// Complete: no record of this owner whose insert was answered before is there afterwards. An insert that is
    /// under way meanwhile is refused, or leaves nothing, or counts as begun afterwards.
    async fn remove_user(&self, owner: &Owner, keep: Option<SessionId>) -> Result<Vec<SessionId>>;

    /// Ends every record there is, of one namespace or of all, in one write however many they are.
    async fn remove_everyone(&self, namespace: Option<&Namespace>) -> Result<()>;

    /// The owner's records with ids after `after`, in the order of ids, at most `limit` of them.
    ///
    /// Looks at no more than `limit` and a few hundred entries, however many of them are of what has ended: there may
    /// be fewer records than `limit` although more come after them.
    async fn list(&self, owner: &Owner, after: Option<SessionId>, limit: usize) -> Result<Listed>;

    /// Frees the space of records that could be purged before `now`, and of what was ended all at once, looking at
    /// no more than `limit` or a few hundred.
    ///
    /// Removes no record whose [`purge_at`](Record::purge_at) has not come. A cache may still answer with what
    /// was purged, to an `accept` that accepts what has expired.
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<Purged>;

    /// How often this store may have changed otherwise than by calls that were answered: it counts reopenings
    /// that brought a failed write to its end. What was read before counts no more, so a cache empties itself.
    /// 0 for a store that cannot be reopened.
    fn reopenings(&self) -> u64;

    /// What is kept of a token: its digest, but for the one layout of MongoDB that shares its documents with
    /// another program.
    fn keeps(&self) -> Keeps;

    /// Makes a session findable that another program wrote under a token of its own; whether there is one now.
    ///
    /// `false` for a store that no other program writes to.
    async fn adopt(&self, imported: &SessionToken) -> Result<bool>;

    /// A key of this store's own: 32 random bytes, made once and kept with the records.
    ///
    /// Whoever shares the store shares it, no two stores have the same; for marks that have to be recognised as
    /// made here, such as paging cursors. It opens no session.
    async fn key(&self) -> Result<[u8; 32]>;

    /// Whether reads and writes would be served now; the error says why not. Costs no write of a record.
    ///
    /// Where several servers hold the store, it is answered by the one that counts now: what is read after it is not
    /// of the past.
    async fn ready(&self) -> Result<()>;
}

/// Whether a cached record may answer for the one that is stored.
pub type Accept<'a> = &'a (dyn Fn(&Record) -> bool + Send + Sync);

/// What a store keeps of a token, as [`Record::digest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// A digest: a copy of the store opens no session.
    Digests,
    /// The token itself, because another program that reads the same documents needs it.
    Tokens,
}

/// What became of an insert.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Inserted {
    /// It is stored, and these of its owner's sessions made place for it.
    Done {
        /// Oldest first; empty unless a limit evicts.
        evicted: Vec<SessionId>,
    },
    /// The id is taken.
    Taken,
    /// The owner was revoked meanwhile, by another process over the same store: of this one's own revocations
    /// [`Sessioning`](crate::Sessioning) knows.
    Revoked,
    /// The owner has as many sessions as the limit allows, and the limit refuses.
    Full,
}

/// What became of a replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Replaced {
    /// It is stored.
    Done,
    /// The stored record has another version.
    Stale,
    /// There is no such record.
    Gone,
}

/// What became of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Touched {
    /// The use is recorded.
    Done,
    /// A use less than an interval ago is recorded already.
    NotDue,
    /// There is no such record.
    Gone,
}

/// Some of an owner's records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// Those, in the order of ids.
    pub records: Vec<Arc<Record>>,
    /// Where to go on: after this id. `None`: there is no more.
    pub next: Option<SessionId>,
}

impl Listed {
    /// A list that ends with its last record if it has as many as were asked for, and is whole if not.
    #[must_use]
    pub fn whole(records: Vec<Arc<Record>>, after: Option<SessionId>, limit: usize) -> Self {
        let is_full = records.len() >= limit;
        let next = records.last().map(|record| record.id).or(after).filter(|_| is_full);
        Self { records, next }
    }
}

/// What a purge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Purged {
    /// How many records are freed.
    pub removed: usize,
    /// Whether there may be more to free before the same moment.
    pub more: bool,
}

/// A use to record.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// When.
    pub at: Timestamp,
    /// How long after the last recorded use, at least.
    pub interval: Duration,
}

impl Touch {
    /// Whether the last recorded use of `record` is long enough ago.
    #[must_use]
    pub fn is_due(&self, record: &Record) -> bool {
        record.last_seen <= self.at.before(self.interval)
    }
}

/// How many sessions a user may have.
#[derive(Clone)]
pub struct Limit {
    /// The most, at least one.
    pub max: usize,
    /// What to do about one more.
    pub on_limit: OnLimit,
    /// Which records count: the live ones, as the rules and the time have it.
    pub live: Arc<dyn Fn(&Record) -> bool + Send + Sync>,
}

/// A store's own key: the one that it has, or one that is made now.
pub(crate) fn own_key(kept: &mut Option<[u8; 32]>) -> Result<[u8; 32]> {
    if let Some(key) = *kept {
        return Ok(key);
    }
    let mut key = [0; 32];
    OsRandom.fill(&mut key)?;
    *kept = Some(key);
    Ok(key)
}

/// Runs work in a task of its own, so that it ends even when whoever asked for it has gone: a server drops a
/// request's handler when its client leaves.
///
/// # Errors
///
/// The work's own; unavailable when it panicked or the runtime ended.
pub async fn run_to_end<T: Send + 'static, E: From<crate::Error> + Send + 'static>(
    work: impl Future<Output = std::result::Result<T, E>> + Send + 'static,
) -> std::result::Result<T, E> {
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(source) => Err(crate::Error::new(crate::ErrorKind::Unavailable).with_source(source).into()),
    }
}
