//! The sessioning service: its HTTP surfaces, its configuration, and its life from start to drain.
//!
//! [`serve`] is the whole of it. The modules follow a request: `listen` takes the connection, `router` finds
//! the way, `edge`, `guard` and `access` decide whether it may go on, `routes` read and answer it.

mod access;
mod app;
mod banner;
mod body;
mod check;
mod check_config;
mod concept;
pub mod config;
mod cursor;
mod data_folder;
mod descriptors;
mod edge;
mod expected;
mod failures;
mod guard;
mod keys;
mod listen;
mod log;
mod metered;
mod metrics;
mod openapi;
mod params;
mod problem;
mod proxy;
mod purge;
mod reach;
mod readiness;
mod router;
mod routes;
mod serve;
mod shape;
mod signals;
mod source;
mod store;
mod token;
mod umask;
mod wall;

pub use check_config::check;
pub use descriptors::TooFewDescriptors;
pub use keys::{NewKey, Scope};
pub use log::{LogGuard, masked, start as start_logging};
pub use serve::{ServeError, serve};
pub use umask::keep_files_private;

/// The description of the v1 surface, OpenAPI 3.1, as the service serves it.
#[must_use]
pub fn openapi() -> String {
    let text = router::document().to_pretty_json().unwrap_or_default();
    text + "\n"
}

/// What this build is: version, commit and time.
pub const BUILD: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("SESSIONING_COMMIT"),
    ", built ",
    env!("SESSIONING_BUILT"),
    ")"
);
