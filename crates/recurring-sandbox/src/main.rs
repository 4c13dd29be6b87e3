//! The program `recurring-sandbox`: the sandbox alone, for teams that use nothing else of this workspace.
//!
//! `recurring sandbox` is the same with the same options.

use recurring_sandbox::{Sandbox, shutdown_signal};
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "A local stand-in for five payment gateways, with a ledger of the money really taken.

Usage: recurring-sandbox [--listen ADDRESS] [--allow-other-machines] [--record DIR] [--json]

  --listen ADDRESS        where to listen; port 0 takes a free one [default: 127.0.0.1:0]
  --allow-other-machines  listen on an address that other machines can reach; there is no protection against strangers
  --record DIR            write every exchange into this folder as an example, with secrets, names and ids replaced
  --json                  print one JSON object: {\"listening\":\"http://127.0.0.1:PORT\",\"env\":{..}}

It runs until Ctrl-C. Its own page, at the address that it prints, shows every call and switches faults on.";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Help,
    Version,
    Run { listen: SocketAddr, other_machines: bool, record: Option<PathBuf>, json: bool },
}

fn wish(arguments: impl IntoIterator<Item = OsString>) -> Result<Wish, String> {
    let mut listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (mut other_machines, mut record, mut json) = (false, None, false);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        // Both `--listen ADDRESS` and `--listen=ADDRESS`.
        let (name, own) = match text.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (text.as_str(), None),
        };
        let takes_a_value = matches!(name, "--listen" | "--record");
        if !takes_a_value && own.is_some() {
            return Err(format!("`{name}` takes no value"));
        }
        let value = match own {
            None if takes_a_value => arguments.next(),
            own => own,
        };
        let value = value.filter(|value| !value.is_empty());
        match (name, value) {
            ("--help" | "-h", _) => return Ok(Wish::Help),
            ("--version" | "-V", _) => return Ok(Wish::Version),
            ("--json", _) => json = true,
            ("--allow-other-machines", _) => other_machines = true,
            ("--record", Some(folder)) => record = Some(PathBuf::from(folder)),
            ("--listen", Some(address)) => {
                let parsed = address.to_str().and_then(|address| address.parse().ok());
                listen = parsed.ok_or("`--listen` must be an address and a port, such as 127.0.0.1:8642")?;
            }
            ("--listen" | "--record", None) => return Err(format!("`{name}` needs a value")),
            _ => return Err(format!("`{text}` is not known; `--help` shows what is")),
        }
    }
    Ok(Wish::Run { listen, other_machines, record, json })
}

#[tokio::main]
async fn main() -> ExitCode {
    let (listen, other_machines, record, json) = match wish(std::env::args_os().skip(1)) {
        Ok(Wish::Help) => return said(HELP),
        Ok(Wish::Version) => return said(concat!("recurring-sandbox ", env!("CARGO_PKG_VERSION"))),
        Ok(Wish::Run { listen, other_machines, record, json }) => (listen, other_machines, record, json),
        Err(problem) => {
            complain(&problem);
            return ExitCode::from(2);
        }
    };
    let mut builder = Sandbox::builder().listen(listen).allow_other_machines(other_machines);
    if let Some(folder) = &record {
        builder = builder.record(folder.clone());
    }
    let sandbox = match builder.start().await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            complain(&format!("cannot start on {listen}: {error}"));
            return ExitCode::FAILURE;
        }
    };
    said(&announcement(&sandbox, json));
    if !listen.ip().is_loopback() {
        complain("it is open to other machines: it has no protection and only test cards belong in it");
    }
    shutdown_signal().await;
    if let Some(folder) = record {
        match sandbox.recorded() {
            Ok(number) => complain(&format!("{number} exchanges recorded in {}", folder.display())),
            Err(error) => complain(&format!("not every exchange is recorded: {error}")),
        }
    }
    sandbox.shutdown().await;
    ExitCode::SUCCESS
}

/// Where it listens, and the settings that point clients at it.
fn announcement(sandbox: &Sandbox, json: bool) -> String {
    let settings = sandbox.settings();
    if json {
        let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
        return json!({"listening": sandbox.url(), "env": settings.collect::<Map<_, _>>()}).to_string();
    }
    let exports: Vec<String> =
        settings.iter().map(|(name, value)| format!("export {name}='{value}'")).collect();
    format!(
        "# listening on {}; until Ctrl-C\n# paste this into another terminal:\n{}",
        sandbox.url(),
        exports.join("\n")
    )
}

fn said(text: &str) -> ExitCode {
    // A reader that has gone away is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "recurring-sandbox: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Wish, String> {
        wish(arguments.iter().map(OsString::from))
    }

    #[test]
    fn what_can_be_asked_for() {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 8642));
        let all = ["--listen", "127.0.0.1:8642", "--allow-other-machines", "--record=a=b", "--json"];
        let record = Some(PathBuf::from("a=b"));
        assert_eq!(asked(&all), Ok(Wish::Run { listen, other_machines: true, record, json: true }));
        assert_eq!(asked(&["--json", "--help"]), Ok(Wish::Help));
        assert_eq!(asked(&["-V"]), Ok(Wish::Version));
    }

    #[test]
    fn what_cannot_is_named() {
        for (arguments, says) in [
            (&["--port", "1"][..], "`--port` is not known"),
            (&["--listen"], "`--listen` needs a value"),
            (&["--record="], "`--record` needs a value"),
            (&["--listen", "8642"], "must be an address and a port"),
            (&["--json=yes"], "`--json` takes no value"),
        ] {
            let problem = asked(arguments).unwrap_err();
            assert!(problem.contains(says), "{problem}");
        }
    }
}
