//! Frees the space of what has ended, in small steps beside the work. Nothing depends on it but the disk.

use std::sync::Arc;
use std::time::Duration;

use sessioning::{Clock, Sessioning};

use crate::metrics::Metrics;

/// How often to look.
const EVERY: Duration = Duration::from_secs(60);
/// How many records a step looks at: few enough that no request waits long behind it.
const STEP: usize = 256;
/// How long to leave the store to others between two steps.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn run(sessioning: Sessioning, metrics: Metrics, clock: Arc<dyn Clock>) {
    loop {
        let mut removed = 0;
        loop {
            match sessioning.store().purge(clock.now(), STEP).await {
                Ok(purged) => {
                    removed += purged.removed;
                    metrics.purged(purged.removed);
                    if !purged.more {
                        break;
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "ended sessions could not be purged; trying again later");
                    break;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        if removed > 0 {
            tracing::info!(removed, "freed the space of ended sessions");
        }
        tokio::time::sleep(EVERY).await;
    }
}
