//! The contract on the cache over the memory store.

use std::sync::Arc;

use sessioning::store::CacheSettings;
use sessioning::{Cached, Memory, SystemClock};
use sessioning_conformance::{Subject, lifecycle_tests, store_tests};

async fn subject() -> Option<Subject> {
    let clock = Arc::new(SystemClock::new());
    Some(Subject::new(Cached::new(Memory::new(), CacheSettings::default(), clock), ()))
}

store_tests!(subject);
lifecycle_tests!(subject);
