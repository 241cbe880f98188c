//! What the owning thread does after a group could not be written: refuse writes, and reopen the engine once the
//! disk has space.

use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use super::directory::Directory;
use super::engine::Engine;
use super::group::Group;
use super::owner::Own;
use super::space;
use crate::{Error, ErrorKind, Result};

/// How long to wait before looking again whether the disk has space.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

impl Own {
    pub(super) fn refuse(&self, error: fjall::Error) -> Error {
        let kind = classify(&error, &self.directory);
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
                match self.waiting.recv_deadline(until) {
                    Ok(command) => drop(command),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return false,
                }
            }
            if space::is_back(self.directory.path()) {
                match self.reopen() {
                    Ok(()) => {
                        tracing::info!("there is space again: the session store takes writes");
                        self.status.accept();
                        return true;
                    }
                    Err(_) if self.status.refusal() == Some(ErrorKind::SyncFailed) => return true,
                    Err(error) => tracing::warn!(%error, "the session store could not be reopened yet"),
                }
            }
            pause = (pause * 2).min(LAST_RETRY);
        }
    }

    /// Drops the poisoned engine and opens it again, while the readers wait.
    fn reopen(&mut self) -> Result<()> {
        let mut slot = self.engine.write();
        *slot = None;
        let engine = slot.insert(Engine::open(&self.directory.engine())?);
        self.meta = engine.meta()?;
        // The failed group may have reached the file after all, so this syncs it before anybody reads it, and
        // no cache may go on with what was read before it.
        self.status.reopened();
        let mut group = Group::new(engine, self.meta.clone());
        group.mark();
        let (changes, sync, meta) = group.finish()?;
        if let Err(error) = engine.commit(changes, sync) {
            return Err(self.refuse(error));
        }
        self.meta = meta;
        Ok(())
    }
}

/// Why a group could not be written: for want of space, which reopening mends; or because a sync failed, after
/// which what the page cache shows may not be on the disk.
fn classify(error: &fjall::Error, directory: &Directory) -> ErrorKind {
    let no_space = match error {
        // Only if writing is what fails: a sync that speaks of space (thin volumes do) is a failed sync.
        fjall::Error::Io(error) => space::says_out(error) && space::is_out(directory.path()),
        // Something in the background failed earlier, on a full disk mostly, where space may be back by now.
        // Nothing of this group was written, and the groups before it were synced by this thread itself, so
        // reopening loses nothing; if it was a sync that failed, the one at reopening tells.
        fjall::Error::Poisoned => true,
        _ => false,
    };
    if no_space { ErrorKind::NoSpace } else { ErrorKind::SyncFailed }
}
