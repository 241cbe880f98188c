//! Whether somebody still waits for an answer, told to the store explicitly: what runs to its end in a task of its own
//! does not end with whoever asked for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody still waits; the default is somebody who never gives up.
#[derive(Clone, Debug, Default)]
pub struct Waiting(Arc<AtomicBool>);

/// Held by whoever waits. Dropping it gives up.
#[derive(Debug, Default)]
pub struct Patience(Waiting);

impl Waiting {
    /// Whether nobody waits any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Says that nobody waits any more.
    pub fn give_up(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Patience {
    /// For the store: whether this is still held.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        self.0.clone()
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.0.give_up();
    }
}
