//! `get`, `key` and `ready`.

use crate::Subject;
use crate::sample::{has, insert, record};

pub async fn an_unknown_id_is_none(store: Subject) {
    insert(&*store, "alice").await;
    assert!(!has(&*store, record("alice").id).await);
}

pub async fn what_is_stored_is_returned_whatever_accept_says(store: Subject) {
    let id = insert(&*store, "alice").await;
    assert!(has(&*store, id).await);
    for _ in 0..2 {
        let found = store.get(id, &|_| false).await.unwrap();
        assert_eq!(found.unwrap().id, id);
    }
}

pub async fn a_store_has_one_key_of_its_own(store: Subject) {
    let key = store.key().await.unwrap();
    assert!(key.iter().any(|byte| *byte != 0));
    insert(&*store, "alice").await;
    assert_eq!(store.key().await.unwrap(), key);
}

pub async fn a_store_in_use_is_ready(store: Subject) {
    insert(&*store, "alice").await;
    store.ready().await.unwrap();
}
