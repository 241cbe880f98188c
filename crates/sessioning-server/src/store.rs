//! Opens the store that the configuration names.

use std::sync::Arc;

use sessioning::store::{CacheStats, Deadline, EmbeddedSettings, GroupStats};
use sessioning::{Cached, Clock, Embedded, Error, Memory, Sessioning, Timeout};

use crate::config::{Config, StoreUrl};
use crate::metered::Metered;
use crate::metrics::{Metrics, Reading};

/// A queue longer than this serves nobody; its places are set aside at once.
const MAX_QUEUE: usize = 1 << 20;

/// The store, open, and what it counts.
pub(crate) struct Opened {
    pub(crate) sessioning: Sessioning,
    pub(crate) groups: Option<Reading<GroupStats>>,
    pub(crate) cache: Option<Reading<CacheStats>>,
}

/// Opens the store that the configuration names, with its cache and its deadline.
pub(crate) async fn open(
    config: &Config,
    trust_clock: bool,
    clock: Arc<dyn Clock>,
    metrics: &Metrics,
) -> Result<Opened, Error> {
    let (sessioning, groups, cache): (_, Option<Reading<_>>, Option<Reading<_>>) = match &config.store {
        StoreUrl::Memory => (Sessioning::new(Metered::new(Memory::new(), metrics.clone())), None, None),
        StoreUrl::Embedded(directory) => {
            let queue = config.limits.queue.clamp(1, MAX_QUEUE);
            let settings = EmbeddedSettings { directory: directory.clone(), queue, trust_clock };
            let opening = Arc::clone(&clock);
            let opened = tokio::task::spawn_blocking(move || Embedded::open_with(&settings, &*opening));
            let embedded = opened.await.unwrap_or(Err(sessioning::ErrorKind::Unavailable.into()))?;
            let groups = Arc::new(embedded.group_monitor());
            let cached = Cached::new(
                Metered::new(embedded, metrics.clone()),
                config.cache.settings(),
                Arc::clone(&clock),
            );
            let cache = Arc::new(cached.monitor());
            let sessioning = match config.limits.request_timeout {
                Timeout::After(deadline) => Sessioning::new(Deadline::new(cached, deadline)),
                Timeout::Never => Sessioning::new(cached),
            };
            (sessioning, Some(groups), Some(cache))
        }
    };
    let sessioning = sessioning.with_policy(config.session.policy()).with_clock(clock);
    Ok(Opened { sessioning, groups, cache })
}
