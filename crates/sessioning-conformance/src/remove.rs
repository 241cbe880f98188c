//! `remove` is final.

use std::time::Duration;

use futures::poll;
use sessioning::store::Touch;
use sessioning::{Record, SessionId, Store};

use crate::Subject;
use crate::sample::{at, get, has, insert, owner, record};

pub async fn what_was_removed_is_gone(store: Subject) {
    let (id, other) = (insert(&*store, "alice").await, insert(&*store, "alice").await);
    assert!(has(&*store, id).await);
    assert!(store.remove(id).await.unwrap());
    assert!(!has(&*store, id).await);
    assert!(has(&*store, other).await);
}

pub async fn removing_what_is_gone_is_no_error(store: Subject) {
    let id = insert(&*store, "alice").await;
    assert!(store.remove(id).await.unwrap());
    assert!(!store.remove(id).await.unwrap());
    assert!(!store.remove(record("alice").id).await.unwrap());
}

/// As a server does whose client hangs up: begins, and drops the future.
pub async fn a_removal_that_nobody_waits_for_still_ends(store: Subject) {
    for _ in 0..20 {
        let id = insert(&*store, "alice").await;
        assert!(has(&*store, id).await);
        {
            let mut removal = store.remove(id);
            let _ = poll!(&mut removal);
        }
        until(&*store, id, false).await;
        // Nothing that was read meanwhile may linger.
        for _ in 0..3 {
            assert!(!has(&*store, id).await);
        }
    }
}

pub async fn an_insert_that_nobody_waits_for_still_ends(store: Subject) {
    let new = record("alice");
    let id = new.id;
    {
        let mut insert = store.insert(new, None);
        let _ = poll!(&mut insert);
    }
    until(&*store, id, true).await;
    assert_eq!(store.list(&owner("alice"), None, 10).await.unwrap().records.len(), 1);
}

/// Waits for something that comes without anybody waiting for it; fails when it does not.
async fn until(store: &dyn Store, id: SessionId, there: bool) {
    for _ in 0..100_000 {
        if has(store, id).await == there {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the store never came to its end");
}

/// Sent together, so that a store that groups its writes has both in one group, in either order.
pub async fn a_removal_and_a_touch_together_leave_nothing(store: Subject) {
    for round in 0..100 {
        let id = insert(&*store, "alice").await;
        let touch = store.touch(id, Touch { at: at(60), interval: Duration::ZERO });
        let remove = store.remove(id);
        let removed = if round % 2 == 0 {
            let (touched, removed) = futures::join!(touch, remove);
            let _ = touched.unwrap();
            removed
        } else {
            let (removed, touched) = futures::join!(remove, touch);
            let _ = touched.unwrap();
            removed
        };
        assert!(removed.unwrap());
        assert!(!has(&*store, id).await);
        assert!(store.list(&owner("alice"), None, 10).await.unwrap().records.is_empty());
    }
}

pub async fn a_removal_and_a_replace_together_leave_nothing(store: Subject) {
    for round in 0..100 {
        let id = insert(&*store, "alice").await;
        let new = Record { level: 3, ..get(&*store, id).await };
        let replace = store.replace(new, 0);
        let remove = store.remove(id);
        let removed = if round % 2 == 0 {
            let (replaced, removed) = futures::join!(replace, remove);
            let _ = replaced.unwrap();
            removed
        } else {
            let (removed, replaced) = futures::join!(remove, replace);
            let _ = replaced.unwrap();
            removed
        };
        assert!(removed.unwrap());
        assert!(!has(&*store, id).await);
    }
}
