//! The names of the files that a journal consists of.

use std::path::{Path, PathBuf};

/// What SQLite keeps beside the database while it is in use.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The path with this text at its end.
pub(super) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    PathBuf::from(path)
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> Option<&Path> {
    path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}
