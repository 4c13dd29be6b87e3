//! `cargo xtask tidy`: the shape of the repository.

use crate::workspace::{Findings, PROVIDERS, files, read, root};
use crate::{circles, language, must_use, operations, sources};

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

/// What the repository has at the top, and where contributors and the repository's host look for it.
const REQUIRED_FILES: [&str; 19] = [
    ".ci/run",
    ".github/ISSUE_TEMPLATE/bug.yml",
    ".github/ISSUE_TEMPLATE/config.yml",
    ".github/ISSUE_TEMPLATE/gateway.yml",
    ".github/pull_request_template.md",
    ".github/workflows/ci.yml",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "RELEASE.md",
    "SECURITY.md",
    "deny.toml",
    "docs/architecture.md",
    "docs/glossary.md",
    "docs/safety.md",
    "fixtures/README.md",
];

/// What a crate that is published has besides its code.
const PUBLISHED_FILES: [&str; 4] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Copied from the top into each published crate: a package must hold its licenses, and symbolic links are not portable.
const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// What a published crate's manifest says under `[package]`, besides what cargo asks for.
const PUBLISHED_METADATA: [&str; 3] = ["readme", "documentation", "license"];

/// What every gateway's crate has; who knows one knows all. `a|b` is one of the two.
const GATEWAY_FILES: [&str; 18] = [
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
    let mut problems = missing_files(&files);
    for file in &files {
        if let Some(name) = crate_of(file) {
            problems.extend(package(&files, name, &read(&root().join(file))?)?);
        }
    }
    for (license, copy) in license_copies(&files) {
        problems.extend(license_differs(&copy, &read(&root().join(license))?, &read(&root().join(&copy))?));
    }
    for file in &files {
        let bytes = std::fs::read(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
        // What is not text has no lines to check.
        if let Ok(text) = String::from_utf8(bytes) {
            problems.extend(tidy(file, &text));
        }
    }
    problems.extend(missing_files_of_gateways(&files));
    problems.extend(sources::check()?);
    problems.extend(must_use::check()?);
    problems.extend(operations::check()?);
    problems.extend(circles::check()?);
    problems.extend(language::check()?);
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

fn missing_files(files: &[String]) -> Vec<String> {
    let missing = REQUIRED_FILES.iter().filter(|required| !files.iter().any(|file| file == *required));
    missing.map(|required| format!("{required} is missing")).collect()
}

/// The crate whose manifest a file is.
fn crate_of(file: &str) -> Option<&str> {
    let name = file.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
    (!name.contains('/')).then_some(name)
}

/// Checks the files and the metadata of one crate, if it is published.
fn package(files: &[String], name: &str, manifest: &str) -> Findings {
    let manifest: toml::Table =
        manifest.parse().map_err(|error| format!("crates/{name}/Cargo.toml: {error}"))?;
    let package = manifest.get("package").and_then(toml::Value::as_table);
    let member = |key: &str| package.and_then(|package| package.get(key));
    if member("publish").and_then(toml::Value::as_bool) == Some(false) {
        return Ok(Vec::new());
    }
    let missing_file = |file: &&str| !files.contains(&format!("crates/{name}/{file}"));
    let mut problems: Vec<String> = PUBLISHED_FILES
        .into_iter()
        .filter(missing_file)
        .map(|file| format!("crates/{name}: {file} is missing"))
        .collect();
    let missing = PUBLISHED_METADATA.into_iter().filter(|key| member(key).is_none());
    problems.extend(missing.map(|key| format!("crates/{name}/Cargo.toml: package.{key} is missing")));
    let all_features = member("metadata")
        .and_then(|metadata| metadata.get("docs")?.get("rs")?.get("all-features")?.as_bool());
    if all_features != Some(true) {
        problems.push(format!(
            "crates/{name}/Cargo.toml: package.metadata.docs.rs must say `all-features = true`"
        ));
    }
    Ok(problems)
}

/// Each license below `crates/`, with the one at the top that it copies.
fn license_copies(files: &[String]) -> Vec<(&'static str, String)> {
    let copies = |license: &'static str| {
        let is_copy =
            move |file: &&String| file.starts_with("crates/") && file.ends_with(&format!("/{license}"));
        files.iter().filter(is_copy).map(move |file| (license, file.clone()))
    };
    LICENSES.into_iter().flat_map(copies).collect()
}

fn license_differs(copy: &str, original: &str, text: &str) -> Option<String> {
    (original != text).then(|| format!("{copy} differs from the one at the top; copy that one"))
}

fn missing_files_of_gateways(files: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for provider in PROVIDERS {
        for file in GATEWAY_FILES {
            // The scheduler behind this gateway charges by itself: there is nothing to show.
            if provider == "ngenius" && file == "examples/charge.rs" {
                continue;
            }
            let there = |path: &str| files.contains(&format!("crates/{provider}/{path}"));
            if !file.split('|').any(there) {
                problems.push(format!("crates/{provider}: {} is missing", file.replace('|', " or ")));
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
                GATEWAY_FILES
                    .iter()
                    .map(move |room| format!("crates/{provider}/{}", room.split('|').next().unwrap_or(room)))
            })
            .collect();
        assert!(missing_files_of_gateways(&whole).is_empty());
        for (index, file) in whole.iter().enumerate() {
            let mut fewer = whole.clone();
            fewer.remove(index);
            let expected = usize::from(file != "crates/ngenius/examples/charge.rs");
            assert_eq!(missing_files_of_gateways(&fewer).len(), expected, "{file}");
        }
    }

    #[test]
    fn missing_required_file_is_reported() {
        let whole: Vec<String> = REQUIRED_FILES.iter().map(|file| (*file).to_owned()).collect();
        assert!(missing_files(&whole).is_empty());
        for (index, file) in whole.iter().enumerate() {
            let mut fewer = whole.clone();
            fewer.remove(index);
            assert_eq!(missing_files(&fewer), [format!("{file} is missing")]);
        }
    }

    #[test]
    fn published_crate_needs_files_and_metadata() {
        let manifest = "[package]\nname = \"a\"\nlicense.workspace = true\nreadme = \"README.md\"\ndocumentation = \"x\"\n[package.metadata.docs.rs]\nall-features = true\n";
        let whole: Vec<String> = PUBLISHED_FILES.iter().map(|file| format!("crates/a/{file}")).collect();
        assert!(package(&whole, "a", manifest).unwrap().is_empty());
        for index in 0..whole.len() {
            let mut fewer = whole.clone();
            fewer.remove(index);
            assert_eq!(package(&fewer, "a", manifest).unwrap().len(), 1, "{index}");
        }
        for line in ["license", "readme", "documentation", "all-features"] {
            let without: Vec<&str> = manifest.lines().filter(|other| !other.starts_with(line)).collect();
            assert_eq!(package(&whole, "a", &without.join("\n")).unwrap().len(), 1, "{line}");
        }
        assert!(package(&[], "a", "[package]\npublish = false").unwrap().is_empty());
        assert!(package(&[], "a", "[package").is_err());
        assert_eq!(crate_of("crates/a/Cargo.toml"), Some("a"));
        assert_eq!(crate_of("crates/a/b/Cargo.toml").or(crate_of("xtask/Cargo.toml")), None);
    }

    #[test]
    fn changed_copy_of_license_is_reported() {
        let files = ["LICENSE-MIT", "crates/a/LICENSE-MIT", "crates/a/README.md"].map(str::to_owned);
        assert_eq!(license_copies(&files), [("LICENSE-MIT", "crates/a/LICENSE-MIT".to_owned())]);
        assert_eq!(license_differs("a", "text", "text"), None);
        assert!(license_differs("a", "text", "text\n").is_some());
    }
}
