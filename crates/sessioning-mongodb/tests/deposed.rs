//! What a logout is answered by a primary that was deposed and has not noticed, or that of another shard: its reads are
//! of the past, and no majority confirms them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, about, failure, found, is_linearizable, name};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, Uuid, doc};
use sessioning::store::Transfer;
use sessioning::{Namespace, OsRandom, SessionToken, Sessioning, Timestamp};
use sessioning_mongodb::Layout;

const SESSIONS: [&str; 2] = ["sessioning_sessions", "Sessioning.sessions"];

/// Finds what was there, and nothing with a majority's confirmation: that fails once its time is up.
fn deposed(command: &Document, had: Option<&Document>) -> Option<Document> {
    if name(command) != "find" || !SESSIONS.contains(&about(command)) {
        return None;
    }
    Some(if is_linearizable(command) { failure(50) } else { found(had.cloned()) })
}

fn token() -> SessionToken {
    SessionToken::generate(Timestamp::from_millis(1_790_000_000_000), &OsRandom).unwrap()
}

#[tokio::test]
async fn a_primary_that_was_deposed_acknowledges_no_logout_of_what_it_does_not_know() {
    let fake = Fake::start(|command| deposed(command, None));
    let sessioning = Sessioning::new(fake.store(Layout::Native).await);
    let (namespace, token) = (Namespace::default(), token());
    assert!(sessioning.delete(&namespace, &token).await.is_err());
    assert!(sessioning.revoke(&namespace, token.id()).await.is_err());
    assert!(sessioning.revoke_own(&"alice".parse().unwrap(), token.id()).await.is_err());
    assert!(sessioning.revoke_user(&"alice".parse().unwrap(), None).await.is_err());
}

/// It has the secret of before the renewal: the token of after it opens nothing there, and still is somebody's.
#[tokio::test]
async fn a_primary_that_was_deposed_acknowledges_no_logout_by_a_token_that_is_newer_than_its_record() {
    let (token, moment) = (token(), DateTime::now());
    let old = doc! {
        "_id": Uuid::from_bytes(*token.id().as_bytes()), "namespace": "default", "user": "alice",
        "digest": Binary { subtype: BinarySubtype::Generic, bytes: vec![9; 32] },
        "createdAt": moment, "lastSeen": moment, "authenticatedAt": moment,
        "epoch": 0_i64, "sequence": 1_i64, "generation": 0_i64, "version": 0_i64,
    };
    let fake = Fake::start(move |command| deposed(command, Some(&old)));
    let sessioning = Sessioning::new(fake.store(Layout::Native).await);
    let namespace = Namespace::default();
    assert!(sessioning.check(&namespace, &token).await.unwrap().live().is_none());
    assert!(sessioning.delete(&namespace, &token).await.is_err());
}

#[tokio::test]
async fn a_primary_that_was_deposed_acknowledges_no_logout_of_what_the_original_wrote() {
    // By the token itself, which the original's documents are found by, it knows nothing. The id is looked for by others.
    let fake = Fake::start(|command| {
        let by_token = || command.get_document("filter").is_ok_and(|filter| filter.contains_key("_id"));
        if name(command) == "find" && by_token() { deposed(command, None) } else { None }
    });
    let sessioning = Sessioning::new(fake.store(Layout::Concept).await);
    let text = "0197f0e2-1c9b-7e55-8000-c3a5ad0f6b7e";
    let token = SessionToken::import(text).unwrap();
    let namespace = Namespace::default();
    assert!(sessioning.check(&namespace, &token).await.unwrap().live().is_none());
    assert!(sessioning.delete(&namespace, &token).await.is_err());
}

#[tokio::test]
async fn gone_already_rests_on_a_confirmed_read_of_the_session_itself() {
    let fake = Fake::start(|_| None);
    let sessioning = Sessioning::new(fake.store(Layout::Native).await);
    let (namespace, token) = (Namespace::default(), token());
    let id = Uuid::from_bytes(*token.id().as_bytes());
    for revocation in [false, true] {
        let before = fake.heard(SESSIONS[0]).len();
        let ended = if revocation {
            sessioning.revoke(&namespace, token.id()).await
        } else {
            sessioning.delete(&namespace, &token).await
        };
        assert!(!ended.unwrap());
        let heard = fake.heard(SESSIONS[0]).split_off(before);
        let last = heard.last().unwrap();
        assert_eq!((name(last), last.get_document("filter").unwrap()), ("find", &doc! { "_id": id }));
        assert!(is_linearizable(last), "{last}");
    }
}

#[tokio::test]
async fn a_user_without_sessions_is_revoked_by_a_write_and_then_a_confirmed_read() {
    let fake = Fake::start(|_| None);
    let sessioning = Sessioning::new(fake.store(Layout::Native).await);
    assert_eq!(sessioning.revoke_user(&"alice".parse().unwrap(), None).await.unwrap(), []);
    let raised = fake.heard("sessioning_owners").pop().unwrap();
    assert_eq!(raised.get_document("update").unwrap(), &doc! { "$inc": { "epoch": 1_i64 } });
    let concern = raised.get_document("writeConcern").unwrap();
    assert_eq!((concern.get_str("w").unwrap(), concern.get_bool("j").unwrap()), ("majority", true));
    assert!(is_linearizable(fake.heard(SESSIONS[0]).last().unwrap()));
}

#[tokio::test]
async fn a_copy_looks_at_its_mark_with_a_confirmed_read() {
    let fake = Fake::start(|_| None);
    let store = fake.store(Layout::Native).await;
    assert_eq!(store.import_mark().await.unwrap(), None);
    // The node's own reads each second may come in between.
    let before = fake.heard("sessioning_meta").iter().filter(|command| is_linearizable(command)).count();
    assert_eq!(store.import_mark().await.unwrap(), None);
    let after = fake.heard("sessioning_meta").iter().filter(|command| is_linearizable(command)).count();
    assert!(after > before);
}
