//! The contract on the embedded store.

use sessioning::{Embedded, SystemClock};
use sessioning_conformance::{Subject, store_tests};

store_tests!(async || {
    let directory = tempfile::tempdir().unwrap();
    Some(Subject::new(Embedded::open(directory.path(), &SystemClock::new()).unwrap(), directory))
});
