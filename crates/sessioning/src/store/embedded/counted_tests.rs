use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::Embedded;
use super::super::engine::STEP;
use super::super::keys::{self, Space};
use super::super::meta::tenants_tests::{START, fill, has, insert, left, limit, open, owner, record};
use super::*;
use crate::store::Store;
use crate::{Namespace, Timeout};

fn list(store: &Embedded, user: &str) -> Option<Vec<u8>> {
    let engine = store.inner.engine.read();
    let list = engine.as_ref().unwrap().get(Space::Counted, &keys::owner_prefix(&owner(user))).unwrap();
    list.map(|bytes| bytes.to_vec())
}

#[tokio::test]
async fn an_end_writes_no_more_than_the_limit_allows_however_many_sessions_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let ids = fill(&store, "mallory", 2_000, 0).await;
    assert_eq!(insert(&store, "mallory", limit(2, OnLimit::Refuse)).await.1, Inserted::Full);
    assert_eq!(list(&store, "mallory").unwrap().len(), (2 + STEP) * ID + 1);
    // Those that are not in the list count when those in it are gone.
    for id in &ids[2_000 - 2 - STEP..] {
        assert!(store.remove(*id).await.unwrap());
    }
    assert_eq!(insert(&store, "mallory", limit(2, OnLimit::Refuse)).await.1, Inserted::Full);
    for id in &ids[1..2_000 - 2 - STEP] {
        assert!(store.remove(*id).await.unwrap());
    }
    let (_, inserted) = insert(&store, "mallory", limit(2, OnLimit::Refuse)).await;
    assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    assert_eq!(insert(&store, "mallory", limit(2, OnLimit::Refuse)).await.1, Inserted::Full);
}

#[tokio::test]
async fn a_create_that_may_evict_finds_all_after_one_that_was_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let ids = fill(&store, "mallory", 1_000, 0).await;
    assert_eq!(insert(&store, "mallory", limit(2, OnLimit::Refuse)).await.1, Inserted::Full);
    let (_, inserted) = insert(&store, "mallory", limit(2, OnLimit::EvictOldest)).await;
    let Inserted::Done { evicted } = inserted else { panic!("{inserted:?}") };
    assert_eq!(evicted, ids[..999]);
    assert!(!has(&store, ids[0]).await && has(&store, ids[999]).await);
}

#[tokio::test]
async fn a_create_after_everyone_was_revoked_reads_no_more_than_the_limit_allows() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", 5_000, 0).await;
    assert_eq!(insert(&store, "mallory", limit(2, OnLimit::Refuse)).await.1, Inserted::Full);
    store.remove_everyone(None).await.unwrap();
    let before = store.group_stats().records_read;
    let (_, inserted) = insert(&store, "mallory", limit(2, OnLimit::Refuse)).await;
    assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    let read = store.group_stats().records_read - before;
    assert!(read <= 2 + STEP as u64, "{read} records read");
}

#[tokio::test]
async fn a_login_after_the_last_logout_does_not_look_through_what_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", 1_000, 1).await;
    let (last, _) = insert(&store, "mallory", limit(1, OnLimit::Refuse)).await;
    assert!(store.remove(last.id).await.unwrap());
    let asked = Arc::new(AtomicUsize::default());
    let count = Arc::clone(&asked);
    let live = move |record: &Record| {
        count.fetch_add(1, Ordering::Relaxed);
        record.level == 0
    };
    let limit = Limit { max: 1, on_limit: OnLimit::Refuse, live: Arc::new(live) };
    let _ = insert(&store, "mallory", Some(limit)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn no_list_stays_of_those_who_have_nothing_left() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let later = START.after(std::time::Duration::from_secs(3 * 24 * 60 * 60));
    // What has ended is purged after the last logout; or with everyone; or step by step after a revocation.
    let soon = Timeout::After(std::time::Duration::from_secs(1));
    for level in [1, 0] {
        let _ =
            store.insert(Record { level, ..record("alice", soon) }, limit(1, OnLimit::Refuse)).await.unwrap();
    }
    let page = store.list(&owner("alice"), None, 10).await.unwrap();
    let live = page.records.iter().find(|record| record.level == 0).unwrap();
    assert!(store.remove(live.id).await.unwrap());
    assert_eq!(list(&store, "alice"), Some(vec![]));
    while store.purge(later, 256).await.unwrap().more {}
    assert_eq!(left(&store, Space::Counted), 0);

    for user in ["shop/alice", "shop/bob"] {
        let _ = insert(&store, user, limit(3, OnLimit::Refuse)).await;
        let _ = insert(&store, user, limit(3, OnLimit::Refuse)).await;
    }
    let shop: Namespace = "shop".parse().unwrap();
    store.remove_everyone(Some(&shop)).await.unwrap();
    while store.purge(START, 256).await.unwrap().more {}
    assert_eq!((left(&store, Space::Users), left(&store, Space::Counted)), (0, 0));

    fill(&store, "mallory", 1_000, 0).await;
    let _ = insert(&store, "mallory", limit(5_000, OnLimit::Refuse)).await;
    assert_eq!(store.remove_user(&owner("mallory"), None).await.unwrap().len(), 1_001);
    assert_eq!((left(&store, Space::Users), left(&store, Space::Counted)), (0, 0));
}

#[tokio::test]
async fn a_revocation_that_keeps_one_brings_back_nothing_of_one_that_was_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let ids = fill(&store, "alice", 1_000, 0).await;
    // Its first write, and nothing after it.
    drop(store.inner.end_many(&owner("alice"), None).await.unwrap());
    drop(store);
    let store = open(directory.path());
    let _ = store.remove_user(&owner("alice"), Some(ids[500])).await.unwrap();
    assert!(!has(&store, ids[500]).await);
    drop(store);
    let store = open(directory.path());
    while store.purge(START, 256).await.unwrap().more {}
    assert!(!has(&store, ids[500]).await);
    assert_eq!((left(&store, Space::Sessions), left(&store, Space::Endings)), (0, 0));
}
