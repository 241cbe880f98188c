use std::fs;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;

use super::super::group::{Finished, Group};
use super::super::meta::Meta;
use super::super::{Embedded, EmbeddedSettings};
use super::*;
use crate::store::Store;
use crate::{ManualClock, OsRandom, Record, SessionToken, Timeout, Timeouts, Timestamp};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn record(user: &str) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    Record::new(&token, user.parse().unwrap(), never, START)
}

fn open(directory: &Path) -> Embedded {
    Embedded::open_with(&EmbeddedSettings::new(directory), &ManualClock::at(START)).unwrap()
}

/// Makes the engine write its tables, and waits until its background work has failed at that.
async fn fail_in_the_background(store: &Embedded, directory: &Path) {
    for space in fs::read_dir(directory.join("engine/keyspaces")).unwrap() {
        let tables = space.unwrap().path().join("tables");
        fs::rename(&tables, tables.with_extension("away")).unwrap();
    }
    store.inner.readers.read(|engine| Ok(engine.rotate()?)).await.unwrap();
    // The engine's own thread: nothing else tells when it is done.
    while store.inner.readers.read(|engine| Ok(engine.is_alive())).await.unwrap() {
        tokio::task::yield_now().await;
    }
}

fn mend(directory: &Path) {
    for space in fs::read_dir(directory.join("engine/keyspaces")).unwrap() {
        let tables = space.unwrap().path().join("tables");
        fs::rename(tables.with_extension("away"), &tables).unwrap();
    }
}

#[tokio::test]
async fn sec_41_what_fails_in_the_background_refuses_writes_until_a_restart_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let kept = record("alice");
    let _ = store.insert(kept.clone(), None).await.unwrap();
    fail_in_the_background(&store, directory.path()).await;
    let refused = store.insert(record("bob"), None).await.unwrap_err();
    assert!(refused.to_string().contains("No such file"), "{refused}");
    mend(directory.path());
    for _ in 0..3 {
        let again = store.remove(kept.id).await.unwrap_err();
        assert!(matches!(again.kind(), ErrorKind::Halted { .. }), "{again}");
    }
    assert_eq!(store.reopenings(), 0);
    assert!(store.get(kept.id, &|_| true).await.unwrap().is_some(), "reads go on");
    drop(store);
    let store = open(directory.path());
    assert!(store.remove(kept.id).await.unwrap());
}

/// As when the engine reports an error for a group that is found in its file at the next opening.
#[test]
fn what_was_answered_with_an_error_does_not_come_to_life_by_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(directory.path()).unwrap();
    let (kept, refused) = (record("alice"), record("bob"));
    let mut group = Group::new(&engine, Meta::default());
    let _ = group.insert(kept.clone(), None).unwrap();
    let Finished { changes, meta, .. } = group.finish().unwrap();
    engine.commit(&changes, true).unwrap();

    let mut group = Group::new(&engine, meta.clone());
    let _ = group.replace(Record { level: 7, ..kept.clone() }, 0).unwrap();
    let _ = group.insert(refused.clone(), None).unwrap();
    group.remove_everyone(None);
    let failed = group.finish().unwrap().changes;
    let back = undo(&engine, &failed);
    engine.commit(&failed, true).unwrap();
    drop(engine);

    let engine = Engine::open(directory.path()).unwrap();
    engine.commit(&back, true).unwrap();
    assert_eq!(engine.meta().unwrap(), meta);
    engine.load_endings().unwrap();
    assert_eq!(engine.record(kept.id).unwrap().unwrap().level, 0);
    assert!(engine.record(refused.id).unwrap().is_none());
    assert!(engine.list(&"bob".parse().unwrap(), None, 10).unwrap().records.is_empty());
}

#[test]
fn reopening_holds_up_no_reader_and_shows_no_engine_before_caches_know() {
    let directory = tempfile::tempdir().unwrap();
    let slot: SharedEngine = Arc::new(RwLock::new(Some(Engine::open(directory.path()).unwrap())));
    let status = Status::default();
    let failed = exchange(&slot, &status, || {
        assert!(slot.try_read().unwrap().is_none(), "a read is answered while the engine opens");
        Err(ErrorKind::Unavailable.into())
    });
    assert!(failed.is_err() && slot.read().is_none() && status.reopenings() == 0);
    exchange(&slot, &status, || Engine::open(directory.path())).unwrap();
    assert!(slot.read().is_some() && status.reopenings() == 1);
}
