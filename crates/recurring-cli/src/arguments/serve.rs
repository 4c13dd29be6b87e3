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
    #[arg(long, default_value_t = SocketAddr::from(([127, 0, 0, 1], recurring_sandbox::Sandbox::DEFAULT_PORT)), value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Write the settings for the clients into this file, for `set -a; . FILE` in a shell and `docker run --env-file`. Only
    /// its owner can read it.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// Keep orders, cards, schedules, keys and the ledger in this file, and start from it where it exists.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Write every request and response into this folder as a fixture, with secrets, names and ids replaced. Files that
    /// are in the folder are kept.
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// Encrypt the webhooks of ngenius, as the gateway does where a merchant asks for it.
    #[arg(long)]
    pub(crate) encrypt_ngenius: bool,
    /// Answer to this name in the Host header too; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// Allow an address that other machines can reach. The sandbox has no access control.
    #[arg(long)]
    pub(crate) allow_other_machines: bool,
}

impl Sandbox {
    /// Where to listen.
    pub(crate) fn listen(&self) -> SocketAddr {
        SocketAddr::new(self.listen.ip(), self.port.unwrap_or(self.listen.port()))
    }
}
