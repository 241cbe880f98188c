//! The promises that need many tries to be believed, on the memory store and on the embedded one behind its cache.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::Arc;

use sessioning::store::CacheSettings;
use sessioning::{Cached, Clock, Embedded, ManualClock, Memory, OnLimit, Sessioning, SystemClock};
use sessioning_conformance::promises::{
    a_delete_is_never_undone, a_limit_is_exact, nobody_survives_a_revocation,
    the_one_that_is_kept_is_not_evicted_by_a_create_that_is_refused,
};
use tempfile::TempDir;

/// Rounds of revocations against creates; `SESSIONING_TEST_ROUNDS` sets another number.
fn rounds(usual: usize) -> usize {
    std::env::var("SESSIONING_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn in_memory() -> Sessioning {
    Sessioning::new(Memory::new())
}

fn embedded() -> (Sessioning, TempDir) {
    let (directory, clock) = (tempfile::tempdir().unwrap(), Arc::new(SystemClock::new()));
    let store = Embedded::open(directory.path(), &*clock).unwrap();
    (Sessioning::new(Cached::new(store, CacheSettings::default(), clock)), directory)
}

fn on_manual_clock(sessioning: Sessioning) -> (Sessioning, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(SystemClock::new().now()));
    let of_it: Arc<dyn Clock> = Arc::clone(&clock) as _;
    (sessioning.with_clock(of_it), clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_19_nobody_survives_a_revocation_in_memory() {
    nobody_survives_a_revocation(in_memory(), rounds(10_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_19_nobody_survives_a_revocation_embedded() {
    let (sessioning, _directory) = embedded();
    nobody_survives_a_revocation(sessioning, rounds(10_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_19_the_one_that_is_kept_is_not_evicted_by_a_create_that_is_refused() {
    the_one_that_is_kept_is_not_evicted_by_a_create_that_is_refused(in_memory(), rounds(1000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_22_a_limit_is_exact_in_memory() {
    a_limit_is_exact(in_memory(), OnLimit::EvictOldest, rounds(100)).await;
    a_limit_is_exact(in_memory(), OnLimit::Refuse, rounds(100)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_22_a_limit_is_exact_embedded() {
    let (sessioning, _directory) = embedded();
    a_limit_is_exact(sessioning.clone(), OnLimit::EvictOldest, rounds(100)).await;
    a_limit_is_exact(sessioning, OnLimit::Refuse, rounds(100)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_12_a_delete_is_never_undone_in_memory() {
    let (sessioning, clock) = on_manual_clock(in_memory());
    a_delete_is_never_undone(sessioning, clock, rounds(10_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sec_12_a_delete_is_never_undone_embedded() {
    let (sessioning, _directory) = embedded();
    let (sessioning, clock) = on_manual_clock(sessioning);
    a_delete_is_never_undone(sessioning, clock, rounds(10_000)).await;
}
