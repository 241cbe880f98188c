//! What the disk does not give back as it was written: which file it is in, and how to go on around it.
//!
//! What is damaged is an error wherever the newest version of a record may lie in it. Nothing is read around it for an
//! answer; purges and copies go on after it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fjall::{AbstractTree, Keyspace, LsmError, Slice};
use parking_lot::Mutex;

use super::engine::Engine;
use super::keys::{self, Space};
use crate::{Error, ErrorKind, Result};

/// How many entries of each table are looked through for the damage that a read has met.
const LOOK: usize = 10_000;

/// The damaged files that were met. Each is reported once.
#[derive(Clone, Default)]
pub(super) struct Damages(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Damages {
    /// Reports a file, unless it was reported before.
    fn report(&self, file: &Path, met: &str) {
        if self.0.lock().insert(file.into()) {
            let kind = ErrorKind::Damaged { place: file.display().to_string() };
            tracing::error!(%met, "{kind}");
        }
    }

    /// The files, in words.
    pub(super) fn names(&self) -> String {
        let files: Vec<_> = self.0.lock().iter().map(|file| file.display().to_string()).collect();
        files.join(", ")
    }

    /// Whether a file of that space is known to be damaged.
    pub(super) fn is_in(&self, space: &Keyspace) -> bool {
        self.0.lock().iter().any(|file| file.starts_with(space.path()))
    }

    #[cfg(test)]
    fn all(&self) -> Vec<PathBuf> {
        self.0.lock().iter().cloned().collect()
    }

    /// Reports what in a space is damaged, after work on all of it has failed with that error.
    pub(super) fn look_through(&self, space: &Keyspace, error: &LsmError) {
        if is_damage(error) {
            let version = space.tree.current_version();
            let damaged = version.iter_tables().find(|table| table.range(..).any(|entry| entry.is_err()));
            let file = damaged.map_or_else(|| space.path().into(), |table| table.path.to_path_buf());
            self.report(&file, "merging tables");
        }
    }
}

impl Engine {
    /// The error of a read in a range. Damage is named, and reported once.
    pub(super) fn failed(&self, space: Space, range: &RangeInclusive<Vec<u8>>, error: fjall::Error) -> Error {
        if !matches!(&error, fjall::Error::Storage(error) if is_damage(error)) {
            return error.into();
        }
        let tree = &self.space(space).tree;
        let keys = Slice::from(&**range.start())..=Slice::from(&**range.end());
        let version = tree.current_version();
        let damaged =
            version.iter_tables().find(|table| table.range(keys.clone()).take(LOOK).any(|it| it.is_err()));
        let file = damaged.map_or_else(|| self.space(space).path().into(), |table| table.path.to_path_buf());
        let met = met(space, range.start());
        self.damages.report(&file, &met);
        // Without what was being read: errors that are one are told as one.
        let place = file.display().to_string();
        Error::new(ErrorKind::Damaged { place }).with_source(error)
    }

    /// The first `limit` keys of a range, without those that are damaged.
    pub(super) fn readable_keys(
        &self,
        space: Space,
        range: RangeInclusive<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>> {
        let (mut first, last) = range.into_inner();
        let (mut found, mut is_reported) = (Vec::<Vec<u8>>::new(), false);
        while found.len() < limit && first <= last {
            let rest = first.clone()..=last.clone();
            let mut entries = self.space(space).range(rest.clone()).take(limit - found.len());
            let failed = entries.find_map(|entry| match entry.key() {
                Ok(key) => {
                    found.push(key.to_vec());
                    None
                }
                Err(error) => Some(error),
            });
            match failed {
                None => break,
                Some(error) if !is_reported => {
                    let error = self.failed(space, &rest, error);
                    if !error.is_damage() {
                        return Err(error);
                    }
                    is_reported = true;
                }
                Some(_) => {}
            }
            let from = found.last().map_or(first, |key| keys::after(key));
            let Some(key) = self.next_in_tables(space, from..=last.clone()) else { break };
            first = keys::after(&key);
            // Whether it is still there is for all tables to say, and the newest of it may be damaged.
            if matches!(self.get(space, &key), Ok(Some(_))) {
                found.push(key);
            }
        }
        Ok(found)
    }

    /// The first key of a range that some table gives, whatever is damaged before it.
    fn next_in_tables(&self, space: Space, range: RangeInclusive<Vec<u8>>) -> Option<Vec<u8>> {
        let range = Slice::from(&**range.start())..=Slice::from(&**range.end());
        let version = self.space(space).tree.current_version();
        let firsts =
            version.iter_tables().filter_map(|table| table.range(range.clone()).find_map(|it| it.ok()));
        firsts.map(|entry| entry.key.user_key.to_vec()).min()
    }
}

/// What somebody was reading, in words.
fn met(space: Space, key: &[u8]) -> String {
    let id = || keys::id_of(key).map_or_else(|| "the sessions".into(), |id| format!("session {id}"));
    let owner = |key| {
        let owner = keys::owner_of(key)?;
        Some(format!("what user {} of namespace {} has", owner.user(), owner.namespace()))
    };
    match space {
        Space::Sessions => id(),
        Space::Users => {
            key.split_last_chunk::<16>().and_then(|it| owner(it.0)).unwrap_or_else(|| "the users".into())
        }
        Space::Counted => owner(key).unwrap_or_else(|| "what counts for limits".into()),
        Space::Purge => "what is to be purged".into(),
        Space::Meta => "the store's own numbers".into(),
        Space::Endings => "what was ended all at once".into(),
    }
}

/// Whether it says that what was read is not what was written.
pub(super) fn is_damage(error: &LsmError) -> bool {
    match error {
        LsmError::Io(error) => {
            error.kind() == std::io::ErrorKind::UnexpectedEof || error.raw_os_error() == Some(BAD_SECTOR)
        }
        LsmError::InvalidVersion(_) => false,
        _ => true,
    }
}

/// `EIO`: what a disk says of a block that it cannot read.
const BAD_SECTOR: i32 = 5;

impl Error {
    /// Whether it names damage on the disk.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self.kind(), ErrorKind::Damaged { .. })
    }
}

#[cfg(test)]
#[path = "damage_tests.rs"]
mod tests;
