//! The file into which attempts leave: a header, then a line for each attempt.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use recurring_core::Timestamp;
use serde::Serialize;

use super::leaving::{Leaving, PAGE, digest};

/// The first line: of which journal the attempts are, and before which time they were last changed.
#[derive(Debug, Serialize)]
pub(super) struct Header {
    /// The version of this format.
    pub(super) archive: u32,
    pub(super) journal: String,
    pub(super) before: Timestamp,
}

#[derive(Debug)]
pub(super) struct ArchiveFile {
    file: File,
    /// The digests of the newest lines that the file had when it was opened: of a page that was written, and whose attempts
    /// may not have left.
    newest: VecDeque<String>,
}

impl ArchiveFile {
    /// Opens the file, or creates it so that no other user can read it. A line that was cut off is taken away.
    pub(super) fn open(path: &Path, header: &Header) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.try_lock().map_err(|_| io::Error::other("another process is writing to it"))?;
        let mut line = serde_json::to_string(header).map_err(io::Error::other)?;
        line.push('\n');
        let found = read(&file)?;
        if found.first == line {
            // A line that was cut off belongs to attempts that have not left.
            file.set_len(found.end)?;
            file.seek(SeekFrom::Start(found.end))?;
        } else if line.starts_with(&found.first) {
            // Nothing, or a header that was cut off: no attempt has left.
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            sync_folder(path)?;
        } else {
            return Err(io::Error::other(
                "it is not the archive of this journal before this time; name a new file",
            ));
        }
        let newest = found.newest;
        Ok(Self { file, newest })
    }

    /// Appends what is not in the file yet, and waits for the disk.
    pub(super) fn write(&mut self, leaving: &[Leaving]) -> io::Result<()> {
        let mut out = BufWriter::new(&self.file);
        for one in leaving.iter().filter(|one| !self.newest.contains(&one.digest)) {
            out.write_all(one.line.as_bytes())?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        drop(out);
        self.file.sync_all()
    }
}

/// What a file has.
struct Found {
    /// The first line with its line break, or what there is of it.
    first: String,
    /// Where the last whole line ends.
    end: u64,
    newest: VecDeque<String>,
}

fn read(file: &File) -> io::Result<Found> {
    let mut lines = BufReader::new(file);
    let (mut first, mut end, mut newest) = (Vec::new(), 0, VecDeque::new());
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    loop {
        let mut line = Vec::new();
        let length = lines.read_until(b'\n', &mut line)?;
        if first.is_empty() {
            first.clone_from(&line);
        }
        if line.pop() != Some(b'\n') {
            break;
        }
        end += u64::try_from(length).unwrap_or(u64::MAX);
        newest.push_back(digest(&line));
        if newest.len() > most {
            newest.pop_front();
        }
    }
    let first = String::from_utf8(first).unwrap_or_else(|_| "not a text".to_owned());
    Ok(Found { first, end, newest })
}

/// The name of a new file must survive the loss of power, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
