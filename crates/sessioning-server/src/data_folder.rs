//! Where on the disk an embedded store keeps its files.

use std::path::{Path, PathBuf};

/// The folder, with its full path, in which the store at `path` keeps its files; `None` if it has none there yet.
pub(crate) fn find(path: &Path) -> Option<PathBuf> {
    // In a volume of another user the data is in a folder of its own.
    let places = [path.to_path_buf(), path.join("sessioning")];
    let found = places.into_iter().find(|place| place.join("FORMAT").is_file())?;
    std::path::absolute(found).ok()
}
