//! What the owning thread lets others know: whether it takes writes, and how well they share syncs.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::ErrorKind;

#[derive(Default)]
pub(super) struct Status {
    refusal: RwLock<Option<ErrorKind>>,
    reopenings: AtomicU64,
    groups: AtomicU64,
    writes: AtomicU64,
    largest: AtomicU64,
    records_read: AtomicU64,
    sizes: [AtomicU64; SIZES],
}

/// The steps in which group sizes are counted: 1, 2, 4, … 1,024.
const SIZES: usize = 11;

/// How many writes shared how many groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupStats {
    /// Groups committed.
    pub groups: u64,
    /// Writes in them.
    pub writes: u64,
    /// Writes in the largest.
    pub largest: u64,
    /// Records that were read to judge them.
    pub records_read: u64,
    /// Groups by size: so many writes at most (1, 2, 4, … 1,024), and how many groups of that size there were.
    pub sizes: [(u64, u64); SIZES],
}

impl Status {
    /// Why writes are refused; `None` while they are taken.
    pub(super) fn refusal(&self) -> Option<ErrorKind> {
        self.refusal.read().clone()
    }

    pub(super) fn refuse(&self, kind: ErrorKind) {
        *self.refusal.write() = Some(kind);
    }

    pub(super) fn accept(&self) {
        *self.refusal.write() = None;
    }

    /// Notes that the engine was reopened, before anybody can read from it.
    pub(super) fn reopened(&self) {
        self.reopenings.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn reopenings(&self) -> u64 {
        self.reopenings.load(Ordering::Acquire)
    }

    pub(super) fn read(&self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.records_read.fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn committed(&self, writes: usize) {
        let writes = u64::try_from(writes).unwrap_or(u64::MAX);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes, Ordering::Relaxed);
        self.largest.fetch_max(writes, Ordering::Relaxed);
        if let Some(groups) = self.sizes.iter().zip(steps()).find(|(_, most)| writes <= *most).map(|it| it.0)
        {
            groups.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn stats(&self) -> GroupStats {
        GroupStats {
            groups: self.groups.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            largest: self.largest.load(Ordering::Relaxed),
            records_read: self.records_read.load(Ordering::Relaxed),
            sizes: std::array::from_fn(|step| (1 << step, self.sizes[step].load(Ordering::Relaxed))),
        }
    }
}

fn steps() -> impl Iterator<Item = u64> {
    (0..SIZES).map(|step| 1 << step)
}
