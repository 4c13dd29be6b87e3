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

const HELP: &str = "A local sandbox of five payment gateways, with a ledger of the money taken.

Usage: recurring-sandbox [--listen ADDRESS] [--allow-other-machines] [--record DIR] [--json]

  --listen ADDRESS        where to listen; port 0 takes a free one [default: 127.0.0.1:0]
  --allow-other-machines  listen on an address that other machines can reach; the sandbox has no protection
  --record DIR            record every exchange in this folder as an example, with secrets, names and ids replaced
  --json                  print one JSON object: {\"listening\":\"http://127.0.0.1:PORT\",\"env\":{..}}

It runs until Ctrl-C. The inspector, at the address that it prints, shows every request and arms faults.";

/// The command line.
#[derive(Debug, PartialEq, Eq)]
enum Arguments {
    Help,
    Version,
    Run { listen: SocketAddr, other_machines: bool, record: Option<PathBuf>, json: bool },
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
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
            ("--help" | "-h", _) => return Ok(Arguments::Help),
            ("--version" | "-V", _) => return Ok(Arguments::Version),
            ("--json", _) => json = true,
            ("--allow-other-machines", _) => other_machines = true,
            ("--record", Some(folder)) => record = Some(PathBuf::from(folder)),
            ("--listen", Some(address)) => {
                let parsed = address.to_str().and_then(|address| address.parse().ok());
                listen = parsed.ok_or("`--listen` must be an address and a port, such as 127.0.0.1:8642")?;
            }
            ("--listen" | "--record", None) => return Err(format!("`{name}` needs a value")),
            _ => return Err(format!("`{text}` is not known; see `--help`")),
        }
    }
    Ok(Arguments::Run { listen, other_machines, record, json })
}

#[tokio::main]
async fn main() -> ExitCode {
    let (listen, other_machines, record, json) = match parse(std::env::args_os().skip(1)) {
        Ok(Arguments::Help) => return print(HELP),
        Ok(Arguments::Version) => return print(concat!("recurring-sandbox ", env!("CARGO_PKG_VERSION"))),
        Ok(Arguments::Run { listen, other_machines, record, json }) => (listen, other_machines, record, json),
        Err(problem) => {
            report(&problem);
            return ExitCode::from(2);
        }
    };
    let mut builder = Sandbox::builder().with_listen(listen).allow_other_machines(other_machines);
    if let Some(folder) = &record {
        builder = builder.with_record(folder.clone());
    }
    let sandbox = match builder.start().await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            report(&format!("cannot start on {listen}: {error}"));
            return ExitCode::FAILURE;
        }
    };
    // Caught before the address is printed: a script may stop the program at once.
    let shutdown = shutdown_signal();
    print(&start_message(&sandbox, json));
    if !listen.ip().is_loopback() {
        report("other machines can reach the sandbox: it has no protection; use test cards only");
    }
    shutdown.await;
    if let Some(folder) = record {
        match sandbox.recorded() {
            Ok(number) => report(&format!("{number} exchanges recorded in {}", folder.display())),
            Err(error) => report(&format!("cannot record every exchange: {error}")),
        }
    }
    sandbox.shutdown().await;
    ExitCode::SUCCESS
}

/// The address, and the settings that point clients at it.
fn start_message(sandbox: &Sandbox, json: bool) -> String {
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

fn print(text: &str) -> ExitCode {
    // A closed output does not end the sandbox.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}

fn report(text: &str) {
    let _ = writeln!(std::io::stderr(), "recurring-sandbox: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, String> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn valid_options_are_parsed() {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 8642));
        let all = ["--listen", "127.0.0.1:8642", "--allow-other-machines", "--record=a=b", "--json"];
        let record = Some(PathBuf::from("a=b"));
        assert_eq!(parsed(&all), Ok(Arguments::Run { listen, other_machines: true, record, json: true }));
        assert_eq!(parsed(&["--json", "--help"]), Ok(Arguments::Help));
        assert_eq!(parsed(&["-V"]), Ok(Arguments::Version));
    }

    #[test]
    fn invalid_option_is_named() {
        for (arguments, says) in [
            (&["--port", "1"][..], "`--port` is not known"),
            (&["--listen"], "`--listen` needs a value"),
            (&["--record="], "`--record` needs a value"),
            (&["--listen", "8642"], "must be an address and a port"),
            (&["--json=yes"], "`--json` takes no value"),
        ] {
            let problem = parsed(arguments).unwrap_err();
            assert!(problem.contains(says), "{problem}");
        }
    }
}
