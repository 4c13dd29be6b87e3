//! What the commands share: where the workspace is, its gateways, its files, and how a check reports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The gateways' crates.
pub(crate) const PROVIDERS: [&str; 5] = ["omno", "ngenius", "tokenpay-signed", "revio", "emspay"];

/// What a check found: nothing, or one line for each problem. `Err` means that the check itself could not be made.
pub(crate) type Findings = Result<Vec<String>, String>;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder).to_path_buf()
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command that prints for itself; an error when it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}

/// What a command prints; an error when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{shown}: the output is not UTF-8"))
}

/// The repository's files, relative to the root: those git tracks and new ones it does not ignore.
pub(crate) fn files() -> Result<Vec<String>, String> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let mut files: Vec<String> = output(&mut git)?
        .split('\0')
        .filter(|file| !file.is_empty() && root().join(file).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// The text of a file; an error that names it.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// No problem is success; else they become the error, one a line.
pub(crate) fn report(findings: Findings) -> Result<(), String> {
    let problems = findings?;
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
