//! What every example must be: its source named, its JSON valid, no live-looking key and no real card number in it, and used by a test.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Meta;

/// The problems: nothing, or one line for each problem. `Err` means that the examples could not be read.
pub type Findings = Result<Vec<String>, String>;

/// The only whole card numbers that an example may contain: test cards that gateways document.
const TEST_CARDS: [&str; 3] = ["4012001037141112", "5555555555554444", "4444333322221111"];

/// Looks at all examples in a folder of the layout of `fixtures/`.
///
/// With `sources`, the texts of the tests, each example must be used by one, unless it is marked as a recording.
///
/// # Errors
/// The folder, or a file in it, cannot be read.
pub fn examples(fixtures: &Path, sources: Option<&[String]>) -> Findings {
    let mut problems = Vec::new();
    let mut cases = 0;
    for provider in subfolders(fixtures)? {
        for operation in subfolders(&provider)? {
            for case in subfolders(&operation)? {
                cases += 1;
                problems.extend(lint_case(&relative(fixtures, &case), &case, sources)?);
            }
        }
    }
    if cases == 0 {
        problems.push("fixtures: no example".to_owned());
    }
    for file in all_files(fixtures)? {
        let name = relative(fixtures, &file);
        let text = read(&file)?;
        if file.extension().is_some_and(|extension| extension == "json")
            && let Err(error) = serde_json::from_str::<serde_json::Value>(&text)
        {
            problems.push(format!("{name}: not JSON: {error}"));
        }
        problems.extend(secrets(&text).into_iter().map(|what| format!("{name}: {what}")));
    }
    Ok(problems)
}

fn lint_case(name: &str, folder: &Path, sources: Option<&[String]>) -> Findings {
    let mut problems = Vec::new();
    let mut recorded = false;
    match read(&folder.join("meta.toml")) {
        Err(error) => problems.push(format!("{name}: no meta.toml: {error}")),
        Ok(text) => match toml::from_str::<Meta>(&text) {
            Err(error) => problems.push(format!("{name}: meta.toml is ill-formed: {error}")),
            Ok(meta) if meta.source.trim().is_empty() => {
                problems.push(format!("{name}: the source is empty"))
            }
            Ok(meta) if meta.recorded && meta.documented => {
                problems.push(format!("{name}: a recording cannot be documented"));
            }
            Ok(meta) => recorded = meta.recorded,
        },
    }
    if let Some(deeper) = subfolders(folder)?.first() {
        problems.push(format!("{name}: holds a folder, {}", deeper.display()));
    }
    if let Some(sources) = sources.filter(|_| !recorded)
        && !sources.iter().any(|source| uses(source, name))
    {
        problems.push(format!("{name}: no test uses it"));
    }
    Ok(problems)
}

/// Whether a source names the example, or loads all of its provider's.
fn uses(source: &str, name: &str) -> bool {
    let provider = name.split('/').next().unwrap_or_default();
    let named = source.match_indices(name).any(|(at, _)| {
        let next = source.get(at + name.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_')
    });
    named || source.contains(&format!("Case::all(\"{provider}\")"))
}

/// What looks like a live key or a real card number; the message shows none of it.
fn secrets(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for key in [concat!("sk", "_live"), concat!("pk", "_live"), concat!("PRIVATE ", "KEY-----")] {
        if text.contains(key) {
            problems.push(format!("a key ({key})"));
        }
    }
    let tokens = text.split("Bearer ").skip(1).map(|rest| rest.split(['"', '\'', ' ', '\n']).next());
    if tokens.flatten().any(looks_random) {
        problems.push("a bearer token that looks real".to_owned());
    }
    // The beginning of {" in base64: a JSON web token.
    if words(text).any(|(_, word)| word.starts_with("eyJ") && word.len() > 20) {
        problems.push("a JSON web token".to_owned());
    }
    for (at, word) in words(text) {
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        let card = digits && (12..=19).contains(&word.len()) && luhn(word) && !TEST_CARDS.contains(&word);
        if card && !inside_longer_text(text, at) {
            problems
                .push(format!("a card number of {} digits that is not a documented test card", word.len()));
        }
    }
    problems
}

fn looks_random(token: &str) -> bool {
    let has = |kind: fn(&char) -> bool| token.chars().any(|c| kind(&c));
    let placeholder = token.contains("not-a-real") || token.contains('{') || token.contains('<');
    token.len() >= 20 && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic) && !placeholder
}

/// Runs of letters and digits, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}

/// Whether the place lies in a UUID or in base64, where a run of digits is chance.
fn inside_longer_text(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let around = |inside: fn(char) -> bool| {
        let start = before.len() - before.trim_end_matches(inside).len();
        let end = after.len() - after.trim_start_matches(inside).len();
        before.get(before.len() - start..).unwrap_or_default().to_owned()
            + after.get(..end).unwrap_or_default()
    };
    let uuid = around(|c| c.is_ascii_hexdigit() || c == '-');
    let base64 = around(|c| c.is_ascii_alphanumeric() || "+/=".contains(c));
    (uuid.len() == 36 && uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12])) || base64.len() >= 64
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn relative(fixtures: &Path, path: &Path) -> String {
    path.strip_prefix(fixtures).unwrap_or(path).display().to_string()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let listed = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> =
        listed.map_err(|error: std::io::Error| format!("{}: {error}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn all_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() { found.extend(all_files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = "source = \"The document\"\ndocumented = true\n";
    const NAME: &str = "emspay/create-order/first";

    struct Temporary(PathBuf);

    impl Temporary {
        fn with(name: &str, files: &[(&str, &str)]) -> Temporary {
            let folder = std::env::temp_dir().join(format!("xtask-fixtures-{}-{name}", std::process::id()));
            for (file, text) in files {
                let path = folder.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Temporary(folder)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn problems(test: &str, meta: &str, file: &str, text: &str) -> String {
        let (meta_file, file) = (format!("{NAME}/meta.toml"), format!("{NAME}/{file}"));
        let folder = Temporary::with(test, &[(&meta_file, meta), (&file, text)]);
        examples(&folder.0, Some(&[format!("Case::load(\"{NAME}\")")])).unwrap().join("\n")
    }

    #[test]
    fn valid_case_passes() {
        assert_eq!(problems("good", META, "request.json", r#"{"pan":"4012001037141112"}"#), "");
    }

    #[test]
    fn missing_source_or_flag_is_found() {
        assert!(
            problems("empty", "source = \" \"\ndocumented = true", "a.json", "{}")
                .contains("source is empty")
        );
        assert!(problems("flag", "source = \"x\"", "a.json", "{}").contains("ill-formed"));
        assert!(problems("typo", &format!("{META}exakt = true"), "a.json", "{}").contains("ill-formed"));
        let folder = Temporary::with("meta", &[(&format!("{NAME}/request.json"), "{}")]);
        assert!(examples(&folder.0, Some(&[NAME.to_owned()])).unwrap().join("").contains("no meta.toml"));
    }

    #[test]
    fn invalid_json_is_found() {
        assert!(problems("json", META, "request.json", "{'a': 1}").contains("not JSON"));
    }

    #[test]
    fn live_looking_keys_are_found() {
        for (index, key) in [
            concat!("sk", "_live_1"),
            concat!("pk", "_live_1"),
            concat!("-----BEGIN RSA PRIVATE ", "KEY-----"),
            concat!("Authorization = \"Bearer a1b2c3d4e5f6", "a1b2c3d4e5f6\""),
            concat!("ey", "JhbGciOiJSUzI1NiIsInR5cCI6"),
        ]
        .iter()
        .enumerate()
        {
            assert!(
                problems(&format!("key{index}"), META, "note.txt", key).contains("note.txt: a "),
                "{key}"
            );
        }
        let placeholders =
            "Bearer {{Your Revio Bearer token}} Bearer not-a-real-access-token-1 Bearer <token>";
        assert_eq!(problems("placeholder", META, "note.txt", placeholders), "");
    }

    #[test]
    fn real_card_numbers_are_found() {
        let card = concat!("411111", "1111111111");
        for (index, text) in
            [format!("{{\"pan\":\"{card}\"}}"), format!("/cards/{card}/x")].iter().enumerate()
        {
            let found = problems(&format!("card{index}"), META, "note.txt", text);
            assert!(found.contains("a card number of 16 digits") && !found.contains(card), "{found}");
        }
    }

    #[test]
    fn digits_that_are_not_a_card_number_pass() {
        let card = concat!("411111", "1111111111");
        let base64 = format!("{}/{card}+{}==", "Ab".repeat(20), "Cd".repeat(20));
        for (index, text) in [
            "00000000-0000-4000-8000-000000000000".to_owned(),
            base64,
            format!("ref{card}"),
            "555555******4444 1663425652".to_owned(),
            concat!("411111", "1111111112").to_owned(),
        ]
        .iter()
        .enumerate()
        {
            assert_eq!(problems(&format!("digits{index}"), META, "note.txt", text), "", "{text}");
        }
    }

    #[test]
    fn unused_case_is_found() {
        let folder = Temporary::with("unused", &[(&format!("{NAME}/meta.toml"), META)]);
        let lint = |source: &str| examples(&folder.0, Some(&[source.to_owned()])).unwrap();
        assert_eq!(lint("load(\"emspay/create-order/first-again\")"), [format!("{NAME}: no test uses it")]);
        assert_eq!(lint("Case::all(\"revio\")").len(), 1);
        assert!(lint("Case::all(\"emspay\")").is_empty());
        assert!(lint("load(\"emspay/create-order/first\")").is_empty());
    }

    #[test]
    fn recording_needs_no_test() {
        let lint = |test: &str, meta: &str, sources| {
            let folder = Temporary::with(test, &[(&format!("{NAME}/meta.toml"), meta)]);
            examples(&folder.0, sources).unwrap()
        };
        let recorded = "source = \"Recorded\"\ndocumented = false\nrecorded = true\n";
        assert!(lint("recorded", recorded, Some(&[])).is_empty());
        assert!(lint("elsewhere", META, None).is_empty());
        let both = recorded.replace("false", "true");
        assert_eq!(lint("both", &both, None), [format!("{NAME}: a recording cannot be documented")]);
    }

    #[test]
    fn missing_example_is_a_problem() {
        let folder = Temporary::with("none", &[("README.md", "text")]);
        assert_eq!(examples(&folder.0, Some(&[])).unwrap(), ["fixtures: no example"]);
    }
}
