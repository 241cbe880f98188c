//! The contract on the memory store.

use sessioning::Memory;
use sessioning_conformance::{Subject, store_tests};

store_tests!(async || Some(Subject::new(Memory::new(), ())));
