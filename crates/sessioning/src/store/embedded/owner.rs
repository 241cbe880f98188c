//! The owning thread: the one place where the engine is written to.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::damage::Damages;
use super::directory::Directory;
use super::engine::{Change, Engine};
use super::group::Group;
use super::meta::Meta;
use super::presence::Presence;
use super::queue::{Queue, Turn, Waited};
use super::status::Status;
use super::{EmbeddedSettings, SharedEngine};
use crate::{Error, ErrorKind, Result, Timestamp};

/// The most writes that share a sync: bounds the batch, and so the wait of the first in it.
const MAX_GROUP: usize = 1024;
/// A group takes no more short work once it has read so many records, or worked for so long.
const MAX_READ: usize = 1024;
const MAX_TIME: Duration = Duration::from_millis(5);
/// How soon it is noticed that the files have gone while nothing is written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Judges a write within a group, and returns how to answer it once the group's fate is known.
pub(super) type Command = Box<dyn FnOnce(&mut Group<'_>) -> Reply + Send>;
pub(super) type Reply = Box<dyn FnOnce(Result<()>) + Send>;

/// A handle to the thread.
pub(super) struct OwningThread {
    commands: Arc<Queue<Command>>,
    thread: Mutex<Option<JoinHandle<()>>>,
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
        let commands = Arc::new(Queue::new(settings.queue));
        let waiting = Arc::clone(&commands);
        let mut meta = match &*engine.read() {
            Some(engine) => engine.meta()?,
            None => Meta::default(),
        };
        if settings.trust_clock {
            meta.trust(now);
        }
        let own = Own {
            presence: directory.presence()?,
            engine,
            directory,
            status: Arc::clone(&status),
            meta,
            waiting,
            undo: Vec::new(),
            damages: None,
        };
        let thread = thread::Builder::new()
            .name("store-owner".into())
            .spawn(move || own.run())
            .map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source))?;
        Ok(Self { commands, thread: Mutex::new(Some(thread)), status })
    }

    /// Hands a write to the thread and waits until its group is on the disk.
    ///
    /// # Errors
    ///
    /// The write's own; the group's, if it could not be written; overloaded if too many wait.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        turn: Turn,
        write: impl FnOnce(&mut Group<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(kind) = self.status.refusal() {
            return Err(kind.into());
        }
        let (answer, answered) = oneshot::channel();
        let waiting = turn.waiting.clone();
        let command: Command = Box::new(move |group| {
            let judged = match waiting {
                Some(waiting) if waiting.is_over() => Err(ErrorKind::Overloaded.into()),
                _ => write(group),
            };
            Box::new(move |written| drop(answer.send(written.and(judged))))
        });
        self.commands.push(turn, command)?;
        answered.await.unwrap_or(Err(ErrorKind::Unavailable.into()))
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.commands.len()
    }

    /// Lets the thread finish what waits, and waits for that. Nothing more is taken.
    pub(super) fn stop(&self) {
        self.commands.close();
        if let Some(thread) = self.thread.lock().take()
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
    pub(super) presence: Presence,
    pub(super) status: Arc<Status>,
    pub(super) meta: Meta,
    pub(super) waiting: Arc<Queue<Command>>,
    /// What takes the last failed group back.
    pub(super) undo: Vec<Change>,
    /// The damage that merging has met: the engine is open without it since.
    pub(super) damages: Option<Damages>,
}

impl Own {
    fn run(mut self) {
        loop {
            match self.waiting.wait(Some(Instant::now() + LOOK_EVERY)) {
                Waited::Closed => break,
                Waited::TimedOut => drop(self.look_for_files()),
                Waited::Ready if self.status.refusal().is_none() => self.write_group(),
                // They came while the last group was failing. Dropping them answers "unavailable".
                Waited::Ready => drop(self.waiting.any()),
            }
            match self.status.refusal() {
                Some(ErrorKind::NoSpace) if !self.wait_for_space() => break,
                Some(ErrorKind::Damaged { .. }) => self.go_on_without_merging(),
                _ => {}
            }
        }
    }

    /// Judges what waits, writes it as one batch, syncs, and answers.
    fn write_group(&mut self) {
        let shared = Arc::clone(&self.engine);
        let guard = shared.read();
        let Some(engine) = &*guard else { return };
        let mut group = Group::new(engine, self.meta.clone());
        let replies = self.judge(&mut group);
        self.status.read(group.records_read());
        let written = self.commit(engine, group);
        drop(guard);
        if written.is_ok() {
            self.status.committed(replies.len());
        }
        for reply in replies {
            reply(written.clone());
        }
    }

    /// Short work in turn, within bounds, and after it a long step of each kind.
    fn judge(&self, group: &mut Group<'_>) -> Vec<Reply> {
        let (mut replies, begun) = (Vec::new(), Instant::now());
        while replies.len() < MAX_GROUP && group.records_read() < MAX_READ && begun.elapsed() < MAX_TIME {
            let Some(command) = self.waiting.short() else { break };
            replies.push(command(group));
        }
        for ends in [true, false] {
            if let Some(command) = self.waiting.long(ends) {
                replies.push(command(group));
            }
        }
        replies
    }

    fn commit(&mut self, engine: &Engine, group: Group<'_>) -> Result<()> {
        let finished = group.finish()?;
        match engine.commit(&finished.changes, finished.sync) {
            Ok(()) => {
                engine.note(finished.endings, finished.scheduled, &finished.uncounted);
                self.meta = finished.meta;
                self.make_room(engine);
                // What cannot be found again is not acknowledged.
                self.look_for_files()
            }
            Err(error) => Err(self.refuse(engine, &finished.changes, error)),
        }
    }
}

impl Own {
    /// Takes no writes any more once the files that they go to are not where they were.
    pub(super) fn look_for_files(&self) -> Result<()> {
        let Some(cause) = self.presence.lost() else { return Ok(()) };
        let kind = ErrorKind::Halted { cause };
        if self.status.refusal().as_ref() != Some(&kind) {
            tracing::error!("{kind}");
            self.status.refuse(kind.clone());
        }
        Err(kind.into())
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
