//! Files of the service are for its own user, whatever the umask it was started with. Sockets keep to that one: who
//! may connect is the operator's choice.

#[cfg(unix)]
use std::{fs, io, os::unix::fs::PermissionsExt, path::Path, sync::OnceLock};

#[cfg(unix)]
use rustix::fs::Mode;

/// The umask that the process was started with.
#[cfg(unix)]
static BEFORE: OnceLock<u32> = OnceLock::new();

/// Makes all files that this process creates from now on its own user's. Of the whole process, so the program calls
/// it, before it starts a thread.
pub fn keep_files_private() {
    #[cfg(unix)]
    {
        let before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
        BEFORE.get_or_init(|| before.bits());
    }
}

/// Gives a socket the mode that it would have without [`keep_files_private`].
#[cfg(unix)]
pub(crate) fn open_socket(path: &Path) -> io::Result<()> {
    match BEFORE.get() {
        Some(before) => fs::set_permissions(path, fs::Permissions::from_mode(0o777 & !before)),
        None => Ok(()),
    }
}
