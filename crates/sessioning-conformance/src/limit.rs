//! A limit is exact, however many inserts race.

use std::sync::Arc;

use sessioning::store::{Inserted, Limit};
use sessioning::{OnLimit, Record, SessionId, Store};

use crate::Subject;
use crate::sample::{START, at, has, owner, record};

const MAX: usize = 5;

/// A limit that counts sessions which were not begun at `START`'s sixtieth second: "expired" ones.
fn limit(on_limit: OnLimit) -> Limit {
    Limit { max: MAX, on_limit, live: Arc::new(|record| record.created_at != at(60)) }
}

async fn try_insert(store: &dyn Store, on_limit: OnLimit) -> (SessionId, Inserted) {
    let new = record("alice");
    (new.id, store.insert(new, Some(limit(on_limit))).await.unwrap())
}

pub async fn the_oldest_leave_by_order_of_inserts(store: Subject) {
    // Ids in falling order: evicting by id would take the newest.
    let mut records: Vec<_> = (0..MAX + 2).map(|_| record("alice")).collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.id));
    let ids: Vec<_> = records.iter().map(|record| record.id).collect();
    for (number, new) in records.into_iter().enumerate() {
        for id in &ids[..number] {
            // Read while it is there, so that a cache knows it.
            assert_eq!(has(&*store, *id).await, number <= MAX || *id != ids[0]);
        }
        let evicted = if number < MAX { vec![] } else { vec![ids[number - MAX]] };
        let inserted = store.insert(new, Some(limit(OnLimit::EvictOldest))).await.unwrap();
        assert_eq!(inserted, Inserted::Done { evicted });
    }
    assert!(!has(&*store, ids[0]).await);
    assert!(!has(&*store, ids[1]).await);
    assert!(has(&*store, ids[2]).await);
}

pub async fn a_limit_may_refuse(store: Subject) {
    for _ in 0..MAX {
        let (_, inserted) = try_insert(&*store, OnLimit::Refuse).await;
        assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    }
    let (id, inserted) = try_insert(&*store, OnLimit::Refuse).await;
    assert_eq!(inserted, Inserted::Full);
    assert!(!has(&*store, id).await);
    // Somebody else has a limit of their own.
    let other = store.insert(record("bob"), Some(limit(OnLimit::Refuse))).await.unwrap();
    assert_eq!(other, Inserted::Done { evicted: vec![] });
}

pub async fn only_live_records_count(store: Subject) {
    for _ in 0..MAX {
        let over = Record { created_at: at(60), ..record("alice") };
        let _ = store.insert(over, None).await.unwrap();
    }
    for _ in 0..MAX {
        let (_, inserted) = try_insert(&*store, OnLimit::Refuse).await;
        assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    }
    assert_eq!(try_insert(&*store, OnLimit::Refuse).await.1, Inserted::Full);
}

async fn insert_in_parallel(store: &Subject, on_limit: OnLimit) -> (Vec<SessionId>, usize) {
    let inserts: Vec<_> = (0..50)
        .map(|_| {
            let store = store.share();
            tokio::spawn(async move { try_insert(&*store, on_limit).await })
        })
        .collect();
    let mut done = Vec::new();
    for insert in inserts {
        let (id, inserted) = insert.await.unwrap();
        if matches!(inserted, Inserted::Done { .. }) {
            done.push(id);
        }
    }
    let listed = store.list(&owner("alice"), None, 100).await.unwrap().records;
    assert!(listed.iter().all(|record| record.created_at == START));
    let mut live = 0;
    for id in &done {
        live += usize::from(has(&**store, *id).await);
    }
    assert_eq!(listed.len(), live);
    (done, live)
}

pub async fn parallel_inserts_never_exceed_a_limit_that_evicts(store: Subject) {
    for _ in 0..10 {
        let (done, live) = insert_in_parallel(&store, OnLimit::EvictOldest).await;
        assert_eq!((done.len(), live), (50, MAX));
    }
}

pub async fn parallel_inserts_never_exceed_a_limit_that_refuses(store: Subject) {
    for _ in 0..10 {
        let (done, live) = insert_in_parallel(&store, OnLimit::Refuse).await;
        assert_eq!(done.len(), live);
        assert!((1..=MAX).contains(&live), "{live} live");
        store.remove_user(&owner("alice"), None).await.unwrap();
    }
}
