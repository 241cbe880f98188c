//! The store's own numbers, written in the same batch as what they count.

use std::collections::BTreeMap;
use std::time::Duration;

use minicbor::{Decode, Encode};

use super::endings::{Ending, Scope};
use crate::{Error, ErrorKind, Result, Timestamp};

/// How far behind the newest record the clock may be.
const CLOCK_MARGIN: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Meta {
    /// The newest moment in any record, milliseconds.
    #[n(0)]
    newest: Option<i64>,
    /// The last place given in the order of inserts.
    #[n(1)]
    sequence: u64,
    /// Where the endings were, in one record, before they got a space of their own.
    #[n(2)]
    pub(super) floors: Option<Floors>,
    /// The store's own key, once somebody has asked for it.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) key: Option<[u8; 32]>,
    /// The mark of a copy into this store that has not ended.
    #[n(4)]
    pub(super) import: Option<String>,
    /// The generation that new records get.
    #[n(5)]
    #[cbor(default)]
    pub(super) generation: u64,
    /// Where the next purge begins: nothing stands under a date before. What was purged leaves marks in the engine
    /// for a while, and a purge that began at the first date would step over all of them.
    #[cbor(n(6), with = "minicbor::bytes", default)]
    pub(super) purge_from: Vec<u8>,
}

/// Which generations of records were ended all at once, as they were kept before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Floors {
    /// The generation that new records get.
    #[n(0)]
    pub(super) generation: u64,
    /// Records of a generation below this are gone.
    #[n(1)]
    pub(super) everywhere: u64,
    /// The same, by namespace.
    #[n(2)]
    pub(super) namespaces: BTreeMap<String, u64>,
}

impl Meta {
    pub(super) fn note(&mut self, moment: Timestamp) {
        self.newest = self.newest.max(Some(moment.as_millis()));
    }

    /// Forgets a newest moment that the operator declared wrong.
    pub(super) fn trust(&mut self, now: Timestamp) {
        self.newest = self.newest.min(Some(now.as_millis()));
    }

    pub(super) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        minicbor::to_vec(self).map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source))
    }

    /// The last place given in the order of inserts.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// # Errors
    ///
    /// When `now` is so far behind that sessions which ended would come back.
    pub(super) fn check_clock(&self, now: Timestamp) -> Result<()> {
        let behind = self.newest.map_or(0, |newest| newest.saturating_sub(now.as_millis()));
        match u64::try_from(behind) {
            Ok(behind) if u128::from(behind) > CLOCK_MARGIN.as_millis() => {
                Err(ErrorKind::ClockBehind { seconds: behind / 1000 }.into())
            }
            _ => Ok(()),
        }
    }
}

impl Floors {
    /// The same as endings.
    pub(super) fn endings(&self) -> Vec<Ending> {
        let namespaces = self.namespaces.iter().filter_map(|(namespace, generation)| {
            Some(Ending::new(Scope::Namespace(namespace.parse().ok()?), *generation))
        });
        let everyone = (self.everywhere > 0).then(|| Ending::new(Scope::Everyone, self.everywhere));
        everyone.into_iter().chain(namespaces).collect()
    }
}

#[cfg(test)]
#[path = "tenants_tests.rs"]
pub(super) mod tenants_tests;
