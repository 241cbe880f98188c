//! Gives space back, memory and disk: what has ended leaves marks and old values in the engine's tables, which the engine
//! merges away only as it goes on writing.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use fjall::{AbstractTree, Database, Keyspace};

use super::SharedEngine;
use super::damage::Damages;
use super::engine::TABLE_BYTES;
use super::status::Status;
use crate::{Error, ErrorKind, Result};

/// How often to look whether there is something to do.
const INTERVAL: Duration = Duration::from_secs(10);
/// The most writes in that time that count as quiet.
const QUIET: u64 = 1000;
/// What may stay in memory in quiet times, of each space.
const SMALL: u64 = 4 * 1024 * 1024;

/// A handle to the thread. Dropping it waits until the thread has let go of the engine.
pub(super) struct Tidying {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Tidying {
    pub(super) fn start(engine: &SharedEngine, status: &Arc<Status>) -> Result<Self> {
        let (stop, stopped) = bounded(0);
        let (engine, status) = (SharedEngine::clone(engine), Arc::clone(status));
        let look = move || {
            let (mut writes, mut failed) = (0, false);
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let before = std::mem::replace(&mut writes, status.stats().writes);
                look_at(&engine, writes - before <= QUIET, &mut failed);
            }
        };
        let thread = thread::Builder::new()
            .name("store-tidy".into())
            .spawn(look)
            .map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Tidying {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Says once that it fails, until it does not.
fn look_at(engine: &SharedEngine, quiet: bool, failed: &mut bool) {
    // Not under the lock: whoever wants to exchange the engine does not wait for a long merge.
    let Some(spaces) = engine.read().as_ref().map(super::engine::Engine::to_tidy) else { return };
    let tidied = spaces.tidy(quiet);
    let had_failed = std::mem::replace(failed, tidied.is_err());
    if let (Err(error), false) = (tidied, had_failed) {
        tracing::warn!(cause = %error, "the session store could not give space back; it tries again");
    }
}

/// The parts of an engine, which stays open as long as this is there.
pub(super) struct Spaces {
    pub(super) database: Database,
    pub(super) all: [Keyspace; 6],
    pub(super) damages: Damages,
    /// Whether the engine has threads that merge.
    pub(super) merges: bool,
}

impl Spaces {
    /// Writes to tables what is in memory, if that is much or keeps an old journal; then merges what has ended away.
    pub(super) fn tidy(&self, quiet: bool) -> std::result::Result<(), fjall::Error> {
        if !self.merges {
            return Ok(());
        }
        let old_journals = self.database.journal_count() > 1;
        for space in &self.all {
            let in_memory = space.tree.active_memtable().size();
            if in_memory > 0 && old_journals || in_memory > if quiet { SMALL } else { TABLE_BYTES } {
                space.rotate_memtable()?;
            }
        }
        self.forget_old_tables()?;
        let mut result = Ok(());
        for space in self.all.iter().filter(|space| is_worth_merging(space, quiet)) {
            // It would be read to the damage again, each time.
            if self.damages.is_in(space) {
                continue;
            }
            if let Err(error) = space.tree.major_compact(TABLE_BYTES, self.unread()) {
                self.damages.look_through(space, &error);
                result = Err(error.into());
            }
        }
        result
    }

    /// Removes the files of tables that were merged into others and that nobody reads any more. The engine itself does
    /// so only when more is written.
    fn forget_old_tables(&self) -> std::result::Result<(), fjall::Error> {
        if self.all.iter().all(|space| space.tree.version_free_list_len() == 0) {
            return Ok(());
        }
        // It looks which snapshots are over each time that so many were closed.
        (0..10_000).for_each(|_| drop(self.database.snapshot()));
        for space in &self.all {
            space.tree.get_version_history_lock().maintenance(space.path(), self.unread())?;
        }
        Ok(())
    }

    /// Up to where no snapshot reads any more.
    fn unread(&self) -> fjall::SeqNo {
        self.database.supervisor.snapshot_tracker.get_seqno_safe_to_gc()
    }
}

/// Whether enough has ended. Each mark hides an entry, so with a tenth of marks a fifth is gone after a merge; a merge
/// writes everything anew, so with others waiting it takes more.
fn is_worth_merging(space: &Keyspace, quiet: bool) -> bool {
    let marks = space.tree.tombstone_count();
    let all = u64::try_from(space.approximate_len()).unwrap_or(u64::MAX);
    if quiet { marks > 1_000 && marks > all / 10 } else { marks > 100_000 && marks > all / 3 }
}

#[cfg(test)]
#[path = "tidy_tests.rs"]
mod tests;
