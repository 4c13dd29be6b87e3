//! `cargo xtask fixtures`: what every example must be.

use std::path::Path;

use recurring_fixtures::lint;

use crate::workspace::{Findings, files, read, root};

/// The examples of the workspace, each of which a test must use.
pub(crate) fn check() -> Findings {
    let mut sources = Vec::new();
    for file in files()? {
        if is_source(&file) {
            sources.push(read(&root().join(&file))?);
        }
    }
    lint::examples(&root().join("fixtures"), Some(&sources))
}

/// Examples somewhere else, such as a recording, which no test needs to use.
pub(crate) fn check_folder(folder: &Path) -> Findings {
    lint::examples(folder, None)
}

/// A place where the use of an example counts. The crate that reads the examples uses some to test itself, which proves nothing.
fn is_source(file: &str) -> bool {
    let mut parts = file.split('/');
    parts.next() == Some("crates")
        && parts.next().is_some_and(|name| name != "recurring-fixtures")
        && parts.next().is_some_and(|folder| folder == "src" || folder == "tests")
        && file.ends_with(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_and_sources_of_the_other_crates_count_as_use() {
        assert!(is_source("crates/revio/tests/wire.rs") && is_source("crates/revio/src/ops/charge.rs"));
        for file in
            ["crates/recurring-fixtures/tests/cases.rs", "crates/revio/README.md", "xtask/src/main.rs"]
        {
            assert!(!is_source(file), "{file}");
        }
    }
}
