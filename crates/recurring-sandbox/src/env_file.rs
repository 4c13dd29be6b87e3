//! The settings for the clients as a file that a shell, docker and most test runners read.

use crate::ids::random_bytes;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes `NAME=value` lines, for the owner only. The file appears complete or not at all.
pub(crate) fn write(path: &Path, settings: &[(&'static str, String)]) -> io::Result<()> {
    let failed = |reason: &dyn std::fmt::Display| {
        io::Error::other(format!("cannot write the settings to {}: {reason}", path.display()))
    };
    let mut text = String::new();
    for (name, value) in settings {
        // A shell wants quotes around anything else, and docker takes quotes as a part of the value.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+,=-".contains(&byte);
        if !value.bytes().all(plain) {
            return Err(failed(&format!(
                "{name} is `{value}`, which a shell and docker read in different ways; use folders whose names have no blanks or \
                 special characters"
            )));
        }
        text.push_str(&format!("{name}={value}\n"));
    }
    let name = path.file_name().ok_or_else(|| failed(&"that is not a file name"))?;
    let mark: String = random_bytes()?.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let beside = path.with_file_name(format!(".{}.{mark}", name.to_string_lossy()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    written.map_err(|error| {
        // Whatever is left of it is of no use; the first error counts.
        let _ = fs::remove_file(&beside);
        failed(&error)
    })
}
