//! Is there space on the disk? Asked by writing, which is the only answer that counts.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// More than the engine's own write buffer, so that what it could not write is not possible here either.
const SOME: usize = 64 * 1024;
/// Enough to go on with for a while.
const PLENTY: usize = 4 * 1024 * 1024;

/// Whether a write, not a sync, is refused for want of space just now.
pub(super) fn is_out(directory: &Path) -> bool {
    match write(directory, SOME, false) {
        Ok(()) => false,
        Err(error) => says_out(&error),
    }
}

/// Whether there is space to go on with.
pub(super) fn is_back(directory: &Path) -> bool {
    write(directory, PLENTY, true).is_ok()
}

/// Whether an error speaks of space.
pub(super) fn says_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

fn write(directory: &Path, bytes: usize, sync: bool) -> io::Result<()> {
    let path = directory.join("SPACE");
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![0; bytes])?;
        if sync { file.sync_all() } else { Ok(()) }
    });
    // What could not be removed is overwritten by the next question.
    let _ = fs::remove_file(&path);
    written
}
