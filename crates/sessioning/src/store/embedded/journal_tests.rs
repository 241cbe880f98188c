use std::fs;
use std::path::{Path, PathBuf};

use super::super::Embedded;
use super::*;
use crate::store::Store;
use crate::{ManualClock, OsRandom, Record, SessionId, SessionToken, Timeout, Timeouts, Timestamp};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn record(user: &str) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
    Record::new(&token, user.parse().unwrap(), never, START)
}

fn open(directory: &Path) -> Result<Embedded> {
    Embedded::open(directory, &ManualClock::at(START))
}

/// A directory in which some have logged in and out, one write after the other.
struct Used {
    directory: tempfile::TempDir,
    journal: PathBuf,
    /// All that was written, and no zeros.
    bytes: Vec<u8>,
    /// Where batches end, from the first on.
    ends: Vec<usize>,
    ended: Vec<SessionId>,
}

impl Used {
    async fn make() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path()).unwrap();
        let mut ended = Vec::new();
        for number in 0..12 {
            let record = record(&format!("user-{number}"));
            let _ = store.insert(record.clone(), None).await.unwrap();
            if number % 2 == 0 {
                assert!(store.remove(record.id).await.unwrap());
                ended.push(record.id);
            }
        }
        drop(store);
        let journal = directory.path().join("engine/0.jnl");
        let whole = Journal::read(&journal).unwrap();
        let (mut ends, mut at) = (Vec::new(), 0);
        while at < whole.bytes.len() {
            at = whole.batch(at).unwrap().end;
            ends.push(at);
        }
        let bytes = whole.bytes;
        Self { directory, journal, bytes, ends, ended }
    }

    fn engine(&self) -> PathBuf {
        self.directory.path().join("engine")
    }

    /// What checking says of other bytes in the place of these, with zeros behind them or at the end of the file.
    fn check(&self, bytes: &[u8], zeros: usize) -> Result<()> {
        fs::write(&self.journal, [bytes, &vec![0; zeros]].concat()).unwrap();
        check(&self.engine())
    }

    fn length(&self) -> usize {
        Journal::read(&self.journal).unwrap().bytes.len()
    }
}

#[tokio::test]
async fn no_bit_that_was_flipped_takes_a_write_back() {
    let used = Used::make().await;
    for (at, bit) in (0..used.bytes.len()).map(|at| (at, at % 8)) {
        for zeros in [0, 4096] {
            let mut bytes = used.bytes.clone();
            bytes[at] ^= 1 << bit;
            match used.check(&bytes, zeros) {
                Err(error) => assert!(error.is_damage(), "{error}"),
                // The order may leave room, where no other batch has that place.
                Ok(()) => assert_eq!(used.length(), used.bytes.len(), "byte {at}, bit {bit}, {zeros} zeros"),
            }
        }
    }
}

#[tokio::test]
async fn a_part_that_is_gone_before_what_was_synced_is_damage() {
    let used = Used::make().await;
    let last = used.ends[used.ends.len() - 3];
    for at in (0..last - SECTOR).step_by(SECTOR) {
        let mut bytes = used.bytes.clone();
        bytes[at..at + SECTOR].fill(0);
        assert!(used.check(&bytes, 4096).unwrap_err().is_damage(), "{at}");
    }
}

#[tokio::test]
async fn what_was_being_written_at_a_kill_or_a_power_cut_is_cut_off() {
    let used = Used::make().await;
    let before = used.ends[used.ends.len() - 2];
    for end in before..used.bytes.len() {
        used.check(&used.bytes[..end], 0).unwrap();
        assert_eq!(used.length(), before, "a file that grew to {end}");
    }
    let sectors = (before + 1..used.bytes.len()).filter(|end| end % SECTOR == 0);
    for end in sectors {
        used.check(&used.bytes[..end], 64 * SECTOR).unwrap();
        assert_eq!(used.length(), before, "a sector that ended at {end}");
    }
    drop(open(used.directory.path()).unwrap());
}

#[tokio::test]
async fn a_write_between_two_entries_may_be_the_last() {
    let used = Used::make().await;
    used.check(&used.bytes, 0).unwrap();
    let journal = Journal::read(&used.journal).unwrap();
    let before = used.ends[used.ends.len() - 2];
    let mut at = before + EDGE;
    while let Some(Entry::Change { length, .. }) = journal.entry(at) {
        at += length;
        used.check(&used.bytes[..at], 4096).unwrap();
        assert_eq!(used.length(), before);
    }
    assert!(at > before + EDGE);
}

#[tokio::test]
async fn sectors_of_the_last_write_may_reach_the_disk_out_of_order() {
    let used = Used::make().await;
    let big = Record { methods: (0..200).map(|it| format!("method-{it}").into()).collect(), ..record("big") };
    used.check(&used.bytes, 0).unwrap();
    let store = open(used.directory.path()).unwrap();
    let _ = store.insert(big, None).await.unwrap();
    drop(store);
    let bytes = fs::read(&used.journal).unwrap();
    let first = used.bytes.len().next_multiple_of(SECTOR);
    for at in (first..bytes.len() - SECTOR).step_by(SECTOR) {
        let mut bytes = bytes.clone();
        bytes[at..at + SECTOR].fill(0);
        used.check(&bytes, 0).unwrap();
        assert_eq!(used.length(), used.bytes.len());
    }
}

#[tokio::test]
async fn a_journal_that_is_gone_is_damage() {
    let used = Used::make().await;
    fs::remove_file(&used.journal).unwrap();
    let refused = open(used.directory.path()).err().unwrap().to_string();
    assert!(refused.contains("has no journal") && refused.contains("restore a backup"), "{refused}");
}

#[tokio::test]
async fn a_journal_that_others_follow_has_no_end_that_may_be_cut_off() {
    let used = Used::make().await;
    fs::write(used.engine().join("1.jnl"), [0; 4096]).unwrap();
    used.check(&used.bytes, 4096).unwrap();
    assert!(used.check(&used.bytes[..used.bytes.len() - 1], 0).unwrap_err().is_damage());
}

#[tokio::test]
async fn a_store_whose_journal_is_damaged_does_not_open_and_changes_nothing() {
    let used = Used::make().await;
    let mut bytes = used.bytes.clone();
    bytes[used.ends[2] + 1] ^= 4;
    fs::write(&used.journal, &bytes).unwrap();
    for _ in 0..2 {
        let refused = open(used.directory.path()).err().unwrap();
        let text = refused.to_string();
        assert!(text.contains("0.jnl from byte") && text.contains("restore a backup"), "{text}");
    }
    assert_eq!(fs::read(&used.journal).unwrap(), bytes);
    fs::write(&used.journal, &used.bytes).unwrap();
    let store = open(used.directory.path()).unwrap();
    for id in &used.ended {
        assert!(store.get(*id, &|_| true).await.unwrap().is_none());
    }
}
