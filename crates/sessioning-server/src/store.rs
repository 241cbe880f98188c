//! Opens the store that the configuration names.

use std::sync::Arc;

use sessioning::store::{CacheStats, Deadline, EmbeddedSettings, GroupStats};
use sessioning::{Cached, Clock, Embedded, Error, Memory, Sessioning, Store, Timeout};
use sessioning_mongodb::{MongoDb, MongoSettings};

use crate::config::{Config, StoreUrl};
use crate::metered::Metered;
use crate::metrics::{Metrics, Reading};
use crate::reach::{Reaching, reach};

/// A queue longer than this serves nobody; its places are set aside at once.
const MAX_QUEUE: usize = 1 << 20;

/// The store, open, and what it counts.
pub(crate) struct Opened {
    pub(crate) sessioning: Sessioning,
    pub(crate) groups: Option<Reading<GroupStats>>,
    pub(crate) cache: Option<Reading<CacheStats>>,
    pub(crate) foreign: Reading<u64>,
    /// What is still under way: a database that could not be reached yet.
    pub(crate) reaching: Reaching,
}

/// Opens the store that the configuration names, with its cache and its deadline.
pub(crate) async fn open(
    config: &Config,
    trust_clock: bool,
    clock: Arc<dyn Clock>,
    metrics: &Metrics,
) -> Result<Opened, Error> {
    let opened = match &config.store {
        StoreUrl::Memory => Opened::new(Sessioning::new(Metered::new(Memory::new(), metrics.clone()))),
        StoreUrl::Embedded(directory) => {
            let queue = config.limits.queue.clamp(1, MAX_QUEUE);
            let settings = EmbeddedSettings { queue, trust_clock, ..EmbeddedSettings::new(directory) };
            let opening = Arc::clone(&clock);
            let opened = tokio::task::spawn_blocking(move || Embedded::open_with(&settings, &*opening));
            let embedded = opened.await.unwrap_or(Err(sessioning::ErrorKind::Unavailable.into()))?;
            let groups = Arc::new(embedded.group_monitor());
            let opened = cached(Metered::new(embedded, metrics.clone()), config, Arc::clone(&clock));
            Opened { groups: Some(groups), ..opened }
        }
        StoreUrl::MongoDb(url) => {
            let adopted = config.session.policy().timeouts;
            let settings = config.mongodb.settings(url, &config.concept.name, adopted);
            open_mongodb(settings, config, Arc::clone(&clock), metrics).await?
        }
    };
    let sessioning = opened.sessioning.with_policy(config.session.policy()).with_clock(clock);
    Ok(Opened { sessioning, ..opened })
}

/// A database that other nodes may write to: nothing is kept here of what was read, unless somebody has said for
/// how long.
async fn open_mongodb(
    settings: MongoSettings,
    config: &Config,
    clock: Arc<dyn Clock>,
    metrics: &Metrics,
) -> Result<Opened, Error> {
    let database = MongoDb::with_clock(settings, Arc::clone(&clock));
    let reaching = reach(database.clone(), config.mongodb.start_timeout).await?;
    let counted = database.clone();
    let foreign: Reading<u64> = Arc::new(move || counted.foreign_documents());
    let store = Metered::new(database, metrics.clone());
    let opened = match config.cache.ttl {
        Timeout::After(_) => cached(store, config, clock),
        Timeout::Never => Opened::new(bounded(store, config)),
    };
    Ok(Opened { reaching, foreign, ..opened })
}

fn cached(store: impl Store, config: &Config, clock: Arc<dyn Clock>) -> Opened {
    let cached = Cached::new(store, config.cache.settings(), clock);
    let cache = Arc::new(cached.monitor());
    Opened { cache: Some(cache), ..Opened::new(bounded(cached, config)) }
}

fn bounded(store: impl Store, config: &Config) -> Sessioning {
    match config.limits.request_timeout {
        Timeout::After(deadline) => Sessioning::new(Deadline::new(store, deadline)),
        Timeout::Never => Sessioning::new(store),
    }
}

impl Opened {
    fn new(sessioning: Sessioning) -> Self {
        Self { sessioning, groups: None, cache: None, foreign: Arc::new(|| 0), reaching: Reaching::done() }
    }
}
