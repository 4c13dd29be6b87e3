//! Part of `cargo xtask tidy`: the `SOURCES.md` of each gateway's crate names each call and each assumption of its code,
//! and nothing that the code does not have.

use std::collections::BTreeSet;

use crate::workspace::{Findings, PROVIDERS, files, read, root};

/// What a source begins with.
const KINDS: [&str; 4] = ["source document", "public documentation", "sister brand", "assumption"];

/// What belongs into the table and not into a comment. Written in pieces, so that this file does not hold it either.
const IN_THE_TABLE: [&str; 4] = [
    concat!("(source", " document"),
    concat!("(public", " documentation"),
    concat!("(another brand of the same", " platform"),
    concat!("(a ", "guess"),
];

/// What stands before the label of an assumption.
const ASSUMPTION: &str = "Assumption";

pub(crate) fn check() -> Findings {
    let files = files()?;
    let mut problems = Vec::new();
    for provider in PROVIDERS {
        let folder = format!("crates/{provider}");
        let text = |path: &str| read(&root().join(&folder).join(path));
        let mut code = Code { calls: calls(&text("src/client.rs")?), ..Code::default() };
        let prefix = format!("{folder}/src/");
        for file in files.iter().filter(|file| file.starts_with(&prefix) && file.ends_with(".rs")) {
            code.read(file, &read(&root().join(file))?);
        }
        problems.append(&mut code.problems);
        let sources = format!("{folder}/SOURCES.md");
        if files.contains(&sources) {
            problems.extend(compare(&folder, &code, &text("SOURCES.md")?));
        } else {
            problems.push(format!("{sources} is missing"));
        }
        if !text("README.md")?.contains("SOURCES.md") {
            problems.push(format!("{folder}/README.md does not link SOURCES.md"));
        }
    }
    Ok(problems)
}

/// What a crate's code has that needs a row.
#[derive(Default)]
struct Code {
    calls: BTreeSet<String>,
    assumptions: BTreeSet<String>,
    problems: Vec<String>,
}

impl Code {
    /// Collects the labels of the assumptions in the comments of a file.
    fn read(&mut self, file: &str, text: &str) {
        for (number, line) in (1..).zip(text.lines()) {
            let Some(comment) = line.trim_start().strip_prefix("//") else { continue };
            for word in IN_THE_TABLE.iter().filter(|word| comment.contains(**word)) {
                self.problems.push(format!("{file}:{number}: `{word}` belongs into SOURCES.md"));
            }
            for (at, _) in comment.match_indices(ASSUMPTION) {
                match label(comment.get(at + ASSUMPTION.len()..).unwrap_or_default()) {
                    Some(label) => drop(self.assumptions.insert(label.to_owned())),
                    None => self.problems.push(format!(
                        "{file}:{number}: an assumption without a label; write `{ASSUMPTION}(some-label): ...`"
                    )),
                }
            }
        }
    }
}

/// The label of `(label): ...`: small letters, digits and hyphens.
fn label(text: &str) -> Option<&str> {
    let (label, _) = text.strip_prefix('(')?.split_once("):")?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (!label.is_empty() && label.chars().all(fits)).then_some(label)
}

/// The names of the public operations of `impl Client`.
pub(crate) fn calls(client: &str) -> BTreeSet<String> {
    let block = client.lines().skip_while(|line| *line != "impl Client {").take_while(|line| *line != "}");
    block
        .filter_map(|line| line.trim_start().strip_prefix("pub async fn "))
        .filter_map(|rest| rest.split(['(', '<']).next())
        .map(str::to_owned)
        .collect()
}

/// Compares a crate's code with its `SOURCES.md`, both ways.
fn compare(folder: &str, code: &Code, sources: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (heading, wanted, what, whence) in [
        ("Calls", &code.calls, "the call", "no `pub async fn` of `impl Client` has this name"),
        ("Assumptions", &code.assumptions, "the assumption", "no comment in src/ has this label"),
    ] {
        let mut rows = BTreeSet::new();
        for cells in table(sources, heading) {
            let first = cells.first().copied().unwrap_or_default();
            let name = first.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
            match name {
                None => problems.push(format!(
                    "{folder}/SOURCES.md: a row of \"{heading}\" does not begin with a name in backticks: {first}"
                )),
                Some(name) if !rows.insert(name.to_owned()) => {
                    problems.push(format!("{folder}/SOURCES.md: \"{heading}\" has two rows for `{name}`"));
                }
                Some(_) => {}
            }
            if cells.iter().any(|cell| cell.is_empty()) {
                problems.push(format!("{folder}/SOURCES.md: the row of {first} has an empty cell"));
            }
        }
        for name in wanted.difference(&rows) {
            problems.push(format!("{folder}/SOURCES.md: {what} `{name}` has no row under \"{heading}\""));
        }
        for name in rows.difference(wanted) {
            problems.push(format!("{folder}/SOURCES.md: the row `{name}` is stale: {whence}"));
        }
    }
    for heading in ["Calls", "Members"] {
        for cells in table(sources, heading) {
            let source = cells.last().copied().unwrap_or_default();
            if !KINDS.iter().any(|kind| source.starts_with(kind)) {
                problems.push(format!(
                    "{folder}/SOURCES.md: a source must begin with one of {}: {source}",
                    KINDS.join(", ")
                ));
            }
        }
    }
    problems
}

/// The rows of the table below a heading, each as its cells, without the head.
fn table<'a>(sources: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let title = format!("## {heading}");
    let section = sources.lines().skip_while(|line| *line != title).skip(1);
    let lines = section.take_while(|line| !line.starts_with("## "));
    // The head and the line below it.
    let rows = lines.filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim().trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "impl Client {\n    pub fn builder() {}\n    pub async fn charge(&self) {}\n    \
        pub async fn read(\n        &self,\n    ) {}\n    async fn send(&self) {}\n}\n\nimpl Other {\n    \
        pub async fn other(&self) {}\n}\n";

    const SOURCES: &str = "# Sources\n\n## Calls\n\n| call | request | source |\n| --- | --- | --- |\n\
        | `charge` | `POST /x` | source document |\n| `read` | `GET /x` | public documentation |\n\n\
        ## Members\n\n| member | source |\n| --- | --- |\n| `amount` | sister brand |\n\n\
        ## Assumptions\n\n| label | what | why | override |\n| --- | --- | --- | --- |\n\
        | `a-label` | a | b | none |\n";

    fn code(comment: &str) -> Code {
        let mut code = Code { calls: calls(CLIENT), ..Code::default() };
        code.read("a.rs", comment);
        code
    }

    fn problems(sources: &str) -> Vec<String> {
        compare("x", &code("/// Does it. Assumption(a-label): so.\n"), sources)
    }

    #[test]
    fn repository_has_no_problem() {
        assert_eq!(check(), Ok(Vec::new()));
    }

    #[test]
    fn sources_complete_no_problem() {
        assert_eq!(calls(CLIENT).into_iter().collect::<Vec<_>>(), ["charge", "read"]);
        assert_eq!(problems(SOURCES), Vec::<String>::new());
    }

    #[test]
    fn call_without_row_is_found() {
        let fewer = SOURCES.replace("| `charge` | `POST /x` | source document |\n", "");
        assert_eq!(problems(&fewer), ["x/SOURCES.md: the call `charge` has no row under \"Calls\""]);
    }

    #[test]
    fn stale_call_row_is_found() {
        let row = "| `gone` | `GET /y` | source document |\n";
        let found = problems(&SOURCES.replace("| `read`", &format!("{row}| `read`")));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("the row `gone` is stale"), "{found:?}");
    }

    #[test]
    fn assumption_without_row_is_found() {
        let fewer = SOURCES.replace("| `a-label` | a | b | none |\n", "");
        assert_eq!(
            problems(&fewer),
            ["x/SOURCES.md: the assumption `a-label` has no row under \"Assumptions\""]
        );
    }

    #[test]
    fn stale_assumption_row_is_found() {
        let found = compare("x", &code(""), SOURCES);
        assert_eq!(found, ["x/SOURCES.md: the row `a-label` is stale: no comment in src/ has this label"]);
    }

    #[test]
    fn assumption_without_label_is_found() {
        for comment in ["// Assumption: so.", "/// Assumption(): so.", "//! Assumption(A Label): so."] {
            let code = code(comment);
            assert!(code.assumptions.is_empty(), "{comment}");
            assert_eq!(code.problems.len(), 1, "{comment}");
        }
        // Only comments are read.
        assert!(code("let text = \"Assumption\";").problems.is_empty());
    }

    #[test]
    fn provenance_in_comment_is_found() {
        for words in IN_THE_TABLE {
            assert_eq!(code(&format!("/// A call {words}).")).problems.len(), 1, "{words}");
        }
    }

    #[test]
    fn malformed_row_is_found() {
        for (row, instead) in [
            ("| `charge` | `POST /x` | source document |", "| charge | `POST /x` | source document |"),
            ("| `charge` | `POST /x` | source document |", "| `charge` | | source document |"),
            ("| `charge` | `POST /x` | source document |", "| `charge` | `POST /x` | hearsay |"),
            ("| `amount` | sister brand |", "| `amount` | |"),
            ("| `read`", "| `charge` | `POST /x` | source document |\n| `read`"),
        ] {
            assert!(SOURCES.contains(row), "{row}");
            assert!(!problems(&SOURCES.replacen(row, instead, 1)).is_empty(), "{instead}");
        }
    }
}
