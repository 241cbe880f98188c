//! The contract on the embedded store.

use sessioning::{Embedded, SystemClock};
use sessioning_conformance::{Subject, store_tests};

store_tests!(|| {
    let directory = tempfile::tempdir().unwrap();
    Subject::new(Embedded::open(directory.path(), &SystemClock::new()).unwrap(), directory)
});
