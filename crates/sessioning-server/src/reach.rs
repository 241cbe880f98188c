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
/// When trying again is no use.
pub(crate) async fn reach(database: MongoDb, within: Timeout) -> Result<Reaching, Error> {
    match database.prepare().await {
        Ok(()) => Ok(Reaching::done()),
        Err(error) if is_final(&error) => Err(error),
        Err(error) => {
            tracing::warn!(
                "waiting for the database, for {within} at most (mongodb.start_timeout); until then requests are \
                 answered that the store is unavailable: {}",
                Causes(&error)
            );
            Ok(Reaching(Some(tokio::spawn(keep_trying(database, within.bound())))))
        }
    }
}

async fn keep_trying(database: MongoDb, most: Option<Duration>) -> Result<(), Error> {
    let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        tokio::time::sleep(pause).await;
        match database.prepare().await {
            Ok(()) => {
                tracing::info!("the database was reached after {} s", began.elapsed().as_secs());
                return Ok(());
            }
            Err(error) if is_final(&error) || most.is_some_and(|most| began.elapsed() >= most) => {
                return Err(error);
            }
            Err(error) => tracing::warn!("still waiting for the database: {}", Causes(&error)),
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

fn is_final(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unusable { .. })
}
