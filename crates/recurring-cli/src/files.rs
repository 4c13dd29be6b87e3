//! What is read from and written to files. No message quotes a file's content.

use std::io::{Read, Write};
use std::path::Path;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Reads JSON from a file, or from standard input for `-`. A line that one of our own commands printed is
/// understood too: then `member` holds what is wanted.
///
/// A member that is named twice is refused: which of the two is meant is not known.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, member: &str) -> Result<T, String> {
    let text = text(path)?;
    let Members(members) = serde_json::from_str(&text)
        .map_err(|error| format!("{} is not JSON (line {})", path.display(), error.line()))?;
    let mut wanted = members.iter().filter(|(name, _)| name == member);
    let json = match (wanted.next(), wanted.next()) {
        (Some(_), Some(_)) => return Err(format!("{} names `{member}` twice", path.display())),
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
        format!("{} does not hold a {member} as `recurring` writes it{why}", path.display())
    })
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
pub(crate) fn text(path: &Path) -> Result<String, String> {
    if path.as_os_str() == "-" {
        return standard_input();
    }
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// All of standard input, as the bytes that came.
pub(crate) fn standard_input_bytes() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| format!("standard input: {error}"))?;
    Ok(bytes)
}

/// All of standard input.
pub(crate) fn standard_input() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
    Ok(text)
}

/// Makes sure that a file can be written, before anything happens that must be written there. The file is new and
/// readable by its owner alone; one that exists is not overwritten.
pub(crate) fn create(path: &Path) -> Result<std::fs::File, String> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a value into a file that [`create`] made, all the way to the disk.
pub(crate) fn write(file: &mut std::fs::File, value: &impl Serialize) -> Result<(), String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(|error| error.to_string())
}
