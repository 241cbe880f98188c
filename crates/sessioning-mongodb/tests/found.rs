//! What a store finds in a database that others have filled, or left in the middle of something: documents that were
//! moved, what failed creates have left, marks and numbers of another kind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use mongodb::bson::{DateTime, Document, doc};
use mongodb::{Collection, Database};
use sessioning::store::{Amendment, Inserted, Limit, Transfer};
use sessioning::{
    Clock, ErrorKind, Namespace, NewSession, OnLimit, Owner, Policy, Record, SessionToken, Sessioning, Store,
    SystemClock, Timeout, Timeouts,
};
use sessioning_conformance::sample::record;
use sessioning_mongodb::{Access, Layout, MongoDb, MongoSettings};

/// A store over a new database, and the database as everybody else sees it.
struct Fixture {
    store: MongoDb,
    sessioning: Sessioning,
    database: Database,
}

impl Fixture {
    async fn new() -> Option<Self> {
        Self::with_deadline(Duration::from_secs(20)).await
    }

    async fn with_deadline(deadline: Duration) -> Option<Self> {
        let settings = MongoSettings { deadline, ..support::settings(Layout::Native)? };
        let client = mongodb::Client::with_uri_str(std::env::var(support::URL).unwrap()).await.unwrap();
        let database = client.database(&settings.database);
        let store = MongoDb::new(settings);
        store.prepare().await.unwrap();
        Some(Self { sessioning: Sessioning::new(store.clone()), store, database })
    }

    fn documents(&self) -> Collection<Document> {
        self.database.collection("sessioning_sessions")
    }

    fn meta(&self) -> Collection<Document> {
        self.database.collection("sessioning_meta")
    }

    async fn create(&self, user: &str) -> SessionToken {
        self.create_for(user.parse().unwrap()).await
    }

    async fn create_for(&self, owner: Owner) -> SessionToken {
        self.sessioning.create(owner, NewSession::default()).await.unwrap().token
    }

    async fn is_live(&self, namespace: &Namespace, token: &SessionToken) -> bool {
        self.sessioning.check(namespace, token).await.unwrap().live().is_some()
    }

    async fn set(&self, token: &SessionToken, fields: Document) {
        let by_id = doc! { "_id": mongodb::bson::Uuid::from_bytes(*token.id().as_bytes()) };
        let set = self.documents().update_one(by_id, doc! { "$set": fields }).await.unwrap();
        assert_eq!(set.matched_count, 1);
    }

    /// A record that has been arriving since then, as a create leaves it that failed in between.
    async fn leave_behind(&self, user: &str, since: i64) -> SessionToken {
        let token = self.create(user).await;
        let since = DateTime::from_millis(SystemClock::new().now().as_millis() + since);
        self.set(&token, doc! { "arriving": since }).await;
        token
    }
}

fn owner(user: &str) -> Owner {
    user.parse().unwrap()
}

fn limited(fixture: &Fixture, max: usize, on_limit: OnLimit) -> Sessioning {
    let policy = Policy { max_per_user: Some(max), on_limit, ..Policy::default() };
    fixture.sessioning.clone().with_policy(policy)
}

#[tokio::test]
async fn what_was_moved_without_its_counters_can_be_ended() {
    let Some((from, to)) = Fixture::new().await.zip(Fixture::new().await) else { return };
    let shop: Namespace = "shop".parse().unwrap();
    for _ in 0..3 {
        from.sessioning.revoke_user(&owner("alice"), None).await.unwrap();
        from.sessioning.revoke_everyone(None).await.unwrap();
        from.sessioning.revoke_everyone(Some(&shop)).await.unwrap();
    }
    let (alice, bob) = (from.create("alice").await, from.create("bob").await);
    let carol = from.create_for(Owner::new(shop.clone(), "carol".parse().unwrap())).await;
    let mut all = from.documents().find(doc! {}).await.unwrap();
    while all.advance().await.unwrap() {
        to.documents().insert_one(all.deserialize_current().unwrap()).await.unwrap();
    }
    let default = Namespace::default();
    assert_eq!(to.sessioning.revoke_user(&owner("alice"), None).await.unwrap(), [alice.id()]);
    assert!(!to.is_live(&default, &alice).await && to.is_live(&default, &bob).await);
    to.sessioning.revoke_everyone(Some(&shop)).await.unwrap();
    assert!(!to.is_live(&shop, &carol).await && to.is_live(&default, &bob).await);
    to.sessioning.revoke_everyone(None).await.unwrap();
    assert!(!to.is_live(&default, &bob).await);
    let later = to.create("alice").await;
    assert!(to.is_live(&default, &later).await);
}

#[tokio::test]
async fn what_was_moved_without_its_order_leaves_first() {
    let Some(fixture) = Fixture::new().await else { return };
    let mut moved = Vec::new();
    for _ in 0..3 {
        moved.push(fixture.create("alice").await.id());
    }
    fixture.database.collection::<Document>("sessioning_owners").delete_many(doc! {}).await.unwrap();
    let limited = limited(&fixture, 3, OnLimit::EvictOldest);
    for oldest in moved {
        let created = limited.create(owner("alice"), NewSession::default()).await.unwrap();
        assert_eq!(created.evicted, [oldest]);
        assert!(fixture.is_live(&Namespace::default(), &created.token).await);
    }
}

#[tokio::test]
async fn what_a_failed_create_has_left_evicts_nobody() {
    let Some(fixture) = Fixture::new().await else { return };
    let first = fixture.create("alice").await;
    fixture.leave_behind("alice", -21_000).await;
    let limited = limited(&fixture, 2, OnLimit::EvictOldest);
    let second = limited.create(owner("alice"), NewSession::default()).await.unwrap();
    assert_eq!(second.evicted, []);
    assert!(fixture.is_live(&Namespace::default(), &first).await);
    assert_eq!(
        fixture.documents().count_documents(doc! {}).await.unwrap(),
        2,
        "what was left is still there"
    );
}

#[tokio::test]
async fn what_a_failed_create_has_left_takes_nobodys_place() {
    let Some(fixture) = Fixture::new().await else { return };
    fixture.leave_behind("alice", -21_000).await;
    let limited = limited(&fixture, 1, OnLimit::Refuse);
    limited.create(owner("alice"), NewSession::default()).await.unwrap();
}

#[tokio::test]
async fn who_waits_for_one_that_never_arrives_leaves_nothing_to_wait_for() {
    let Some(fixture) = Fixture::with_deadline(Duration::from_millis(800)).await else { return };
    // Of a later place, and by a clock that is ahead.
    let ahead = fixture.leave_behind("alice", 3_600_000).await;
    fixture.set(&ahead, doc! { "sequence": 1000_i64 }).await;
    let limit = Limit { max: 1, on_limit: OnLimit::Refuse, live: Arc::new(|_| true) };
    let failed = fixture.store.insert(record("alice"), Some(limit)).await.unwrap_err();
    assert_eq!(*failed.kind(), ErrorKind::TimedOut);
    assert_eq!(fixture.documents().count_documents(doc! {}).await.unwrap(), 1);
}

#[tokio::test]
async fn what_has_arrived_is_purged_by_its_own_end() {
    let Some(fixture) = Fixture::new().await else { return };
    let limited = limited(&fixture, 5, OnLimit::EvictOldest);
    let created = limited.create(owner("alice"), NewSession::default()).await.unwrap();
    let document = fixture.documents().find_one(doc! {}).await.unwrap().unwrap();
    let end = document.get_datetime("expiresAt").unwrap().timestamp_millis();
    assert_eq!(end, created.session.idle_expires_at().unwrap().as_millis());
    // And one that never ends has none.
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    let limit = Limit { max: 1, on_limit: OnLimit::EvictOldest, live: Arc::new(|_| true) };
    let endless = Record { timeouts: never, ..record("alice") };
    assert!(matches!(fixture.store.insert(endless, Some(limit)).await.unwrap(), Inserted::Done { .. }));
    let document = fixture.documents().find_one(doc! {}).await.unwrap().unwrap();
    assert!(!document.contains_key("expiresAt") && !document.contains_key("arriving"), "{document}");
}

#[tokio::test]
async fn a_copy_amends_only_what_is_as_it_was_found() {
    let Some(fixture) = Fixture::new().await else { return };
    let token = fixture.create("alice").await;
    let found = Transfer::find(&fixture.store, &[token.id()]).await.unwrap().remove(0);
    let later = found.last_seen.after(Duration::from_secs(60));
    let record = Record { last_seen: later, ..found.clone() };
    // Meanwhile another run has ended, and its holder has a new token.
    let sessioning::Changed::Done(renewed) =
        fixture.sessioning.renew(&Namespace::default(), &token, None).await.unwrap()
    else {
        panic!("not renewed")
    };
    fixture.store.amend(vec![Amendment { found, record }]).await.unwrap();
    let default = Namespace::default();
    assert!(!fixture.is_live(&default, &token).await, "a token that was replaced opens its session again");
    assert!(fixture.is_live(&default, &renewed.token).await);
    let found = Transfer::find(&fixture.store, &[token.id()]).await.unwrap().remove(0);
    let record = Record { last_seen: later, ..found.clone() };
    fixture.store.amend(vec![Amendment { found, record }]).await.unwrap();
    let found = Transfer::find(&fixture.store, &[token.id()]).await.unwrap().remove(0);
    assert_eq!(found.last_seen, later);
}

#[tokio::test]
async fn counters_that_are_none_are_not_read_as_nothing_was_revoked() {
    let Some(fixture) = Fixture::new().await else { return };
    fixture.meta().delete_one(doc! { "_id": "generations" }).await.unwrap();
    fixture.store.ready().await.unwrap();
    for broken in [doc! { "namespaces": "x" }, doc! { "namespaces": { "a": "x" } }, doc! { "everyone": "x" }]
    {
        let mut document = doc! { "_id": "generations" };
        document.extend(broken.clone());
        fixture.meta().insert_one(document).await.unwrap();
        assert!(fixture.store.ready().await.is_err(), "{broken}");
        fixture.meta().delete_one(doc! { "_id": "generations" }).await.unwrap();
    }
}

#[tokio::test]
async fn a_copy_takes_no_format_that_it_does_not_know() {
    let Some(settings) = support::settings(Layout::Native) else { return };
    let client = mongodb::Client::with_uri_str(std::env::var(support::URL).unwrap()).await.unwrap();
    let meta = client.database(&settings.database).collection::<Document>("sessioning_meta");
    let prepare = async |access| MongoDb::new(settings.clone()).prepare_to_copy(access).await;
    // A look makes nothing, and a database that nobody has served yet is fine.
    for access in [Access::Look, Access::From] {
        prepare(access).await.unwrap();
    }
    assert_eq!(meta.count_documents(doc! {}).await.unwrap(), 0);
    meta.insert_one(doc! { "_id": "format", "format": 2 }).await.unwrap();
    for access in [Access::Look, Access::From, Access::Into] {
        let refused = prepare(access).await.unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Unusable { .. }), "{access:?}: {refused}");
    }
}
