//! `insert` is the only method that creates.

use sessioning::Record;
use sessioning::store::Inserted;

use crate::Subject;
use crate::sample::{get, insert, owner, plain, record};

pub async fn what_was_inserted_is_found(store: Subject) {
    let inserted = record("alice");
    let _ = store.insert(inserted.clone(), None).await.unwrap();
    assert_eq!(plain(&get(&*store, inserted.id).await), inserted);
}

pub async fn the_store_numbers_records_in_the_order_of_inserts(store: Subject) {
    let mut last = None;
    for _ in 0..10 {
        let mut new = record("alice");
        new.version = 7;
        let id = new.id;
        let _ = store.insert(new, None).await.unwrap();
        let stored = get(&*store, id).await;
        assert!(Some(stored.sequence) > last);
        assert_eq!(stored.version, 0);
        last = Some(stored.sequence);
    }
}

pub async fn a_taken_id_changes_nothing(store: Subject) {
    let id = insert(&*store, "alice").await;
    let before = get(&*store, id).await;
    let impostor = Record { id, ..record("mallory") };
    assert_eq!(store.insert(impostor, None).await.unwrap(), Inserted::Taken);
    assert_eq!(get(&*store, id).await, before);
    assert!(store.list(&owner("mallory"), None, 10).await.unwrap().records.is_empty());
}

pub async fn of_two_inserts_of_one_id_one_is_done(store: Subject) {
    for _ in 0..50 {
        let (one, mut two) = (record("alice"), record("bob"));
        two.id = one.id;
        let (first, second) = (store.share(), store.share());
        let (first, second) = tokio::join!(
            tokio::spawn(async move { first.insert(one, None).await.unwrap() }),
            tokio::spawn(async move { second.insert(two, None).await.unwrap() }),
        );
        let taken = [first.unwrap(), second.unwrap()].iter().filter(|one| **one == Inserted::Taken).count();
        assert_eq!(taken, 1);
    }
}
