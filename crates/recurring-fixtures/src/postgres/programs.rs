//! The programs of PostgreSQL's server, and the user that may run them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) const MISSING: &str =
    "the tests of the PostgreSQL store need its server: install Debian's package postgresql";

/// Whether the server's programs are installed.
pub fn is_installed() -> bool {
    find_programs().is_some()
}

pub(super) fn programs() -> PathBuf {
    find_programs().unwrap_or_else(|| panic!("{MISSING}"))
}

/// Where the server's programs are.
fn find_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path =
        std::env::split_paths(&path).map(|folder| folder.join("initdb")).find(|file| file.is_file());
    if let Some(folder) =
        in_path.and_then(|file| std::fs::canonicalize(file).ok()?.parent().map(Path::to_owned))
    {
        return Some(folder);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .map(|entry| entry.path())
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    newest.map(|path| path.join("bin")).filter(|folder| folder.join("initdb").is_file())
}

/// The server refuses to run as root.
pub(super) fn as_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let user = user();
    let group = run(Command::new("id").args(["-g", &user]));
    command.arg(format!("--reuid={user}")).arg(format!("--regid={}", group.trim()));
    command.args(["--clear-groups", "--"]).arg(program);
    command
}

pub(super) fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// Debian's package makes the user `postgres`.
pub(super) fn user() -> String {
    let there =
        Command::new("id").args(["-u", "postgres"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_ok_and(|status| status.success()) { "postgres" } else { "nobody" }.to_owned()
}

pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {MISSING}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
