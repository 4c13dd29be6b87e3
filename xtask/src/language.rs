//! Part of `cargo xtask tidy`: what can be checked of how we write. Words that are not of the trade, British spelling,
//! headings that are not topics, and long names of tests.

use crate::workspace::{Findings, files, read, root};

/// Not of the trade, or not what the language rules ask for. Written in pieces, so that this file does not hold them.
const BANNED_WORDS: [(&str, &str); 10] = [
    (concat!("no", "body"), "name who: no caller, no other process"),
    (concat!("some", "body"), "write operator, caller or customer"),
    (concat!("who", "ever"), "write operator, caller or customer"),
    (concat!("a per", "son"), "write operator, caller, customer, or manual review"),
    (concat!("could be", " had"), "write `could not obtain`"),
    (concat!("speaks", " of"), "write names or is about"),
    (concat!("says", " no"), "write declines or refuses"),
    (concat!("he", "ars"), "write receives"),
    (concat!("the pro", "mise"), "write guarantee"),
    (concat!("the st", "ory"), "write flow"),
];

/// The beginnings of British spellings, and the American ones.
const BRITISH: [(&str, &str); 14] = [
    (concat!("authori", "s"), "authoriz"),
    (concat!("behavi", "our"), "behavior"),
    (concat!("catalo", "gue"), "catalog"),
    (concat!("col", "our"), "color"),
    (concat!("fav", "our"), "favor"),
    (concat!("initiali", "s"), "initializ"),
    (concat!("licen", "ce"), "license"),
    (concat!("neigh", "bour"), "neighbor"),
    (concat!("normali", "s"), "normaliz"),
    (concat!("optimi", "s"), "optimiz"),
    (concat!("organi", "s"), "organiz"),
    (concat!("recogni", "s"), "recogniz"),
    (concat!("seriali", "s"), "serializ"),
    (concat!("tokeni", "s"), "tokeniz"),
];

/// Headings that were put down, and what a heading does not begin with: it names the topic, and asks nothing.
const BANNED_HEADINGS: [&str; 4] =
    ["bad days", "the face", "the check on the check", concat!("the pro", "mise")];
const QUESTIONS: [&str; 6] = ["what", "who", "why", "how", "where", "when"];

const LONGEST_TEST_NAME: usize = 60;

/// Where a gateway's own words are quoted, and decisions that were written before the rules.
const EXEMPT: [&str; 4] = ["docs/adr/", "fixtures/", "LICENSE", "CODE_OF_CONDUCT.md"];

/// Where a gateway's own spelling is quoted.
const QUOTING: [&str; 3] =
    ["crates/recurring-sandbox/src/gateways/", "crates/recurring-sandbox/src/cards.rs", "docs/providers.md"];

/// What is quoted anywhere: gateways' own words, and the Unix user of the lowest rights.
const QUOTED: [&str; 7] = [
    "Authorised",
    "AUTHORISED",
    "AuthorisationFailed",
    "AUTHORISATION_FAILED",
    "first_authorised_transaction_id",
    "authorisation order",
    concat!("\"no", "body\""),
];

pub(crate) fn check() -> Findings {
    let mut problems = Vec::new();
    for file in files()?.iter().filter(|file| is_checked(file)) {
        problems.extend(in_file(file, &read(&root().join(file))?));
    }
    Ok(problems)
}

fn is_checked(file: &str) -> bool {
    let ours = [".rs", ".md", ".html", ".yml", ".toml"].iter().any(|end| file.ends_with(end));
    let example = file.starts_with("fixtures/") && file != "fixtures/README.md";
    ours && !example && (file == "fixtures/README.md" || !EXEMPT.iter().any(|start| file.starts_with(start)))
}

fn in_file(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let quoting = file.ends_with("SOURCES.md") || QUOTING.iter().any(|start| file.starts_with(start));
    let (mut is_test, mut is_code) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        let mut report = |problem: String| found.push(format!("{file}:{number}: {problem}"));
        let lower =
            QUOTED.iter().fold(line.to_owned(), |line, quoted| line.replace(quoted, "")).to_lowercase();
        let words = BANNED_WORDS.iter().filter(|(word, _)| has_word(&lower, word));
        words.for_each(|(word, instead)| report(format!("`{word}`: {instead}")));
        if is_no_claim(line) {
            report(concat!("`is", " no ..`: write `is not a ..`").to_owned());
        }
        if !quoting {
            let spelled = BRITISH.iter().filter(|(british, _)| begins_word(&lower, british));
            spelled.for_each(|(british, american)| report(format!("`{british}`: write `{american}`")));
        }
        if file.ends_with(".md") {
            if line.trim_start().starts_with("```") {
                is_code = !is_code;
            } else if !is_code && is_bad_heading(line) {
                report(format!("a heading names the topic: {line}"));
            }
        } else if file.ends_with(".rs") {
            if let Some(name) = function_name(line).filter(|_| is_test) {
                is_test = false;
                if name.len() > LONGEST_TEST_NAME {
                    report(format!("the name of a test has {} characters: {name}", name.len()));
                }
            }
            is_test |= line.trim() == "#[test]" || line.trim().starts_with("#[tokio::test");
        }
    }
    found
}

/// Whether a lower-case line has this word, and not as a part of another.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !letter(before) && !letter(after)
    })
}

/// Whether a word of a lower-case line begins like this. A single quoted word is the gateway's.
fn begins_word(line: &str, beginning: &str) -> bool {
    line.match_indices(beginning).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        // `optimis` is also the beginning of a word that Americans write with an s.
        let rest = line.get(at + beginning.len()..).unwrap_or_default();
        !before.is_some_and(|c| c.is_alphabetic() || c == '"' || c == '`') && !rest.starts_with("tic")
    })
}

/// Whether a line claims of a thing that it does not belong to a kind, in words that hide the "not".
fn is_no_claim(line: &str) -> bool {
    const CLAIM: &str = concat!(" is", " no ");
    line.match_indices(CLAIM).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default().to_lowercase();
        let after = line.get(at + CLAIM.len()..).unwrap_or_default();
        let existence = before.ends_with("there") || before.ends_with("what") || before.ends_with("which");
        !existence && !["longer", "more", "less", "later", "older"].iter().any(|word| after.starts_with(word))
    })
}

/// Whether a line of Markdown is a heading that does not name a topic.
fn is_bad_heading(line: &str) -> bool {
    let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim().to_lowercase())
    else {
        return false;
    };
    let first = heading.split([' ', ',']).next().unwrap_or_default();
    QUESTIONS.contains(&first) || BANNED_HEADINGS.contains(&heading.as_str())
}

/// The name of the function that begins in a line.
fn function_name(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("pub ").unwrap_or(rest);
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_word_is_found_as_a_word() {
        for (word, _) in BANNED_WORDS {
            assert_eq!(in_file("a.md", &format!("x {word}, y")).len(), 1, "{word}");
            assert_eq!(in_file("a.rs", &format!("/// {word}.").to_uppercase()).len(), 1, "{word}");
        }
        for fine in [concat!("a per", "sonal key"), concat!("the st", "orybook"), concat!("she", "ars")] {
            assert_eq!(in_file("a.rs", fine), Vec::<String>::new(), "{fine}");
        }
    }

    #[test]
    fn british_spelling_is_found_outside_quotes() {
        for (british, _) in BRITISH {
            assert_eq!(in_file("a.rs", &format!("// A {british}ed one.")).len(), 1, "{british}");
            let quoted = format!("(\"{british}\", `{british}`)");
            assert!(in_file("a.rs", &quoted).is_empty(), "{british}");
            assert!(in_file("crates/revio/SOURCES.md", british).is_empty(), "{british}");
        }
        assert!(in_file("a.rs", concat!("// An optimi", "stic lock.")).is_empty());
    }

    #[test]
    fn claim_of_being_no_thing_is_found() {
        let (is_no, there) = (concat!("is", " no"), "there");
        assert_eq!(in_file("a.rs", &format!("\"this {is_no} amount\"")).len(), 1);
        assert_eq!(in_file("a.rs", &format!("// This {is_no} refund.")).len(), 1);
        for fine in [format!("{there} {is_no} such order"), format!("it {is_no} longer paid")] {
            assert!(in_file("a.rs", &fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn heading_that_asks_is_found() {
        for heading in ["# What it is", "## How it works", "### The face", "## Why, and how"] {
            assert_eq!(in_file("a.md", heading).len(), 1, "{heading}");
        }
        for fine in
            ["# Limits", "## After a lost answer", "## Whole amounts", "```sh\n# What waits:\n```", "What"]
        {
            assert!(in_file("a.md", fine).is_empty(), "{fine}");
        }
        assert!(in_file("a.rs", "# What").is_empty());
    }

    #[test]
    fn long_test_name_is_found() {
        let name = "a".repeat(LONGEST_TEST_NAME + 1);
        for test in ["#[test]", "#[tokio::test]", "#[tokio::test(flavor = \"multi_thread\")]"] {
            assert_eq!(in_file("a.rs", &format!("{test}\n#[x]\nasync fn {name}() {{}}")).len(), 1, "{test}");
            assert!(in_file("a.rs", &format!("{test}\nfn b() {{}}\nfn {name}() {{}}")).is_empty());
        }
    }

    #[test]
    fn quotes_and_old_decisions_are_exempt() {
        for file in ["docs/adr/0001-a.md", "fixtures/revio/a/b/meta.toml", "docs/img/a.png", "LICENSE-MIT"] {
            assert!(!is_checked(file), "{file}");
        }
        for file in ["docs/safety.md", "crates/revio/src/lib.rs", "fixtures/README.md", "README.md"] {
            assert!(is_checked(file), "{file}");
        }
    }
}
