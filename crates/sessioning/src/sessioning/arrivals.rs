//! The creates under way, by owner: what a revocation has to refuse, whatever the store has seen of them.
//!
//! A create is announced when it is drafted. A revocation that begins marks those of its owners, and marks the
//! ones that come until it is answered. A marked create leaves nothing and answers `Revoked`; one that was
//! answered unmarked was stored before the revocation began, which therefore removes it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::{Namespace, Owner};

/// Bounded by what is under way: the last create to end takes its owner's entry along.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    owners: HashMap<Owner, Arriving>,
    revocations: Vec<Arc<Covered>>,
}

#[derive(Default)]
struct Arriving {
    creates: usize,
    revocations: u64,
}

/// One create under way.
pub(super) struct Arrival {
    owner: Owner,
    /// How many revocations its owner had seen when it came; `None` if it came during one.
    revocations: Option<u64>,
    all: Arrivals,
}

/// One revocation under way, until it is dropped.
pub(super) struct Revocation {
    covered: Arc<Covered>,
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

    fn covers(&self, owner: &Owner) -> bool {
        match self {
            Self::Owner(one) => one == owner,
            Self::Namespace(namespace) => namespace == owner.namespace(),
            Self::Everyone => true,
        }
    }
}

impl Arrivals {
    pub(super) fn announce(&self, owner: &Owner) -> Arrival {
        let mut state = self.0.lock();
        let during = state.revocations.iter().any(|covered| covered.covers(owner));
        let arriving = state.owners.entry(owner.clone()).or_default();
        arriving.creates += 1;
        let revocations = (!during).then_some(arriving.revocations);
        Arrival { owner: owner.clone(), revocations, all: self.clone() }
    }

    pub(super) fn revoke(&self, covered: Covered) -> Revocation {
        let covered = Arc::new(covered);
        let mut state = self.0.lock();
        for (_, arriving) in state.owners.iter_mut().filter(|(owner, _)| covered.covers(owner)) {
            arriving.revocations += 1;
        }
        state.revocations.push(Arc::clone(&covered));
        Revocation { covered, all: self.clone() }
    }
}

impl Arrival {
    /// Whether a revocation of its owner came before it was done.
    pub(super) fn is_revoked(&self) -> bool {
        let state = self.all.0.lock();
        state.owners.get(&self.owner).map(|arriving| arriving.revocations) != self.revocations
    }
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrival").field("revocations", &self.revocations).finish_non_exhaustive()
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut state = self.all.0.lock();
        if let Some(arriving) = state.owners.get_mut(&self.owner) {
            arriving.creates -= 1;
            if arriving.creates == 0 {
                state.owners.remove(&self.owner);
            }
        }
    }
}

impl Drop for Revocation {
    fn drop(&mut self) {
        self.all.0.lock().revocations.retain(|covered| !Arc::ptr_eq(covered, &self.covered));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Owner {
        "alice".parse().unwrap()
    }

    #[test]
    fn a_revocation_marks_its_owners_creates_before_and_during_it_alone() {
        let all = Arrivals::default();
        let (before, other) = (all.announce(&alice()), all.announce(&"bob".parse().unwrap()));
        assert!(!before.is_revoked());
        let revocation = all.revoke(Covered::Owner(alice()));
        let during = all.announce(&alice());
        assert!(before.is_revoked() && during.is_revoked() && !other.is_revoked());
        drop(revocation);
        let after = all.announce(&alice());
        assert!(before.is_revoked() && during.is_revoked() && !after.is_revoked());
    }

    #[test]
    fn a_revocation_of_everyone_marks_one_namespace_or_all() {
        let all = Arrivals::default();
        let elsewhere = Owner::new("other".parse().unwrap(), "alice".parse().unwrap());
        let (here, there) = (all.announce(&alice()), all.announce(&elsewhere));
        drop(all.revoke(Covered::everyone(Some(&Namespace::default()))));
        assert!(here.is_revoked() && !there.is_revoked());
        drop(all.revoke(Covered::everyone(None)));
        assert!(there.is_revoked());
    }

    #[test]
    fn what_has_ended_leaves_nothing() {
        let all = Arrivals::default();
        let (first, second) = (all.announce(&alice()), all.announce(&alice()));
        drop(first);
        assert!(!second.is_revoked());
        drop(all.revoke(Covered::Owner(alice())));
        assert!(second.is_revoked());
        drop(second);
        let state = all.0.lock();
        assert!(state.owners.is_empty() && state.revocations.is_empty());
    }
}
