//! What every request needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use sessioning::Sessioning;
use sessioning_api::SessionCookie;

use crate::config::{AdminListen, Config};
use crate::cursor::Cursors;
use crate::failures::Failures;
use crate::keys::Keys;
use crate::log::Folds;
use crate::metrics::{Exposition, Metrics};
use crate::readiness::Readiness;

/// The service's state, shared by all requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) sessioning: Sessioning,
    pub(crate) config: Config,
    pub(crate) cookie: SessionCookie,
    pub(crate) cursors: Cursors,
    pub(crate) failures: Failures,
    pub(crate) folds: Folds,
    pub(crate) metrics: Metrics,
    pub(crate) exposition: Exposition,
    pub(crate) readiness: Readiness,
    keys: RwLock<Arc<Keys>>,
    draining: AtomicBool,
    clock_note: RwLock<Option<String>>,
}

impl App {
    pub(crate) fn new(
        sessioning: Sessioning,
        config: Config,
        cookie: SessionCookie,
        keys: Keys,
        metrics: Metrics,
        exposition: Exposition,
    ) -> Self {
        Self {
            cookie,
            cursors: Cursors::over(&sessioning),
            failures: Failures::new(config.limits.failed_checks),
            folds: Folds::default(),
            metrics,
            exposition,
            readiness: Readiness::default(),
            keys: RwLock::new(Arc::new(keys)),
            draining: AtomicBool::new(false),
            clock_note: RwLock::default(),
            sessioning,
            config,
        }
    }

    /// The keys in force.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read())
    }

    /// Puts other keys in force, from the next request on.
    pub(crate) fn set_keys(&self, keys: Keys) {
        *self.keys.write() = Arc::new(keys);
    }

    /// Whether the admin listener can be reached from elsewhere, so that it needs a key.
    pub(crate) fn admin_needs_key(&self) -> bool {
        matches!(&self.config.admin_listen, AdminListen::On(address) if !address.is_local())
    }

    /// What is wrong with the wall clock, if something is.
    pub(crate) fn clock_note(&self) -> Option<String> {
        self.clock_note.read().clone()
    }

    pub(crate) fn set_clock_note(&self, note: Option<String>) {
        *self.clock_note.write() = note;
    }

    /// Says from now on that the service is about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
