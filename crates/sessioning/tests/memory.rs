//! The contract on the memory store.

use sessioning::Memory;
use sessioning_conformance::{Subject, lifecycle_tests, store_tests};

async fn subject() -> Option<Subject> {
    Some(Subject::new(Memory::new(), ()))
}

store_tests!(subject);
lifecycle_tests!(subject);
