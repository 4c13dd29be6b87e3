//! Part of `cargo xtask tidy`: one name for one operation, in `client.rs`, `ops/` and `fixtures/`.

use crate::sources::calls;
use crate::workspace::{Findings, PROVIDERS, files, read, root};

/// Folders of examples that are of no single operation: what a gateway sends, access tokens, and errors of any call.
const NOT_OPERATIONS: [&str; 3] = ["any", "notification", "token"];

/// Calls whose file has another name, until one of both is renamed.
const NAMED_OTHERWISE: [(&str, &str); 1] = [("emspay", "currencies")];

pub(crate) fn check() -> Findings {
    let files = files()?;
    let mut problems = Vec::new();
    for provider in PROVIDERS {
        let client = read(&root().join(format!("crates/{provider}/src/client.rs")))?;
        problems.extend(names(provider, &calls(&client).into_iter().collect::<Vec<_>>(), &files));
    }
    Ok(problems)
}

/// Compares the client's methods and the folders of examples with the files of the operations.
fn names(provider: &str, calls: &[String], files: &[String]) -> Vec<String> {
    let has_file = |operation: &str| files.contains(&format!("crates/{provider}/src/ops/{operation}.rs"));
    let without_file =
        calls.iter().filter(|call| !has_file(call) && !NAMED_OTHERWISE.contains(&(provider, call.as_str())));
    let mut problems: Vec<String> = without_file
        .map(|call| format!("crates/{provider}: the call `{call}` has no file src/ops/{call}.rs"))
        .collect();
    let mut folders: Vec<&str> = files
        .iter()
        .filter_map(|file| file.strip_prefix(&format!("fixtures/{provider}/"))?.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    folders.dedup();
    let unknown = folders
        .into_iter()
        .filter(|folder| !NOT_OPERATIONS.contains(folder) && !has_file(&folder.replace('-', "_")));
    problems.extend(unknown.map(|folder| {
        format!("fixtures/{provider}/{folder}: crates/{provider}/src/ops has no operation of this name")
    }));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_are_found() {
        let files = [
            "crates/revio/src/ops/charge_purchase.rs",
            "fixtures/revio/charge-purchase/paid/meta.toml",
            "fixtures/revio/notification/paid/meta.toml",
        ]
        .map(str::to_owned);
        let found = |calls: &[&str], files: &[String]| {
            names("revio", &calls.iter().map(|call| (*call).to_owned()).collect::<Vec<_>>(), files).len()
        };
        assert_eq!(found(&["charge_purchase"], &files), 0);
        assert_eq!(found(&["charge"], &files), 1);
        let other = ["fixtures/revio/charge/paid/meta.toml".to_owned()];
        assert_eq!(found(&[], &other), 1);
    }
}
