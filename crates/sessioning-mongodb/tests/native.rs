//! The contract, a session's life and the promises on MongoDB, native layout.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;

use sessioning::{ManualClock, OnLimit, Sessioning, SystemClock};
use sessioning_conformance::promises::{
    a_delete_is_never_undone, a_limit_is_exact, nobody_survives_a_revocation,
    the_one_that_is_kept_is_not_evicted_by_a_create_that_is_refused,
};
use sessioning_conformance::{Subject, lifecycle_tests, store_tests};
use sessioning_mongodb::Layout;

async fn subject() -> Option<Subject> {
    Some(Subject::new(support::store(Layout::Native).await?, ()))
}

store_tests!(subject);
lifecycle_tests!(subject);

/// How often a promise is tried; `SESSIONING_TEST_ROUNDS` sets another number.
fn rounds(usual: usize) -> usize {
    std::env::var("SESSIONING_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

async fn sessioning() -> Option<Sessioning> {
    Some(Sessioning::new(support::store(Layout::Native).await?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_19_nobody_survives_a_revocation() {
    let Some(sessioning) = sessioning().await else { return };
    nobody_survives_a_revocation(sessioning, rounds(200)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_19_the_one_that_is_kept_is_not_evicted() {
    let Some(sessioning) = sessioning().await else { return };
    the_one_that_is_kept_is_not_evicted_by_a_create_that_is_refused(sessioning, rounds(50)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_22_a_limit_is_exact() {
    let Some(sessioning) = sessioning().await else { return };
    a_limit_is_exact(sessioning.clone(), OnLimit::EvictOldest, rounds(3)).await;
    a_limit_is_exact(sessioning, OnLimit::Refuse, rounds(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_12_a_delete_is_never_undone() {
    let Some(sessioning) = sessioning().await else { return };
    let clock = Arc::new(ManualClock::at(sessioning::Clock::now(&SystemClock::new())));
    let sessioning = sessioning.with_clock(Arc::clone(&clock) as _);
    a_delete_is_never_undone(sessioning, clock, rounds(300)).await;
}
