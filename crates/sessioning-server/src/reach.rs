//! A start without the database: the service listens, answers that the store is unavailable, and goes on trying
//! for a bounded time, rather than ending to be started again.

use std::time::Duration;

use sessioning::{Error, ErrorKind, Timeout};
use sessioning_mongodb::MongoDb;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::edge::Causes;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// The attempts that are still being made.
pub(crate) struct Reaching(Option<JoinHandle<Result<(), Error>>>);

impl Reaching {
    /// None: the store is there.
    pub(crate) fn done() -> Self {
        Self(None)
    }

    /// Ends when the store will not be reached: with the reason. Never, if it was or will be.
    pub(crate) async fn failed(self) -> Error {
        if let Some(task) = self.0
            && let Ok(Err(error)) = task.await
        {
            return error;
        }
        std::future::pending().await
    }
}

/// Tries to reach the database once, and then goes on in the background.
///
/// # Errors
///
/// When trying again is no use, or the time is over.
pub(crate) async fn reach(database: MongoDb, within: Timeout) -> Result<Reaching, Error> {
    let time = Time::new(within);
    let Err(error) = time.attempt(&database).await else { return Ok(Reaching::done()) };
    if is_final(&error) || time.is_over() {
        return Err(error);
    }
    tracing::warn!(
        "waiting for the database, for {within} at most (mongodb.start_timeout); until then requests are answered that \
         the store is unavailable: {}",
        Causes(&error)
    );
    Ok(Reaching(Some(tokio::spawn(keep_trying(database, time, error)))))
}

/// Ends with the latest failure, when the time is over.
async fn keep_trying(database: MongoDb, time: Time, mut latest: Error) -> Result<(), Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause.min(time.left())).await;
        if time.is_over() {
            return Err(latest);
        }
        match time.attempt(&database).await {
            Ok(()) => {
                tracing::info!("the database was reached after {} s", time.began.elapsed().as_secs());
                return Ok(());
            }
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                tracing::warn!("still waiting for the database: {}", Causes(&error));
                latest = error;
            }
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// The time that a start may take, from when on.
#[derive(Clone, Copy)]
struct Time {
    began: Instant,
    most: Duration,
}

impl Time {
    fn new(within: Timeout) -> Self {
        Self { began: Instant::now(), most: within.bound().unwrap_or(Duration::MAX) }
    }

    fn left(&self) -> Duration {
        self.most.saturating_sub(self.began.elapsed())
    }

    fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// One attempt, which the end of the time cuts short: a database may stop answering at any point of it.
    async fn attempt(&self, database: &MongoDb) -> Result<(), Error> {
        let attempt = tokio::time::timeout(self.left(), database.prepare());
        attempt.await.unwrap_or(Err(ErrorKind::TimedOut.into()))
    }
}

fn is_final(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unusable { .. })
}
