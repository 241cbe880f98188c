//! Where secrets come from.

use crate::{Error, ErrorKind, Result};

/// A source of random bytes fit for secrets.
pub trait Random: Send + Sync + 'static {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    ///
    /// When the source cannot give them; whoever asked must then fail, too.
    fn fill(&self, bytes: &mut [u8]) -> Result<()>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|source| Error::new(ErrorKind::Random).with_source(source))
    }
}
