//! One example of `fixtures/`: its files and what `meta.toml` says of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::json;

/// The workspace's `fixtures/` folder.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// One example: a folder `fixtures/<provider>/<operation>/<case>/`.
#[derive(Debug, Clone)]
pub struct Case {
    /// `provider/operation/case`, as given to [`Case::load`].
    pub name: String,
    /// Its `meta.toml`.
    pub meta: Meta,
    folder: PathBuf,
}

/// The `meta.toml` of an example.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// The document and its part, or what one of our own cases follows.
    pub source: String,
    /// True for what a gateway's own document prints, false for our own cases.
    pub documented: bool,
    /// True for what `recurring sandbox --record` wrote.
    #[serde(default)]
    pub recorded: bool,
    /// A remark for the reader.
    pub note: Option<String>,
    /// True: bodies are compared byte for byte. False: after removing insignificant white space.
    #[serde(default)]
    pub exact: bool,
    /// What is sent.
    pub request: Option<RequestMeta>,
    /// What is answered, where that is known or assumed; `note` says which.
    pub response: Option<ResponseMeta>,
}

/// The part of a request that is not its body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestMeta {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path on the gateway's host, version path included; placeholders are as printed.
    pub path: String,
    /// Header name to value; placeholders are as printed.
    pub headers: BTreeMap<String, String>,
}

/// The part of an answer that is not its body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseMeta {
    /// The HTTP status.
    pub status: u16,
    /// Header name to value.
    pub headers: BTreeMap<String, String>,
}

impl Case {
    /// Loads the example `provider/operation/case`.
    ///
    /// # Panics
    /// When the folder or its `meta.toml` is missing or ill-formed.
    #[must_use]
    pub fn load(name: &str) -> Case {
        let folder = root().join(name);
        let path = folder.join("meta.toml");
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("fixture {name:?}: cannot read meta.toml: {error}"));
        let meta = toml::from_str(&text)
            .unwrap_or_else(|error| panic!("fixture {name:?}: meta.toml is ill-formed: {error}"));
        Case { name: name.to_owned(), meta, folder }
    }

    /// Loads every example of a provider, sorted by name.
    ///
    /// # Panics
    /// When the provider has no folder or no example, or one of them is ill-formed.
    #[must_use]
    pub fn all(provider: &str) -> Vec<Case> {
        let mut names = Vec::new();
        for operation in subfolders(&root().join(provider)) {
            for case in subfolders(&root().join(provider).join(&operation)) {
                names.push(format!("{provider}/{operation}/{case}"));
            }
        }
        names.sort();
        assert!(!names.is_empty(), "fixtures of {provider:?}: no example");
        names.iter().map(|name| Case::load(name)).collect()
    }

    /// The bytes of `request.json`, without the file's last line break.
    ///
    /// # Panics
    /// When the example has no such file.
    #[must_use]
    pub fn request_body(&self) -> Vec<u8> {
        self.read("request.json")
    }

    /// Whether the example has a `response.json`.
    #[must_use]
    pub fn has_response_body(&self) -> bool {
        self.folder.join("response.json").is_file()
    }

    /// The bytes of `response.json`, without the file's last line break.
    ///
    /// # Panics
    /// When the example has no such file.
    #[must_use]
    pub fn response_body(&self) -> Vec<u8> {
        self.read("response.json")
    }

    /// The text of any other file of the example, for instance `request.txt`, without the file's last line break.
    ///
    /// # Panics
    /// When the file is missing or is not UTF-8.
    #[must_use]
    pub fn text(&self, file: &str) -> String {
        String::from_utf8(self.read(file))
            .unwrap_or_else(|_| panic!("fixture {:?}: {file} is not UTF-8", self.name))
    }

    /// Compares a body that was sent with `request.json`: byte for byte where `exact` says so, else without insignificant
    /// white space. The order of the keys, and the text of each number and string, always count.
    ///
    /// # Panics
    /// When they differ, with the lines that do.
    pub fn assert_request_body(&self, actual: &[u8]) {
        let expected = self.request_body();
        let name = &self.name;
        if self.meta.exact {
            assert!(
                expected == actual,
                "{name}: the body is not, byte for byte, what the example holds\n expected: {:?}\n   actual: {:?}",
                String::from_utf8_lossy(&expected),
                String::from_utf8_lossy(actual)
            );
            return;
        }
        let wanted = json::parse(&expected)
            .unwrap_or_else(|error| panic!("fixture {name:?}: request.json is not JSON: {error}"));
        let sent = json::parse(actual).unwrap_or_else(|error| {
            panic!("{name}: the body is not JSON: {error}\n{}", String::from_utf8_lossy(actual))
        });
        if wanted != sent {
            panic!(
                "{name}: the body differs (- the example, + what was sent)\n{}",
                difference(&wanted.indented(), &sent.indented())
            );
        }
    }

    fn read(&self, file: &str) -> Vec<u8> {
        let mut bytes = fs::read(self.folder.join(file))
            .unwrap_or_else(|error| panic!("fixture {:?}: cannot read {file}: {error}", self.name));
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        bytes
    }
}

fn subfolders(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("fixtures: cannot list {}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect()
}

/// The lines that differ, with the lines around them that do not.
fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let shorter = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(shorter).take_while(|(a, b)| a == b).count();
    let context = |lines: &[&str]| lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
    let changed = |sign: char, lines: &[&str]| -> String {
        lines
            .iter()
            .skip(before)
            .take(lines.len() - before - after)
            .map(|line| format!("{sign} {line}\n"))
            .collect()
    };
    let (head, tail) = (old.split_at(before).0, old.split_at(old.len() - after).1);
    context(head) + &changed('-', &old) + &changed('+', &new) + &context(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_shows_changed_lines_with_context() {
        assert_eq!(difference("{\na\nb\n}", "{\na\nc\nd\n}"), "  {\n  a\n- b\n+ c\n+ d\n  }\n");
        assert_eq!(difference("a\na", "a"), "  a\n- a\n");
    }
}
