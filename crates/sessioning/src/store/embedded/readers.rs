//! The threads that read from the engine, so that the async runtime never waits for the disk.
//!
//! Reads of one record have threads of their own: they wait for no walk through many. Walks are in steps that are
//! bounded, and taken in turn. What nobody waits for any more is not begun.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::SharedEngine;
use super::engine::Engine;
use super::queue::{Queue, Turn, Waited};
use crate::{Error, ErrorKind, Result};

const THREADS: usize = 3;
const WALKERS: usize = 2;

type Job = Box<dyn FnOnce(&Engine) + Send>;

pub(super) struct Readers {
    reads: Sender<Job>,
    walks: Arc<Queue<Job>>,
}

impl Readers {
    pub(super) fn start(engine: &SharedEngine, queue: usize) -> Result<Self> {
        let (reads, waiting) = bounded(queue);
        for number in 0..THREADS {
            let (engine, waiting) = (SharedEngine::clone(engine), waiting.clone());
            start(format!("store-reader-{number}"), move || serve(&engine, &waiting))?;
        }
        let walks = Arc::new(Queue::new(queue));
        for number in 0..WALKERS {
            let (engine, waiting) = (SharedEngine::clone(engine), Arc::clone(&walks));
            start(format!("store-walker-{number}"), move || serve_in_turn(&engine, &waiting))?;
        }
        Ok(Self { reads, walks })
    }

    /// Runs a read of one record or so.
    ///
    /// # Errors
    ///
    /// The read's own; or overloaded; or unavailable while the engine is being reopened.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answered) = job(read);
        self.reads.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => ErrorKind::Overloaded,
            TrySendError::Disconnected(_) => ErrorKind::Unavailable,
        })?;
        answered.await.unwrap_or(Err(ErrorKind::Unavailable.into()))
    }

    /// Runs a step of a walk through many records.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(super) async fn walk<T: Send + 'static>(
        &self,
        turn: Turn,
        read: impl FnOnce(&Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answered) = job(read);
        self.walks.push(turn, job)?;
        answered.await.unwrap_or(Err(ErrorKind::Unavailable.into()))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.walks.close();
    }
}

fn job<T: Send + 'static>(
    read: impl FnOnce(&Engine) -> Result<T> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T>>) {
    let (answer, answered) = oneshot::channel();
    let job = Box::new(move |engine: &Engine| {
        if !answer.is_closed() {
            drop(answer.send(read(engine)));
        }
    });
    (job, answered)
}

fn start(name: String, serve: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = thread::Builder::new().name(name).spawn(serve);
    started.map(drop).map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source))
}

fn serve(engine: &SharedEngine, waiting: &Receiver<Job>) {
    while let Ok(job) = waiting.recv() {
        run(engine, job);
    }
}

fn serve_in_turn(engine: &SharedEngine, waiting: &Queue<Job>) {
    while waiting.wait(None) == Waited::Ready {
        if let Some(job) = waiting.any() {
            run(engine, job);
        }
    }
}

/// Without an engine the job is dropped, and with it the sender of its answer: "unavailable".
fn run(engine: &SharedEngine, job: Job) {
    if let Some(engine) = &*engine.read() {
        // A fault in one read is the end of that read alone: its answer is dropped, too.
        if catch_unwind(AssertUnwindSafe(|| job(engine))).is_err() {
            tracing::error!("a read of the session store ended by a fault; the thread goes on");
        }
    }
}
