//! What every request needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use sessioning::Sessioning;

use crate::config::{AdminListen, Config, ConfigError};
use crate::keys::Keys;

/// The service's state, shared by all requests.
#[derive(Debug)]
pub struct App {
    pub(crate) sessioning: Sessioning,
    pub(crate) config: Config,
    keys: RwLock<Arc<Keys>>,
    draining: AtomicBool,
}

impl App {
    /// The state for these sessions under that configuration.
    ///
    /// # Errors
    ///
    /// When the API keys cannot be read.
    pub fn new(sessioning: Sessioning, config: Config) -> Result<Self, ConfigError> {
        let keys = RwLock::new(Arc::new(Keys::load(&config)?));
        Ok(Self { sessioning, config, keys, draining: AtomicBool::new(false) })
    }

    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read())
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
