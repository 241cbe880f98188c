//! Looks through the engine's journals before it opens them.
//!
//! The engine takes the first entry that it cannot read for the end of what was written, and cuts off the rest. After a
//! kill or a power cut it is: what was being written then was acknowledged to nobody. After damage the rest is logouts
//! that were acknowledged, so the two are told apart here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use super::keys;
use crate::{ErrorKind, Result};

/// What ends each batch.
const MAGIC: &[u8] = b"FJL\x03";
/// The length of what begins a batch: a tag, how many entries follow, and their place in the order of writes. What
/// ends it is as long: a tag, a checksum, and the magic.
const EDGE: usize = 13;
/// The length of an entry before its key.
const HEAD: usize = 21;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
const CHUNK: usize = 64 * 1024;

/// Refuses journals with damage in them, and cuts off what was being written when all ended.
///
/// # Errors
///
/// When one is damaged or cannot be read.
pub(super) fn check(engine: &Path) -> Result<()> {
    let mut journals = find(engine).map_err(fjall::Error::Io)?;
    // The engine syncs each before it begins the next.
    let last = journals.pop();
    // It would make a new one. What was written since the last tables is in the one that is gone.
    if last.is_none() && engine.join("keyspaces").exists() {
        return Err(ErrorKind::Damaged { place: format!("{} has no journal", engine.display()) }.into());
    }
    for (path, is_last) in
        journals.iter().map(|path| (path, false)).chain(last.iter().map(|path| (path, true)))
    {
        let journal = Journal::read(path).map_err(fjall::Error::Io)?;
        let Err(stop) = journal.whole() else { continue };
        if !is_last || journal.is_damaged(stop) {
            let place = format!("{} from byte {} on", path.display(), stop.batch);
            return Err(ErrorKind::Damaged { place }.into());
        }
        tracing::warn!(
            journal = %path.display(),
            bytes = journal.bytes.len() - stop.batch,
            "what was being written when the session store ended was cut off; it had been acknowledged to nobody"
        );
        cut_off(path, stop.batch).map_err(fjall::Error::Io)?;
    }
    Ok(())
}

/// The journals in the order in which they were begun.
fn find(engine: &Path) -> io::Result<Vec<PathBuf>> {
    let mut journals: Vec<(u64, PathBuf)> = Vec::new();
    let entries = match fs::read_dir(engine) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
        journals.extend(number.map(|number| (number, path)));
    }
    journals.sort();
    Ok(journals.into_iter().map(|(_, path)| path).collect())
}

fn cut_off(path: &Path, length: usize) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(u64::try_from(length).unwrap_or(u64::MAX))?;
    file.sync_all()
}

struct Journal {
    /// What was written, without the zeros behind it: the file is made longer than what is in it.
    bytes: Vec<u8>,
}

/// Where reading ended too early.
#[derive(Clone, Copy)]
struct Stop {
    /// The first batch that is not whole.
    batch: usize,
    /// The first entry of it that is none.
    entry: usize,
}

struct Batch {
    end: usize,
    order: u64,
    /// Whether it was synced before anything else was written. Uses alone are not.
    is_synced: bool,
}

enum Entry<'a> {
    Start { entries: u32, order: u64 },
    Change { length: usize, key: &'a [u8], is_removal: bool },
    End { checksum: u64 },
}

impl Journal {
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut bytes, mut length) = (Vec::new(), 0);
        let (mut chunk, zeros) = (vec![0; CHUNK], vec![0; CHUNK]);
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            // Most of a journal is a hole, which needs no memory.
            if chunk[..count] != zeros[..count] {
                bytes.resize(length, 0);
                bytes.extend_from_slice(&chunk[..count]);
            }
            length += count;
        }
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(written);
        Ok(Self { bytes })
    }

    /// Whether all that was written is whole batches, in order.
    fn whole(&self) -> std::result::Result<(), Stop> {
        let (mut at, mut last) = (0, None);
        while at < self.bytes.len() {
            let stopped = |entry| Stop { batch: at, entry };
            let batch = self.batch(at).map_err(stopped)?;
            // No checksum is over the order.
            if last >= Some(batch.order) {
                return Err(stopped(at));
            }
            (at, last) = (batch.end, Some(batch.order));
        }
        Ok(())
    }

    /// The batch that begins there, or the first entry of it that is none.
    fn batch(&self, start: usize) -> std::result::Result<Batch, usize> {
        let Some(Entry::Start { entries, order }) = self.entry(start) else { return Err(start) };
        let (mut at, mut is_synced, mut hasher) = (start + EDGE, false, Xxh3::new());
        for _ in 0..entries {
            let Some(Entry::Change { length, key, is_removal }) = self.entry(at) else { return Err(at) };
            hasher.update(&self.bytes[at..at + length]);
            is_synced |= is_removal || key != keys::META && key.len() != keys::ID;
            at += length;
        }
        match self.entry(at) {
            Some(Entry::End { checksum }) if checksum == hasher.digest() => {
                Ok(Batch { end: at + EDGE, order, is_synced })
            }
            _ => Err(at),
        }
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let bytes = self.bytes.get(at..)?;
        let u32_at = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let u64_at = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        match bytes.first()? {
            1 => Some(Entry::Start { entries: u32_at(1)?, order: u64_at(5)? }),
            2 => {
                let key = usize::from(u16::from_le_bytes(*bytes.get(11..)?.first_chunk()?));
                let length = HEAD.checked_add(key)?.checked_add(usize::try_from(u32_at(17)?).ok()?)?;
                let key = bytes.get(..length)?.get(HEAD..HEAD + key)?;
                Some(Entry::Change { length, key, is_removal: bytes[1] != 0 })
            }
            3 if bytes.get(9..EDGE)? == MAGIC => Some(Entry::End { checksum: u64_at(1)? }),
            _ => None,
        }
    }

    /// Whether what is not whole was so once. It was not if a sector of it never reached the disk, or if it ends too
    /// early. Two batches behind it that were synced say that it was: the second was begun after the first, and all
    /// before it, was safe.
    fn is_damaged(&self, stop: Stop) -> bool {
        let (next, synced) = self.batches_after(stop.batch);
        let has_gap = self.has_gap(stop.batch, next.unwrap_or(self.bytes.len()));
        match next {
            Some(_) => !has_gap || synced >= 2,
            None => !has_gap && self.is_long_enough(stop.entry),
        }
    }

    /// Where the first whole batch after a place begins, and how many of them were synced.
    fn batches_after(&self, place: usize) -> (Option<usize>, usize) {
        let (mut first, mut synced, mut at) = (None, 0, place + 1);
        while let Some(end) = self.bytes[at..].windows(MAGIC.len()).position(|it| it == MAGIC) {
            at += end + MAGIC.len();
            if let Ok(batch) = self.batch(at) {
                first.get_or_insert(at);
                synced += usize::from(batch.is_synced);
                at = batch.end - MAGIC.len();
            }
        }
        (first, synced)
    }

    /// Whether a sector, or what of it is in that range, is as it was before it was written.
    fn has_gap(&self, from: usize, to: usize) -> bool {
        let (mut at, zeros) = (from, [0; SECTOR]);
        while at < to {
            let end = (at + 1).next_multiple_of(SECTOR);
            if end > to {
                return false;
            }
            if self.bytes[at..end] == zeros[..end - at] {
                return true;
            }
            at = end;
        }
        false
    }

    /// Whether the last batch is as long as it was meant to be.
    fn is_long_enough(&self, entry: usize) -> bool {
        let is_end = self.bytes.get(entry) == Some(&3) && entry + EDGE == self.bytes.len();
        is_end || self.bytes.ends_with(MAGIC)
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
