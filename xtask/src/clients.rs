//! `cargo xtask clients`: clients from package registries, written by others, run against the sandbox. Its ledger is the judge:
//! exactly the money that each client asked for, and nothing else.

mod judge;
mod sandbox;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::workspace::{cargo, output, read, root, run as run_command};
use judge::{Money, charge, refund};
use sandbox::{Sandbox, program};

/// A client, and what it does when its driver in `outside/clients` runs it.
struct Client {
    name: &'static str,
    gateway: &'static str,
    /// Makes its driver runnable; the error says why this machine cannot.
    prepare: fn() -> Result<(), String>,
    driver: fn() -> Result<Command, String>,
    money: &'static [Money],
    webhooks: usize,
}

const CLIENTS: [Client; 2] = [
    Client {
        name: "ginger-sdk (PyPI)",
        gateway: "emspay",
        prepare: prepare_python,
        driver: || Ok(python("ginger_sdk_run.py")),
        money: &[
            charge("ginger-first", 4000, "EUR"),
            charge("ginger-renewal", 2500, "EUR"),
            refund("ginger-renewal", 1000, "EUR"),
            charge("ginger-capture", 1500, "EUR"),
            charge("ginger-single", 700, "EUR"),
        ],
        webhooks: 5,
    },
    Client {
        name: "chip-sdk (crates.io)",
        gateway: "revio",
        prepare: prepare_rust,
        driver: rust,
        money: &[
            charge("chip-first", 4000, "MYR"),
            charge("chip-renewal", 2500, "MYR"),
            refund("chip-renewal", 1000, "MYR"),
            charge("chip-capture", 1500, "MYR"),
        ],
        webhooks: 15,
    },
];

/// The negative control: `chip-sdk`, told to charge again after a lost answer.
const CONTROL: &str = "repeat";

/// Runs each client. One that this machine cannot run is an error where `required`, else it is listed as ignored.
pub(crate) fn run(required: bool) -> Result<(), String> {
    sandbox::build()?;
    let (mut lines, mut ignored) = (Vec::new(), Vec::new());
    for client in &CLIENTS {
        match (client.prepare)() {
            Err(reason) if required => return Err(format!("cannot run {}: {reason}", client.name)),
            Err(reason) => ignored.push(format!("ignored: {}: {reason}", client.name)),
            Ok(()) => lines.push(conformance(client)?),
        }
    }
    match prepare_rust() {
        Err(reason) if required => return Err(format!("cannot run the negative control: {reason}")),
        Err(reason) => ignored.push(format!("ignored: negative control: {reason}")),
        Ok(()) => lines.push(control()?),
    }
    lines.iter().chain(&ignored).for_each(|line| println!("{line}"));
    Ok(())
}

fn conformance(client: &Client) -> Result<String, String> {
    println!("{} against {}:", client.name, client.gateway);
    let sandbox = Sandbox::start()?;
    let failed = |error: String| format!("{}: {error}", client.name);
    run_command(sandbox.settings(&mut (client.driver)()?)).map_err(failed)?;
    judge::money(client.gateway, client.money, &sandbox.read("ledger")?).map_err(failed)?;
    webhooks(client, &sandbox).map_err(failed)?;
    let (movements, webhooks) = (client.money.len(), client.webhooks);
    Ok(format!("ok: {}: {movements} movements of money, {webhooks} webhooks", client.name))
}

/// The sandbox notes an answer to a webhook a moment after the driver has given it.
fn webhooks(client: &Client, sandbox: &Sandbox) -> Result<(), String> {
    for _ in 0..20 {
        if judge::webhooks(client.webhooks, &sandbox.read("deliveries")?).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    judge::webhooks(client.webhooks, &sandbox.read("deliveries")?)
}

/// The judge must find the second charge.
fn control() -> Result<String, String> {
    println!("chip-sdk, charging again after a lost answer:");
    let sandbox = Sandbox::start()?;
    run_command(sandbox.settings(rust()?.arg(CONTROL)))?;
    let once = [charge("chip-first", 4000, "MYR"), charge("chip-renewal", 2500, "MYR")];
    match judge::money("revio", &once, &sandbox.read("ledger")?) {
        Err(found) if found == "chip-renewal: 2 charges instead of 1" => {
            Ok("ok: negative control: the second charge was found".to_owned())
        }
        other => Err(format!("the judge did not find the second charge, but said {other:?}")),
    }
}

fn drivers() -> PathBuf {
    root().join("outside/clients")
}

/// Where the drivers are built and their packages are installed.
fn built() -> PathBuf {
    root().join("target/outside")
}

fn environment() -> PathBuf {
    built().join("python")
}

fn python(script: &str) -> Command {
    let mut command = Command::new(environment().join("bin/python"));
    command.arg(drivers().join("python").join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Makes a virtual environment with exactly the pinned packages, unless it is there.
fn prepare_python() -> Result<(), String> {
    let folder = drivers().join("python");
    let lists = [folder.join("build-requirements.txt"), folder.join("requirements.txt")];
    let wanted = lists.iter().map(|list| read(list)).collect::<Result<String, String>>()?;
    let mark = environment().join("installed.txt");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let version = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
    output(Command::new("python3").args(["-c", version]))
        .map_err(|_| "needs Python 3.10 or newer with venv (on Debian: python3-venv)".to_owned())?;
    output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment()))?;
    for list in &lists {
        let mut install = Command::new(environment().join("bin/python"));
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        output(install.args(["--require-hashes", "--no-build-isolation", "--requirement"]).arg(list))?;
    }
    fs::write(&mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))
}

fn manifest() -> PathBuf {
    drivers().join("rust/Cargo.toml")
}

fn prepare_rust() -> Result<(), String> {
    output(cargo().args(["fetch", "--quiet", "--locked", "--manifest-path"]).arg(manifest())).map(drop)
}

fn rust() -> Result<Command, String> {
    let build = ["build", "--quiet", "--locked", "--manifest-path"];
    run_command(cargo().args(build).arg(manifest()).arg("--target-dir").arg(built()))?;
    Ok(Command::new(program(&built(), "outside-chip-sdk")))
}
