//! The owning thread: the one place where the engine is written to.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::directory::Directory;
use super::engine::{Change, Engine};
use super::group::Group;
use super::meta::Meta;
use super::status::Status;
use super::{EmbeddedSettings, SharedEngine};
use crate::{Error, ErrorKind, Result, Timestamp};

/// The most writes that share a sync: bounds the batch, and so the wait of the first in it.
const MAX_GROUP: usize = 1024;

/// Judges a write within a group, and returns how to answer it once the group's fate is known.
pub(super) type Command = Box<dyn FnOnce(&mut Group<'_>) -> Reply + Send>;
pub(super) type Reply = Box<dyn FnOnce(Result<()>) + Send>;

/// A handle to the thread. Dropping it lets the thread finish what waits, and waits for that.
pub(super) struct OwningThread {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
    status: Arc<Status>,
}

impl OwningThread {
    pub(super) fn start(
        engine: SharedEngine,
        directory: Directory,
        status: Arc<Status>,
        settings: &EmbeddedSettings,
        now: Timestamp,
    ) -> Result<Self> {
        let (commands, waiting) = bounded(settings.queue);
        let mut meta = match &*engine.read() {
            Some(engine) => engine.meta()?,
            None => Meta::default(),
        };
        if settings.trust_clock {
            meta.trust(now);
        }
        let own = Own { engine, directory, status: Arc::clone(&status), meta, waiting, undo: Vec::new() };
        let thread = thread::Builder::new()
            .name("store-owner".into())
            .spawn(move || own.run())
            .map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source))?;
        Ok(Self { commands: Some(commands), thread: Some(thread), status })
    }

    /// Hands a write to the thread and waits until its group is on the disk.
    ///
    /// # Errors
    ///
    /// The write's own; the group's, if it could not be written; overloaded if too many wait.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Group<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(kind) = self.status.refusal() {
            return Err(kind.into());
        }
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |group| {
            let judged = write(group);
            Box::new(move |written| drop(answer.send(written.and(judged))))
        });
        let commands = self.commands.as_ref().ok_or(ErrorKind::Unavailable)?;
        commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => ErrorKind::Overloaded,
            TrySendError::Disconnected(_) => ErrorKind::Unavailable,
        })?;
        answered.await.unwrap_or(Err(ErrorKind::Unavailable.into()))
    }
}

impl Drop for OwningThread {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that owns the session store ended by a fault");
        }
    }
}

/// What the thread owns.
pub(super) struct Own {
    pub(super) engine: SharedEngine,
    pub(super) directory: Directory,
    pub(super) status: Arc<Status>,
    pub(super) meta: Meta,
    pub(super) waiting: Receiver<Command>,
    /// What takes the last failed group back.
    pub(super) undo: Vec<Change>,
}

impl Own {
    fn run(mut self) {
        while let Ok(first) = self.waiting.recv() {
            match self.status.refusal() {
                None => self.write_group(first),
                // It came while the last group was failing. Dropping it answers "unavailable".
                Some(_) => drop(first),
            }
            if self.status.refusal() == Some(ErrorKind::NoSpace) && !self.wait_for_space() {
                break;
            }
        }
    }

    /// Judges what waits, writes it as one batch, syncs, and answers.
    fn write_group(&mut self, first: Command) {
        let shared = Arc::clone(&self.engine);
        let guard = shared.read();
        let Some(engine) = &*guard else { return };
        let mut group = Group::new(engine, self.meta.clone());
        let mut replies = vec![first(&mut group)];
        while replies.len() < MAX_GROUP {
            let Ok(command) = self.waiting.try_recv() else { break };
            replies.push(command(&mut group));
        }
        let written = self.commit(engine, group);
        drop(guard);
        if written.is_ok() {
            self.status.committed(replies.len());
        }
        for reply in replies {
            reply(written.clone());
        }
    }

    fn commit(&mut self, engine: &Engine, group: Group<'_>) -> Result<()> {
        let (changes, sync, meta) = group.finish()?;
        match engine.commit(&changes, sync) {
            Ok(()) => {
                engine.set_floors(&meta.floors);
                self.meta = meta;
                Ok(())
            }
            Err(error) => Err(self.refuse(engine, &changes, error)),
        }
    }
}

impl Drop for Own {
    /// However the thread ends, by a fault too: nothing is written any more, and nobody reads on after the
    /// directory is free for others.
    fn drop(&mut self) {
        self.status.refuse(ErrorKind::Unavailable);
        *self.engine.write() = None;
    }
}
