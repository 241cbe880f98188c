//! The service's life: open the store, listen, work, drain.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sessioning::store::{CacheSettings, Deadline, EmbeddedSettings};
use sessioning::{Cached, Clock, Embedded, Error, Memory, Sessioning, SystemClock, Timeout};
use tokio::sync::watch;

use crate::app::App;
use crate::config::{Address, AdminListen, Config, ConfigError, StoreUrl};
use crate::edge::Causes;
use crate::keys::Keys;
use crate::listen::{self, Bound};
use crate::log::LogGuard;
use crate::router::{admin_router, router};
use crate::{banner, purge};

/// A queue longer than this serves nobody; its places are set aside at once.
const MAX_QUEUE: usize = 1 << 20;

/// How often to look whether log lines were dropped.
const LOG_CHECK: Duration = Duration::from_secs(1);

/// Runs the service until it is told to stop by SIGTERM or an interrupt.
///
/// # Errors
///
/// When it cannot start: each error says what to do about it.
pub async fn serve(config: Config, trust_clock: bool, log: &LogGuard) -> Result<(), ServeError> {
    // From here on a signal is heard, and answered once there is something to stop.
    let told_to_stop = told_to_stop();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let keys = Keys::load(&config).map_err(ServeError::Config)?;
    check_protection(&config, &keys)?;
    let sessioning = open(&config, trust_clock, Arc::clone(&clock)).await.map_err(ServeError::Store)?;
    let app = Arc::new(App::new(sessioning, config, keys));
    let public = bind(&app.config.listen).await?;
    let admin = match &app.config.admin_listen {
        AdminListen::On(address) => Some(bind(address).await?),
        AdminListen::Off => None,
    };
    banner::show(&app, &public.address, admin.as_ref().map(|bound| bound.address.as_str()), log.json);

    let limits = &app.config.limits;
    let (stop, stopping) = watch::channel(false);
    let public = tokio::spawn(listen::run(public, router(&app), limits.clone(), stopping));
    // The admin listener goes on while requests drain, and tells so.
    let (stop_admin, stopping) = watch::channel(false);
    let admin =
        admin.map(|admin| tokio::spawn(listen::run(admin, admin_router(&app), limits.clone(), stopping)));
    let beside = [
        tokio::spawn(purge::run(app.sessioning.clone(), clock)),
        tokio::spawn(tell_dropped_lines(log.dropped.clone())),
    ];

    told_to_stop.await;
    tracing::info!("stopping: requests in flight finish, new ones are refused");
    app.drain();
    let _ = stop.send(true);
    let _ = public.await;
    let _ = stop_admin.send(true);
    if let Some(admin) = admin {
        let _ = admin.await;
    }
    for task in beside {
        task.abort();
    }
    tracing::info!("stopped");
    Ok(())
}

/// Opens the store that the configuration names, with its cache and its deadline.
async fn open(config: &Config, trust_clock: bool, clock: Arc<dyn Clock>) -> Result<Sessioning, Error> {
    let sessioning = match &config.store {
        StoreUrl::Memory => Sessioning::new(Memory::new()),
        StoreUrl::Embedded(directory) => {
            let queue = config.limits.queue.clamp(1, MAX_QUEUE);
            let settings = EmbeddedSettings { directory: directory.clone(), queue, trust_clock };
            let opening = Arc::clone(&clock);
            let opened = tokio::task::spawn_blocking(move || Embedded::open_with(&settings, &*opening));
            let embedded = opened.await.unwrap_or(Err(sessioning::ErrorKind::Unavailable.into()))?;
            let ttl = match config.cache.ttl {
                Timeout::After(ttl) => Some(ttl),
                Timeout::Never => None,
            };
            let cache = CacheSettings { max_bytes: config.cache.size.bytes(), ttl };
            let cached = Cached::new(embedded, cache, Arc::clone(&clock));
            match config.limits.request_timeout {
                Timeout::After(deadline) => Sessioning::new(Deadline::new(cached, deadline)),
                Timeout::Never => Sessioning::new(cached),
            }
        }
    };
    Ok(sessioning.with_policy(config.session.policy()).with_clock(clock))
}

/// Protected mode: nobody gets in from elsewhere because something was forgotten.
fn check_protection(config: &Config, keys: &Keys) -> Result<(), ServeError> {
    if !keys.is_empty() {
        return Ok(());
    }
    if !config.listen.is_local() && !config.open {
        return Err(ServeError::Unprotected(config.listen.clone()));
    }
    match &config.admin_listen {
        AdminListen::On(address) if !address.is_local() => Err(ServeError::AdminUnprotected(address.clone())),
        _ => Ok(()),
    }
}

async fn bind(address: &Address) -> Result<Bound, ServeError> {
    listen::bind(address).await.map_err(|source| ServeError::Bind { address: address.clone(), source })
}

async fn tell_dropped_lines(dropped: tracing_appender::non_blocking::ErrorCounter) {
    let mut told = 0;
    loop {
        tokio::time::sleep(LOG_CHECK).await;
        let now = dropped.dropped_lines();
        if now > told {
            tracing::warn!(
                lines = now - told,
                "log lines were dropped: they came faster than they could be written"
            );
            told = now;
        }
    }
}

/// Listens for the signals from the call on, not from the first poll.
#[cfg(unix)]
fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn wait(signals: std::io::Result<Signal>) {
        match signals {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    }
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async {
        tokio::select! {
            () = wait(terminate) => {}
            () = wait(interrupt) => {}
        }
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Why the service did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// A setting or a key is not usable.
    Config(ConfigError),
    /// The store cannot be opened.
    Store(Error),
    /// Anybody who reaches the address could log in as anybody.
    Unprotected(Address),
    /// The same, of the admin listener.
    AdminUnprotected(Address),
    /// The address cannot be bound.
    Bind {
        /// Which.
        address: Address,
        /// Why.
        source: std::io::Error,
    },
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Store(error) => Causes(error).fmt(f),
            Self::Unprotected(address) => write!(
                f,
                "refusing to listen on {address} without an API key: whoever reaches it could log in as anybody.\n\
                 Either configure a key (sessioning keys new --scope create,check shows how),\n\
                 or start with --open if something else guards that network."
            ),
            Self::AdminUnprotected(address) => write!(
                f,
                "refusing to open the admin listener on {address} without an API key.\n\
                 Either configure a key with the scope admin (sessioning keys new --scope admin shows how),\n\
                 or leave --admin-listen on this machine, such as 127.0.0.1:7378, or off."
            ),
            Self::Bind { address, source } if source.kind() == std::io::ErrorKind::AddrInUse => write!(
                f,
                "cannot listen on {address}: another process does; stop it, or choose another address (port 0 is any free one)"
            ),
            Self::Bind { address, source } => write!(f, "cannot listen on {address}: {source}"),
        }
    }
}

impl std::error::Error for ServeError {}
