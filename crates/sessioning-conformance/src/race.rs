//! Many tasks on the same sessions: once gone, gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sessioning::store::{Touch, Touched};
use sessioning::{Record, SessionId, Store};

use crate::Subject;
use crate::sample::{START, get, has, insert, owner};

/// Readers, touchers and replacers work on a session that is removed under them. Each notes, before it asks,
/// whether the removal was acknowledged by then; if so, it must find nothing.
pub async fn once_gone_gone(store: Subject) {
    for round in 0..200 {
        let id = insert(&*store, "alice").await;
        let before = get(&*store, id).await;
        let gone = Arc::new(AtomicBool::new(false));
        let workers: Vec<_> = (0..6)
            .map(|number| {
                let (store, gone, before) = (store.share(), Arc::clone(&gone), before.clone());
                tokio::spawn(async move { work(number, &*store, &gone, &before).await })
            })
            .collect();
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        end(round, &*store, id).await;
        gone.store(true, Ordering::SeqCst);
        for worker in workers {
            worker.await.unwrap();
        }
        assert!(!has(&*store, id).await, "round {round}: a removed session is back");
        assert!(store.list(&owner("alice"), None, 10).await.unwrap().records.is_empty(), "round {round}");
    }
}

async fn end(round: usize, store: &dyn Store, id: SessionId) {
    match round % 3 {
        0 => assert!(store.remove(id).await.unwrap()),
        1 => assert_eq!(store.remove_user(&owner("alice"), None).await.unwrap(), [id]),
        _ => store.remove_everyone(None).await.unwrap(),
    }
}

async fn work(number: u64, store: &dyn Store, gone: &AtomicBool, before: &Record) {
    let id = before.id;
    for step in 1..=20 {
        let was_gone = gone.load(Ordering::SeqCst);
        let found = match number % 3 {
            0 => has(store, id).await,
            1 => {
                let at = START.after(Duration::from_secs(step));
                store.touch(id, Touch { at, interval: Duration::ZERO }).await.unwrap() != Touched::Gone
            }
            _ => match store.get(id, &|_| true).await.unwrap() {
                Some(record) => {
                    let new = Record { level: 3, ..before.clone() };
                    let _ = store.replace(new, record.version).await.unwrap();
                    true
                }
                None => false,
            },
        };
        assert!(!(was_gone && found), "worker {number} found a session that was gone");
        tokio::task::yield_now().await;
    }
}
