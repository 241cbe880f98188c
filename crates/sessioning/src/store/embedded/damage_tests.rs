use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::group::{Finished, Group};
use super::super::meta::Meta;
use super::super::{Embedded, EmbeddedSettings};
use super::*;
use crate::store::{Accept, Limit, Store, Transfer};
use crate::{ManualClock, OnLimit, OsRandom, Owner, Record, SessionToken, Timeout, Timeouts, Timestamp};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const USERS: usize = 600;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ALL: Accept<'static> = &|_| true;

fn owner(number: usize) -> Owner {
    format!("user-{number:04}").parse().unwrap()
}

/// Ends after a day and a second for each before it.
fn record(number: usize) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    let idle = Timeout::After(Duration::from_secs(60 + number as u64));
    Record::new(&token, owner(number), Timeouts { idle, absolute: Timeout::Never }, START)
}

fn open(directory: &Path) -> Result<Embedded> {
    Embedded::open_with(&EmbeddedSettings::new(directory), &ManualClock::at(START))
}

fn reopen(directory: &Path) -> Embedded {
    open(directory).unwrap()
}

/// A store with a session of each user, all of it in tables; and the folders of its spaces.
struct Filled {
    directory: tempfile::TempDir,
    records: Vec<Record>,
    folders: Vec<PathBuf>,
}

fn commit(engine: &Engine, change: impl FnOnce(&mut Group<'_>)) {
    let mut group = Group::new(engine, engine.meta().unwrap_or_else(|_| Meta::default()));
    change(&mut group);
    let Finished { changes, .. } = group.finish().unwrap();
    engine.commit(&changes, true).unwrap();
}

fn fill() -> Filled {
    let directory = tempfile::tempdir().unwrap();
    drop(reopen(directory.path()));
    let engine = Engine::open(&directory.path().join("engine")).unwrap();
    let records: Vec<Record> = (0..USERS).map(record).collect();
    commit(&engine, |group| {
        for record in &records {
            let _ = group.insert(record.clone(), None).unwrap();
        }
        group.remove_everyone(Some(&"other".parse().unwrap()));
    });
    let folders = flush(&engine);
    Filled { directory, records, folders }
}

fn flush(engine: &Engine) -> Vec<PathBuf> {
    let spaces = engine.to_tidy();
    spaces.all.iter().for_each(|space| space.rotate_memtable_and_wait().unwrap());
    spaces.all.iter().map(|space| space.path().to_path_buf()).collect()
}

impl Filled {
    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn tables(&self, space: Space) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folders[space as usize].join("tables")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Changes a byte in the middle of what a space's table keeps, or that of a session.
    fn damage(&self, space: Space, session: Option<&Record>) -> PathBuf {
        let file =
            self.tables(space).into_iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        let at = match session {
            Some(record) => {
                let digest = record.digest.as_bytes();
                bytes.windows(digest.len()).position(|window| window == digest).unwrap()
            }
            None if bytes.len() > 8000 => bytes.len() / 3,
            None => 60,
        };
        bytes[at] ^= 1;
        fs::write(&file, bytes).unwrap();
        file
    }
}

fn assert_named(error: &Error, file: &Path) {
    let text = error.to_string();
    assert!(error.is_damage(), "{error:?}");
    assert!(text.contains(file.to_str().unwrap()) && text.contains("sessioning copy"), "{text}");
}

/// The numbers of the users who get that error.
async fn lost(store: &Embedded, filled: &Filled, file: &Path) -> Vec<usize> {
    let mut lost = Vec::new();
    for (number, record) in filled.records.iter().enumerate() {
        match store.get(record.id, ALL).await {
            Ok(found) => assert_eq!(found.unwrap().id, record.id),
            Err(error) => {
                assert_named(&error, file);
                lost.push(number);
            }
        }
    }
    lost
}

#[tokio::test]
async fn sessions_outside_a_damaged_block_are_served_and_those_in_it_are_an_error_after_restarts_too() {
    let filled = fill();
    let file = filled.damage(Space::Sessions, Some(&filled.records[300]));
    for _ in 0..2 {
        let store = reopen(filled.path());
        let lost = lost(&store, &filled, &file).await;
        assert!(lost.contains(&300) && lost.len() < USERS / 2, "{}", lost.len());
        let listed = store.list(&owner(300), None, 10).await;
        assert_named(&listed.unwrap_err(), &file);
        let served = (0..USERS).find(|number| !lost.contains(number)).unwrap();
        assert_eq!(store.list(&owner(served), None, 10).await.unwrap().records.len(), 1);
        assert_eq!(
            store.inner.engine.read().as_ref().unwrap().damages.all().len(),
            1,
            "each file is named once"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_can_be_ended_one_by_one_and_with_its_user() {
    let filled = fill();
    let file = filled.damage(Space::Sessions, Some(&filled.records[300]));
    let store = reopen(filled.path());
    let lost = lost(&store, &filled, &file).await;
    let (first, last) = (lost[0], lost[lost.len() - 1]);
    assert!(store.remove(filled.records[first].id).await.unwrap());
    let ended = store.remove_user(&owner(last), None).await.unwrap();
    assert_eq!(ended, [filled.records[last].id]);
    drop(store);
    let store = reopen(filled.path());
    for number in [first, last] {
        assert!(store.get(filled.records[number].id, ALL).await.unwrap().is_none());
        assert!(store.list(&owner(number), None, 10).await.unwrap().records.is_empty());
    }
}

#[tokio::test]
async fn a_user_whose_list_is_damaged_is_ended_without_a_success_and_the_others_go_on() {
    let filled = fill();
    let file = filled.damage(Space::Users, None);
    let store = reopen(filled.path());
    let mut lost = Vec::new();
    for number in 0..USERS {
        match store.list(&owner(number), None, 10).await {
            Ok(listed) => assert_eq!(listed.records.len(), 1),
            Err(error) => {
                assert_named(&error, &file);
                lost.push(number);
            }
        }
    }
    assert!(!lost.is_empty() && lost.len() < USERS / 2, "{}", lost.len());
    let user = lost[lost.len() / 2];
    assert_named(&store.remove_user(&owner(user), None).await.unwrap_err(), &file);
    drop(store);
    let store = reopen(filled.path());
    let _ = store.purge(START.after(DAY), 100).await.unwrap();
    for (number, record) in filled.records.iter().enumerate() {
        assert_eq!(store.get(record.id, ALL).await.unwrap().is_some(), number != user, "{number}");
    }
    assert_named(&store.remove_user(&owner(user), None).await.unwrap_err(), &file);
}

#[tokio::test]
async fn a_limit_is_not_judged_by_what_cannot_be_read() {
    let filled = fill();
    let file = filled.damage(Space::Sessions, Some(&filled.records[300]));
    let store = reopen(filled.path());
    let limit = || Limit { max: 2, on_limit: OnLimit::EvictOldest, live: Arc::new(|_| true) };
    let refused = store.insert(record(300), Some(limit())).await.unwrap_err();
    assert_named(&refused, &file);
    assert!(store.inner.engine.read().as_ref().unwrap().looks.are_over());
    let _ = store.remove_user(&owner(300), None).await.unwrap();
    assert!(store.insert(record(300), Some(limit())).await.is_ok(), "a revocation makes an end of it");
}

#[tokio::test]
async fn a_purge_steps_over_damaged_keys_and_over_sessions_that_cannot_be_read() {
    for space in [Space::Purge, Space::Sessions] {
        let filled = fill();
        filled.damage(space, Some(&filled.records[300]).filter(|_| space == Space::Sessions));
        let store = reopen(filled.path());
        let (now, mut removed) = (START.after(DAY * 3), 0);
        loop {
            let purged = store.purge(now, 50).await.unwrap();
            removed += purged.removed;
            if !purged.more {
                break;
            }
        }
        assert!(removed > USERS / 2 && removed < USERS, "{removed}");
        for number in [0, USERS - 1] {
            // By chance it may be in the damaged block, too.
            let found = store.get(filled.records[number].id, ALL).await;
            assert!(!matches!(found, Ok(Some(_))), "{space:?}");
        }
        let later = Record::new(
            &SessionToken::generate(now, &OsRandom).unwrap(),
            owner(0),
            Timeouts { idle: Timeout::After(Duration::from_secs(60)), absolute: Timeout::Never },
            now,
        );
        let _ = store.insert(later, None).await.unwrap();
        assert_eq!(store.purge(now.after(DAY * 3), 50).await.unwrap().removed, 1, "{space:?}");
    }
}

#[tokio::test]
async fn what_is_readable_can_be_copied() {
    let filled = fill();
    let file = filled.damage(Space::Sessions, Some(&filled.records[300]));
    let store = reopen(filled.path());
    let lost = lost(&store, &filled, &file).await;
    let (mut place, mut copied) = (Some(crate::store::Place::start()), Vec::new());
    while let Some(from) = place {
        let batch = Transfer::read(&store, &from, 50, false).await.unwrap();
        copied.extend(batch.records.into_iter().map(|record| record.id));
        place = batch.next;
    }
    let there = filled.records.iter().enumerate().filter(|(number, _)| !lost.contains(number));
    let mut there: Vec<_> = there.map(|(_, record)| record.id).collect();
    there.sort_unstable();
    copied.sort_unstable();
    assert!(copied == there, "{} of {}", copied.len(), there.len());
}

#[tokio::test]
async fn without_the_endings_or_its_own_numbers_a_store_does_not_open() {
    for space in [Space::Endings, Space::Meta] {
        let filled = fill();
        filled.damage(space, None);
        for _ in 0..2 {
            let refused = open(filled.path()).err().unwrap();
            assert!(matches!(refused.kind(), ErrorKind::Unusable { .. }), "{refused:?}");
            assert!(refused.to_string().contains("restore a backup"), "{refused}");
        }
    }
}

#[test]
fn tidying_meets_damage_once() {
    let filled = fill();
    let file = filled.damage(Space::Sessions, Some(&filled.records[300]));
    let engine = Engine::open(&filled.path().join("engine")).unwrap();
    let spaces = engine.to_tidy();
    let error = spaces.all[Space::Sessions as usize].tree.major_compact(u64::MAX, 0).unwrap_err();
    spaces.damages.look_through(&spaces.all[Space::Sessions as usize], &error);
    assert!(spaces.damages.is_in(&spaces.all[Space::Sessions as usize]));
    assert!(!spaces.damages.is_in(&spaces.all[Space::Users as usize]));
    assert_eq!(engine.damages.all(), [file]);
}

#[tokio::test]
async fn merging_that_meets_damage_stops_once_and_writes_go_on_after_restarts_too() {
    let filled = fill();
    let file = filled.damage(Space::Sessions, Some(&filled.records[300]));
    for _ in 0..2 {
        let store = reopen(filled.path());
        // Each of these is a table across the damaged one, until the engine merges them.
        while store.reopenings() == 0 {
            let spread = (0..9).map(|number| record(number * 7));
            for record in spread {
                if store.insert(record, None).await.is_err() {
                    break;
                }
            }
            let _ = store.inner.readers.read(|engine| Ok(engine.rotate().is_ok())).await;
        }
        let kept = record(2);
        while store.insert(kept.clone(), None).await.is_err() {
            assert!(!matches!(store.inner.status.refusal(), Some(ErrorKind::Halted { .. })));
        }
        assert_eq!(store.reopenings(), 1);
        assert!(store.remove(kept.id).await.unwrap());
        assert!(store.get(kept.id, ALL).await.unwrap().is_none());
        let lost = store.get(filled.records[300].id, ALL).await;
        assert_named(&lost.unwrap_err(), &file);
        assert!(self::lost(&store, &filled, &file).await.len() < USERS / 2);
        assert_eq!(store.inner.engine.read().as_ref().unwrap().damages.all().len(), 1);
    }
}
