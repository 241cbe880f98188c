//! Random operations, answered as the plainest store answers them.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sessioning::store::{Inserted, Limit, Touch};
use sessioning::{Memory, OnLimit, Owner, Record, Store, Timestamp};
use std::sync::Arc;

use crate::Subject;
use crate::sample::{START, at, owner, plain, record};

const USERS: [&str; 3] = ["alice", "ab", "other/alice"];
const SESSIONS: usize = 8;
const CASES: u32 = 48;

/// One operation; numbers stand for one of a few users and sessions, so that operations meet.
#[derive(Clone, Debug)]
enum Operation {
    Insert { session: usize, limit: Option<(usize, bool)> },
    Get { session: usize },
    Replace { session: usize, version: u64, level: u8, seen: u64 },
    Touch { session: usize, at: u64, interval: u64 },
    Remove { session: usize },
    RemoveUser { user: usize, keep: Option<usize> },
    RemoveEveryone { user: Option<usize> },
    List { user: usize, after: Option<usize>, limit: usize },
    Purge { at: u64 },
}

fn operation() -> impl Strategy<Value = Operation> {
    let session = || 0..SESSIONS;
    let user = || 0..USERS.len();
    prop_oneof![
        6 => (session(), proptest::option::of((1..4_usize, any::<bool>())))
            .prop_map(|(session, limit)| Operation::Insert { session, limit }),
        4 => session().prop_map(|session| Operation::Get { session }),
        3 => (session(), 0..3_u64, any::<u8>(), 0..2000_u64)
            .prop_map(|(session, version, level, seen)| Operation::Replace { session, version, level, seen }),
        3 => (session(), 0..2000_u64, 0..100_u64)
            .prop_map(|(session, at, interval)| Operation::Touch { session, at, interval }),
        3 => session().prop_map(|session| Operation::Remove { session }),
        1 => (user(), proptest::option::of(session()))
            .prop_map(|(user, keep)| Operation::RemoveUser { user, keep }),
        1 => proptest::option::weighted(0.8, user()).prop_map(|user| Operation::RemoveEveryone { user }),
        3 => (user(), proptest::option::of(session()), 0..5_usize)
            .prop_map(|(user, after, limit)| Operation::List { user, after, limit }),
        2 => (86_000..90_000_u64).prop_map(|at| Operation::Purge { at }),
    ]
}

pub async fn random_operations_answer_as_memory_does(store: Subject) {
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Handle::current();
        let mut runner =
            TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let operations = proptest::collection::vec(operation(), 1..80);
        runner
            .run(&operations, |operations| {
                runtime.block_on(compare(&*store, &operations));
                Ok(())
            })
            .unwrap();
    })
    .await
    .unwrap();
}

/// Runs the operations on the store and on a new [`Memory`], with records of their own; every answer must
/// be the same.
async fn compare(store: &dyn Store, operations: &[Operation]) {
    store.remove_everyone(None).await.unwrap();
    let memory = Memory::new();
    let sessions: Vec<Record> = (0..SESSIONS).map(|number| record(USERS[number % USERS.len()])).collect();
    let mut now = START;
    for (step, operation) in operations.iter().enumerate() {
        if let Operation::Purge { at: seconds } = operation {
            now = now.max(at(*seconds));
        }
        let expected = apply(&memory, operation, &sessions, now).await;
        let answered = apply(store, operation, &sessions, now).await;
        assert_eq!(answered, expected, "step {step}: {operation:?}");
    }
}

async fn apply(store: &dyn Store, operation: &Operation, sessions: &[Record], now: Timestamp) -> String {
    match operation.clone() {
        Operation::Insert { session, limit } => insert(store, &sessions[session], limit).await,
        Operation::Get { session } => {
            // As a check asks: a cache may know what was purged, and it must not count.
            let lasts = |record: &Record| record.ends_at().is_none_or(|end| now < end);
            let found = store.get(sessions[session].id, &lasts).await.unwrap();
            format!("{:?}", found.map(|record| plain(&record)))
        }
        Operation::Replace { session, version, level, seen } => {
            let new = Record { level, last_seen: at(seen), ..sessions[session].clone() };
            format!("{:?}", store.replace(new, version).await.unwrap())
        }
        Operation::Touch { session, at: seconds, interval } => {
            let touch = Touch { at: at(seconds), interval: Duration::from_secs(interval) };
            format!("{:?}", store.touch(sessions[session].id, touch).await.unwrap())
        }
        Operation::Remove { session } => format!("{:?}", store.remove(sessions[session].id).await.unwrap()),
        Operation::RemoveUser { user, keep } => {
            let keep = keep.map(|session| sessions[session].id);
            let mut removed = store.remove_user(&owner(USERS[user]), keep).await.unwrap();
            removed.sort();
            format!("{removed:?}")
        }
        Operation::RemoveEveryone { user } => {
            let owner: Option<Owner> = user.map(|user| owner(USERS[user]));
            store.remove_everyone(owner.as_ref().map(Owner::namespace)).await.unwrap();
            String::new()
        }
        Operation::List { user, after, limit } => {
            let after = after.map(|session| sessions[session].id);
            let listed = store.list(&owner(USERS[user]), after, limit).await.unwrap().records;
            format!("{:?}", listed.iter().map(|record| plain(record)).collect::<Vec<_>>())
        }
        // How much is freed may differ, what is there afterwards may not.
        Operation::Purge { at: seconds } => {
            while store.purge(at(seconds), 3).await.unwrap().more {}
            String::new()
        }
    }
}

async fn insert(store: &dyn Store, record: &Record, asked: Option<(usize, bool)>) -> String {
    let limit = asked.map(|(max, refuse)| Limit {
        max,
        on_limit: if refuse { OnLimit::Refuse } else { OnLimit::EvictOldest },
        live: Arc::new(|_| true),
    });
    match store.insert(record.clone(), limit).await.unwrap() {
        // Ended with everyone, an id may stay taken until it is purged.
        Inserted::Taken => match store.get(record.id, &|_| true).await.unwrap() {
            Some(_) => "taken".into(),
            None => {
                store.remove(record.id).await.unwrap();
                Box::pin(insert(store, record, asked)).await
            }
        },
        other => format!("{other:?}"),
    }
}
