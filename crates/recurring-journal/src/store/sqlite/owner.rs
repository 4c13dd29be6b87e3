//! The proof that the owner of an attempt is alive.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// The proof of life: a file that is locked while this process lives. The system lets go of it however the process ends.
pub(super) struct Owner {
    pub(super) name: String,
    path: PathBuf,
    _locked: File,
}

impl Owner {
    pub(super) fn new(database: &Path) -> Result<Self, StoreError> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let path = owner_path(database, &name);
        let failed = |error: std::io::Error| StoreError::ReadOnly(format!("{}: {error}", path.display()));
        // It gets its name when it is locked: a process that finds it unlocked may remove it.
        let unnamed = owner_path(database, &format!("{name}.new"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // Another user's process, such as an operator's, has to read it to see that it is locked.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
        let file = options.open(&unnamed).map_err(failed)?;
        file.lock().map_err(failed)?;
        std::fs::rename(&unnamed, &path).map_err(failed)?;
        Ok(Self { name, path, _locked: file })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // A file that stays behind is found unlocked, and is removed by the process that finds it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn owner_path(database: &Path, owner: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(format!("-owner-{owner}"));
    PathBuf::from(path)
}

/// Whether the lock of the owner's file is free.
///
/// The file may be that of another user of the machine: reading it is enough to ask for its lock, and a file that may not
/// even be read leaves the owner in doubt, which is not gone.
pub(super) fn owner_is_gone(database: &Path, owner: &str) -> Result<bool, StoreError> {
    let path = owner_path(database, owner);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(false),
        Err(error) => return Err(StoreError::Failed(format!("{}: {error}", path.display()))),
    };
    match file.try_lock() {
        Ok(()) => {
            let _ = std::fs::remove_file(&path);
            Ok(true)
        }
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(StoreError::Failed(format!("{}: {error}", path.display()))),
    }
}
