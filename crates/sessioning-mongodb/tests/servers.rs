//! Servers that speak MongoDB's protocol otherwise than a replica set does: without some kinds of index, with upserts
//! that overtake each other, alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/fake.rs"]
mod fake;

use std::collections::HashSet;
use std::sync::Mutex;

use fake::{Fake, about, failure, found, name};
use mongodb::bson::{DateTime, Document, doc};
use sessioning::store::Inserted;
use sessioning::{Namespace, Store};
use sessioning_conformance::sample::record;
use sessioning_mongodb::Layout;

fn indexes(command: &Document) -> Vec<Document> {
    let indexes = command.get_array("indexes").unwrap();
    indexes.iter().map(|index| index.as_document().unwrap().clone()).collect()
}

#[tokio::test]
async fn a_server_without_an_index_that_expires_gets_an_ordinary_one() {
    let special = |index: &Document| index.contains_key("expireAfterSeconds") || index.contains_key("sparse");
    for (layout, collection, count) in
        [(Layout::Native, "sessioning_sessions", 3), (Layout::Concept, "Sessioning.sessions", 4)]
    {
        let fake = Fake::start(move |command| {
            let refused = name(command) == "createIndexes" && indexes(command).iter().any(special);
            refused.then(|| failure(238))
        });
        fake.store(layout).await;
        let asked = fake.heard(collection);
        let made = asked.iter().filter(|command| name(command) == "createIndexes").flat_map(indexes);
        let made: HashSet<_> =
            made.filter(|index| !special(index)).map(|index| index.get("key").unwrap().to_string()).collect();
        assert_eq!(made.len(), count, "{made:?}");
        assert!(made.iter().any(|keys| keys.contains("expiresAt")), "{made:?}");
    }
}

/// Servers say so of an upsert that meets another of the same document, clusters of shards above all.
#[tokio::test]
async fn an_upsert_that_another_one_overtakes_is_repeated() {
    let overtaken: Mutex<HashSet<String>> = Mutex::default();
    let fake = Fake::start(move |command| {
        let update = || command.get_array("updates").unwrap()[0].as_document().unwrap();
        let (query, upsert, change) = match name(command) {
            "findAndModify" => (command.get("query"), command.get_bool("upsert").ok(), command.get("update")),
            "update" => (update().get("q"), update().get_bool("upsert").ok(), update().get("u")),
            _ => return None,
        };
        let first = overtaken.lock().unwrap().insert(format!("{} {query:?} {change:?}", about(command)));
        if upsert != Some(true) || !first {
            return None;
        }
        Some(match name(command) {
            "update" => {
                doc! { "ok": 1, "n": 0, "writeErrors": [{ "index": 0, "code": 11000, "errmsg": "" }] }
            }
            _ => failure(11000),
        })
    });
    let store = fake.store(Layout::Native).await;
    // The owner's epoch is read again after the insert, and is as it was.
    store.key().await.unwrap();
    store.remove_user(&"alice".parse().unwrap(), None).await.unwrap();
    store.remove_everyone(Some(&Namespace::default())).await.unwrap();
    let inserted = store.insert(record("alice"), None).await;
    assert!(matches!(inserted, Ok(Inserted::Done { .. } | Inserted::Revoked)), "{inserted:?}");
    assert_eq!(store.server().unwrap().shortcomings, Vec::<&str>::new());
}

#[tokio::test]
async fn a_server_alone_that_loses_updates_is_named_as_such() {
    let fake = Fake::start(|command| match name(command) {
        "hello" | "isMaster" | "ismaster" => Some(doc! {
            "ok": 1, "ismaster": true, "isWritablePrimary": true, "minWireVersion": 0, "maxWireVersion": 21,
            "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
            "localTime": DateTime::now(),
        }),
        "find" if format!("{command}").contains("probe") => Some(found(doc! { "_id": "probe", "count": 15 })),
        _ => None,
    });
    let store = fake.store(Layout::Native).await;
    let server = store.server().unwrap();
    assert_eq!(server.what, "MongoDB 7.0.14, one server alone");
    assert_eq!(server.shortcomings.len(), 2, "{server:?}");
}
