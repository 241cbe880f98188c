//! Who may read and write the data directory: this user alone.
//!
//! Files that the engine makes later get what the process's umask leaves; the service sets that at its start. In a
//! program that does not, the directory's own mode keeps others out.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Result};

/// The folder that is made in a mount of another user.
#[cfg(unix)]
const OWN: &str = "sessioning";

/// The bits by which a group or others may write.
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;

/// How files of ours are opened: to be read, by this user alone, and never through a symbolic link.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

/// Makes a file anew, whatever was in its place.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => options().write(true).create_new(true).open(path),
    }
}

pub(super) fn unusable(directory: &Path, why: impl Into<String>) -> Error {
    ErrorKind::Unusable { store: format!("embedded:{}", directory.display()), why: why.into() }.into()
}

/// What a file system's error says of the directory, and what to do.
pub(super) fn failed(directory: &Path, attempt: &'static str, source: io::Error) -> Error {
    #[cfg(unix)]
    let is_link = source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    let is_link = false;
    let why = match source.kind() {
        _ if is_link => {
            "a file of ours in it is a symbolic link, which is not followed; put the file itself there"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "its disk is full; free some space",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file has its name, or a part of its path; name a directory"
        }
        _ => {
            let kind = ErrorKind::Directory { directory: directory.into(), attempt };
            return Error::from(kind).with_source(source);
        }
    };
    unusable(directory, why).with_source(source)
}

/// Where the data goes: into the directory, or into a folder of ours in it if it is a volume of another user, or one
/// that others may write to.
///
/// # Errors
///
/// When others may write there.
#[cfg(unix)]
pub(super) fn settle(directory: &Path) -> Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    let failed = |source| failed(directory, "use", source);
    let us = rustix::process::geteuid().as_raw();
    let link = fs::symlink_metadata(directory).map_err(failed)?;
    if link.is_symlink() && link.uid() != us && link.uid() != 0 {
        let why = format!(
            "it is a symbolic link of user {}, who could lead it anywhere; name the directory itself",
            link.uid()
        );
        return Err(unusable(directory, why));
    }
    let found = fs::metadata(directory).map_err(failed)?;
    let (is_ours, is_mount) = (found.uid() == us, is_mount(directory));
    let is_begun = fs::symlink_metadata(directory.join("FORMAT")).is_ok();
    if is_ours && (is_begun || !is_mount || found.mode() & OTHERS_WRITE == 0) {
        return check_alone(directory, &found).map(|()| directory.to_path_buf());
    }
    if !is_mount {
        let why = format!(
            "its owner is user {}, not this one ({us}), and could change what is in it; make it this user's (chown {us}), \
             or choose another directory",
            found.uid()
        );
        return Err(unusable(directory, why));
    }
    let own = directory.join(OWN);
    if is_begun {
        let why = format!(
            "it is a volume of user {}, who could change what is in it; make it this user's (chown {us}), or move all \
             that is in it into {}",
            found.uid(),
            own.display()
        );
        return Err(unusable(directory, why));
    }
    match fs::DirBuilder::new().mode(0o700).create(&own) {
        Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
            let why = format!(
                "it is a volume of user {}, in which this user ({us}) may make no folder; make it this user's (chown {us})",
                found.uid()
            );
            return Err(unusable(directory, why).with_source(source));
        }
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => return Err(failed(source)),
        _ => {}
    }
    let found = fs::symlink_metadata(&own).map_err(failed)?;
    if !found.is_dir() || found.uid() != us {
        return Err(unusable(&own, "it is not a folder of this user; remove it or choose another directory"));
    }
    if found.mode() & 0o002 == 0 {
        // Kubernetes opens everything in a volume to the group of the pod (fsGroup) at each start.
        close(&own, &found, 0o700).map_err(failed)?;
    } else {
        check_alone(&own, &found)?;
    }
    Ok(own)
}

#[cfg(not(unix))]
pub(super) fn settle(directory: &Path) -> Result<PathBuf> {
    Ok(directory.to_path_buf())
}

#[cfg(unix)]
fn check_alone(directory: &Path, found: &fs::Metadata) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mode = found.permissions().mode() & 0o777;
    if mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    let path = directory.display();
    Err(unusable(directory, format!("others may write to it (mode {mode:o}); run chmod 700 {path}")))
}

/// Whether something is mounted there.
#[cfg(unix)]
fn is_mount(directory: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let device = |path: &Path| fs::metadata(path).map(|found| found.dev());
    let other_device = match (device(directory), device(&directory.join(".."))) {
        (Ok(here), Ok(above)) => here != above,
        _ => false,
    };
    other_device || is_mount_root(directory)
}

/// The same for what is mounted from the same device.
#[cfg(target_os = "linux")]
fn is_mount_root(directory: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

    statx(CWD, directory, AtFlags::empty(), StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_mount_root(_: &Path) -> bool {
    false
}

/// Takes from others the right to read the directory, and what is ours in it. Whatever else is there stays as it is.
#[cfg(unix)]
pub(super) fn restrict(directory: &Path, names: &[&str]) -> io::Result<()> {
    for name in names {
        let path = directory.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) => restrict_all(&path, &found)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    close(directory, &fs::metadata(directory)?, 0o700)
}

#[cfg(unix)]
fn restrict_all(path: &Path, found: &fs::Metadata) -> io::Result<()> {
    if found.is_file() {
        return close(path, found, 0o600);
    }
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            restrict_all(&entry.path(), &entry.metadata()?)?;
        }
        return close(path, found, 0o700);
    }
    Ok(())
}

#[cfg(unix)]
fn close(path: &Path, found: &fs::Metadata, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match found.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
    }
}

#[cfg(not(unix))]
pub(super) fn restrict(_: &Path, _: &[&str]) -> io::Result<()> {
    Ok(())
}
