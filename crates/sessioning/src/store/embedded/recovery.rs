//! What the owning thread does after a group could not be written: refuse writes, and reopen the engine once the
//! disk has space.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::damage::is_damage;
use super::directory::Directory;
use super::engine::{Change, Engine};
use super::keys::{self, Space};
use super::owner::Own;
use super::queue::Waited;
use super::status::Status;
use super::{SharedEngine, space};
use crate::{Error, ErrorKind, Result};

/// How long to wait before looking again whether the disk has space.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

impl Own {
    /// Notes that a group could not be written, and why; no write is taken from now on.
    pub(super) fn refuse(&mut self, engine: &Engine, group: &[Change], error: fjall::Error) -> Error {
        if let Err(error) = self.look_for_files() {
            return error;
        }
        self.undo = undo(engine, group);
        let before = self.damages.replace(engine.damages.clone());
        let kind = match classify(&error, engine, &self.directory) {
            // Once: without merging there is nothing that could meet it.
            ErrorKind::Damaged { place } if before.is_some() => ErrorKind::Halted { cause: place },
            kind => kind,
        };
        if !matches!(kind, ErrorKind::Damaged { .. }) {
            self.damages = before;
        }
        tracing::error!(cause = %error, "{kind}");
        self.status.refuse(kind.clone());
        Error::new(kind).with_source(error)
    }

    /// Waits for space and reopens the engine, unless a sync fails; false when the store was dropped meanwhile.
    pub(super) fn wait_for_space(&mut self) -> bool {
        let mut pause = FIRST_RETRY;
        loop {
            let until = Instant::now() + pause;
            loop {
                match self.waiting.wait(Some(until)) {
                    Waited::Ready => drop(self.waiting.any()),
                    Waited::TimedOut => break,
                    Waited::Closed => return false,
                }
            }
            if space::is_back(self.directory.path()) {
                match self.reopen() {
                    Ok(()) => {
                        tracing::info!("there is space again: the session store takes writes");
                        self.status.accept();
                        return true;
                    }
                    Err(_) if self.status.refusal() != Some(ErrorKind::NoSpace) => return true,
                    Err(error) if error.is_damage() => {
                        tracing::error!("{error}");
                        self.status.refuse(ErrorKind::Halted { cause: error.to_string() });
                        return true;
                    }
                    Err(error) => tracing::warn!(%error, "the session store could not be reopened yet"),
                }
            }
            pause = (pause * 2).min(LAST_RETRY);
        }
    }

    /// Opens the engine without the threads that have met damage. They would meet it again, and stop all writes.
    pub(super) fn go_on_without_merging(&mut self) {
        match self.reopen() {
            Ok(()) => {
                tracing::warn!(
                    "the session store takes writes, but merges nothing any more: restore a backup soon"
                );
                self.status.accept();
            }
            Err(error) if matches!(error.kind(), ErrorKind::Halted { .. }) => {}
            Err(error) => self.status.refuse(ErrorKind::Halted { cause: error.to_string() }),
        }
    }

    /// Without merging: writes to tables what is in memory, and refuses writes before the engine would hold them up.
    pub(super) fn make_room(&self, engine: &Engine) {
        let cause = match engine.flush_large() {
            Ok(true) => return,
            Ok(false) => "it has damaged files, and too much was written since".into(),
            Err(error) => error.to_string(),
        };
        let kind = ErrorKind::Halted { cause };
        tracing::error!("{kind}");
        self.status.refuse(kind);
    }

    /// Drops the poisoned engine and opens it again, without what was answered with an error.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or written, or is not where it was: then an empty one would be made in its place.
    pub(super) fn reopen(&mut self) -> Result<()> {
        self.look_for_files()?;
        let (directory, status, undo, damages) = (&self.directory, &self.status, &self.undo, &self.damages);
        exchange(&self.engine, status, || {
            let mut engine = Engine::open_merging(&directory.engine(), damages.is_none())?;
            if let Some(damages) = damages {
                engine.damages = damages.clone();
            }
            // The failed group may have reached the file after all. It was answered with an error, so it must not
            // come to life. This write also shows whether the disk can be written and synced again.
            if let Err(error) = engine.commit(undo, true) {
                let kind = classify(&error, &engine, directory);
                status.refuse(kind.clone());
                return Err(Error::new(kind).with_source(error));
            }
            self.meta = engine.meta()?;
            engine.load_endings()?;
            Ok(engine)
        })
    }
}

/// Puts another engine in the place of one. Meanwhile reads are answered "unavailable" at once: the old one has to
/// let go of its folder before the new one can have it, and nobody waits for that.
fn exchange(slot: &SharedEngine, status: &Status, open: impl FnOnce() -> Result<Engine>) -> Result<()> {
    let old = slot.write().take();
    drop(old);
    let engine = open()?;
    // No cache may go on with what was read before, so this comes before anybody reads from the new engine.
    status.reopened();
    *slot.write() = Some(engine);
    Ok(())
}

/// What puts every key of a failed group back to what it was. At least one change, so that writing it tells whether
/// the disk can be written and synced.
fn undo(engine: &Engine, group: &[Change]) -> Vec<Change> {
    let keys = group.iter().map(|(space, key, _)| (*space, key.as_slice()));
    let before: BTreeMap<_, _> = keys
        .chain([(Space::Meta, keys::META)])
        // What cannot be read stays as it is: its outcome is unknown.
        .filter_map(|(space, key)| Some(((space, key), engine.get(space, key).ok()?)))
        .collect();
    before
        .into_iter()
        .map(|((space, key), value)| (space, key.to_vec(), value.map(|value| value.to_vec())))
        .collect()
}

/// Why a group could not be written: for want of space, which reopening mends; or for anything else, after which what
/// the page cache shows may not be on the disk.
fn classify(error: &fjall::Error, engine: &Engine, directory: &Directory) -> ErrorKind {
    match error {
        // Only if writing is what fails: a sync that speaks of space (thin volumes do) is a failed sync.
        fjall::Error::Io(error) if space::says_out(error) && space::is_out(directory.path()) => {
            ErrorKind::NoSpace
        }
        fjall::Error::Io(_) => ErrorKind::SyncFailed,
        // Something failed in the background, the engine does not say what. Doing it again does.
        fjall::Error::Poisoned => match engine.retry_background() {
            Err(fjall::LsmError::Io(error))
                if space::says_out(&error) && space::is_short(directory.path()) =>
            {
                ErrorKind::NoSpace
            }
            Err(cause) if is_damage(&cause) => ErrorKind::Damaged { place: engine.damages.names() },
            Err(cause) => ErrorKind::Halted { cause: plain(&cause) },
            Ok(()) => ErrorKind::Halted { cause: "its background work failed once".into() },
        },
        error => ErrorKind::Halted { cause: error.to_string() },
    }
}

fn plain(error: &fjall::LsmError) -> String {
    match error {
        fjall::LsmError::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
