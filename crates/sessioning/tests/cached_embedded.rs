//! The contract on the cache over the embedded store, as the service runs it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use sessioning::store::CacheSettings;
use sessioning::{Cached, Embedded, SystemClock};
use sessioning_conformance::{Subject, lifecycle_tests, store_tests};

async fn subject() -> Option<Subject> {
    let (directory, clock) = (tempfile::tempdir().unwrap(), Arc::new(SystemClock::new()));
    let store = Embedded::open(directory.path(), &*clock).unwrap();
    Some(Subject::new(Cached::new(store, CacheSettings::default(), clock), directory))
}

store_tests!(subject);
lifecycle_tests!(subject);
