//! Whether requests would be served: by a look at the store at most once a second, however many ask.

use std::time::{Duration, Instant};

use sessioning::Result;
use tokio::sync::Mutex;

/// How long what was found is answered.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Readiness {
    found: Mutex<Option<(Instant, Result<()>)>>,
}

impl Readiness {
    /// What the last look found, if it was a moment ago. Whoever asks while somebody looks waits for that.
    pub(crate) async fn of(&self, look: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
        let mut found = self.found.lock().await;
        match &*found {
            Some((at, ready)) if at.elapsed() < LOOK_EVERY => ready.clone(),
            _ => {
                let ready = look().await;
                *found = Some((Instant::now(), ready.clone()));
                ready
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_store_is_looked_at_once_a_second_however_many_ask() {
        let (readiness, looks) = (Readiness::default(), AtomicUsize::new(0));
        let ask = || {
            readiness.of(async || {
                looks.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err(sessioning::ErrorKind::Overloaded.into())
            })
        };
        for answer in futures::future::join_all((0..100).map(|_| ask())).await {
            assert!(answer.is_err());
        }
        assert_eq!(looks.load(Ordering::Relaxed), 1);
        tokio::time::sleep(LOOK_EVERY).await;
        assert!(ask().await.is_err());
        assert_eq!(looks.load(Ordering::Relaxed), 2);
    }
}
