//! `touch` records a use, and nothing else.

use std::time::Duration;

use sessioning::Record;
use sessioning::store::{Touch, Touched};

use crate::Subject;
use crate::sample::{START, at, get, has, insert, record};

const MINUTE: Duration = Duration::from_secs(60);

pub async fn a_touch_is_due_after_exactly_the_interval(store: Subject) {
    let id = insert(&*store, "alice").await;
    let just_before = at(60).before(Duration::from_millis(1));
    let touch = |at| Touch { at, interval: MINUTE };
    assert_eq!(store.touch(id, touch(just_before)).await.unwrap(), Touched::NotDue);
    assert_eq!(get(&*store, id).await.last_seen, START);
    assert_eq!(store.touch(id, touch(at(60))).await.unwrap(), Touched::Done);
    assert_eq!(get(&*store, id).await.last_seen, at(60));
    assert_eq!(store.touch(id, touch(at(61))).await.unwrap(), Touched::NotDue);
}

pub async fn a_touch_changes_nothing_but_the_last_use(store: Subject) {
    let id = insert(&*store, "alice").await;
    let before = get(&*store, id).await;
    let _ = store.touch(id, Touch { at: at(60), interval: MINUTE }).await.unwrap();
    assert_eq!(get(&*store, id).await, Record { last_seen: at(60), ..before });
}

pub async fn a_touch_never_creates(store: Subject) {
    let (never, removed) = (record("alice").id, insert(&*store, "alice").await);
    store.remove(removed).await.unwrap();
    for id in [never, removed] {
        let touch = Touch { at: at(60), interval: MINUTE };
        assert_eq!(store.touch(id, touch).await.unwrap(), Touched::Gone);
        assert!(!has(&*store, id).await);
    }
}

pub async fn a_touch_never_goes_back(store: Subject) {
    let id = insert(&*store, "alice").await;
    let touch = |at| Touch { at, interval: Duration::ZERO };
    assert_eq!(store.touch(id, touch(at(60))).await.unwrap(), Touched::Done);
    assert_eq!(store.touch(id, touch(at(30))).await.unwrap(), Touched::NotDue);
    assert_eq!(get(&*store, id).await.last_seen, at(60));
}
