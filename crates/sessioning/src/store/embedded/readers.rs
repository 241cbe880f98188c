//! The threads that read from the engine, so that the async runtime never waits for the disk.

use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::SharedEngine;
use super::engine::Engine;
use crate::{Error, ErrorKind, Result};

const THREADS: usize = 4;

type Job = Box<dyn FnOnce(&Engine) + Send>;

pub(super) struct Readers {
    jobs: Sender<Job>,
}

impl Readers {
    pub(super) fn start(engine: &SharedEngine, queue: usize) -> Result<Self> {
        let (jobs, waiting) = bounded(queue);
        for number in 0..THREADS {
            let (engine, waiting) = (SharedEngine::clone(engine), waiting.clone());
            thread::Builder::new()
                .name(format!("store-reader-{number}"))
                .spawn(move || serve(&engine, &waiting))
                .map_err(|source| Error::new(ErrorKind::Unavailable).with_source(source))?;
        }
        Ok(Self { jobs })
    }

    /// Runs a read on one of the threads.
    ///
    /// # Errors
    ///
    /// The read's own; or overloaded; or unavailable while the engine is being reopened.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |engine| drop(answer.send(read(engine))));
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => ErrorKind::Overloaded,
            TrySendError::Disconnected(_) => ErrorKind::Unavailable,
        })?;
        answered.await.unwrap_or(Err(ErrorKind::Unavailable.into()))
    }
}

fn serve(engine: &SharedEngine, waiting: &Receiver<Job>) {
    while let Ok(job) = waiting.recv() {
        // Without an engine the job is dropped, and with it the sender of its answer: "unavailable".
        if let Some(engine) = &*engine.read() {
            job(engine);
        }
    }
}
