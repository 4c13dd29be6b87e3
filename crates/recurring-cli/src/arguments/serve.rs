//! The options of `recurring sandbox`, the same as those of the program `recurring-sandbox`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// The port; 0 takes a free one.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The address and the port.
    #[arg(long, default_value = "127.0.0.1:8642", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Write the settings for the clients into this file, for `set -a; . FILE` in a shell and `docker run --env-file`. Only
    /// its owner can read it.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Keep orders, cards, schedules, keys and the ledger in this file, and start from it where it exists.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Write every request and response into this folder as a fixture, with secrets, names and ids replaced. Files that
    /// are in the folder are kept.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Encrypt the webhooks of ngenius, as the gateway does where a merchant asks for it.
    #[arg(long)]
    encrypt_ngenius: bool,
    /// Answer to this name in the Host header too; may be repeated.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Allow an address that other machines can reach. The sandbox has no access control.
    #[arg(long)]
    allow_other_machines: bool,
}

#[cfg(feature = "sandbox")]
impl Sandbox {
    /// The same in the words of the sandbox.
    pub(crate) fn read(self) -> recurring_sandbox::SandboxOptions {
        recurring_sandbox::SandboxOptions {
            listen: SocketAddr::new(self.listen.ip(), self.port.unwrap_or(self.listen.port())),
            allow_other_machines: self.allow_other_machines,
            allowed_hosts: self.allow_host,
            record: self.record,
            state: self.state,
            env_file: self.env_file,
            encrypt_ngenius: self.encrypt_ngenius,
        }
    }
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        sandbox: Sandbox,
    }

    #[test]
    fn defaults_are_those_of_the_sandbox() {
        let line = Line::try_parse_from(["sandbox"]).expect("no option is needed");
        assert_eq!(line.sandbox.read(), recurring_sandbox::SandboxOptions::default());
    }
}
