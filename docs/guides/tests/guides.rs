//! Each guide's program runs, and each guide prints a part of its program.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

use std::fs;
use std::path::Path;

/// The guides with Rust in them, and the files that their snippets are from.
const GUIDES: [(&str, &str); 9] = [
    ("first-charge.md", "first_charge.rs"),
    ("several-gateways.md", "several_gateways.rs"),
    ("billing-run.md", "billing_run.rs"),
    ("after-a-decline.md", "declines.rs"),
    ("after-a-lost-answer.md", "lost_answers.rs"),
    ("webhooks.md", "webhooks.rs"),
    ("schedules.md", "schedules.rs"),
    ("testing.md", "testing.rs"),
    ("from-scripts.md", "scripts.rs"),
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The blocks of code of a language in a page.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = page.split(&fence).skip(1);
    parts.filter_map(|part| Some(part.split_once("```")?.0.to_owned())).collect()
}

/// The lines without the indentation that all of them have.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn snippets_are_parts_of_the_programs() {
    for (guide, program) in GUIDES {
        let (page, program_text) = (read(guide), read(&format!("src/{program}")));
        let snippets = blocks(&page, "rust");
        assert!(!snippets.is_empty(), "{guide} has no snippet");
        let all = lines(&program_text);
        for snippet in snippets {
            let wanted = lines(&snippet);
            assert!(
                all.windows(wanted.len()).any(|part| part == wanted),
                "a snippet of {guide} is not a part of src/{program}:\n{snippet}"
            );
        }
    }
}

#[test]
fn every_page_is_listed() {
    let index = read("README.md");
    for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        if name.ends_with(".md") && name != "README.md" {
            assert!(GUIDES.iter().any(|(guide, _)| *guide == name), "{name} is not tested");
            assert!(index.contains(&format!("]({name})")), "README.md does not link {name}");
        }
    }
}

macro_rules! run {
    ($($name:ident),*) => {
        $(#[tokio::test]
        async fn $name() {
            recurring_guides::$name::run().await.expect("the program runs");
        })*
    };
}

run!(
    first_charge,
    several_gateways,
    billing_run,
    declines,
    lost_answers,
    webhooks,
    schedules,
    testing,
    scripts
);
