//! The options of a program that runs the sandbox.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::sandbox::Sandbox;

/// What a program that runs the sandbox is asked for: `recurring-sandbox` and `recurring sandbox` have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether an address that other machines can reach is allowed. The sandbox has no access control.
    pub allow_other_machines: bool,
    /// Names that are answered to in the `Host` header too.
    pub allowed_hosts: Vec<String>,
    /// The folder in which every exchange is recorded as an example.
    pub record: Option<PathBuf>,
    /// The file that keeps orders, cards, schedules, keys and the ledger.
    pub state: Option<PathBuf>,
    /// The file that the settings for the clients are written into.
    pub env_file: Option<PathBuf>,
    /// Whether the webhooks of ngenius are encrypted.
    pub encrypt_ngenius: bool,
}

impl Default for SandboxOptions {
    /// On this machine alone, on [`Sandbox::DEFAULT_PORT`], without any file.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, Sandbox::DEFAULT_PORT)),
            allow_other_machines: false,
            allowed_hosts: Vec::new(),
            record: None,
            state: None,
            env_file: None,
            encrypt_ngenius: false,
        }
    }
}

impl SandboxOptions {
    /// Starts the sandbox, and writes the file with its settings.
    ///
    /// # Errors
    /// A sentence with what to do, when it cannot listen, or a file cannot be read or written.
    pub async fn start(&self) -> Result<Sandbox, String> {
        let mut builder =
            Sandbox::builder().with_listen(self.listen).allow_other_machines(self.allow_other_machines);
        if self.encrypt_ngenius {
            builder = builder.with_encrypted_ngenius_webhooks(true);
        }
        for host in &self.allowed_hosts {
            builder = builder.with_allowed_host(host);
        }
        if let Some(folder) = &self.record {
            builder = builder.with_record(folder.clone());
        }
        if let Some(file) = &self.state {
            builder = builder.with_state(file.clone());
        }
        let listen = self.listen;
        let sandbox = builder.start().await.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => format!(
                "cannot listen on {listen}: port {} is in use; end the program that uses it, name another port with --port, \
                 or take a free one with --port 0",
                listen.port()
            ),
            _ => format!("cannot start the sandbox on {listen}: {error}"),
        })?;
        if let Some(file) = &self.env_file {
            sandbox.write_env_file(file).map_err(|error| error.to_string())?;
        }
        Ok(sandbox)
    }
}

impl Sandbox {
    /// Returns where it listens, and the settings that point clients at it: `{"listening":"http://..","env":{..}}`.
    pub fn started_json(&self) -> Value {
        let settings = self.settings().into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
        json!({"listening": self.url(), "env": settings.collect::<Map<_, _>>()})
    }

    /// Returns the same as lines for a shell.
    pub fn started_text(&self) -> String {
        let settings = self.settings();
        let exports: Vec<String> =
            settings.iter().map(|(name, value)| format!("export {name}='{value}'")).collect();
        format!(
            "# listening on {}; until Ctrl-C\n# paste this into another terminal:\n{}",
            self.url(),
            exports.join("\n")
        )
    }
}
