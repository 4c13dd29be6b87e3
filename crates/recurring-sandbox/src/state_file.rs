//! The file from which a sandbox starts again: what was sent to it, one line for each event.
//!
//! All that the sandbox remembers follows from the seed of its ids, its keys, and the requests in their order with their
//! times. So the file is a log that only grows: a line is written before the answer is sent, and a process that is
//! killed loses nothing that was answered. Lines are not forced onto the disk one by one: after a power failure
//! the last ones may be missing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The version of the sandbox that wrote the file. Another one may answer differently.
    pub(crate) recurring_sandbox: String,
    pub(crate) seed: String,
    /// How far the clock was ahead of the real time at the start, in nanoseconds.
    pub(crate) ahead: String,
    pub(crate) keys: Vec<String>,
}

/// What changed the sandbox. Times are those of its clock.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// A process started under this address.
    Start { origin: String },
    /// A request to a gateway or a payment page.
    Request(Box<KeptRequest>),
    /// The clock was moved.
    Advance { seconds: u64, nanoseconds: u32 },
    /// Payments fell due without a request.
    Due { at: String, ids: u64 },
    /// The addresses for webhooks of whole accounts.
    Webhooks(Map<String, Value>),
    /// What the issuer of a cardholder's cards answers was set: a response code, or what the card's number says.
    Issuer { cardholder: String, response: Option<String> },
    /// The access tokens of a gateway were taken away by a fault.
    TokensExpired { gateway: String },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptRequest {
    pub(crate) at: String,
    /// How many ids were given out before.
    pub(crate) ids: u64,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// In base64.
    pub(crate) body: String,
    /// A digest of the answer: a replay must give the same one.
    pub(crate) answer: String,
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// An open state file. No other sandbox has it at the same time.
#[derive(Debug)]
pub(crate) struct StateFile {
    file: File,
    path: PathBuf,
    /// Why nothing is written anymore.
    problem: Option<String>,
}

/// What an existing file holds.
pub(crate) type Kept = (Header, Vec<Event>);

impl StateFile {
    /// Opens the file, or creates it for its owner only. `None` for what it holds when it is new.
    pub(crate) fn open(path: &Path) -> io::Result<(StateFile, Option<Kept>)> {
        let failed = |reason: &dyn std::fmt::Display, remedy: &str| {
            let path = path.display();
            io::Error::other(format!("cannot use the state file {path}: {reason}{remedy}"))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| failed(&error, ""))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(failed(&"another sandbox has it open", "; end that one, or name another file"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error, "")),
        }
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(|error| failed(&error, ""))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| failed(&error, ""))?;
        // A line without an end is one of which nothing was answered yet: the process was killed while it wrote it.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let text = bytes.get(..whole).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| failed(&"it is not text", DELETE))?;
        let kept = match text.split_once('\n') {
            None if bytes.is_empty() || bytes.starts_with(b"{\"recurring_sandbox\"") => None,
            None => return Err(failed(&"it was not written by a sandbox", "; name another file")),
            Some((head, events)) => Some(read(head, events).map_err(|reason| failed(&reason, DELETE))?),
        };
        let end = u64::try_from(whole).map_err(|error| failed(&error, ""))?;
        file.set_len(end)
            .and_then(|()| file.seek(SeekFrom::Start(end)))
            .map_err(|error| failed(&error, ""))?;
        Ok((StateFile { file, path: path.to_owned(), problem: None }, kept))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line. After a failure nothing is written anymore, since a line would be missing.
    pub(crate) fn add(&mut self, line: &impl Serialize) {
        if self.problem.is_some() {
            return;
        }
        let written = serde_json::to_string(line).map_err(io::Error::other).and_then(|mut text| {
            text.push('\n');
            self.file.write_all(text.as_bytes())
        });
        self.problem = written.err().map(|error| {
            format!(
                "cannot write the state file {}: {error}; the sandbox has to be started again",
                self.path.display()
            )
        });
    }

    /// Lets another sandbox open it. Nothing is written anymore.
    pub(crate) fn close(&mut self) {
        // Where that fails, it is unlocked when this value goes.
        drop(self.file.unlock());
        self.problem = Some("the sandbox has shut down".to_owned());
    }

    /// Why nothing is written anymore.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

const DELETE: &str = "; delete it to start anew";

fn read(head: &str, events: &str) -> Result<Kept, String> {
    let version = serde_json::from_str::<Value>(head).ok();
    let version = version.as_ref().and_then(|head| head.get("recurring_sandbox")?.as_str());
    let version = version.ok_or("it was not written by a sandbox")?;
    let own = env!("CARGO_PKG_VERSION");
    if version != own {
        return Err(format!("it was written by version {version}, and this is version {own}"));
    }
    let header = serde_json::from_str(head).map_err(|error| format!("line 1 is broken: {error}"))?;
    let events = events.lines().enumerate().map(|(place, line)| {
        serde_json::from_str(line).map_err(|error| format!("line {} is broken: {error}", place + 2))
    });
    Ok((header, events.collect::<Result<Vec<Event>, String>>()?))
}
