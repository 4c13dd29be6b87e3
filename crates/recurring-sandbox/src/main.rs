//! The program `recurring-sandbox`: the sandbox alone, for teams that use nothing else of this workspace.
//!
//! `recurring sandbox` is the same with the same options.

use recurring_sandbox::{Sandbox, shutdown_signal};
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the sandbox listens unless it is told otherwise: the same after each start, so that settings stay valid.
const PORT: u16 = Sandbox::DEFAULT_PORT;

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

#[derive(Debug, Clone, PartialEq, Eq)]
struct Options {
    listen: SocketAddr,
    other_machines: bool,
    hosts: Vec<String>,
    record: Option<PathBuf>,
    state: Option<PathBuf>,
    env_file: Option<PathBuf>,
    encrypt: bool,
    json: bool,
}

/// The options that take a value.
const WITH_VALUE: [&str; 6] = ["--listen", "--port", "--record", "--state", "--env-file", "--allow-host"];

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let mut options = Options {
        listen,
        other_machines: false,
        hosts: Vec::new(),
        record: None,
        state: None,
        env_file: None,
        encrypt: false,
        json: false,
    };
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
            ("--json", _) => options.json = true,
            ("--allow-other-machines", _) => options.other_machines = true,
            ("--encrypt-ngenius", _) => options.encrypt = true,
            ("--record", Some(folder)) => options.record = Some(PathBuf::from(folder)),
            ("--state", Some(file)) => options.state = Some(PathBuf::from(file)),
            ("--env-file", Some(file)) => options.env_file = Some(PathBuf::from(file)),
            ("--allow-host", Some(host)) => options.hosts.push(host.to_string_lossy().into_owned()),
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
    Ok(Arguments::Run(Box::new(options)))
}

/// The sandbox as the options describe it, with the file of its settings written.
async fn start(options: &Options) -> Result<Sandbox, String> {
    let mut builder =
        Sandbox::builder().with_listen(options.listen).allow_other_machines(options.other_machines);
    if options.encrypt {
        builder = builder.with_encrypted_ngenius_webhooks(true);
    }
    for host in &options.hosts {
        builder = builder.with_allowed_host(host);
    }
    if let Some(folder) = &options.record {
        builder = builder.with_record(folder.clone());
    }
    if let Some(file) = &options.state {
        builder = builder.with_state(file.clone());
    }
    let sandbox = builder.start().await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!(
            "cannot listen on {}: port {} is in use; end the program that uses it, name another port with --port, or take a free one \
             with --port 0",
            options.listen,
            options.listen.port()
        ),
        _ => format!("cannot start on {}: {error}", options.listen),
    })?;
    if let Some(file) = &options.env_file {
        sandbox.write_env_file(file).map_err(|error| error.to_string())?;
    }
    Ok(sandbox)
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match parse(std::env::args_os().skip(1)) {
        Ok(Arguments::Help) => return print(HELP),
        Ok(Arguments::Version) => return print(concat!("recurring-sandbox ", env!("CARGO_PKG_VERSION"))),
        Ok(Arguments::Run(options)) => options,
        Err(problem) => {
            report(&problem);
            return ExitCode::from(2);
        }
    };
    let sandbox = match start(&options).await {
        Ok(sandbox) => sandbox,
        Err(problem) => {
            report(&problem);
            return ExitCode::FAILURE;
        }
    };
    // Caught before the address is printed: a script may stop the program at once.
    let shutdown = shutdown_signal();
    print(&start_message(&sandbox, options.json));
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
        let mut options = Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8643)),
            other_machines: true,
            hosts: vec!["shop".to_owned()],
            record: Some(PathBuf::from("a=b")),
            state: Some(PathBuf::from("s")),
            env_file: Some(PathBuf::from("e")),
            encrypt: true,
            json: true,
        };
        assert_eq!(parsed(&all), Ok(Arguments::Run(Box::new(options.clone()))));
        options.listen.set_port(0);
        let port = [&["--port", "0"][..], &all].concat();
        assert_eq!(parsed(&port), Ok(Arguments::Run(Box::new(options))));
        let Ok(Arguments::Run(plain)) = parsed(&[]) else { panic!("no options are needed") };
        assert_eq!(plain.listen, SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
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
