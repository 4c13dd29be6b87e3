//! `cargo xtask new-provider NAME`: a crate for another gateway, from `xtask/templates/new-gateway/`.

use std::fs;
use std::path::Path;

use crate::workspace::{self, PROVIDERS, cargo, files, read, root};

const TEMPLATE: &str = "xtask/templates/new-gateway/";

/// The name in the templates; they are Rust that compiles, so it is a name like any other.
const PLACEHOLDER: &str = "new-gateway";

/// What is left to do, in its order.
const NEXT: [&str; 7] = [
    "add the crate to [workspace.dependencies] in Cargo.toml, and to PROVIDERS in xtask/src/workspace.rs",
    "copy the documented requests and responses to fixtures/, and replace the made-up ones",
    "add the address of each environment to src/config.rs, and the operations to src/ops/",
    "describe each call and member in SOURCES.md",
    "write the gateway's stand-in in crates/recurring-sandbox/src/gateways/, with its own wire code",
    "add it to ProviderId::ALL in crates/recurring-facade/src/ids.rs; the test `every_gateway_is_complete` lists the rest",
    "run `cargo xtask docs`, then `cargo xtask ci`",
];

/// Writes the crate and its examples into the workspace.
pub(crate) fn run(name: &str) -> Result<(), String> {
    generate(name, &root())?;
    println!("created crates/{name} and fixtures/{name}. Next:");
    for (number, step) in (1..).zip(NEXT) {
        println!("  {number}. {step}");
    }
    Ok(())
}

/// Generates a crate in a copy of the workspace, and lints and tests it there.
pub(crate) fn check() -> Result<(), String> {
    let copy = root().join("target/new-provider");
    if copy.exists() {
        fs::remove_dir_all(&copy).map_err(|error| format!("{}: {error}", copy.display()))?;
    }
    for file in files()? {
        let bytes = fs::read(root().join(&file)).map_err(|error| format!("{file}: {error}"))?;
        write(&copy.join(&file), &bytes)?;
    }
    let name = "made-up-pay";
    generate(name, &copy)?;
    for arguments in [
        &["clippy", "--package", name, "--all-targets", "--", "-D", "warnings"][..],
        &["test", "--package", name],
    ] {
        let target = root().join("target");
        workspace::run(cargo().args(arguments).current_dir(&copy).env("CARGO_TARGET_DIR", target))?;
    }
    fs::remove_dir_all(&copy).map_err(|error| format!("{}: {error}", copy.display()))
}

fn generate(name: &str, workspace: &Path) -> Result<(), String> {
    check_name(name)?;
    if workspace.join("crates").join(name).exists() {
        return Err(format!("cannot create crates/{name}: it exists; choose another name"));
    }
    for file in files()?.iter().filter_map(|file| file.strip_prefix(TEMPLATE)) {
        let to = match file.split_once('/') {
            Some(("crate", rest)) => format!("crates/{name}/{rest}"),
            Some(("fixtures", rest)) => format!("fixtures/{name}/{rest}"),
            _ => return Err(format!("{TEMPLATE}{file} is neither in crate/ nor in fixtures/")),
        };
        let text = renamed(&read(&root().join(TEMPLATE).join(file))?, name);
        write(&workspace.join(to), text.as_bytes())?;
    }
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let text = read(&root().join(license))?;
        write(&workspace.join("crates").join(name).join(license), text.as_bytes())?;
    }
    // Names of another length are broken into lines otherwise.
    let manifest = workspace.join("Cargo.toml");
    workspace::run(cargo().arg("fmt").arg("--manifest-path").arg(manifest).args(["--package", name]))
}

/// A name that can be a package, a folder and a part of an address.
fn check_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || !name.chars().all(fits) || name.ends_with('-') {
        return Err(format!("`{name}` cannot be the name of a crate: use small letters, digits and hyphens"));
    }
    if PROVIDERS.contains(&name) || name.starts_with("recurring-") {
        return Err(format!("`{name}` is taken; choose another name"));
    }
    Ok(())
}

/// A template with the name in each of its forms.
fn renamed(text: &str, name: &str) -> String {
    let title = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    let spoken: Vec<String> = name.split('-').map(title).collect();
    let snake = name.replace('-', "_");
    text.replace(PLACEHOLDER, name)
        .replace("new_gateway", &snake)
        .replace("NEW_GATEWAY", &snake.to_ascii_uppercase())
        .replace("New Gateway", &spoken.join(" "))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_name_refuses_what_cargo_or_we_refuse() {
        assert!(check_name("made-up-pay").is_ok() && check_name("pay2").is_ok());
        for wrong in ["", "2pay", "Pay", "a_b", "a-", "a/b", "..", "revio", "recurring-x"] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn renamed_replaces_every_form() {
        assert_eq!(
            renamed("new-gateway new_gateway NEW_GATEWAY_API_KEY New Gateway", "made-up-pay"),
            "made-up-pay made_up_pay MADE_UP_PAY_API_KEY Made Up Pay"
        );
    }
}
