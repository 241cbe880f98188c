//! `remove_user` is complete, `remove_everyone` ends all at once.

use std::time::Duration;

use sessioning::store::{Inserted, Replaced, Touch, Touched};

use crate::Subject;
use crate::sample::{at, get, has, insert, owner, record};

pub async fn a_user_is_revoked_completely_and_alone(store: Subject) {
    let mut hers = Vec::new();
    for _ in 0..5 {
        hers.push(insert(&*store, "alice").await);
    }
    let others = [insert(&*store, "bob").await, insert(&*store, "other/alice").await];
    for id in hers.iter().chain(&others) {
        assert!(has(&*store, *id).await);
    }
    let mut removed = store.remove_user(&owner("alice"), None).await.unwrap();
    removed.sort();
    hers.sort();
    assert_eq!(removed, hers);
    for id in hers {
        assert!(!has(&*store, id).await);
    }
    for id in others {
        assert!(has(&*store, id).await);
    }
    assert!(store.list(&owner("alice"), None, 10).await.unwrap().records.is_empty());
}

pub async fn a_revocation_keeps_the_one_it_was_told_to(store: Subject) {
    let (kept, other) = (insert(&*store, "alice").await, insert(&*store, "alice").await);
    assert_eq!(store.remove_user(&owner("alice"), Some(kept)).await.unwrap(), [other]);
    assert!(has(&*store, kept).await);
    assert!(!has(&*store, other).await);
}

pub async fn a_revoked_user_may_come_back(store: Subject) {
    insert(&*store, "alice").await;
    store.remove_user(&owner("alice"), None).await.unwrap();
    let id = insert(&*store, "alice").await;
    assert!(has(&*store, id).await);
}

pub async fn revoking_nobody_is_no_error(store: Subject) {
    assert!(store.remove_user(&owner("nobody"), None).await.unwrap().is_empty());
}

/// What was inserted before is dead; what was under way is dead or refused, or counts as begun afterwards: then it
/// has the epoch that the revocation began.
pub async fn a_revocation_is_complete_under_concurrent_inserts(store: Subject) {
    for _ in 0..100 {
        let inserts: Vec<_> = (0..4)
            .map(|_| {
                let (store, new) = (store.share(), record("alice"));
                let id = new.id;
                tokio::spawn(async move { (id, store.insert(new, None).await.unwrap()) })
            })
            .collect();
        let acknowledged = insert(&*store, "alice").await;
        store.remove_user(&owner("alice"), None).await.unwrap();
        assert!(!has(&*store, acknowledged).await);
        let later = insert(&*store, "alice").await;
        let epoch = get(&*store, later).await.epoch;
        for insert in inserts {
            let (id, inserted) = insert.await.unwrap();
            let found = store.get(id, &|_| true).await.unwrap();
            match inserted {
                Inserted::Revoked => assert_eq!(found, None, "a refused insert left its record"),
                _ => assert!(found.is_none_or(|found| found.epoch == epoch), "a revoked session is there"),
            }
        }
        store.remove_user(&owner("alice"), None).await.unwrap();
    }
}

pub async fn everyone_is_ended_at_once(store: Subject) {
    let ids = [insert(&*store, "alice").await, insert(&*store, "bob").await, insert(&*store, "o/eve").await];
    for id in ids {
        assert!(has(&*store, id).await);
    }
    store.remove_everyone(None).await.unwrap();
    for id in ids {
        assert!(!has(&*store, id).await);
    }
    assert!(store.list(&owner("alice"), None, 10).await.unwrap().records.is_empty());
    let later = insert(&*store, "alice").await;
    assert!(has(&*store, later).await);
    store.remove_everyone(None).await.unwrap();
    assert!(!has(&*store, later).await);
}

pub async fn everyone_of_one_namespace_is_ended_alone(store: Subject) {
    let (inside, outside) = (insert(&*store, "shop/alice").await, insert(&*store, "alice").await);
    store.remove_everyone(Some(owner("shop/alice").namespace())).await.unwrap();
    assert!(!has(&*store, inside).await);
    assert!(has(&*store, outside).await);
    let later = insert(&*store, "shop/alice").await;
    assert!(has(&*store, later).await);
}

pub async fn nothing_brings_back_what_ended_with_everyone(store: Subject) {
    let id = insert(&*store, "alice").await;
    let old = get(&*store, id).await;
    store.remove_everyone(None).await.unwrap();
    let touch = Touch { at: at(60), interval: Duration::ZERO };
    assert_eq!(store.touch(id, touch).await.unwrap(), Touched::Gone);
    assert_eq!(store.replace(old, 0).await.unwrap(), Replaced::Gone);
    assert!(store.remove_user(&owner("alice"), None).await.unwrap().is_empty());
    assert!(!store.remove(id).await.unwrap());
    assert!(!has(&*store, id).await);
}

/// Of two revocations at once, one that keeps a session and one that keeps none, the latter ends that one, too.
pub async fn a_revocation_that_keeps_none_ends_what_another_keeps(store: Subject) {
    for _ in 0..50 {
        let kept = insert(&*store, "alice").await;
        insert(&*store, "alice").await;
        let (one, other) = (store.share(), store.share());
        let (one, other) = tokio::join!(
            tokio::spawn(async move { one.remove_user(&owner("alice"), Some(kept)).await.unwrap() }),
            tokio::spawn(async move { other.remove_user(&owner("alice"), None).await.unwrap() }),
        );
        assert!(one.is_ok() && other.is_ok());
        assert!(!has(&*store, kept).await, "a session survived the revocation of its user");
    }
}
