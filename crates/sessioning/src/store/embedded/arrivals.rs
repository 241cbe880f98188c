//! The inserts under way, by owner: what a revocation has to refuse when it is answered before they are judged.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::{Namespace, Owner};

/// Who has inserts under way. Bounded by them: the last one to end takes its owner's entry along.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<HashMap<Owner, Arriving>>>);

#[derive(Default)]
struct Arriving {
    inserts: usize,
    revocations: u64,
}

/// One insert under way.
pub(super) struct Arrival {
    owner: Owner,
    revocations: u64,
    all: Arrivals,
}

/// Whom a revocation is about.
pub(super) enum Covered {
    Owner(Owner),
    Namespace(Namespace),
    Everyone,
}

impl Covered {
    pub(super) fn everyone(namespace: Option<&Namespace>) -> Self {
        namespace.map_or(Self::Everyone, |namespace| Self::Namespace(namespace.clone()))
    }

    pub(super) fn covers(&self, owner: &Owner) -> bool {
        match self {
            Self::Owner(one) => one == owner,
            Self::Namespace(namespace) => namespace == owner.namespace(),
            Self::Everyone => true,
        }
    }
}

impl Arrivals {
    pub(super) fn announce(&self, owner: &Owner) -> Arrival {
        let mut all = self.0.lock();
        let arriving = all.entry(owner.clone()).or_default();
        arriving.inserts += 1;
        Arrival { owner: owner.clone(), revocations: arriving.revocations, all: self.clone() }
    }

    /// Refuses every insert of theirs that is under way now and not yet judged.
    pub(super) fn revoke(&self, covered: &Covered) {
        for (_, arriving) in self.0.lock().iter_mut().filter(|(owner, _)| covered.covers(owner)) {
            arriving.revocations += 1;
        }
    }
}

impl Arrival {
    pub(super) fn revoked(&self) -> bool {
        let all = self.all.0.lock();
        all.get(&self.owner).is_some_and(|arriving| arriving.revocations != self.revocations)
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if let Some(arriving) = all.get_mut(&self.owner) {
            arriving.inserts -= 1;
            if arriving.inserts == 0 {
                all.remove(&self.owner);
            }
        }
    }
}
