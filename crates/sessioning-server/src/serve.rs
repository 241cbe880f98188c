//! The service's life: open the store, listen, work, drain.

use std::fmt;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sessioning::{Clock, Error, SystemClock, Timeout};
use sessioning_api::CookieError;
use tokio::sync::watch;

use crate::app::App;
use crate::check_config::checked;
use crate::config::{Address, AdminListen, Config, ConfigError, Effective, Setting};
use crate::descriptors::{self, TooFewDescriptors};
use crate::edge::Causes;
use crate::keys::Keys;
use crate::listen::{self, Bound, Bounds, Stop};
use crate::log::{LogGuard, audit};
use crate::metrics::{Exposition, Metrics, Readings};
use crate::router::{admin_router, router};
use crate::signals::{self, HangUps};
use crate::store::open;
use crate::{banner, purge, wall};

/// How long the admin listener's own requests may take at the end: what is left of a container's ten seconds is the
/// store's.
const ADMIN_DRAIN: Duration = Duration::from_millis(500);
/// How long the store may take to close: a disk that hangs holds up no stop. What was acknowledged is on it.
const CLOSE: Duration = Duration::from_secs(1);

/// Runs the service until it is told to stop by SIGTERM or an interrupt; told again, it ends at once.
///
/// On SIGHUP the API keys are read again, from what `reread` then finds to be the configuration. Nothing else changes;
/// a line says what would with a restart.
///
/// # Errors
///
/// When it cannot start: each error says what to do about it.
pub async fn serve(
    effective: Effective,
    reread: impl Fn() -> Result<Effective, String> + Send + 'static,
    trust_clock: bool,
    log: &LogGuard,
) -> Result<(), ServeError> {
    // From here on a signal is heard; the one to stop also while the store is opened.
    let (mut told_to_stop, hang_ups) = (pin!(signals::told_to_stop()), HangUps::listen());
    let system_clock = Arc::new(SystemClock::new());
    let clock: Arc<dyn Clock> = Arc::clone(&system_clock) as _;
    let (keys, cookie) = checked(&effective)?;
    let store_by = effective.store_of_original();
    let Effective { config, settings, ignored } = effective;
    banner::begin(log.json);
    if !ignored.is_empty() {
        let variables = ignored.join(", ");
        tracing::debug!(variables, "ignored: these variables are service links of Kubernetes, no settings");
    }
    let places = descriptors::divide(descriptors::raise(), &config).map_err(ServeError::Descriptors)?;
    let metrics = Metrics::default();
    let opened = tokio::select! {
        opened = open(&config, trust_clock, Arc::clone(&clock), &metrics) => opened.map_err(ServeError::Store)?,
        () = &mut told_to_stop => {
            tracing::info!("stopped, before the store was open");
            return Ok(());
        }
    };
    let readings = Readings {
        groups: opened.groups,
        cache: opened.cache,
        foreign: opened.foreign,
        lines: log.lines.clone(),
    };
    let exposition = Exposition::new(&metrics, readings);
    let app = Arc::new(App::new(opened.sessioning, config, cookie, keys, metrics, exposition));
    let public = bind(&app.config.listen).await?;
    let admin = match &app.config.admin_listen {
        AdminListen::On(address) => Some(bind(address).await?),
        AdminListen::Off => None,
    };
    banner::show(
        &app,
        &public.address,
        admin.as_ref().map(|bound| bound.address.as_str()),
        store_by.as_deref(),
        log.json,
    );
    if let Some(short) = places.short {
        tracing::warn!("{short}");
    }

    let (stop, stopping) = watch::channel(false);
    let (allowed, counts) =
        (bounds(&app.config, places.public), app.metrics.connections("public", places.public));
    let public = tokio::spawn(listen::run(public, router(&app), allowed, counts, stopping));
    // The admin listener goes on while requests drain, and tells so.
    let (stop_admin, stopping) = watch::channel(false);
    let admin = admin.map(|admin| {
        let drain = app.config.limits.drain.min(Timeout::After(ADMIN_DRAIN));
        let stop = Stop { delay: Duration::ZERO, drain };
        let allowed = Bounds { stop, ..bounds(&app.config, places.admin) };
        let counts = app.metrics.connections("admin", places.admin);
        tokio::spawn(listen::run(admin, admin_router(&app), allowed, counts, stopping))
    });
    let beside = [
        tokio::spawn(purge::run(app.sessioning.clone(), app.metrics.clone(), clock)),
        tokio::spawn(reload_keys(Arc::clone(&app), settings, hang_ups, reread)),
        tokio::spawn(log.lines.clone().tell_dropped()),
        tokio::spawn(tell_folded(Arc::clone(&app))),
        tokio::spawn(wall::watch(Arc::clone(&app), system_clock)),
    ];

    let ended = tokio::select! {
        () = &mut told_to_stop => Ok(()),
        error = opened.reaching.failed() => Err(ServeError::Store(error)),
    };
    let told_again = signals::told_to_stop();
    tracing::info!("stopping: requests in flight finish, connections end after their next answer");
    app.drain();
    let _ = stop.send(true);
    let drained = async {
        let _ = public.await;
        let _ = stop_admin.send(true);
        if let Some(admin) = admin {
            let _ = admin.await;
        }
    };
    tokio::select! {
        () = drained => {}
        () = told_again => tracing::warn!("told to stop again: requests in flight are cut off"),
    }
    for task in beside {
        task.abort();
        let _ = task.await;
    }
    app.folds.tell();
    close(app).await;
    tracing::info!("stopped");
    ended
}

/// Waits for the store, which ends its writes when the last one lets go of it.
async fn close(app: Arc<App>) {
    let closed = tokio::task::spawn_blocking(move || drop(app));
    if tokio::time::timeout(CLOSE, closed).await.is_err() {
        tracing::warn!(
            "the store took too long to close and was left as it is; what was acknowledged is kept"
        );
    }
}

/// Reads the keys again at every hang-up. A fault keeps the old ones, and so does a configuration without any:
/// what was guarded by keys is not opened by an empty file.
async fn reload_keys(
    app: Arc<App>,
    settings: Vec<Setting>,
    mut hang_ups: HangUps,
    reread: impl Fn() -> Result<Effective, String> + Send + 'static,
) {
    while hang_ups.next().await {
        let reread = reread().inspect(|now| tell_changed(&settings, &now.settings));
        match reread.and_then(|now| Keys::load(&now.config).map_err(|error| error.to_string())) {
            Ok(keys) if keys.is_empty() && !app.keys().is_empty() => {
                audit!(
                    error,
                    Keys,
                    "SIGHUP: there are no API keys in the configuration any more; the old ones stay"
                );
            }
            Ok(keys) => {
                audit!(info, Keys, keys = keys.len(), "SIGHUP: the API keys were read again");
                app.set_keys(keys);
            }
            Err(error) => {
                audit!(error, Keys, %error, "SIGHUP: the API keys could not be read; the old ones stay");
            }
        }
    }
}

/// Says which settings are others now, which only a restart puts in force.
fn tell_changed(running: &[Setting], now: &[Setting]) {
    let is_other = |(old, new): &(&Setting, &Setting)| old.value != new.value && old.key != "keys_file";
    let changed: Vec<_> = running.iter().zip(now).filter(is_other).map(|(old, _)| old.key.as_str()).collect();
    if !changed.is_empty() {
        let settings = changed.join(", ");
        tracing::warn!(settings, "SIGHUP: these settings have changed, and need a restart");
    }
}

/// What a listener with that many connections allows.
fn bounds(config: &Config, connections: usize) -> Bounds {
    let limits = &config.limits;
    Bounds {
        connections,
        per_address: limits.connections_per_address.of(connections),
        keep_alive: limits.keep_alive,
        write: limits.request_timeout,
        stop: Stop { delay: limits.stop_delay.0, drain: limits.drain },
        trusted: config.proxy.trusted.clone(),
    }
}

async fn bind(address: &Address) -> Result<Bound, ServeError> {
    listen::bind(address).await.map_err(|source| ServeError::Bind { address: address.clone(), source })
}

async fn tell_folded(app: Arc<App>) {
    app.folds.tell_each_window().await;
}

/// Why the service did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// A setting or a key is not usable.
    Config(ConfigError),
    /// No browser would take the cookie.
    Cookie(CookieError),
    /// Too few files may be open.
    Descriptors(TooFewDescriptors),
    /// The store cannot be opened.
    Store(Error),
    /// A variable of another program names a store, and there are sessions in the usual one.
    OtherStore {
        /// Which variable.
        variable: String,
        /// Where the sessions are.
        folder: PathBuf,
    },
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
            Self::Cookie(error) => write!(f, "[cookie]: {error}"),
            Self::Descriptors(short) => short.fmt(f),
            Self::Store(error) => Causes(error).fmt(f),
            Self::OtherStore { variable, folder } => write!(
                f,
                "{variable} in the environment names a store, but there are sessions in {}, which would be out of use.\n\
                 Say which store is meant: --store embedded:./data (or SESSIONING_STORE, or store in sessioning.toml) for\n\
                 those, or the same with the URL of {variable}.",
                folder.display()
            ),
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
