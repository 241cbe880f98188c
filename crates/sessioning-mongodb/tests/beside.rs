//! The concept layout beside the original, whose documents are `{_id: session, user}` and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::{Document, doc, oid::ObjectId};
use sessioning::{
    Changed, Clock, Created, ErrorKind, ManualClock, Namespace, NewSession, Owner, Patch, SessionToken,
    Sessioning, Store, SystemClock, Timestamp,
};
use sessioning_mongodb::{Layout, MongoDb, MongoSettings};

struct Beside {
    documents: Collection<Document>,
    store: MongoDb,
    sessioning: Sessioning,
    clock: Arc<ManualClock>,
    settings: MongoSettings,
}

/// A session as the original names it, begun at that time: a UUID of version 7.
fn original(at: Timestamp) -> String {
    let millis = u64::try_from(at.as_millis()).unwrap();
    let (random, more) = (fastrand::u16(..) & 0xfff, fastrand::u64(..) & 0xffff_ffff_ffff);
    format!("{:08x}-{:04x}-7{random:03x}-9abc-{more:012x}", millis >> 16, millis & 0xffff)
}

impl Beside {
    async fn new(legacy_max_age: Option<Duration>) -> Option<Self> {
        let settings = support::settings(Layout::Concept)?;
        let settings = MongoSettings { legacy_max_age, ..settings };
        let clock = Arc::new(ManualClock::at(SystemClock::new().now()));
        let client = mongodb::Client::with_uri_str(std::env::var(support::URL).unwrap()).await.unwrap();
        let documents = client.database(&settings.database).collection("Sessioning.sessions");
        let store = MongoDb::with_clock(settings.clone(), Arc::clone(&clock) as _);
        store.prepare().await.unwrap();
        let sessioning = Sessioning::new(store.clone()).with_clock(Arc::clone(&clock) as _);
        Some(Self { documents, store, sessioning, clock, settings })
    }

    async fn insert_original(&self, user: &str, at: Timestamp) -> (String, SessionToken) {
        let session = original(at);
        self.documents.insert_one(doc! { "_id": &session, "user": user }).await.unwrap();
        let token = SessionToken::import(&session).unwrap();
        (session, token)
    }

    async fn user_of(&self, token: &SessionToken) -> Option<String> {
        let checked = self.sessioning.check(&Namespace::default(), token).await.unwrap();
        checked.live().map(|session| session.user().to_string())
    }

    async fn create(&self, user: &str) -> Created {
        self.sessioning.create(owner(user), NewSession::default()).await.unwrap()
    }

    async fn is_there(&self, session: &str) -> bool {
        self.documents.find_one(doc! { "_id": session }).await.unwrap().is_some()
    }
}

fn owner(user: &str) -> Owner {
    user.parse().unwrap()
}

#[tokio::test]
async fn what_the_original_began_is_checked_and_ended_here() {
    let Some(beside) = Beside::new(None).await else { return };
    let (session, token) = beside.insert_original("alice", beside.clock.now()).await;
    assert_eq!(beside.user_of(&token).await.as_deref(), Some("alice"));
    // What was added leaves what was there.
    let document = beside.documents.find_one(doc! { "_id": &session }).await.unwrap().unwrap();
    assert_eq!(document.get_str("user").unwrap(), "alice");
    assert!(beside.sessioning.delete(&Namespace::default(), &token).await.unwrap());
    assert!(!beside.is_there(&session).await);
    assert_eq!(beside.user_of(&token).await, None);
}

#[tokio::test]
async fn what_the_original_began_and_nobody_has_seen_is_ended_here() {
    let Some(beside) = Beside::new(None).await else { return };
    let (session, token) = beside.insert_original("alice", beside.clock.now()).await;
    assert!(beside.sessioning.delete(&Namespace::default(), &token).await.unwrap());
    assert!(!beside.is_there(&session).await);
}

#[tokio::test]
async fn what_begins_here_is_found_and_ended_by_the_original() {
    let Some(beside) = Beside::new(None).await else { return };
    let created = beside.create("alice").await;
    let session = created.token.expose();
    let document = beside.documents.find_one(doc! { "_id": session.as_str() }).await.unwrap().unwrap();
    assert_eq!(document.get_str("user").unwrap(), "alice");
    assert_eq!(beside.user_of(&created.token).await.as_deref(), Some("alice"));
    beside.documents.delete_one(doc! { "_id": session.as_str() }).await.unwrap();
    assert_eq!(beside.user_of(&created.token).await, None);
}

#[tokio::test]
async fn a_users_list_and_end_hold_both() {
    let Some(beside) = Beside::new(None).await else { return };
    let (_, hers) = beside.insert_original("alice", beside.clock.now()).await;
    let own = beside.create("alice").await;
    let (_, his) = beside.insert_original("bob", beside.clock.now()).await;
    let listed = beside.sessioning.list(&owner("alice"), None, 10).await.unwrap().sessions;
    let mut ids: Vec<_> = listed.iter().map(sessioning::Session::id).collect();
    ids.sort();
    let mut both = vec![hers.id(), own.token.id()];
    both.sort();
    assert_eq!(ids, both);
    // By its public id, which the list has told.
    assert!(beside.sessioning.revoke(&Namespace::default(), hers.id()).await.unwrap());
    assert_eq!(beside.user_of(&hers).await, None);
    let (_, again) = beside.insert_original("alice", beside.clock.now()).await;
    let revoked = beside.sessioning.revoke_user(&owner("alice"), None).await.unwrap();
    assert_eq!(revoked.len(), 2);
    assert_eq!((beside.user_of(&again).await, beside.user_of(&own.token).await), (None, None));
    assert_eq!(beside.user_of(&his).await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn everyones_end_holds_both() {
    let Some(beside) = Beside::new(None).await else { return };
    let (_, theirs) = beside.insert_original("alice", beside.clock.now()).await;
    let own = beside.create("bob").await;
    assert!(beside.user_of(&theirs).await.is_some());
    beside.sessioning.revoke_everyone(None).await.unwrap();
    assert_eq!((beside.user_of(&theirs).await, beside.user_of(&own.token).await), (None, None));
    assert_eq!(beside.documents.count_documents(doc! {}).await.unwrap(), 0);
    let (_, later) = beside.insert_original("alice", beside.clock.now()).await;
    assert!(beside.user_of(&later).await.is_some());
}

#[tokio::test]
async fn the_times_of_the_originals_sessions_start_when_they_are_first_seen() {
    let Some(beside) = Beside::new(None).await else { return };
    let long_ago = beside.clock.now().before(Duration::from_secs(300 * 24 * 60 * 60));
    let (_, token) = beside.insert_original("alice", long_ago).await;
    let first_seen = beside.clock.now();
    let session = beside.sessioning.check(&Namespace::default(), &token).await.unwrap().live().unwrap();
    assert_eq!((session.created_at(), session.last_seen()), (first_seen, first_seen));
    beside.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    assert_eq!(beside.user_of(&token).await, None, "unused for longer than the idle timeout");
}

#[tokio::test]
async fn a_greatest_age_of_the_originals_sessions_counts_from_their_uuid() {
    let day = Duration::from_secs(24 * 60 * 60);
    let Some(beside) = Beside::new(Some(day)).await else { return };
    let now = beside.clock.now();
    let (_, old) = beside.insert_original("alice", now.before(day)).await;
    let (_, young) = beside.insert_original("alice", now.before(day / 2)).await;
    assert_eq!(beside.user_of(&old).await, None);
    assert!(beside.user_of(&young).await.is_some());
    beside.clock.set(now.after(day / 2));
    assert_eq!(beside.user_of(&young).await, None);
    // A session of ours has no such age.
    assert!(beside.user_of(&beside.create("bob").await.token).await.is_some());
}

#[tokio::test]
async fn what_is_no_session_fails_nothing_and_is_counted() {
    let Some(beside) = Beside::new(None).await else { return };
    let (session, fine) = beside.insert_original("alice", beside.clock.now()).await;
    let number = original(beside.clock.now());
    let foreign = [
        doc! { "_id": ObjectId::new(), "user": "alice" },
        doc! { "_id": "not-a-uuid", "user": "alice" },
        doc! { "_id": &number, "user": 7 },
        doc! { "_id": original(beside.clock.now()) },
    ];
    beside.documents.insert_many(foreign).await.unwrap();
    assert_eq!(beside.user_of(&SessionToken::import(&number).unwrap()).await, None);
    assert!(beside.store.foreign_documents() > 0);
    let listed = beside.sessioning.list(&owner("alice"), None, 10).await.unwrap().sessions;
    assert_eq!(listed.len(), 1);
    assert!(beside.is_there(&session).await);
    assert!(beside.user_of(&fine).await.is_some());
}

#[tokio::test]
async fn what_the_layout_cannot_do_is_refused_and_changes_nothing() {
    let Some(beside) = Beside::new(None).await else { return };
    let created = beside.create("alice").await;
    let (_, theirs) = beside.insert_original("alice", beside.clock.now()).await;
    let namespace = Namespace::default();
    for token in [&created.token, &theirs] {
        let error = beside.sessioning.renew(&namespace, token, None).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported(_)), "{error}");
        let patch = Patch::from_json(r#"{"a":1}"#).unwrap();
        let patched = beside.sessioning.patch_data(&namespace, token, &patch, None).await.unwrap();
        assert!(matches!(patched, Changed::Done(_)), "{patched:?}");
        assert!(beside.user_of(token).await.is_some());
    }
    let elsewhere = Owner::new("shop".parse().unwrap(), "alice".parse().unwrap());
    assert!(beside.sessioning.create(elsewhere.clone(), NewSession::default()).await.is_err());
    assert!(beside.sessioning.list(&elsewhere, None, 10).await.is_err());
    assert!(beside.sessioning.revoke_user(&elsewhere, None).await.is_err());
    assert!(beside.sessioning.revoke_everyone(Some(elsewhere.namespace())).await.is_err());
    assert!(beside.user_of(&created.token).await.is_some());
}

#[tokio::test]
async fn what_the_original_began_counts_against_a_limit_and_leaves_first() {
    let Some(beside) = Beside::new(None).await else { return };
    let (session, theirs) = beside.insert_original("alice", beside.clock.now()).await;
    let limit = sessioning::Policy { max_per_user: Some(1), ..sessioning::Policy::default() };
    let limited = beside.sessioning.clone().with_policy(limit);
    let ours = limited.create(owner("alice"), NewSession::default()).await.unwrap();
    assert_eq!(ours.evicted, [theirs.id()]);
    assert!(!beside.is_there(&session).await);
    assert!(beside.user_of(&ours.token).await.is_some());
}

#[tokio::test]
async fn what_the_original_began_gets_the_timeouts_of_its_first_sight() {
    let Some(beside) = Beside::new(None).await else { return };
    let (session, token) = beside.insert_original("alice", beside.clock.now()).await;
    assert!(beside.user_of(&token).await.is_some());
    beside.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    // Looser rules revive nobody.
    let forever =
        sessioning::Timeouts { idle: sessioning::Timeout::Never, absolute: sessioning::Timeout::Never };
    let loose =
        sessioning::Policy { timeouts: forever, max_timeouts: forever, ..sessioning::Policy::default() };
    let loose = beside.sessioning.clone().with_policy(loose);
    assert!(loose.check(&Namespace::default(), &token).await.unwrap().live().is_none());
    // And its space is freed.
    let purged = beside.store.purge(beside.clock.now().after(Duration::from_secs(86_400)), 10).await.unwrap();
    assert_eq!(purged.removed, 1);
    assert!(!beside.is_there(&session).await);
}

#[tokio::test]
async fn no_index_deletes_what_the_original_would_keep() {
    let Some(beside) = Beside::new(None).await else { return };
    // Made again, as at every start.
    MongoDb::new(beside.settings.clone()).prepare().await.unwrap();
    let mut indexes = beside.documents.list_indexes().await.unwrap();
    while indexes.advance().await.unwrap() {
        let index = indexes.deserialize_current().unwrap();
        assert_eq!(index.options.and_then(|options| options.expire_after), None, "{:?}", index.keys);
    }
    beside.store.ready().await.unwrap();
}
