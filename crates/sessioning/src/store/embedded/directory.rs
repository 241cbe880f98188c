//! The data directory: whose it is, and which format it has.
//!
//! Every step of making one can be cut off and done again: the files that tell something are written under another
//! name and renamed once they are whole.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::access;
use super::presence::Presence;
use crate::{ErrorKind, Result};

const FORMAT: &str = "sessioning data directory, format 2";
/// What was ended all at once was in one record then. Opening the engine moves it.
const FORMAT_1: &str = "sessioning data directory, format 1";
/// What is ours in it.
const NAMES: [&str; 6] = ["FORMAT", "FORMAT.new", "LOCK", "SPACE", "engine", "engine.new"];
/// What may be there before FORMAT is.
const BEGINNING: [&str; 4] = ["FORMAT.new", "LOCK", "SPACE", "lost+found"];

/// A data directory that is ours until this is dropped.
pub(super) struct Directory {
    path: PathBuf,
    /// Locked as long as it is open; the operating system unlocks it however the process ends.
    _lock: File,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |attempt, source| access::failed(path, attempt, source);
        create(path).map_err(|source| failed("create", source))?;
        let path = access::settle(path)?;
        // Before anything is made or changed in it.
        refuse_foreign(&path).map_err(|source| failed("look into", source))??;
        let lock = lock(&path)?;
        let directory = Self { path, _lock: lock };
        directory.check_format()?;
        access::restrict(&directory.path, &NAMES)
            .map_err(|source| failed("take from others the right to read", source))?;
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that is the engine's own.
    pub(super) fn engine(&self) -> PathBuf {
        self.path.join("engine")
    }

    /// Makes that folder if it is not there: all of it or nothing. What a start that was cut off left is thrown away;
    /// nothing can have been acknowledged from it.
    pub(super) fn make_engine(&self, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let failed = |source| access::failed(&self.path, "make the engine in", source);
        let (engine, draft) = (self.engine(), self.draft());
        if engine.try_exists().map_err(failed)? {
            return Ok(());
        }
        if draft.try_exists().map_err(failed)? {
            fs::remove_dir_all(&draft).map_err(failed)?;
        }
        make(&draft)?;
        sync_all(&draft)
            .and_then(|()| fs::rename(&draft, &engine))
            .and_then(|()| sync_names(&self.path))
            .map_err(failed)
    }

    /// By what it is known from now on; the engine's folder has to be there.
    pub(super) fn presence(&self) -> Result<Presence> {
        Presence::of(&self.path, &["LOCK", "FORMAT", "engine"])
            .map_err(|source| access::failed(&self.path, "look at", source))
    }

    fn draft(&self) -> PathBuf {
        self.path.join("engine.new")
    }

    pub(super) fn error(&self, attempt: &'static str) -> ErrorKind {
        ErrorKind::Directory { directory: self.path.clone(), attempt }
    }

    fn check_format(&self) -> Result<()> {
        let path = self.path.join("FORMAT");
        let failed = |source| access::failed(&self.path, "read or write FORMAT in", source);
        match read(&path) {
            Ok(found) if found.trim_end() == FORMAT => Ok(()),
            // First, so that no earlier version opens what it does not know to have ended.
            Ok(found) if found.trim_end() == FORMAT_1 => {
                write_whole(&path, FORMAT).and_then(|()| sync_names(&self.path)).map_err(failed)
            }
            Ok(found) if found.trim().is_empty() => {
                let why = format!(
                    "FORMAT in it is empty, as a damaged disk may leave it; restore a backup, or if no other version has \
                     used it write \"{FORMAT}\" into that file"
                );
                Err(access::unusable(&self.path, why))
            }
            Ok(found) => {
                let found = found.lines().next().unwrap_or_default().chars().take(80).collect();
                Err(ErrorKind::NewerFormat { directory: self.path.clone(), found }.into())
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                write_whole(&path, FORMAT).and_then(|()| sync_names(&self.path)).map_err(failed)
            }
            Err(source) => Err(failed(source)),
        }
    }
}

/// Refuses a directory that holds something but was not begun by us: FORMAT comes before the engine, so an engine without
/// it is not ours, either. What is hidden, or of the file system itself, does not count.
fn refuse_foreign(directory: &Path) -> io::Result<Result<()>> {
    let is_there = |name: &str| fs::symlink_metadata(directory.join(name)).is_ok();
    if is_there("FORMAT") {
        return Ok(Ok(()));
    }
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') && !BEGINNING.contains(&&*name) {
            let why = format!(
                "{} is there but no FORMAT, so it is no data directory; choose an empty one, such as {}",
                directory.join(&*name).display(),
                directory.join("sessions").display()
            );
            return Ok(Err(access::unusable(directory, why)));
        }
    }
    Ok(Ok(()))
}

fn lock(path: &Path) -> Result<File> {
    let failed = |source| access::failed(path, "lock", source);
    let mut options = access::options();
    let opened = options.write(true).create(true).truncate(false).open(path.join("LOCK"));
    let mut file = opened.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            sign(&mut file).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.is_empty() { "another process".into() } else { holder.trim().into() };
            Err(ErrorKind::InUse { directory: path.to_path_buf(), holder }.into())
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Writes who we are, for the message that another process will show.
fn sign(file: &mut File) -> io::Result<()> {
    let now = humantime::format_rfc3339_seconds(SystemTime::now());
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "process {}, started {now}", std::process::id())
}

/// Makes the directory, for this user alone, if it is not there.
fn create(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    builder.recursive(true).create(path)?;
    // A new folder is durable once the one that names it is synced.
    missing.iter().filter_map(|folder| folder.parent()).try_for_each(|parent| {
        sync_names(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
    })
}

/// What is in a file of ours, of which a line is enough.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    access::options().open(path)?.take(4096).read_to_string(&mut text)?;
    Ok(text)
}

/// A crash leaves the file whole or absent.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = access::create(&draft)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(draft, path)
}

/// Makes all files and names in a folder durable.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_names(folder)
}

#[cfg(unix)]
fn sync_names(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_names(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
