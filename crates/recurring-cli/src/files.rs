//! What is read from and written to files. No message quotes a file's content.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use recurring_facade::{PendingEnrolment, StoredCredential};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::error::CliError;

/// Reads JSON from a file, or from standard input for `-`. A line that one of our own commands printed is
/// understood too: then `member` holds what is wanted.
///
/// A member that is named twice is refused: which of the two is meant is not known.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, member: &str) -> Result<T, CliError> {
    if path.to_string_lossy().trim_start().starts_with('{') {
        // What is in it may be a token.
        return Err(CliError::usage(format!(
            "cannot read the {member}: JSON was given where the name of a file belongs, and other users of this machine \
             can read arguments; name the file, or pass `-` and give the JSON on standard input"
        )));
    }
    let text = text(path)?;
    let refuse = |why: String| CliError::usage(format!("cannot read {}: {why}", path.display()));
    let Members(members) = serde_json::from_str(&text)
        .map_err(|error| refuse(format!("it is not JSON (line {})", error.line())))?;
    let mut wanted = members.iter().filter(|(name, _)| name == member);
    let json = match (wanted.next(), wanted.next()) {
        (Some(_), Some(_)) => return Err(refuse(format!("it names `{member}` twice"))),
        (Some((_, json)), None) => json.get(),
        (None, _) => &text,
    };
    serde_json::from_str(json).map_err(|error| {
        // Only the name of a member may be shown: other messages of the parser quote values.
        let text = error.to_string();
        let name = |text: &str| text.split(" at line ").next().unwrap_or_default().to_owned();
        let missing = text.strip_prefix("missing field ").map(|text| format!(": it has no {}", name(text)));
        let twice =
            text.strip_prefix("duplicate field ").map(|text| format!(": it names {} twice", name(text)));
        let why = missing.or(twice).unwrap_or_default();
        if let Some(other) = other_file(json, path) {
            return refuse(other);
        }
        refuse(format!("it does not hold a {member} as `recurring` writes it{why}"))
    })
}

/// What a file of ours holds that is not what was wanted, and what it is for.
fn other_file(json: &str, path: &Path) -> Option<String> {
    let path = path.display();
    if serde_json::from_str::<StoredCredential>(json).is_ok() {
        Some(format!("it holds a stored credential; charge it with `recurring charge {path}`"))
    } else if serde_json::from_str::<PendingEnrolment>(json).is_ok() {
        Some(format!(
            "it holds a pending enrolment; once the customer has paid, `recurring resume {path} --credential NEW_FILE` \
             makes a stored credential of it"
        ))
    } else {
        None
    }
}

/// The members of an object in their order, also those that are named twice.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn text(path: &Path) -> Result<String, CliError> {
    if path.as_os_str() == "-" {
        return standard_input();
    }
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// Why a file cannot be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> CliError {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check its name and the folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder; name a file in it".to_owned(),
        io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        _ => error.to_string(),
    };
    CliError::usage(format!("cannot read {}: {why}", path.display()))
}

/// The folder of a new file, where it is missing: an error that says to make it.
pub(crate) fn check_folder(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.exists() => {
            Err(format!("there is no folder {}; make it first", folder.display()))
        }
        Some(folder) if !folder.is_dir() => Err(format!("{} is not a folder", folder.display())),
        _ => Ok(()),
    }
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    if path.as_os_str() == "-" {
        return standard_input_bytes();
    }
    std::fs::read(path).map_err(|error| CliError::usage(format!("cannot read {}: {error}", path.display())))
}

/// All of standard input, as the bytes that came.
pub(crate) fn standard_input_bytes() -> Result<Vec<u8>, CliError> {
    say_what_is_awaited();
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(unreadable_input)?;
    Ok(bytes)
}

/// All of standard input.
pub(crate) fn standard_input() -> Result<String, CliError> {
    say_what_is_awaited();
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(unreadable_input)?;
    Ok(text)
}

/// A program that waits for its input without a word looks as if it hung.
fn say_what_is_awaited() {
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "recurring: reading standard input; Ctrl-D ends it");
    }
}

fn unreadable_input(error: io::Error) -> CliError {
    CliError::usage(format!("cannot read standard input: {error}"))
}

/// How many bytes are reserved for what will be written: more than a credential or a pending enrolment has.
const RESERVED: usize = 16 * 1024;

/// A file that appears whole or not at all, readable by its owner alone. It is written under another name beside its own,
/// and removed when it is not kept: a program that stops on the way leaves nothing that blocks the next try.
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl NewFile {
    /// Makes sure that a file can be written, before anything happens that must be written there: the folder takes a new
    /// file, and the disk has room for it. A file that exists is not overwritten.
    pub(crate) fn reserve(path: &Path) -> Result<Self, CliError> {
        let problem = |error: io::Error| CliError::usage(format!("cannot write {}: {error}", path.display()));
        if path.symlink_metadata().is_ok() {
            let path = path.display();
            return Err(CliError::usage(format!("cannot write {path}: it exists already; name a new file")));
        }
        check_folder(path)
            .map_err(|why| CliError::usage(format!("cannot write {}: {why}", path.display())))?;
        let name = path.file_name().ok_or_else(|| problem(io::ErrorKind::InvalidFilename.into()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let other_name = format!(".{}.{}-{now}.tmp", name.to_string_lossy(), std::process::id());
        let temporary = path.with_file_name(other_name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(&temporary).map_err(problem)?;
        let mut new = Self { path: path.to_owned(), temporary, file };
        new.file.write_all(&[b' '; RESERVED]).and_then(|()| new.file.sync_all()).map_err(problem)?;
        Ok(new)
    }

    /// Where it will be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the value, all the way to the disk, and then gives the file its name.
    pub(crate) fn keep(mut self, value: &impl Serialize) -> Result<(), CliError> {
        let problem = |error: String| CliError::io(format!("cannot write {}: {error}", self.path.display()));
        let text = serde_json::to_string_pretty(value).map_err(|error| problem(error.to_string()))? + "\n";
        let written = self
            .file
            .rewind()
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.stream_position())
            .and_then(|length| self.file.set_len(length))
            .and_then(|()| self.file.sync_all())
            .and_then(|()| name(&self.temporary, &self.path));
        written.map_err(|error| problem(error.to_string()))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // It has gone when the file was kept.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// Gives a file its name, in one step and not in the place of another one.
fn name(temporary: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(temporary, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // Not every file system has a second name for a file.
        Err(_) if path.symlink_metadata().is_err() => std::fs::rename(temporary, path)?,
        Err(error) => return Err(error),
    }
    // The file is there: a folder that cannot be flushed does not make it lost.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_file_appears_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("recurring-files-{}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        let entries = || std::fs::read_dir(&folder).expect("a folder").count();
        let path = folder.join("kept.json");
        drop(NewFile::reserve(&path).expect("reserved"));
        assert_eq!(entries(), 0);
        let (one, two) =
            (NewFile::reserve(&path).expect("reserved"), NewFile::reserve(&path).expect("reserved"));
        assert!(!path.exists());
        one.keep(&"the first").expect("kept");
        assert!(two.keep(&"the second").is_err(), "a file in its place is not overwritten");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "\"the first\"\n");
        assert!(
            NewFile::reserve(&path).is_err() && NewFile::reserve(&folder.join("none/kept.json")).is_err()
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(entries(), 1);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
