//! `cargo xtask tidy`: the shape of the repository.

use crate::sources;
use crate::workspace::{Findings, PROVIDERS, files, root};

/// More lines than this do not fit into a reader's head.
const LONGEST_FILE: usize = 500;

/// What no file may hold. Written in pieces, so that this file does not hold it either.
const FORBIDDEN: [&str; 5] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("dbg", "!("),
    concat!("|| ", "true"),
];

/// Folders of one machine.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/", "home/"), concat!("/", "Users/"), concat!("/", "root/"), concat!("/", "work/")];

/// What every gateway's crate has; who knows one knows all. `a|b` is one of the two.
const ROOMS: [&str; 18] = [
    "README.md",
    "CHANGELOG.md",
    "src/lib.rs",
    "src/client.rs",
    "src/config.rs",
    "src/auth.rs",
    "src/error.rs",
    "src/status.rs",
    "src/notification.rs",
    "src/ops/mod.rs|src/ops.rs",
    "src/wire/mod.rs|src/wire.rs",
    "tests/wire.rs",
    "tests/faults.rs",
    "tests/redaction.rs",
    "tests/notification.rs",
    "examples/enrol.rs",
    "examples/charge.rs",
    "examples/reconcile.rs",
];

pub(crate) fn check() -> Findings {
    let files = files()?;
    let mut problems = Vec::new();
    for file in &files {
        let bytes = std::fs::read(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
        // What is not text has no lines to check.
        if let Ok(text) = String::from_utf8(bytes) {
            problems.extend(tidy(file, &text));
        }
    }
    problems.extend(missing_rooms(&files));
    problems.extend(sources::check()?);
    Ok(problems)
}

fn tidy(file: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if file.ends_with(".rs") && text.lines().count() > LONGEST_FILE {
        problems.push(format!("{file}: {} lines, more than {LONGEST_FILE}", text.lines().count()));
    }
    for (number, line) in (1..).zip(text.lines()) {
        // Prose may speak of such words.
        if !file.ends_with(".md") {
            let words = FORBIDDEN.iter().filter(|word| line.contains(**word));
            problems.extend(words.map(|word| format!("{file}:{number}: {word}")));
        }
        if MACHINE_PATHS.iter().any(|path| begins_a_path(line, path)) {
            problems.push(format!("{file}:{number}: a path of one machine"));
        }
    }
    problems
}

/// Whether the folder stands there as the beginning of a path, not as a part of a URL or of a longer path.
fn begins_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "-_.}>".contains(c))
    })
}

fn missing_rooms(files: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for provider in PROVIDERS {
        for room in ROOMS {
            // The scheduler behind this gateway charges by itself: there is nothing to show.
            if provider == "ngenius" && room == "examples/charge.rs" {
                continue;
            }
            let there = |path: &str| files.contains(&format!("crates/{provider}/{path}"));
            if !room.split('|').any(there) {
                problems.push(format!("crates/{provider}: {} is missing", room.replace('|', " or ")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        assert!(tidy("a.rs", &"x\n".repeat(LONGEST_FILE)).is_empty());
        assert_eq!(tidy("a.rs", &"x\n".repeat(LONGEST_FILE + 1)).len(), 1);
        assert!(tidy("a.json", &"x\n".repeat(LONGEST_FILE + 1)).is_empty());
    }

    #[test]
    fn forbidden_words_are_found_with_their_line() {
        for word in FORBIDDEN {
            assert_eq!(tidy("a.rs", &format!("fine\n  {word}")), [format!("a.rs:2: {word}")]);
            assert!(tidy("a.md", word).is_empty());
        }
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for path in MACHINE_PATHS {
            assert_eq!(tidy("a.md", &format!("see `{path}x`")).len(), 1, "{path}");
            assert!(tidy("a.md", &format!("https://shop.example{path}x")).is_empty(), "{path}");
            assert!(tidy("a.rs", &format!("crates{path}x")).is_empty(), "{path}");
        }
    }

    #[test]
    fn a_missing_room_is_found() {
        let whole: Vec<String> = PROVIDERS
            .iter()
            .flat_map(|provider| {
                ROOMS
                    .iter()
                    .map(move |room| format!("crates/{provider}/{}", room.split('|').next().unwrap_or(room)))
            })
            .collect();
        assert!(missing_rooms(&whole).is_empty());
        for (index, file) in whole.iter().enumerate() {
            let mut fewer = whole.clone();
            fewer.remove(index);
            let expected = usize::from(file != "crates/ngenius/examples/charge.rs");
            assert_eq!(missing_rooms(&fewer).len(), expected, "{file}");
        }
    }
}
