//! A lock for each owner: for work in several steps that the same work for the same owner waits for.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::Owner;

#[derive(Default)]
pub(super) struct OwnerLocks(Mutex<HashMap<Owner, Arc<tokio::sync::Mutex<()>>>>);

impl OwnerLocks {
    /// Waits until nobody else holds the lock of that owner.
    pub(super) async fn lock(&self, owner: &Owner) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock();
            // Nobody holds or waits for those that are only in here.
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(owner.clone()).or_default())
        };
        lock.lock_owned().await
    }
}
