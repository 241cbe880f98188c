//! The sessioning service: its HTTP surfaces, its configuration, and its life from start to drain.
//!
//! [`serve`] is the whole of it. The modules follow a request: `listen` takes the connection, `router` finds
//! the way, `edge`, `guard` and `access` decide whether it may go on, `routes` read and answer it.

mod access;
mod app;
mod banner;
mod body;
mod concept;
pub mod config;
mod edge;
mod guard;
mod keys;
mod listen;
mod log;
mod problem;
mod purge;
mod router;
mod routes;
mod serve;
mod token;
mod view;

pub use keys::{NewKey, Scope};
pub use log::{LogGuard, start as start_logging};
pub use serve::{ServeError, serve};

/// What this build is: version, commit and time.
pub const BUILD: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("SESSIONING_COMMIT"),
    ", built ",
    env!("SESSIONING_BUILT"),
    ")"
);
