//! `list` tells a user's sessions without looking at anybody else's.

use crate::Subject;
use crate::sample::{insert, owner};

pub async fn a_list_holds_the_owners_records_in_the_order_of_ids(store: Subject) {
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(insert(&*store, "alice").await);
        insert(&*store, "bob").await;
        insert(&*store, "other/alice").await;
    }
    ids.sort();
    let listed = store.list(&owner("alice"), None, 100).await.unwrap();
    assert_eq!(listed.iter().map(|record| record.id).collect::<Vec<_>>(), ids);
    assert!(listed.iter().all(|record| record.owner == owner("alice")));
}

pub async fn a_list_is_paged_by_the_last_id(store: Subject) {
    for _ in 0..10 {
        insert(&*store, "alice").await;
    }
    let whole = store.list(&owner("alice"), None, 100).await.unwrap();
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(&owner("alice"), after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        paged.extend(page);
    }
    assert_eq!(paged, whole);
    assert!(store.list(&owner("alice"), None, 0).await.unwrap().is_empty());
}

pub async fn owners_whose_names_begin_alike_are_apart(store: Subject) {
    let names = ["a", "ab", "abc", "a/b", "ab/c", "a/bc"];
    for name in names {
        insert(&*store, name).await;
    }
    for name in names {
        assert_eq!(store.list(&owner(name), None, 10).await.unwrap().len(), 1, "{name}");
    }
    store.remove_user(&owner("ab"), None).await.unwrap();
    for name in names {
        let left = usize::from(name != "ab");
        assert_eq!(store.list(&owner(name), None, 10).await.unwrap().len(), left, "{name}");
    }
}

pub async fn what_is_gone_is_not_listed(store: Subject) {
    let (gone, left) = (insert(&*store, "alice").await, insert(&*store, "alice").await);
    store.remove(gone).await.unwrap();
    let listed = store.list(&owner("alice"), None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|record| record.id).collect::<Vec<_>>(), [left]);
}
