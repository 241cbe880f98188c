//! The contract on the embedded store.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use sessioning::{Embedded, SystemClock};
use sessioning_conformance::{Subject, lifecycle_tests, store_tests};

async fn subject() -> Option<Subject> {
    let directory = tempfile::tempdir().unwrap();
    Some(Subject::new(Embedded::open(directory.path(), &SystemClock::new()).unwrap(), directory))
}

store_tests!(subject);
lifecycle_tests!(subject);
