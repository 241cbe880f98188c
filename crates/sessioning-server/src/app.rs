//! What every request needs.

use std::sync::atomic::{AtomicBool, Ordering};

use sessioning::Sessioning;

use crate::config::{AdminListen, Config};
use crate::keys::Keys;

/// The service's state, shared by all requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) sessioning: Sessioning,
    pub(crate) config: Config,
    pub(crate) keys: Keys,
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(sessioning: Sessioning, config: Config, keys: Keys) -> Self {
        Self { sessioning, config, keys, draining: AtomicBool::new(false) }
    }

    /// Whether the admin listener can be reached from elsewhere, so that it needs a key.
    pub(crate) fn admin_needs_key(&self) -> bool {
        matches!(&self.config.admin_listen, AdminListen::On(address) if !address.is_local())
    }

    /// Says from now on that the service is about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
