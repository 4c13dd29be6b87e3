//! `cargo xtask setup`: which programs the tests need and this machine lacks, and their installation by apt and npm.

use std::io::{IsTerminal, Write, stdin, stdout};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::workspace;

/// What the tests need besides Rust and a C compiler.
struct Need {
    /// The name of Debian's package.
    package: &'static str,
    purpose: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: [Need; 12] = [
    Need {
        package: "postgresql",
        purpose: "the journal's tests start a server of their own",
        is_there: || runs("initdb") || server_programs(Path::new("/usr/lib/postgresql")),
    },
    Need { package: "openssl", purpose: "keys and signatures of other origin", is_there: || runs("openssl") },
    Need { package: "pkg-config", purpose: "the feature native-tls", is_there: || runs("pkg-config") },
    Need { package: "libssl-dev", purpose: "the feature native-tls", is_there: openssl_headers },
    Need { package: "g++", purpose: "fuzzing: libFuzzer is C++", is_there: || runs("c++") },
    Need {
        package: "valgrind",
        purpose: "the instructions of a charge are counted",
        is_there: || runs("valgrind"),
    },
    Need {
        package: "chromium",
        purpose: "the sandbox's pages (the feature browser-tests)",
        is_there: || runs("chromium"),
    },
    Need {
        package: "chromium-driver",
        purpose: "the sandbox's pages (the feature browser-tests)",
        is_there: || runs("chromedriver"),
    },
    Need {
        package: "pgbouncer",
        purpose: "the journal behind a pooler (the feature pgbouncer-tests)",
        is_there: || runs("pgbouncer") || Path::new("/usr/sbin/pgbouncer").is_file(),
    },
    Need {
        package: "prometheus",
        purpose: "the alert rules are tried by a real server",
        is_there: || runs("prometheus") && runs("promtool"),
    },
    Need {
        package: "python3-venv",
        purpose: "a client from PyPI against the sandbox",
        is_there: || succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])),
    },
    Need {
        package: "npm",
        purpose: "Restate's server, for the tests of recurring-restate",
        is_there: || runs("npm"),
    },
];

/// Where the list of what npm installs is, with hashes, and where it is installed.
const ENGINE: [&str; 2] = ["crates/recurring-restate/server", "target/restate"];

/// Prints what is missing, and installs it: after a question, or at once with `yes`.
pub(crate) fn run(yes: bool) -> Result<(), String> {
    packages(yes)?;
    engine(yes)
}

/// Restate's server, below `target/`. No install script runs.
fn engine(yes: bool) -> Result<(), String> {
    let [list, folder] = ENGINE.map(|path| workspace::root().join(path));
    let lock = "package-lock.json";
    let wanted = workspace::read(&list.join(lock))?;
    if folder.join("node_modules").is_dir()
        && workspace::read(&folder.join(lock)).is_ok_and(|there| there == wanted)
    {
        return Ok(());
    }
    println!("missing: Restate's server (Business Source License 1.1), below {}", ENGINE[1]);
    println!("would run: npm ci --ignore-scripts");
    if !yes && !confirmed()? {
        return Err("Restate's server was not installed".to_owned());
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for file in ["package.json", lock] {
        std::fs::copy(list.join(file), folder.join(file)).map_err(|error| format!("{file}: {error}"))?;
    }
    let mut npm = Command::new("npm");
    workspace::run(npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))
}

/// Packages of the system, where there is apt.
fn packages(yes: bool) -> Result<(), String> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.is_there)()).collect();
    if missing.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    println!("missing (Debian's names):");
    for need in &missing {
        println!("  {:16} {}", need.package, need.purpose);
    }
    if !runs("apt-get") {
        return Err(
            "cannot install: this system has no apt-get; install what is listed by its own means".to_owned()
        );
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let commands = installation(&packages, is_root());
    commands.iter().for_each(|command| println!("would run: {}", command.join(" ")));
    if !yes && !confirmed()? {
        return Err("nothing was installed".to_owned());
    }
    for command in commands {
        let (program, arguments) = command.split_first().ok_or("an empty command")?;
        workspace::run(Command::new(program).args(arguments))?;
    }
    Ok(())
}

/// The commands that install packages; with `sudo` unless the user is root.
fn installation(packages: &[&str], is_root: bool) -> Vec<Vec<String>> {
    let install = [&["apt-get", "install", "--yes", "--no-install-recommends"], packages].concat();
    [vec!["apt-get", "update"], install]
        .into_iter()
        .map(|command| {
            let prefix = if is_root { vec![] } else { vec!["sudo"] };
            prefix.into_iter().chain(command).map(str::to_owned).collect()
        })
        .collect()
}

fn confirmed() -> Result<bool, String> {
    if !stdin().is_terminal() {
        return Err("cannot ask: standard input is not a terminal; give --yes to install".to_owned());
    }
    print!("install? [y/N] ");
    stdout().flush().map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(|error| error.to_string())?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Whether a program is in the path.
fn runs(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether Debian's folder has the programs of some version of PostgreSQL's server.
fn server_programs(folder: &Path) -> bool {
    let versions = std::fs::read_dir(folder).into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("bin/initdb").is_file())
}

fn openssl_headers() -> bool {
    succeeds(Command::new("pkg-config").args(["--exists", "openssl"]))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installation_uses_sudo_unless_root() {
        let root = installation(&["openssl", "pgbouncer"], true);
        assert_eq!(root[0], ["apt-get", "update"]);
        assert_eq!(root[1].join(" "), "apt-get install --yes --no-install-recommends openssl pgbouncer");
        assert!(installation(&["openssl"], false).iter().all(|command| command[0] == "sudo"));
    }

    #[test]
    fn program_is_found_in_path_only() {
        assert!(runs("sh"));
        assert!(!runs("a-program-that-is-not-there"));
    }

    #[test]
    fn server_programs_missing_folder_is_false() {
        assert!(!server_programs(Path::new("a-folder-that-is-not-there")));
    }
}
