//! Who else may change the files of a journal: a row that another user of the machine writes, or a log that is put beside
//! the file, is a second charge.

#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::Path;

#[cfg(unix)]
use super::path::{BESIDE, folder, with_end};
use crate::error::StoreError;

/// Refuses a name that is a symbolic link: the files beside a journal belong to the name of the file itself, and a
/// user who may change the link chooses the journal.
pub(super) fn refuse_link(path: &Path) -> Result<(), StoreError> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_symlink() => Err(StoreError::Unsafe(format!(
            "{} is a symbolic link; name the file that it leads to",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Refuses a journal that users of the machine other than its owner may write to, replace, or put files beside.
#[cfg(unix)]
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let Some(journal) = owner(path)? else { return Ok(()) };
    for end in BESIDE {
        let beside = with_end(path, end);
        // SQLite gives these files the owner of the database, whichever user makes them.
        if owner(&beside)?.is_some_and(|found| found != journal) {
            return Err(StoreError::Unsafe(format!(
                "{} belongs to another user than {}; find out who made it, and compare the journal with a backup",
                beside.display(),
                path.display()
            )));
        }
    }
    check_folder(path)
}

/// The owner of a file, `None` where there is none.
#[cfg(unix)]
fn owner(path: &Path) -> Result<Option<u32>, StoreError> {
    refuse_link(path)?;
    let Ok(found) = path.symlink_metadata() else { return Ok(None) };
    if found.mode() & OTHERS_WRITE != 0 {
        return Err(StoreError::Unsafe(format!(
            "other users can write to {} (mode {:o}); run chmod 600 on it",
            path.display(),
            found.mode() & 0o7777
        )));
    }
    Ok(Some(found.uid()))
}

/// Refuses a folder in which other users may replace files. In one with the sticky bit, as `/tmp`, they may add
/// their own alone.
#[cfg(unix)]
pub(super) fn check_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = folder(path) else { return Ok(()) };
    let Ok(found) = folder.metadata() else { return Ok(()) };
    if found.mode() & OTHERS_WRITE != 0 && found.mode() & STICKY == 0 {
        return Err(StoreError::Unsafe(format!(
            "other users can replace files in the folder {} (mode {:o}); run chmod go-w on it, or move the journal \
             to a folder with mode 700",
            folder.display(),
            found.mode() & 0o7777
        )));
    }
    Ok(())
}

/// Group and others.
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;
#[cfg(unix)]
const STICKY: u32 = 0o1000;

/// Elsewhere, who may write to a file is a list that the standard library does not read.
#[cfg(not(unix))]
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    refuse_link(path)
}

#[cfg(not(unix))]
pub(super) fn check_folder(_: &Path) -> Result<(), StoreError> {
    Ok(())
}
