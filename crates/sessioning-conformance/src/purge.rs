//! `purge` frees space, in bounded steps, and never too early.

use std::time::Duration;

use sessioning::store::{Purged, Touch};
use sessioning::{Record, Store, Timeout, Timeouts, Timestamp};

use crate::Subject;
use crate::sample::{IDLE, START, at, get, has, insert, owner, record};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MILLISECOND: Duration = Duration::from_millis(1);

async fn purge_all(store: &dyn Store, now: Timestamp) -> usize {
    let mut removed = 0;
    loop {
        let purged = store.purge(now, 100).await.unwrap();
        removed += purged.removed;
        if !purged.more {
            return removed;
        }
    }
}

pub async fn nothing_is_purged_before_its_date(store: Subject) {
    let id = insert(&*store, "alice").await;
    let date = START.after(IDLE).after(DAY);
    assert_eq!(get(&*store, id).await.purge_at(), Some(date));
    assert_eq!(purge_all(&*store, date.before(MILLISECOND)).await, 0);
    assert_eq!(store.list(&owner("alice"), None, 10).await.unwrap().records.len(), 1);
    assert_eq!(purge_all(&*store, date).await, 1);
    assert!(store.list(&owner("alice"), None, 10).await.unwrap().records.is_empty());
    assert!(!store.remove(id).await.unwrap());
}

pub async fn what_was_used_is_purged_later(store: Subject) {
    let id = insert(&*store, "alice").await;
    let first_date = START.after(IDLE).after(DAY);
    let _ = store.touch(id, Touch { at: at(300), interval: Duration::ZERO }).await.unwrap();
    let date = at(300).after(IDLE).after(DAY);
    assert_eq!(purge_all(&*store, first_date).await, 0);
    assert_eq!(purge_all(&*store, date.before(MILLISECOND)).await, 0);
    assert!(has(&*store, id).await);
    assert_eq!(purge_all(&*store, date).await, 1);
}

pub async fn what_never_ends_is_never_purged(store: Subject) {
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    let endless = Record { timeouts: never, ..record("alice") };
    let id = endless.id;
    let _ = store.insert(endless, None).await.unwrap();
    assert_eq!(purge_all(&*store, Timestamp::from_millis(i64::MAX)).await, 0);
    assert!(has(&*store, id).await);
}

pub async fn what_was_replaced_is_purged_by_its_new_end(store: Subject) {
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    for timeouts in [never, record("alice").timeouts] {
        let old = Record { timeouts, ..record("alice") };
        let id = old.id;
        let _ = store.insert(old.clone(), None).await.unwrap();
        let brief = Timeouts { idle: Timeout::After(IDLE / 2), absolute: Timeout::Never };
        let _ = store.replace(Record { timeouts: brief, ..old }, 0).await.unwrap();
        let date = START.after(IDLE / 2).after(DAY);
        assert_eq!(purge_all(&*store, date.before(MILLISECOND)).await, 0);
        assert_eq!(purge_all(&*store, date).await, 1);
        assert!(!has(&*store, id).await);
    }
}

pub async fn a_purge_is_bounded_and_says_when_there_is_more(store: Subject) {
    for _ in 0..25 {
        insert(&*store, "alice").await;
    }
    let date = START.after(IDLE).after(DAY);
    assert_eq!(store.purge(date, 10).await.unwrap(), Purged { removed: 10, more: true });
    assert_eq!(store.purge(date, 10).await.unwrap(), Purged { removed: 10, more: true });
    assert_eq!(store.purge(date, 10).await.unwrap(), Purged { removed: 5, more: false });
    assert_eq!(store.purge(date, 10).await.unwrap(), Purged { removed: 0, more: false });
}

pub async fn a_purge_removes_no_live_record_under_a_removed_ones_date(store: Subject) {
    let first = record("alice");
    let _ = store.insert(first.clone(), None).await.unwrap();
    store.remove(first.id).await.unwrap();
    // The same id again, for longer: whatever the first left behind must not take it along.
    let long = Timeouts { idle: Timeout::Never, absolute: Timeout::After(DAY * 30) };
    let _ = store.insert(Record { timeouts: long, ..first.clone() }, None).await.unwrap();
    assert_eq!(purge_all(&*store, START.after(DAY * 2)).await, 0);
    assert!(has(&*store, first.id).await);
    assert_eq!(purge_all(&*store, START.after(DAY * 31)).await, 1);
}

/// A purge goes on where the last one ended, and still finds what came to stand before that.
pub async fn what_comes_to_stand_under_an_earlier_date_is_purged(store: Subject) {
    let (far, soon) = (START.after(IDLE * 100).after(DAY), START.after(IDLE).after(DAY));
    for _ in 0..3 {
        let ids = [insert(&*store, "alice").await, insert(&*store, "bob").await];
        assert_eq!(purge_all(&*store, far).await, 2);
        let again = insert(&*store, "alice").await;
        assert_eq!(purge_all(&*store, soon.before(MILLISECOND)).await, 0);
        assert_eq!(purge_all(&*store, soon).await, 1);
        for id in ids.into_iter().chain([again]) {
            assert!(!has(&*store, id).await);
        }
    }
}
