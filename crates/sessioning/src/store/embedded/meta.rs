//! The store's own numbers, written in the same batch as what they count.

use std::collections::BTreeMap;
use std::time::Duration;

use minicbor::{Decode, Encode};

use crate::{ErrorKind, Namespace, Record, Result, Timestamp};

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
    #[n(2)]
    pub(super) floors: Floors,
    /// The store's own key, once somebody has asked for it.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) key: Option<[u8; 32]>,
    /// The mark of a copy into this store that has not ended.
    #[n(4)]
    pub(super) import: Option<String>,
    /// Where the next purge begins: nothing stands under a date before. Not kept, since it only saves work: what
    /// was purged leaves marks in the engine for a while, and a purge that began at the first date would step over
    /// all of them each time.
    #[cbor(skip)]
    pub(super) purge_from: Vec<u8>,
}

/// Which generations of records were ended all at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Floors {
    /// The generation that new records get.
    #[n(0)]
    generation: u64,
    /// Records of a generation below this are gone.
    #[n(1)]
    everywhere: u64,
    /// The same, by namespace.
    #[n(2)]
    namespaces: BTreeMap<String, u64>,
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
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn covers(&self, record: &Record) -> bool {
        let namespace = self.namespaces.get(record.owner.namespace().as_str()).copied().unwrap_or(0);
        record.generation < self.everywhere.max(namespace)
    }

    pub(super) fn raise(&mut self, namespace: Option<&Namespace>) {
        self.generation += 1;
        match namespace {
            Some(namespace) => {
                self.namespaces.insert(namespace.to_string(), self.generation);
            }
            None => self.everywhere = self.generation,
        }
    }
}
