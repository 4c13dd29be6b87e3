//! `cargo xtask bench build`: what a gateway's crate and the facade add to a program with reqwest, rustls and serde: processor
//! time of a cold build, packages, and the size of the stripped program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::{Bound, head, row, target};
use crate::workspace::{self, cargo, output, root};

/// A program of its own, outside of the workspace.
struct Program {
    name: &'static str,
    /// Lines of its manifest; `ROOT` is the folder of the crates.
    dependencies: &'static str,
    main: &'static str,
}

const HAND: Program = Program {
    name: "by-hand",
    dependencies: "reqwest = { version = \"0.13\", default-features = false, features = [\"rustls\"] }\n\
                   serde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"",
    main: r#"#[derive(serde::Serialize)]
struct Body { merchant_order_id: &'static str, amount: i64 }
#[derive(serde::Deserialize, Debug)]
struct Order { id: String, status: String }
async fn charge() -> String {
    let body = serde_json::to_vec(&Body { merchant_order_id: "a", amount: 1 }).unwrap();
    let sent = reqwest::Client::new().post("https://localhost:1/v1/orders/").basic_auth("key", Some("")).body(body).send();
    let received = sent.await.unwrap().bytes().await.unwrap();
    let order: Order = serde_json::from_slice(&received).unwrap();
    format!("{} {}", order.id, order.status)
}"#,
};

const GATEWAY: Program = Program {
    name: "one-gateway",
    dependencies: "emspay = { path = \"ROOT/emspay\" }\nrecurring-core = { path = \"ROOT/recurring-core\" }",
    main: r#"async fn charge() -> String {
    let client = emspay::Client::builder(emspay::Environment::Live, "key").build().unwrap();
    let amount = recurring_core::Money::from_minor(100, recurring_core::Currency::from_code("EUR").unwrap()).unwrap();
    let order = emspay::CreateOrder::recurring("a", amount, recurring_core::Secret::new("token"));
    format!("{:?}", client.create_order(&order).await)
}"#,
};

const SIGNED: Program = Program {
    name: "signed-gateway",
    dependencies: "tokenpay-signed = { path = \"ROOT/tokenpay-signed\" }",
    main: "async fn charge() -> String { String::new() }",
};

const FACADE: Program = Program {
    name: "facade",
    dependencies: "recurring-facade = { path = \"ROOT/recurring-facade\" }",
    main: "async fn charge() -> String { format!(\"{:?}\", recurring_facade::Settings::from_environment().unwrap().facade()) }",
};

pub(crate) fn run() -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    head("packages in the normal tree", "measured", "by hand");
    let hand = HAND.packages()?;
    for (program, more) in [(GATEWAY, 12), (SIGNED, 40)] {
        let packages = program.packages()?;
        row(program.name, packages, hand, Bound::None);
        if packages > hand + more {
            problems.push(format!("{}: {packages} packages, and the bound is {hand} + {more}", program.name));
        }
    }
    for profile in ["dev", "release"] {
        head(&format!("a cold build, {profile}: milliseconds of processor time"), "measured", "by hand");
        let hand = HAND.built(profile)?;
        for (program, bound) in [(GATEWAY, 130), (FACADE, 160)] {
            problems.extend(row(program.name, program.built(profile)?, hand, Bound::AtMost(bound)));
        }
    }
    head("the stripped program: bytes", "measured", "by hand");
    let hand = HAND.size()?;
    problems.extend(row(GATEWAY.name, GATEWAY.size()?, hand, Bound::AtMost(115)));
    Ok(problems)
}

impl Program {
    /// Its folder, with its manifest and the versions that the workspace has.
    fn folder(&self) -> Result<PathBuf, String> {
        let folder = target().join("builds").join(self.name);
        let crates = root().join("crates").display().to_string();
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[profile.release]\nstrip = true\n\
             [dependencies]\ntokio = {{ version = \"1\", features = [\"rt\", \"net\", \"time\"] }}\n{}\n",
            self.name,
            self.dependencies.replace("ROOT", &crates)
        );
        let main = format!(
            "{}\nfn main() {{\n    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();\n    \
             println!(\"{{}}\", runtime.block_on(charge()));\n}}\n",
            self.main
        );
        write(&folder.join("Cargo.toml"), manifest.as_bytes())?;
        write(&folder.join("src").join("main.rs"), main.as_bytes())?;
        let lock = root().join("Cargo.lock");
        write(&folder.join("Cargo.lock"), workspace::read(&lock)?.as_bytes())?;
        Ok(folder)
    }

    fn packages(&self) -> Result<u64, String> {
        let mut tree = cargo();
        tree.current_dir(self.folder()?).args(["tree", "--edges", "normal", "--prefix", "none"]);
        let printed = output(tree.args(["--format", "{p}"]))?;
        // The second time, a package is marked.
        let names = printed.lines().map(|line| line.trim_end_matches(" (*)"));
        let all: BTreeSet<&str> = names.filter(|line| !line.is_empty()).collect();
        u64::try_from(all.len()).map_err(|error| error.to_string())
    }

    /// The processor time of a build from nothing, in milliseconds: beside other work it is about the same.
    fn built(&self, profile: &str) -> Result<u64, String> {
        let folder = self.folder()?;
        let target = folder.join("target");
        if target.exists() {
            fs::remove_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
        }
        let mut build = Command::new("sh");
        build.current_dir(&folder).env("CARGO_TARGET_DIR", &target);
        build.args(["-c", "\"$CARGO\" build --quiet --profile \"$PROFILE\" && times"]);
        build.env("CARGO", cargo().get_program()).env("PROFILE", profile);
        let printed = output(&mut build)?;
        let children = printed.lines().last().unwrap_or_default();
        let spent: Option<Vec<u64>> = children.split_whitespace().map(millis).collect();
        let spent = spent.filter(|spent| spent.len() == 2);
        Ok(spent.ok_or_else(|| format!("`times` printed {printed:?}"))?.iter().sum())
    }

    fn size(&self) -> Result<u64, String> {
        let program = self.folder()?.join("target").join("release").join(self.name);
        let about = fs::metadata(&program).map_err(|error| format!("{}: {error}", program.display()))?;
        Ok(about.len())
    }
}

/// Reads `1m2.345s`, as the shell prints it.
fn millis(text: &str) -> Option<u64> {
    let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
    let (seconds, fraction) = seconds.split_once('.')?;
    let [minutes, seconds] = [minutes, seconds].map(|number| number.parse::<u64>().ok());
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(minutes? * 60_000 + seconds? * 1_000 + millis)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_shell_are_read() {
        assert_eq!(millis("1m2.500000s"), Some(62_500));
        assert_eq!(millis("0m0.07s"), Some(70));
        assert_eq!(millis("2.5"), None);
    }
}
