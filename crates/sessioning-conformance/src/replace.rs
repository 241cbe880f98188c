//! `replace` is a compare-and-replace: it never creates, and of two that race one is done.

use sessioning::store::{Replaced, Touch};
use sessioning::{OsRandom, Record, SessionToken};
use std::time::Duration;

use crate::Subject;
use crate::sample::{START, at, get, has, insert, owner, record};

fn renewed(old: &Record) -> Record {
    let token = SessionToken::renewed(old.id, &OsRandom).unwrap();
    Record { digest: token.digest(), level: 3, ..old.clone() }
}

pub async fn a_replace_moves_the_version_on(store: Subject) {
    let id = insert(&*store, "alice").await;
    for version in 0..3 {
        let new = renewed(&get(&*store, id).await);
        assert_eq!(store.replace(new.clone(), version).await.unwrap(), Replaced::Done);
        let stored = get(&*store, id).await;
        assert_eq!((stored.version, stored.digest, stored.level), (version + 1, new.digest, 3));
    }
}

pub async fn a_replace_keeps_what_never_changes(store: Subject) {
    let id = insert(&*store, "alice").await;
    let old = get(&*store, id).await;
    let new = Record {
        owner: owner("mallory"),
        created_at: at(99),
        epoch: 99,
        sequence: 99,
        generation: 99,
        version: 99,
        ..renewed(&old)
    };
    assert_eq!(store.replace(new, 0).await.unwrap(), Replaced::Done);
    let stored = get(&*store, id).await;
    assert_eq!((&stored.owner, stored.created_at), (&old.owner, old.created_at));
    assert_eq!(
        (stored.epoch, stored.sequence, stored.generation, stored.version),
        (old.epoch, old.sequence, old.generation, 1)
    );
    assert!(store.list(&owner("mallory"), None, 10).await.unwrap().records.is_empty());
}

pub async fn a_replace_of_another_version_is_stale(store: Subject) {
    let id = insert(&*store, "alice").await;
    let before = get(&*store, id).await;
    assert_eq!(store.replace(renewed(&before), 1).await.unwrap(), Replaced::Stale);
    assert_eq!(get(&*store, id).await, before);
}

pub async fn a_replace_never_creates(store: Subject) {
    let (never, removed) = (record("alice"), insert(&*store, "alice").await);
    let old = get(&*store, removed).await;
    store.remove(removed).await.unwrap();
    for gone in [never, old] {
        assert_eq!(store.replace(gone.clone(), 0).await.unwrap(), Replaced::Gone);
        assert!(!has(&*store, gone.id).await);
    }
    assert!(store.list(&owner("alice"), None, 10).await.unwrap().records.is_empty());
}

pub async fn a_replace_never_lowers_the_last_use(store: Subject) {
    let id = insert(&*store, "alice").await;
    let old = get(&*store, id).await;
    let touch = Touch { at: at(60), interval: Duration::from_secs(60) };
    let _ = store.touch(id, touch).await.unwrap();
    assert_eq!(old.last_seen, START);
    assert_eq!(store.replace(renewed(&old), 0).await.unwrap(), Replaced::Done);
    assert_eq!(get(&*store, id).await.last_seen, at(60));
}

pub async fn of_two_replaces_of_one_version_one_is_done(store: Subject) {
    for _ in 0..50 {
        let id = insert(&*store, "alice").await;
        let old = get(&*store, id).await;
        let replace = |new: Record| {
            let store = store.share();
            tokio::spawn(async move { store.replace(new, 0).await.unwrap() })
        };
        let (first, second) = tokio::join!(replace(renewed(&old)), replace(renewed(&old)));
        let mut outcomes = [first.unwrap(), second.unwrap()];
        outcomes.sort_by_key(|outcome| *outcome == Replaced::Stale);
        assert_eq!(outcomes, [Replaced::Done, Replaced::Stale]);
    }
}
