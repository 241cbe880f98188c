//! Upserts of one document at the same time: one makes it, and another may be told that its key is taken.

use std::future::Future;

use mongodb::error::Result;

use crate::error::is_overtaken;

/// How often an upsert is tried. The second time the document is there, unless somebody removes it.
const TRIES: usize = 5;

/// Repeats an upsert that another one has overtaken. Nothing was done then, so nothing is done twice.
pub(crate) async fn upsert<T, F: Future<Output = Result<T>>>(attempt: impl Fn() -> F) -> Result<T> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if is_overtaken(&error) => {}
            outcome => return outcome,
        }
    }
    attempt().await
}
