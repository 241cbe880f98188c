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
    let listed = store.list(&owner("alice"), None, 100).await.unwrap().records;
    assert_eq!(listed.iter().map(|record| record.id).collect::<Vec<_>>(), ids);
    assert!(listed.iter().all(|record| record.owner == owner("alice")));
}

pub async fn a_list_is_paged_from_where_it_says(store: Subject) {
    for _ in 0..10 {
        insert(&*store, "alice").await;
    }
    let whole = store.list(&owner("alice"), None, 100).await.unwrap().records;
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(&owner("alice"), after, 3).await.unwrap();
        assert!(page.records.len() <= 3);
        paged.extend(page.records);
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(paged, whole);
    assert!(store.list(&owner("alice"), None, 0).await.unwrap().records.is_empty());
}

pub async fn owners_whose_names_begin_alike_are_apart(store: Subject) {
    let names = ["a", "ab", "abc", "a/b", "ab/c", "a/bc"];
    for name in names {
        insert(&*store, name).await;
    }
    for name in names {
        assert_eq!(store.list(&owner(name), None, 10).await.unwrap().records.len(), 1, "{name}");
    }
    store.remove_user(&owner("ab"), None).await.unwrap();
    for name in names {
        let left = usize::from(name != "ab");
        assert_eq!(store.list(&owner(name), None, 10).await.unwrap().records.len(), left, "{name}");
    }
}

pub async fn what_is_gone_is_not_listed(store: Subject) {
    let (gone, left) = (insert(&*store, "alice").await, insert(&*store, "alice").await);
    store.remove(gone).await.unwrap();
    let listed = store.list(&owner("alice"), None, 10).await.unwrap().records;
    assert_eq!(listed.iter().map(|record| record.id).collect::<Vec<_>>(), [left]);
}

pub async fn many_that_are_gone_end_no_list_too_early(store: Subject) {
    let before = insert(&*store, "alice").await;
    for _ in 0..400 {
        insert(&*store, "alice").await;
    }
    store.remove_everyone(None).await.unwrap();
    let left = insert(&*store, "alice").await;
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..20 {
        let page = store.list(&owner("alice"), after, 10).await.unwrap();
        found.extend(page.records.into_iter().map(|record| record.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(found == [left] && after.is_none() && before != left);
}
