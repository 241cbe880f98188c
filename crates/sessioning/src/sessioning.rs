//! What happens, in which order: the operations on sessions, one a file.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use self::arrivals::Arrivals;
use crate::{Clock, OsRandom, Policy, Random, Record, Session, SessionId, Store, SystemClock};

mod arrivals;
mod change;
mod check;
mod create;
mod end;
mod list;

pub use change::{Changed, PatchRefused, Renewed};
pub use check::{Checked, Invalid};
pub use create::{CreateError, Created, Draft, NewSession};
pub use list::Page;

/// Sessions over a store, under a policy. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Sessioning {
    store: Arc<dyn Store>,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    touching: Arc<Mutex<HashSet<SessionId>>>,
    arrivals: Arrivals,
}

impl Sessioning {
    /// Sessions in `store` under the default policy, on the machine's clock and random source.
    #[must_use]
    pub fn new(store: impl Store) -> Self {
        Self::over(Arc::new(store))
    }

    /// The same in a store that somebody else looks at, too.
    ///
    /// Who creates and who revokes have to be clones of one `Sessioning`: it knows of the creates under way that a
    /// revocation has to refuse. Two made over one store promise that only for creates that were answered.
    #[must_use]
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            policy: Arc::default(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(OsRandom),
            touching: Arc::default(),
            arrivals: Arrivals::default(),
        }
    }

    /// The same under another policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy: Arc::new(policy), ..self }
    }

    /// The same on another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same with another source of randomness.
    #[must_use]
    pub fn with_random(self, random: impl Random) -> Self {
        Self { random: Arc::new(random), ..self }
    }

    /// The store beneath.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// A record as the world may see it.
    fn session(&self, record: Arc<Record>) -> Session {
        let deadlines = self.policy.deadlines(&record);
        Session::new(record, deadlines)
    }
}

impl fmt::Debug for Sessioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessioning").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
