//! What a store offers to whoever moves all of its sessions into another one.

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{Keeps, Store};
use crate::{Record, Result, SessionId};

/// A store that can be copied from, and into.
///
/// While a copy into it has not ended it carries a mark, and is not opened for anything else: sessions that ended
/// in the source meanwhile may still be open in it.
#[async_trait]
pub trait Transfer: Store {
    /// Some records, in an order of the store's own, that come after a place in it. What ended with everyone is not
    /// among them.
    ///
    /// With `adopt`, what another program wrote is marked as seen, so that it is found by its id afterwards.
    async fn read(&self, after: &Place, limit: usize, adopt: bool) -> Result<Batch>;

    /// Those of these records that are there.
    async fn find(&self, ids: &[SessionId]) -> Result<Vec<Record>>;

    /// Adds records that are not there, as sessions of its own: their place among its epochs and generations is that
    /// of new ones.
    async fn add(&self, records: Vec<Record>) -> Result<()>;

    /// Puts records in the place of older ones of the same ids: of those that are still as they were found. What has
    /// changed since, where several may write, stays.
    async fn amend(&self, changes: Vec<Amendment>) -> Result<()>;

    /// Removes these records.
    async fn erase(&self, ids: &[SessionId]) -> Result<()>;

    /// How many records there are, approximately; exactly 0 only if there is none.
    async fn count(&self) -> Result<u64>;

    /// The mark of a copy into this store that has not ended.
    async fn import_mark(&self) -> Result<Option<String>>;

    /// Changes the mark from what it was, if it still is; whether it was. Of two copies at once one finds out.
    async fn change_import_mark(&self, from: Option<&str>, to: Option<&str>) -> Result<bool>;

    /// Waits until nobody works with a store that was marked, and what was begun before has ended.
    async fn until_nobody_works(&self) -> Result<()>;
}

/// A place in the order of a store's records.
#[derive(Clone, Default)]
pub struct Place {
    exact: Zeroizing<String>,
    public: String,
}

impl Place {
    /// Before all of them.
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// Where a copy goes on that was interrupted at a place told by [`public`](Self::public).
    #[must_use]
    pub fn resume(public: &str) -> Self {
        Self { exact: Zeroizing::new(public.to_owned()), public: public.to_owned() }
    }

    /// After a record whose key is no secret.
    #[must_use]
    pub fn after(id: SessionId) -> Self {
        Self::resume(&id.to_string())
    }

    /// After a record whose key is a token: that much of its text may be told, and begins no later than it.
    #[must_use]
    pub fn after_token(exact: Zeroizing<String>, public: &str) -> Self {
        Self { exact, public: public.to_owned() }
    }

    /// The place, exactly.
    #[must_use]
    pub fn exact(&self) -> &str {
        &self.exact
    }

    /// A place at it or a little before it, which may be written down.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }
}

/// Some of a store's records.
pub struct Batch {
    /// Those, their digests as a store of [digests](Keeps::Digests) keeps them.
    pub records: Vec<Record>,
    /// How many documents or entries came between that are no sessions, or not any more.
    pub foreign: u64,
    /// Where the next batch begins; `None` if this was the last.
    pub next: Option<Place>,
}

/// A record that takes the place of an older one.
#[derive(Clone)]
pub struct Amendment {
    /// The older one, as it was found.
    pub found: Record,
    /// The one that takes its place.
    pub record: Record,
}

/// Whether a store can be copied into: one of tokens has no use for digests.
#[must_use]
pub fn takes_digests(store: &dyn Transfer) -> bool {
    store.keeps() == Keeps::Digests
}
