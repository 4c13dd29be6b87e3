//! The program `recurring-sandbox`: the sandbox alone, for teams that use nothing else of this workspace.
//!
//! `recurring sandbox` is the same with the same options.

use recurring_sandbox::{SandboxOptions, shutdown_signal};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "A local sandbox of five payment gateways, with a ledger of the money taken.

Usage: recurring-sandbox [OPTIONS]

  --port PORT             the port; 0 takes a free one [default: 8642]
  --listen ADDRESS        the address and the port [default: 127.0.0.1:8642]
  --env-file FILE         write the settings for the clients into this file, for `set -a; . FILE` and docker --env-file
  --state FILE            keep orders, cards, schedules, keys and the ledger in this file, and start from it
  --record DIR            record every exchange in this folder as an example, with secrets, names and ids replaced
  --encrypt-ngenius       encrypt the webhooks of ngenius
  --allow-host NAME       answer to this name in the Host header too; may be repeated
  --allow-other-machines  listen on an address that other machines can reach; the sandbox has no protection
  --json                  print one JSON object: {\"listening\":\"http://127.0.0.1:PORT\",\"env\":{..}}

It runs until Ctrl-C. The inspector, at the address that it prints, shows every request and arms faults.";

/// The command line.
#[derive(Debug, PartialEq, Eq)]
enum Arguments {
    Help,
    Version,
    Run(Box<Options>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Options {
    sandbox: SandboxOptions,
    json: bool,
}

/// The options that take a value.
const WITH_VALUE: [&str; 6] = ["--listen", "--port", "--record", "--state", "--env-file", "--allow-host"];

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
    let (mut options, mut json) = (SandboxOptions::default(), false);
    let mut port = None;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        // Both `--listen ADDRESS` and `--listen=ADDRESS`.
        let (name, own) = match text.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (text.as_str(), None),
        };
        let takes_a_value = WITH_VALUE.contains(&name);
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
            ("--allow-other-machines", _) => options.allow_other_machines = true,
            ("--encrypt-ngenius", _) => options.encrypt_ngenius = true,
            ("--record", Some(folder)) => options.record = Some(PathBuf::from(folder)),
            ("--state", Some(file)) => options.state = Some(PathBuf::from(file)),
            ("--env-file", Some(file)) => options.env_file = Some(PathBuf::from(file)),
            ("--allow-host", Some(host)) => options.allowed_hosts.push(host.to_string_lossy().into_owned()),
            ("--port", Some(number)) => {
                let parsed = number.to_str().and_then(|number| number.parse::<u16>().ok());
                port = Some(parsed.ok_or("`--port` must be a number from 0 to 65535")?);
            }
            ("--listen", Some(address)) => {
                let parsed = address.to_str().and_then(|address| address.parse().ok());
                options.listen =
                    parsed.ok_or("`--listen` must be an address and a port, such as 127.0.0.1:8642")?;
            }
            (_, None) if takes_a_value => return Err(format!("`{name}` needs a value")),
            _ => return Err(format!("`{text}` is not known; see `--help`")),
        }
    }
    if let Some(port) = port {
        options.listen.set_port(port);
    }
    Ok(Arguments::Run(Box::new(Options { sandbox: options, json })))
}

#[tokio::main]
async fn main() -> ExitCode {
    let Options { sandbox: options, json } = match parse(std::env::args_os().skip(1)) {
        Ok(Arguments::Help) => return print(HELP),
        Ok(Arguments::Version) => return print(concat!("recurring-sandbox ", env!("CARGO_PKG_VERSION"))),
        Ok(Arguments::Run(options)) => *options,
        Err(problem) => {
            report(&problem);
            return ExitCode::from(2);
        }
    };
    let sandbox = match options.start().await {
        Ok(sandbox) => sandbox,
        Err(problem) => {
            report(&problem);
            return ExitCode::FAILURE;
        }
    };
    // Caught before the address is printed: a script may stop the program at once.
    let shutdown = shutdown_signal();
    print(&if json { sandbox.started_json().to_string() } else { sandbox.started_text() });
    if !options.listen.ip().is_loopback() {
        report("other machines can reach the sandbox: it has no protection; use test cards only");
    }
    shutdown.await;
    if let Some(folder) = options.record {
        match sandbox.recorded() {
            Ok(number) => report(&format!("{number} exchanges recorded in {}", folder.display())),
            Err(error) => report(&format!("cannot record every exchange: {error}")),
        }
    }
    sandbox.shutdown().await;
    ExitCode::SUCCESS
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
    use std::net::{Ipv4Addr, SocketAddr};

    use recurring_sandbox::Sandbox;

    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, String> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn valid_options_are_parsed() {
        let all = [
            "--listen",
            "127.0.0.1:8643",
            "--allow-other-machines",
            "--record=a=b",
            "--state",
            "s",
            "--env-file=e",
            "--allow-host",
            "shop",
            "--encrypt-ngenius",
            "--json",
        ];
        let sandbox = SandboxOptions {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8643)),
            allow_other_machines: true,
            allowed_hosts: vec!["shop".to_owned()],
            record: Some(PathBuf::from("a=b")),
            state: Some(PathBuf::from("s")),
            env_file: Some(PathBuf::from("e")),
            encrypt_ngenius: true,
        };
        let mut options = Options { sandbox, json: true };
        assert_eq!(parsed(&all), Ok(Arguments::Run(Box::new(options.clone()))));
        options.sandbox.listen.set_port(0);
        let port = [&["--port", "0"][..], &all].concat();
        assert_eq!(parsed(&port), Ok(Arguments::Run(Box::new(options))));
        let Ok(Arguments::Run(plain)) = parsed(&[]) else { panic!("no options are needed") };
        let port = SocketAddr::from((Ipv4Addr::LOCALHOST, Sandbox::DEFAULT_PORT));
        assert_eq!((plain.sandbox.listen, plain.json), (port, false));
        assert_eq!(parsed(&["--json", "--help"]), Ok(Arguments::Help));
        assert_eq!(parsed(&["-V"]), Ok(Arguments::Version));
    }

    #[test]
    fn invalid_option_is_named() {
        for (arguments, says) in [
            (&["--ports", "1"][..], "`--ports` is not known"),
            (&["--listen"], "`--listen` needs a value"),
            (&["--record="], "`--record` needs a value"),
            (&["--state"], "`--state` needs a value"),
            (&["--port", "70000"], "must be a number from 0 to 65535"),
            (&["--listen", "8642"], "must be an address and a port"),
            (&["--json=yes"], "`--json` takes no value"),
        ] {
            let problem = parsed(arguments).unwrap_err();
            assert!(problem.contains(says), "{problem}");
        }
    }
}
