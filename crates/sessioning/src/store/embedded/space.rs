//! Is there space on the disk? Asked by writing, which is the only answer that counts.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::access;

/// More than the engine's own write buffer, so that what it could not write is not possible here either.
const SOME: usize = 64 * 1024;
/// Enough to go on with for a while.
const PLENTY: usize = 4 * 1024 * 1024;
/// As much as the engine may write before it can free anything.
const MUCH: u64 = 256 * 1024 * 1024;

/// Whether a write, not a sync, is refused for want of space just now.
pub(super) fn is_out(directory: &Path) -> bool {
    match write(directory, SOME, false) {
        Ok(()) => false,
        Err(error) => says_out(&error),
    }
}

/// Whether the disk has less space than the engine may need at once in the background. What it could not write is
/// removed again, so asking for a little would not tell.
pub(super) fn is_short(directory: &Path) -> bool {
    is_out(directory) || reserve(directory, MUCH).is_err_and(|error| says_out(&error))
}

/// Whether there is space to go on with.
pub(super) fn is_back(directory: &Path) -> bool {
    write(directory, PLENTY, true).is_ok()
}

/// Whether an error speaks of space.
pub(super) fn says_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

fn write(directory: &Path, bytes: usize, sync: bool) -> io::Result<()> {
    try_out(directory, |file| {
        file.write_all(&vec![0; bytes])?;
        if sync { file.sync_all() } else { Ok(()) }
    })
}

/// Asks for space without writing it. Elsewhere than on Linux it is taken for granted.
#[cfg(target_os = "linux")]
fn reserve(directory: &Path, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    try_out(directory, |file| Ok(fallocate(&*file, FallocateFlags::empty(), 0, bytes)?))
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: &Path, _: u64) -> io::Result<()> {
    Ok(())
}

fn try_out(directory: &Path, attempt: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let path = directory.join("SPACE");
    let tried = access::create(&path).and_then(|mut file| attempt(&mut file));
    let _ = fs::remove_file(&path);
    tried
}
