use std::fs;
use std::path::Path;

use super::super::engine::{Change, Engine};
use super::super::keys::Space;
use super::*;
use crate::{OsRandom, Random};

const COUNT: u32 = 20_000;

fn key(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn commit(engine: &Engine, change: impl Fn(u32) -> Option<Vec<u8>>, numbers: impl Iterator<Item = u32>) {
    let changes: Vec<Change> = numbers.map(|number| (Space::Sessions, key(number), change(number))).collect();
    engine.commit(&changes, true).unwrap();
}

/// Writes to tables what is in memory, and waits for it.
fn flush(spaces: &Spaces) {
    for space in &spaces.all {
        space.rotate_memtable_and_wait().unwrap();
    }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata().unwrap() {
            found if found.is_dir() => size(&entry.path()),
            found => found.len(),
        })
        .sum()
}

/// A value that no compression makes small.
fn value(_: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 300];
    OsRandom.fill(&mut bytes).unwrap();
    Some(bytes)
}

#[test]
fn what_has_ended_takes_no_space_after_a_quiet_moment() {
    let (of_full, of_live) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (full, live) = (Engine::open(of_full.path()).unwrap(), Engine::open(of_live.path()).unwrap());
    commit(&full, value, 0..COUNT);
    flush(&full.to_tidy());
    commit(&full, |_| None, (0..COUNT).filter(|number| number % 10 != 0));
    flush(&full.to_tidy());
    commit(&live, value, (0..COUNT).filter(|number| number % 10 == 0));
    flush(&live.to_tidy());
    full.to_tidy().tidy(true).unwrap();
    // The next write after it, and the next look.
    commit(&full, value, 0..1);
    full.to_tidy().tidy(true).unwrap();
    let [full_size, needed] = [&of_full, &of_live].map(|folder| size(&folder.path().join("keyspaces")));
    assert!(full_size * 10 <= needed * 13, "{full_size} of {needed}");
    for number in 0..COUNT {
        assert_eq!(full.get(Space::Sessions, &key(number)).unwrap().is_some(), number % 10 == 0);
    }
}

#[test]
fn little_that_has_ended_is_no_reason_to_write_everything_anew() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(folder.path()).unwrap();
    commit(&engine, value, 0..COUNT);
    commit(&engine, |_| None, 0..COUNT / 20);
    let spaces = engine.to_tidy();
    flush(&spaces);
    assert!(spaces.all.iter().all(|space| !is_worth_merging(space, true)));
    assert!(spaces.all.iter().all(|space| !is_worth_merging(space, false)));
}
