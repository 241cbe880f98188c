//! Whether the data directory is still there. Files that were removed, moved away or covered by a mount stay open and
//! take writes, which nobody will ever find again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files and folders by which a data directory is known, as they were when it was opened.
pub(super) struct Presence {
    directory: PathBuf,
    places: Vec<(PathBuf, Identity)>,
}

impl Presence {
    pub(super) fn of(directory: &Path, names: &[&str]) -> io::Result<Self> {
        let place = |name: &&str| {
            let path = directory.join(name);
            identity(&path).map(|identity| (path, identity))
        };
        let places = names.iter().map(place).collect::<io::Result<_>>()?;
        Ok(Self { directory: directory.to_path_buf(), places })
    }

    /// What has happened to it, if it is not as it was.
    pub(super) fn lost(&self) -> Option<String> {
        let lost = self.places.iter().find_map(|(path, known)| {
            let path_is = |what: &str| Some(format!("{} {what}", path.display()));
            match identity(path) {
                Ok(found) if found == *known => None,
                Ok(_) => path_is(
                    "is another one than at the start: it was exchanged, or something was mounted over it",
                ),
                Err(error) if error.kind() == io::ErrorKind::NotFound => path_is(
                    "is gone: the data directory was removed or moved away, or is not mounted any more",
                ),
                Err(error) => path_is(&format!("cannot be looked at ({error})")),
            }
        });
        lost.or_else(|| {
            is_read_only(&self.directory)
                .then(|| format!("the file system of {} has become read-only", self.directory.display()))
        })
    }
}

#[cfg(unix)]
type Identity = (u64, u64);

/// The device and the number on it.
#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::symlink_metadata(path).map(drop)
}

#[cfg(unix)]
fn is_read_only(directory: &Path) -> bool {
    rustix::fs::statvfs(directory)
        .is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

#[cfg(not(unix))]
fn is_read_only(_: &Path) -> bool {
    false
}
