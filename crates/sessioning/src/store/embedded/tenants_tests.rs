//! What one tenant does to another, counted in steps and records, never in time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;

use super::super::endings::Scope;
use super::super::engine::STEP;
use super::super::keys::{self, Space};
use super::super::queue::Turn;
use super::super::{Embedded, EmbeddedSettings};
use crate::store::{Inserted, Limit, Patience, Replaced, Store, Touch, Touched, Transfer, Waiting};
use crate::{
    ErrorKind, ManualClock, Namespace, OnLimit, OsRandom, Owner, Record, SessionId, SessionToken, Timeout,
    Timeouts, Timestamp,
};

pub(in super::super) const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(in super::super) fn open(directory: &Path) -> Embedded {
    let settings = EmbeddedSettings { queue: 1 << 16, ..EmbeddedSettings::new(directory) };
    Embedded::open_with(&settings, &ManualClock::at(START)).unwrap()
}

pub(in super::super) fn owner(text: &str) -> Owner {
    match text.split_once('/') {
        Some((namespace, user)) => Owner::new(namespace.parse().unwrap(), user.parse().unwrap()),
        None => text.parse().unwrap(),
    }
}

pub(in super::super) fn record(user: &str, idle: Timeout) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    Record::new(&token, owner(user), Timeouts { idle, absolute: Timeout::Never }, START)
}

/// A limit that counts sessions of level 0.
pub(in super::super) fn limit(max: usize, on_limit: OnLimit) -> Option<Limit> {
    Some(Limit { max, on_limit, live: Arc::new(|record| record.level == 0) })
}

pub(in super::super) async fn fill(store: &Embedded, user: &str, count: usize, level: u8) -> Vec<SessionId> {
    let mut ids = Vec::new();
    for part in (0..count).collect::<Vec<_>>().chunks(512) {
        let inserts = part.iter().map(async |_| {
            let new = Record { level, ..record(user, Timeout::Never) };
            let id = new.id;
            assert_eq!(store.insert(new, None).await.unwrap(), Inserted::Done { evicted: vec![] });
            id
        });
        ids.extend(join_all(inserts).await);
    }
    ids
}

pub(in super::super) async fn insert(
    store: &Embedded,
    user: &str,
    limit: Option<Limit>,
) -> (Record, Inserted) {
    let new = record(user, Timeout::Never);
    let inserted = store.insert(new.clone(), limit).await.unwrap();
    (new, inserted)
}

pub(in super::super) async fn has(store: &Embedded, id: SessionId) -> bool {
    store.get(id, &|_| true).await.unwrap().is_some()
}

async fn listed(store: &Embedded, user: &str) -> Vec<SessionId> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(&owner(user), after, 100).await.unwrap();
        ids.extend(page.records.iter().map(|record| record.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

/// Ids of one moment come in any order.
fn sorted(ids: &[SessionId]) -> Vec<SessionId> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids
}

pub(in super::super) fn left(store: &Embedded, space: Space) -> usize {
    let engine = store.inner.engine.read();
    engine.as_ref().unwrap().keys(space, Vec::new()..=vec![0xff; 400], usize::MAX).unwrap().len()
}

#[tokio::test]
async fn a_create_under_a_limit_reads_what_the_limit_allows_however_much_has_ended() {
    const MAX: usize = 5;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", 10_000, 1).await;
    for on_limit in [OnLimit::EvictOldest, OnLimit::Refuse] {
        for _ in 0..10 {
            let before = store.group_stats().records_read;
            let _ = insert(&store, "mallory", limit(MAX, on_limit)).await;
            let read = store.group_stats().records_read - before;
            assert!(read <= MAX as u64 + 2, "{read} records read");
        }
    }
    assert_eq!(insert(&store, "mallory", limit(MAX, OnLimit::Refuse)).await.1, Inserted::Full);
}

/// As [`limit`], and counts how many records it was asked about.
fn counting(max: usize, asked: &Arc<AtomicUsize>) -> Option<Limit> {
    let asked = Arc::clone(asked);
    let live = move |record: &Record| {
        asked.fetch_add(1, Ordering::Relaxed);
        record.level == 0
    };
    Some(Limit { max, on_limit: OnLimit::EvictOldest, live: Arc::new(live) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creates_at_once_look_through_their_owner_once() {
    const MANY: usize = 2_000;
    const AT_ONCE: usize = 32;
    const MAX: usize = 5;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", MANY, 1).await;
    let asked = Arc::default();
    join_all((0..AT_ONCE).map(|_| insert(&store, "mallory", counting(MAX, &asked)))).await;
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked <= MANY + AT_ONCE * (MAX + 1), "asked about {asked} records");
}

#[tokio::test]
async fn what_others_create_without_a_limit_does_not_make_a_create_look_again() {
    const MANY: usize = 1_000;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", MANY, 1).await;
    let (asked, done) = (Arc::default(), AtomicBool::new(false));
    let create = async {
        let inserted = insert(&store, "mallory", counting(1, &asked)).await.1;
        done.store(true, Ordering::Relaxed);
        inserted
    };
    let others = async {
        while !done.load(Ordering::Relaxed) {
            let _ = insert(&store, "other/alice", None).await;
        }
    };
    assert_eq!(tokio::join!(create, others).0, Inserted::Done { evicted: vec![] });
    assert_eq!(asked.load(Ordering::Relaxed), MANY);
}

#[tokio::test]
async fn a_look_whose_caller_gave_up_is_written_down_for_the_next() {
    const MANY: usize = 1_000;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", MANY, 1).await;
    let (asked, waiting) = (Arc::default(), Waiting::default());
    waiting.give_up();
    let new = record("mallory", Timeout::Never);
    let refused = store.insert_while(&waiting, new.clone(), counting(1, &asked)).await.unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Overloaded);
    assert!(!has(&store, new.id).await);
    let inserted = insert(&store, "mallory", counting(1, &asked)).await.1;
    assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    assert_eq!(asked.load(Ordering::Relaxed), MANY);
}

#[tokio::test]
async fn a_create_without_a_limit_while_its_owner_is_looked_through_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "alice", 5_000, 1).await;
    let without = async {
        let mut ids = Vec::new();
        for _ in 0..20 {
            // The look has passed its place already.
            let token = SessionToken::generate(START.before(DAY), &OsRandom).unwrap();
            let new = Record { id: token.id(), digest: token.digest(), ..record("alice", Timeout::Never) };
            ids.push(new.id);
            let _ = store.insert(new, None).await.unwrap();
        }
        ids
    };
    let (_, others) = tokio::join!(insert(&store, "alice", limit(1, OnLimit::EvictOldest)), without);
    let _ = insert(&store, "alice", limit(1, OnLimit::EvictOldest)).await;
    for id in others {
        assert!(!has(&store, id).await);
    }
}

#[tokio::test]
async fn a_create_after_a_revocation_does_not_look_through_what_was_revoked() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", 1_000, 0).await;
    let (_, held) = store.inner.end_many(&owner("mallory"), None).await.unwrap();
    // Their list is empty, and there.
    assert_eq!(left(&store, Space::Counted), 1);
    let inserted = insert(&store, "mallory", limit(1, OnLimit::Refuse)).await.1;
    assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    drop(held);
}

#[tokio::test]
async fn a_limit_that_comes_later_finds_what_was_there_without_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let old = fill(&store, "alice", 3, 0).await;
    assert_eq!(insert(&store, "alice", limit(3, OnLimit::Refuse)).await.1, Inserted::Full);
    let (first, inserted) = insert(&store, "alice", limit(3, OnLimit::EvictOldest)).await;
    assert_eq!(inserted, Inserted::Done { evicted: vec![old[0]] });
    // Without a limit again, then with one, after a restart, and with one that was copied in.
    let (second, _) = insert(&store, "alice", None).await;
    drop(store);
    let store = open(directory.path());
    let (third, inserted) = insert(&store, "alice", limit(4, OnLimit::EvictOldest)).await;
    assert_eq!(inserted, Inserted::Done { evicted: vec![old[1]] });
    store.add(vec![record("alice", Timeout::Never)]).await.unwrap();
    let (_, inserted) = insert(&store, "alice", limit(3, OnLimit::EvictOldest)).await;
    assert_eq!(inserted, Inserted::Done { evicted: vec![old[2], first.id, second.id] });
    assert!(has(&store, third.id).await);
}

#[tokio::test]
async fn very_many_that_a_new_limit_ends_leave_in_one_write_and_are_freed_in_steps() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let old = fill(&store, "mallory", 3000, 0).await;
    let before = store.group_stats().records_read;
    let (new, inserted) = insert(&store, "mallory", limit(5, OnLimit::EvictOldest)).await;
    let read = store.group_stats().records_read - before;
    assert!(read <= 2 * STEP as u64, "{read} records read");
    let Inserted::Done { evicted } = inserted else { panic!("{inserted:?}") };
    assert_eq!(evicted, old[..2996]);
    assert!(!has(&store, old[0]).await && !has(&store, old[2995]).await && has(&store, old[2996]).await);
    while store.purge(START, 256).await.unwrap().more {}
    assert_eq!(left(&store, Space::Sessions), 5);
    assert_eq!(left(&store, Space::Endings), 0);
    assert_eq!(listed(&store, "mallory").await, sorted(&[&old[2996..], &[new.id]].concat()));
}

#[tokio::test]
async fn a_logout_makes_room_under_a_limit_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (first, _) = insert(&store, "alice", limit(1, OnLimit::Refuse)).await;
    assert_eq!(insert(&store, "alice", limit(1, OnLimit::Refuse)).await.1, Inserted::Full);
    store.remove(first.id).await.unwrap();
    assert_eq!(left(&store, Space::Counted), 0);
    let (second, inserted) = insert(&store, "alice", limit(1, OnLimit::Refuse)).await;
    assert_eq!(inserted, Inserted::Done { evicted: vec![] });
    assert_eq!(store.remove_user(&owner("alice"), None).await.unwrap(), [second.id]);
    assert_eq!(left(&store, Space::Counted), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_a_user_with_20_000_sessions_is_revoked_others_wait_for_a_step_or_two() {
    const MANY: usize = 20_000;
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    fill(&store, "mallory", MANY, 0).await;
    let begun = store.group_stats().groups;
    let revoking = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.remove_user(&owner("mallory"), None).await.unwrap() })
    };
    let (mut meanwhile, mut longer) = (0, 0);
    while !revoking.is_finished() {
        let before = store.group_stats();
        let _ = insert(&store, "other/alice", None).await;
        let after = store.group_stats();
        // The group that was being written, its own, and one whose numbers were not counted yet.
        let groups = after.groups - before.groups;
        // What a group read is counted before the group is.
        assert!(after.records_read - before.records_read <= (groups + 1) * (STEP as u64 + 1));
        longer += usize::from(groups > 3);
        meanwhile += 1;
    }
    // A busy machine wakes this task late now and then, and more groups were written by then.
    assert!(longer * 10 <= meanwhile, "{longer} of {meanwhile} waited for more than two steps");
    assert_eq!(revoking.await.unwrap().len(), MANY);
    assert!(store.group_stats().groups - begun >= (MANY / STEP) as u64 && meanwhile > 10, "{meanwhile}");
    assert_eq!((left(&store, Space::Sessions), left(&store, Space::Endings)), (meanwhile, 0));
}

#[tokio::test]
async fn a_revocation_that_a_crash_cuts_off_has_ended_all_and_is_finished_later() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let ids = fill(&store, "alice", 1000, 0).await;
    let kept = ids[500];
    let old = store.get(ids[0], &|_| true).await.unwrap().unwrap();
    // Its first write, and nothing after it.
    drop(store.inner.end_many(&owner("alice"), Some(kept)).await.unwrap());
    drop(store);

    let store = open(directory.path());
    assert_eq!(listed(&store, "alice").await, [kept]);
    assert!(!has(&store, ids[0]).await && has(&store, kept).await);
    let use_now = Touch { at: START.after(DAY), interval: Duration::ZERO };
    assert_eq!(store.touch(ids[0], use_now).await.unwrap(), Touched::Gone);
    assert_eq!(store.replace((*old).clone(), 0).await.unwrap(), Replaced::Gone);
    let (later, _) = insert(&store, "alice", None).await;
    assert_eq!(listed(&store, "alice").await, sorted(&[kept, later.id]));
    // Half of it is freed, then another crash.
    let _ = store.purge(START, 256).await.unwrap();
    let _ = store.purge(START, 256).await.unwrap();
    drop(store);

    let store = open(directory.path());
    assert_eq!(listed(&store, "alice").await, sorted(&[kept, later.id]));
    while store.purge(START, 256).await.unwrap().more {}
    assert_eq!((left(&store, Space::Sessions), left(&store, Space::Endings)), (2, 0));
    drop(store);
    let store = open(directory.path());
    assert_eq!(listed(&store, "alice").await, sorted(&[kept, later.id]));
}

#[tokio::test]
async fn two_revocations_at_once_of_a_user_with_many_end_all() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let ids = fill(&store, "alice", 1000, 0).await;
    let alice = owner("alice");
    let keeping = store.remove_user(&alice, Some(ids[0]));
    let (one, other) = tokio::join!(keeping, store.remove_user(&alice, None));
    let mut ended = [one.unwrap(), other.unwrap()].concat();
    ended.sort();
    let mut all = ids.clone();
    all.sort();
    assert_eq!(ended, all);
    assert!(!has(&store, ids[0]).await);
}

#[tokio::test]
async fn a_list_looks_at_a_step_of_what_has_ended_and_says_where_to_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "alice", 1000, 0).await;
    store.remove_everyone(None).await.unwrap();
    let (left, _) = insert(&store, "alice", None).await;
    let (mut after, mut pages) = (None, 0);
    loop {
        let page = store.list(&owner("alice"), after, 10).await.unwrap();
        pages += 1;
        after = page.next;
        if !page.records.is_empty() {
            assert_eq!(page.records[0].id, left.id);
        }
        if after.is_none() {
            break;
        }
    }
    assert!((3..=6).contains(&pages), "{pages} pages");
}

#[tokio::test]
async fn what_ended_with_everyone_and_never_expires_is_freed_in_steps_and_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let shop: Namespace = "shop".parse().unwrap();
    let mut ended = fill(&store, "shop/alice", 600, 0).await;
    let (outside, _) = insert(&store, "alice", None).await;
    store.remove_everyone(Some(&shop)).await.unwrap();
    let (later, _) = insert(&store, "shop/alice", None).await;
    assert!(store.purge(START, 256).await.unwrap().more);
    drop(store);
    // Raised again while the first is being freed, and cut off in between.
    let store = open(directory.path());
    assert!(has(&store, later.id).await && has(&store, outside.id).await);
    store.remove_everyone(Some(&shop)).await.unwrap();
    ended.push(later.id);
    let (last, _) = insert(&store, "shop/bob", None).await;
    let mut steps = 0;
    while store.purge(START, 256).await.unwrap().more {
        steps += 1;
    }
    assert!((2..=4).contains(&steps), "{steps} steps");
    assert_eq!((left(&store, Space::Sessions), left(&store, Space::Endings)), (2, 0));
    drop(store);
    let store = open(directory.path());
    for id in ended {
        assert!(!has(&store, id).await);
    }
    assert!(has(&store, last.id).await && has(&store, outside.id).await);
}

#[tokio::test]
async fn what_was_ended_all_at_once_does_not_hold_back_purges_of_what_expired() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    fill(&store, "mallory", 1_000, 0).await;
    drop(store.inner.end_many(&owner("mallory"), None).await.unwrap());
    let expired = record("alice", Timeout::After(Duration::from_secs(1)));
    let _ = store.insert(expired, None).await.unwrap();
    let purged = store.purge(START.after(DAY * 2), 100).await.unwrap();
    assert!(purged.removed > STEP && purged.more, "{purged:?}");
}

#[tokio::test]
async fn a_create_writes_no_more_when_many_namespaces_were_ended() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let size = |store: &Embedded| {
        let engine = store.inner.engine.read();
        engine.as_ref().unwrap().get(Space::Meta, keys::META).unwrap().unwrap().len()
    };
    let _ = insert(&store, "alice", None).await;
    let before = size(&store);
    join_all((0..1000).map(|number| {
        let (store, namespace) = (&store, format!("n{number}").parse::<Namespace>().unwrap());
        async move { store.remove_everyone(Some(&namespace)).await.unwrap() }
    }))
    .await;
    let _ = insert(&store, "alice", None).await;
    assert!(size(&store) <= before + 16, "{} bytes, {before} before", size(&store));
    // And with nothing older there, nothing is kept of them.
    while store.purge(START, 256).await.unwrap().more {}
    assert_eq!(left(&store, Space::Endings), 0);
}

#[tokio::test]
async fn a_purge_that_finds_nothing_is_no_work_for_the_owning_thread_and_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for _ in 0..300 {
        let new = record("alice", Timeout::After(Duration::from_secs(1)));
        let _ = store.insert(new, None).await.unwrap();
    }
    let now = START.after(DAY * 2);
    let mut removed = 0;
    loop {
        let purged = store.purge(now, 100).await.unwrap();
        removed += purged.removed;
        if !purged.more {
            break;
        }
    }
    assert_eq!(removed, 300);
    let groups = store.group_stats().groups;
    assert_eq!(store.purge(now, 100).await.unwrap(), crate::store::Purged::default());
    assert_eq!(store.group_stats().groups, groups);
    let from = |store: &Embedded| store.inner.engine.read().as_ref().unwrap().meta().unwrap().purge_from;
    let before = from(&store);
    assert!(!before.is_empty());
    drop(store);
    assert_eq!(from(&open(directory.path())), before);
}

#[tokio::test]
async fn the_generations_of_earlier_data_are_moved_and_hold() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (ended, _) = insert(&store, "shop/alice", None).await;
    let (live, _) = insert(&store, "alice", None).await;
    drop(store);
    // As format 1 has it.
    {
        let engine = super::super::engine::Engine::open(&directory.path().join("engine")).unwrap();
        let mut meta = engine.meta().unwrap();
        let namespaces = [("shop".to_owned(), 1)].into();
        meta.floors = Some(super::Floors { generation: 1, everywhere: 0, namespaces });
        let bytes = meta.to_bytes().unwrap();
        engine.commit(&[(Space::Meta, keys::META.to_vec(), Some(bytes))], true).unwrap();
    }
    std::fs::write(directory.path().join("FORMAT"), "sessioning data directory, format 1\n").unwrap();
    let store = open(directory.path());
    assert!(!has(&store, ended.id).await && has(&store, live.id).await);
    let (later, _) = insert(&store, "shop/alice", None).await;
    assert!(has(&store, later.id).await);
    let shop: Namespace = "shop".parse().unwrap();
    {
        let engine = store.inner.engine.read();
        let engine = engine.as_ref().unwrap();
        assert_eq!(engine.meta().unwrap().floors, None);
        assert!(engine.ended().of(&Scope::Namespace(shop)).is_some());
    }
    let format = std::fs::read_to_string(directory.path().join("FORMAT")).unwrap();
    assert!(format.contains("format 2"), "{format}");
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_is_not_begun() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(parking_lot::Mutex::new(held));
    // Both walkers are busy.
    let busy = [0, 1].map(|_| {
        let held = Arc::clone(&held);
        Box::pin(store.inner.readers.walk(Turn::default(), move |_| Ok(held.lock().recv().is_ok())))
    });
    let mut busy = busy.map(futures::FutureExt::fuse);
    for one in &mut busy {
        assert!(futures::poll!(one).is_pending());
    }
    let begun = Arc::new(std::sync::atomic::AtomicBool::new(false));
    {
        let begun = Arc::clone(&begun);
        let mut given_up = Box::pin(store.inner.readers.walk(Turn::default(), move |_| {
            begun.store(true, std::sync::atomic::Ordering::SeqCst);
            Ok(())
        }));
        assert!(futures::poll!(&mut given_up).is_pending());
    }
    // Reads of one record do not wait for them.
    assert!(!has(&store, record("alice", Timeout::Never).id).await);
    hold.send(()).unwrap();
    hold.send(()).unwrap();
    for one in busy {
        one.await.unwrap();
    }
    store.inner.readers.walk(Turn::default(), |_| Ok(())).await.unwrap();
    assert!(!begun.load(std::sync::atomic::Ordering::SeqCst));
}

/// The owning thread, held until the sender says so or is dropped.
fn busy(store: &Embedded) -> (std::sync::mpsc::Sender<()>, impl Future<Output = crate::Result<()>> + '_) {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = store.inner.owner.submit(Turn::default(), move |_| {
        let _ = held.recv();
        Ok(())
    });
    (hold, held)
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_is_not_begun_unless_it_ends_a_session() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (old, _) = insert(&store, "alice", None).await;
    let (hold, held) = busy(&store);
    let mut held = Box::pin(held);
    assert!(futures::poll!(&mut held).is_pending());
    let new = record("alice", Timeout::Never);
    let (patience, id) = (Patience::default(), new.id);
    let waiting = patience.waiting();
    let mut insert = Box::pin(store.insert_while(&waiting, new, None));
    let changed = Record { level: 7, ..old.clone() };
    let mut replace = Box::pin(store.replace_while(&waiting, changed, 0));
    assert!(futures::poll!(&mut insert).is_pending() && futures::poll!(&mut replace).is_pending());
    drop(patience);
    let mut remove = Box::pin(store.remove(old.id));
    assert!(futures::poll!(&mut remove).is_pending());
    drop(remove);
    hold.send(()).unwrap();
    held.await.unwrap();
    assert_eq!(*insert.await.unwrap_err().kind(), ErrorKind::Overloaded);
    assert_eq!(*replace.await.unwrap_err().kind(), ErrorKind::Overloaded);
    let ended = async {
        while has(&store, old.id).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the logout is done all the same");
    assert!(!has(&store, id).await);
}

#[tokio::test]
async fn a_logout_comes_after_what_its_user_asked_for_before() {
    // Of a few turns one is for what ends nothing, so one user alone could be lucky.
    const USERS: [&str; 2] = ["alice", "bob"];
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let old = join_all(USERS.map(async |user| insert(&store, user, None).await.0)).await;
    let (hold, held) = busy(&store);
    let mut held = Box::pin(held);
    assert!(futures::poll!(&mut held).is_pending());
    let mut replacing = Vec::new();
    for record in &old {
        let mut replace = Box::pin(store.replace(Record { level: 7, ..record.clone() }, 0));
        assert!(futures::poll!(&mut replace).is_pending());
        replacing.push(replace);
    }
    let removing: Vec<_> = old
        .iter()
        .map(|record| {
            let (store, id) = (Arc::clone(&store), record.id);
            tokio::spawn(async move { store.remove(id).await })
        })
        .collect();
    while store.inner.owner.waiting() < 2 * USERS.len() {
        tokio::task::yield_now().await;
    }
    hold.send(()).unwrap();
    held.await.unwrap();
    for replaced in join_all(replacing).await {
        assert_eq!(replaced.unwrap(), Replaced::Done);
    }
    for removed in join_all(removing).await {
        assert!(removed.unwrap().unwrap());
    }
}

#[tokio::test]
async fn a_create_whose_caller_left_while_it_waited_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let sessioning = crate::Sessioning::over(Arc::clone(&store) as Arc<dyn Store>);
    let (hold, held) = busy(&store);
    let mut held = Box::pin(held);
    assert!(futures::poll!(&mut held).is_pending());
    let mut create = Box::pin(sessioning.create(owner("alice"), crate::NewSession::default()));
    assert!(futures::poll!(&mut create).is_pending());
    // Until its command waits.
    while store.inner.owner.waiting() == 0 {
        assert!(futures::poll!(&mut create).is_pending());
        tokio::task::yield_now().await;
    }
    drop(create);
    hold.send(()).unwrap();
    held.await.unwrap();
    let _ = store.insert(record("bob", Timeout::Never), None).await.unwrap();
    assert!(listed(&store, "alice").await.is_empty());
}
