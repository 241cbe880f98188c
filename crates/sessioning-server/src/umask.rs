//! Files of the service are for its own user, whatever the umask it was started with. Who else may connect to a socket is
//! said where it is configured.

/// Makes all files that this process creates from now on its own user's. Of the whole process, so the program calls
/// it, before it starts a thread.
pub fn keep_files_private() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
}
