//! The concept layout beside the original, whose documents are `{_id: session, user}` and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId};
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

impl Beside {
    /// A session as a program writes it that has extended the original.
    async fn insert_with(&self, fields: Document) -> SessionToken {
        let session = original(self.clock.now());
        let mut document = doc! { "_id": &session, "user": "alice" };
        document.extend(fields);
        self.documents.insert_one(document).await.unwrap();
        SessionToken::import(&session).unwrap()
    }

    async fn document(&self, token: &SessionToken) -> Document {
        let by_key = doc! { "_id": token.expose().as_str() };
        self.documents.find_one(by_key).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn fields_of_another_program_are_neither_read_nor_overwritten() {
    let Some(beside) = Beside::new(None).await else { return };
    let date = DateTime::from_millis(1_577_836_800_000);
    let theirs = [
        doc! { "createdAt": "2026-01-01T00:00:00Z" },
        doc! { "createdAt": date },
        doc! { "createdAt": 1_790_000_000_000_i64, "lastSeen": Bson::Null, "expiresAt": 1_790_000_000 },
        doc! { "expiresAt": date },
        doc! { "data": { "theme": "dark" } },
        doc! { "metadata": "x", "level": "admin", "version": 1.5, "methods": 7, "pending": "no" },
        doc! { "publicId": "mine", "epoch": "x", "generation": -1, "digest": 3, "arriving": date },
        doc! { "idleTimeout": 1, "absoluteTimeout": 1, "namespace": "shop", "writeId": "w" },
    ];
    for fields in theirs {
        let token = beside.insert_with(fields.clone()).await;
        assert_eq!(beside.user_of(&token).await.as_deref(), Some("alice"), "{fields}");
        // A use, a change, and everything that looks for what has ended.
        beside.clock.advance(Duration::from_secs(600));
        assert!(beside.user_of(&token).await.is_some(), "{fields}");
        let patch = Patch::from_json(r#"{"a":1}"#).unwrap();
        let patched =
            beside.sessioning.patch_data(&Namespace::default(), &token, &patch, None).await.unwrap();
        assert!(matches!(patched, Changed::Done(_)), "{fields}: {patched:?}");
        let _ = beside.store.purge(beside.clock.now(), 100).await.unwrap();
        assert_eq!(beside.sessioning.list(&owner("alice"), None, 10).await.unwrap().sessions.len(), 1);
        let after = beside.document(&token).await;
        for (name, value) in &fields {
            assert_eq!(after.get(name), Some(value), "{name} of {fields}");
        }
        assert!(beside.sessioning.delete(&Namespace::default(), &token).await.unwrap(), "{fields}");
    }
}

#[tokio::test]
async fn the_three_times_stand_beside_our_field_where_their_names_are_free() {
    let Some(beside) = Beside::new(None).await else { return };
    let (_, seen) = beside.insert_original("alice", beside.clock.now()).await;
    assert!(beside.user_of(&seen).await.is_some());
    let created = beside.create("bob").await;
    for token in [&seen, &created.token] {
        let before = beside.document(token).await;
        let ours = before.get_document("sessioning").unwrap();
        for name in ["createdAt", "lastSeen", "expiresAt"] {
            assert!(before.get_datetime(name).is_ok(), "{name} of {before}");
            assert_eq!(before.get(name), ours.get(name), "{name}");
        }
    }
    // They move together, unless another program has written one.
    let theirs = doc! { "$set": { "expiresAt": "soon" } };
    let by_key = doc! { "_id": created.token.expose().as_str() };
    beside.documents.update_one(by_key, theirs).await.unwrap();
    let began = beside.clock.now();
    beside.clock.advance(Duration::from_secs(600));
    for token in [&seen, &created.token] {
        let touch = sessioning::store::Touch { at: beside.clock.now(), interval: Duration::from_secs(60) };
        let touched = beside.store.touch(token.id(), touch).await.unwrap();
        assert_eq!(touched, sessioning::store::Touched::Done);
        let after = beside.document(token).await;
        let ours = after.get_document("sessioning").unwrap();
        let last_seen = after.get_datetime("lastSeen").unwrap().timestamp_millis();
        assert_eq!(last_seen, began.after(Duration::from_secs(600)).as_millis());
        assert_eq!(after.get("lastSeen"), ours.get("lastSeen"));
    }
    assert_eq!(beside.document(&created.token).await.get_str("expiresAt").ok(), Some("soon"));
    let after = beside.document(&seen).await;
    assert_eq!(after.get("expiresAt"), after.get_document("sessioning").unwrap().get("expiresAt"));
}

#[tokio::test]
async fn what_is_no_session_is_not_written_to() {
    let Some(beside) = Beside::new(None).await else { return };
    let session = original(beside.clock.now());
    let document = doc! { "_id": &session, "user": " a\u{1}" };
    beside.documents.insert_one(&document).await.unwrap();
    let token = SessionToken::import(&session).unwrap();
    assert_eq!(beside.user_of(&token).await, None);
    assert_eq!(beside.document(&token).await, document);
}

/// All numbers as the npm driver writes them back: doubles.
fn doubled(document: Document) -> Document {
    let one = |value| match value {
        #[expect(clippy::cast_precision_loss, reason = "as JavaScript has them")]
        Bson::Int64(number) => Bson::Double(number as f64),
        Bson::Int32(number) => Bson::Double(number.into()),
        Bson::Document(inner) => Bson::Document(doubled(inner)),
        other => other,
    };
    document.into_iter().map(|(name, value)| (name, one(value))).collect()
}

#[tokio::test]
async fn numbers_that_another_driver_wrote_back_are_whole_numbers_still() {
    let Some(beside) = Beside::new(None).await else { return };
    let (_, seen) = beside.insert_original("alice", beside.clock.now()).await;
    assert!(beside.user_of(&seen).await.is_some());
    let created = beside.create("alice").await;
    for token in [&seen, &created.token] {
        let key = doc! { "_id": token.expose().as_str() };
        let before = beside.document(token).await;
        let after = doubled(before.clone());
        assert_ne!(before, after, "it has numbers");
        beside.documents.replace_one(key, after).await.unwrap();
        assert_eq!(beside.user_of(token).await.as_deref(), Some("alice"));
        let patch = Patch::from_json(r#"{"a":1}"#).unwrap();
        let patched = beside.sessioning.patch_data(&Namespace::default(), token, &patch, None).await.unwrap();
        assert!(matches!(patched, Changed::Done(_)), "{patched:?}");
    }
    // Their timeouts are what they were.
    beside.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    assert_eq!((beside.user_of(&seen).await, beside.user_of(&created.token).await), (None, None));
}

#[tokio::test]
async fn a_moment_that_no_calendar_has_is_no_reason_to_fail() {
    let Some(beside) = Beside::new(Some(Duration::from_secs(60))).await else { return };
    let (_, token) = beside.insert_original("alice", beside.clock.now()).await;
    assert!(beside.user_of(&token).await.is_some());
    for millis in [i64::MIN, i64::MAX] {
        let extreme = doc! { "$set": { "sessioning.createdAt": DateTime::from_millis(millis) } };
        let by_key = doc! { "_id": token.expose().as_str() };
        beside.documents.update_one(by_key, extreme).await.unwrap();
        let _ = beside.user_of(&token).await;
    }
}

#[tokio::test]
async fn ending_a_user_writes_to_nothing_that_it_ends_or_keeps() {
    let Some(beside) = Beside::new(None).await else { return };
    let (session, kept) = beside.insert_original("alice", beside.clock.now()).await;
    // More than one step of them.
    let others = (0..1200).map(|_| doc! { "_id": original(beside.clock.now()), "user": "alice" });
    beside.documents.insert_many(others).await.unwrap();
    let revoked = beside.sessioning.revoke_user(&owner("alice"), Some(kept.id())).await.unwrap();
    assert_eq!(revoked.len(), 1200);
    assert_eq!(beside.documents.count_documents(doc! {}).await.unwrap(), 1);
    assert_eq!(beside.document(&kept).await, doc! { "_id": session, "user": "alice" });
    assert_eq!(beside.user_of(&kept).await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_limit_writes_to_nothing_that_the_original_began() {
    let Some(beside) = Beside::new(None).await else { return };
    let limit = sessioning::Policy { max_per_user: Some(3), ..sessioning::Policy::default() };
    let limited = beside.sessioning.clone().with_policy(limit);
    for _ in 0..5 {
        beside.insert_original("alice", beside.clock.now()).await;
    }
    let ours = limited.create(owner("alice"), NewSession::default()).await.unwrap();
    assert_eq!(ours.evicted.len(), 3);
    let unseen = doc! { "sessioning": { "$exists": false } };
    assert_eq!(beside.documents.count_documents(unseen).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn everyones_end_ends_while_the_original_goes_on() {
    let Some(beside) = Beside::new(None).await else { return };
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let creating: Vec<_> = (0..8)
        .map(|_| {
            let (documents, now, stop) = (beside.documents.clone(), beside.clock.now(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let some = (0..20).map(|_| doc! { "_id": original(now), "user": "bob" });
                    documents.insert_many(some).await.unwrap();
                }
            })
        })
        .collect();
    let (_, before) = beside.insert_original("alice", beside.clock.now()).await;
    let ending = beside.sessioning.revoke_everyone(None);
    let ended = tokio::time::timeout(Duration::from_secs(15), ending).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for task in creating {
        task.await.unwrap();
    }
    ended.expect("it went on for as long as there was anything new").unwrap();
    assert_eq!(beside.user_of(&before).await, None);
}

#[tokio::test]
async fn what_was_moved_without_its_counters_can_be_ended() {
    let Some((from, to)) = Beside::new(None).await.zip(Beside::new(None).await) else { return };
    for _ in 0..3 {
        from.sessioning.revoke_user(&owner("alice"), None).await.unwrap();
        from.sessioning.revoke_everyone(None).await.unwrap();
    }
    let (alice, bob) = (from.create("alice").await.token, from.create("bob").await.token);
    for token in [&alice, &bob] {
        to.documents.insert_one(from.document(token).await).await.unwrap();
    }
    assert!(to.user_of(&alice).await.is_some() && to.user_of(&bob).await.is_some());
    assert_eq!(to.sessioning.revoke_user(&owner("alice"), None).await.unwrap(), [alice.id()]);
    assert_eq!(to.user_of(&alice).await, None);
    to.sessioning.revoke_everyone(None).await.unwrap();
    assert_eq!(to.user_of(&bob).await, None);
    // And who begins afterwards is not ended with them.
    let later = to.create("alice").await;
    assert!(to.user_of(&later.token).await.is_some());
}

#[tokio::test]
async fn a_list_writes_to_no_more_than_it_tells() {
    let Some(beside) = Beside::new(None).await else { return };
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(beside.insert_original("alice", beside.clock.now()).await.1.id());
    }
    for _ in 0..5 {
        all.push(beside.create("alice").await.token.id());
    }
    all.sort();
    let seen = doc! { "sessioning": { "$exists": true } };
    let page = beside.store.list(&owner("alice"), None, 3).await.unwrap().records;
    assert!(beside.documents.count_documents(seen).await.unwrap() <= 5 + 3);
    assert_eq!(page.iter().map(|record| record.id).collect::<Vec<_>>(), all[..3]);
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = beside.store.list(&owner("alice"), after, 4).await.unwrap().records;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        listed.extend(page.iter().map(|record| record.id));
    }
    assert_eq!(listed, all);
    // Each can be ended by the id that was told.
    for id in all {
        assert!(beside.store.remove(id).await.unwrap());
    }
}
