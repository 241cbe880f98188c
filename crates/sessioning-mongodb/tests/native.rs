//! The contract on MongoDB, native layout.

mod support;

use sessioning_conformance::{Subject, store_tests};
use sessioning_mongodb::Layout;

store_tests!(async || Some(Subject::new(support::store(Layout::Native).await?, ())));
