//! Settings of a sandbox, and starting it.

use crate::challenges::Challenges;
use crate::clock::Clock;
use crate::common::Common;
use crate::connection::serve;
use crate::faults::{Fault, Faults};
use crate::gateways;
use crate::guard::AllowedHosts;
use crate::issuer::Issuer;
use crate::keys::KeyFolder;
use crate::ledger::Ledger;
use crate::log::RequestLog;
use crate::origins::Origins;
use crate::outbox::{ENCRYPTS, Outbox};
use crate::port::Port;
use crate::record::Recorder;
use crate::replay;
use crate::sandbox::Sandbox;
use crate::send;
use crate::state::{SharedState, State};
use crate::state_file::Event;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// What ngenius gives a receiver (public documentation); here all are given the same.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_secs(15);
const CLIENT_TIMEOUT: Duration = Duration::from_secs(60);

/// Settings of a sandbox that has not started yet; made by [`Sandbox::builder`].
#[derive(Debug, Clone)]
pub struct SandboxBuilder {
    listen: SocketAddr,
    key_dir: Option<PathBuf>,
    seed: Option<u64>,
    starts_at: Option<Timestamp>,
    webhooks: Map<String, Value>,
    notification_timeout: Duration,
    other_machines: bool,
    hosts: Vec<String>,
    client_timeout: Duration,
    emspay_wait: Duration,
    shared_clock: bool,
    faults: Vec<Fault>,
    record: Option<PathBuf>,
    state: Option<PathBuf>,
}

impl SandboxBuilder {
    /// Sets where to listen; 127.0.0.1 and a free port by default. The sandbox has no real secrets, and no protection
    /// against other users either: keep it on a loopback address.
    #[must_use]
    pub fn with_listen(mut self, address: SocketAddr) -> SandboxBuilder {
        self.listen = address;
        self
    }

    /// Sets the folder for the three generated key files of tokenpay-signed and revio. It is created when missing, files of
    /// the same names are replaced, and nothing is removed afterwards. The default is a fresh folder under the system's
    /// temporary folder, readable by its owner only and removed when the [`Sandbox`] is dropped.
    #[must_use]
    pub fn with_key_dir(mut self, folder: PathBuf) -> SandboxBuilder {
        self.key_dir = Some(folder);
        self
    }

    /// Makes the ids the same on every run that makes the same calls; by default they are unpredictable. The RSA
    /// keys are always fresh.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> SandboxBuilder {
        self.seed = Some(seed);
        self
    }

    /// Sets the sandbox's clock at the start, in seconds since 1970-01-01 UTC; the real time by default. A time outside of
    /// the years -9999 to 9999 is ignored.
    #[must_use]
    pub fn with_start(mut self, unix_seconds: i64) -> SandboxBuilder {
        self.starts_at = Timestamp::from_second(unix_seconds).ok();
        self
    }

    /// Sets where a gateway that has one address for the whole account sends its notifications: `revio` or `ngenius`.
    /// The last address counts. The other three get an address with each payment. Only addresses on this machine are
    /// ever called; for others [`Sandbox::deliveries`] has a note.
    #[must_use]
    pub fn with_webhook(mut self, gateway: &str, url: &str) -> SandboxBuilder {
        self.webhooks.insert(gateway.to_owned(), url.into());
        self
    }

    /// Makes ngenius encrypt its webhooks, as it does where a merchant asks for it: `text/plain`, base64 of a random
    /// vector and of the JSON under AES-256-CBC; the key is `NGENIUS_WEBHOOK_SECRET`, the value of the header.
    #[must_use]
    pub fn with_encrypted_ngenius_webhooks(mut self, encrypted: bool) -> SandboxBuilder {
        self.webhooks.insert(ENCRYPTS.to_owned(), encrypted.into());
        self
    }

    /// Sets how long the receiver of a notification may take to answer; 15 seconds by default.
    #[must_use]
    pub fn with_notification_timeout(mut self, timeout: Duration) -> SandboxBuilder {
        self.notification_timeout = timeout;
        self
    }

    /// Allows an address that other machines can reach. Refused by default, since a caller of the sandbox can do anything
    /// with it. It then answers to any IP address, to names without a dot and to names in `.internal` too, but not to other
    /// names, see [`SandboxBuilder::with_allowed_host`].
    #[must_use]
    pub fn allow_other_machines(mut self, allow: bool) -> SandboxBuilder {
        self.other_machines = allow;
        self
    }

    /// Answers to this name in the `Host` header too, with any port. By default only loopback addresses, `localhost` and
    /// names that end in `.localhost` are answered: a web page could have any other name resolve to this machine (DNS
    /// rebinding), and would then be taken for a page of the sandbox.
    #[must_use]
    pub fn with_allowed_host(mut self, name: &str) -> SandboxBuilder {
        self.hosts.push(name.trim_end_matches('.').to_ascii_lowercase());
        self
    }

    /// Sets how long a client may take for the head of a request, again for its body, and for reading a part of the reply,
    /// and how long an idle connection is kept; 60 seconds by default.
    #[must_use]
    pub fn with_client_timeout(mut self, timeout: Duration) -> SandboxBuilder {
        self.client_timeout = timeout;
        self
    }

    /// Sets how long emspay holds back the answer to a recurring payment, which the real gateway does for some seconds
    /// (6 in the source document's example); not at all by default. The ledger has the charge from the start.
    #[must_use]
    pub fn with_emspay_wait(mut self, wait: Duration) -> SandboxBuilder {
        self.emspay_wait = wait;
        self
    }

    /// States that the test moves the clients' clock along with the sandbox's. By default theirs goes on as it is, and emspay
    /// dates its orders by it, so that a client finds them in the period in which it sent them.
    /// A sandbox that starts from a state file is given it again.
    #[must_use]
    pub fn with_shared_clock(mut self, shared: bool) -> SandboxBuilder {
        self.shared_clock = shared;
        self
    }

    /// Writes every exchange with a gateway, and every notification sent, into this folder as an example in the layout
    /// of this workspace's `fixtures/`: `<provider>/<operation>/recorded-00001/`. Secrets, names, addresses and ids are
    /// replaced by placeholders, the same value by the same one. Existing files stay. At most 10,000 examples;
    /// [`Sandbox::recorded`] counts them.
    #[must_use]
    pub fn with_record(mut self, folder: PathBuf) -> SandboxBuilder {
        self.record = Some(folder);
        self
    }

    /// Keeps the state in this file, and starts from it where it exists: orders, saved cards, access tokens, schedules,
    /// registered webhooks, keys, ids and the ledger are there again after a restart, also after the process was
    /// killed. Faults, listeners, the log of requests, and webhooks that were to be delivered are not.
    ///
    /// The file is a log of all requests to the gateways and the payment pages, for its owner only (0600), and grows by about a
    /// kilobyte for each; a start lets them act again. It holds the keys of this sandbox and test cards, never
    /// a number that may be a real card's. It has its own seed and clock: [`SandboxBuilder::with_seed`] and
    /// [`SandboxBuilder::with_start`] count for a new file only. The key files go into a folder beside it, `FILE.keys`, unless
    /// [`SandboxBuilder::with_key_dir`] names another. One sandbox at a time has the file; [`Sandbox::shutdown`] lets go of it.
    #[must_use]
    pub fn with_state(mut self, file: PathBuf) -> SandboxBuilder {
        self.state = Some(file);
        self
    }

    /// Arms a fault from the start, see [`Sandbox::inject`].
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> SandboxBuilder {
        self.faults.push(fault);
        self
    }

    /// Starts the server. It runs on the current tokio runtime until the [`Sandbox`] is dropped.
    ///
    /// The first start in a process makes three RSA key pairs, which takes a moment.
    ///
    /// # Errors
    /// The state file cannot be used: it is broken, of another version, or another sandbox has it open. The address is in use or can be reached from other machines ([`SandboxBuilder::allow_other_machines`]), a fault is
    /// not valid, the key files or the folder for the recording cannot be written, the system has no random bytes, or
    /// [`SandboxBuilder::with_webhook`] does not take the gateway or the address.
    pub async fn start(self) -> std::io::Result<Sandbox> {
        if !self.listen.ip().is_loopback() && !self.other_machines {
            let message = format!(
                "{} can be reached from other machines, and the sandbox has no protection: listen on a loopback address, \
                 or call allow_other_machines(true)",
                self.listen
            );
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message));
        }
        let mut outbox = Outbox::new(gateways::ACCOUNT_WIDE);
        let invalid = |reason| std::io::Error::new(std::io::ErrorKind::InvalidInput, reason);
        outbox.set_account_wide(&self.webhooks).map_err(invalid)?;
        let recorder = self.record.as_deref().map(Recorder::into_folder).transpose()?;
        let changed = outbox.watch();
        let port = Arc::new(Port::bind(self.listen).await?);
        let clock = self.starts_at.map_or_else(Clock::default, Clock::starting_at);
        let Origins { mut ids, mut clock, pairs, file, events } =
            Origins::of(self.state.as_deref(), self.seed, clock).await?;
        // The settings name the files in it, for programs that run elsewhere.
        let beside = self.state.as_ref().map(std::path::absolute).transpose()?.map(|file| {
            let mut folder = file.into_os_string();
            folder.push(".keys");
            PathBuf::from(folder)
        });
        clock.share(self.shared_clock);
        let keys = KeyFolder::create(self.key_dir.or(beside).as_deref())?;
        let gateways = gateways::all(&mut ids, pairs, &keys, self.emspay_wait)?;
        let url = format!("http://{}", reachable(port.address()));
        let settings: Vec<_> = gateways.iter().flat_map(|gateway| gateway.settings(&url)).collect();
        let common = Common {
            clock,
            ids,
            ledger: Ledger::default(),
            issuer: Issuer::default(),
            outbox,
            faults: Faults::default(),
            delay: Duration::ZERO,
            origin: url.clone(),
        };
        let mut state = State {
            common,
            gateways,
            challenges: Challenges::default(),
            settings: settings.clone(),
            hosts: AllowedHosts { other_machines: self.other_machines, names: self.hosts },
            file: None,
            log: RequestLog::default(),
            port: Arc::clone(&port),
            recorder,
        };
        if let Some(file) = file {
            replay::replay(&mut state, events).map_err(|reason| {
                let path = file.path().display();
                std::io::Error::other(format!(
                    "cannot use the state file {path}: {reason}; delete it to start anew"
                ))
            })?;
            state.file = Some(file);
            state.common.origin.clone_from(&url);
            state.keep(&Event::Start { origin: url.clone() });
            state.set_account_wide(&self.webhooks).map_err(invalid)?;
        }
        for fault in self.faults {
            state.inject(fault)?;
        }
        let shared: SharedState = Arc::new(Mutex::new(state));
        let (stop, stopped) = oneshot::channel::<()>();
        let (finish, finished) = watch::channel(false);
        let serving = serve(port, Arc::clone(&shared), self.client_timeout, stopped);
        tokio::spawn(async move {
            serving.await;
            finish.send_replace(true);
        });
        let mut sender = JoinSet::new();
        sender.spawn(send::run(Arc::clone(&shared), changed, self.notification_timeout));
        Ok(Sandbox { url, settings, shared, stop: Some(stop), finished, _sender: sender, _keys: keys })
    }
}

/// An address that can be called, in place of a wildcard.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

impl Sandbox {
    /// Creates settings with their defaults; [`SandboxBuilder::start`] starts the server.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            key_dir: None,
            seed: None,
            starts_at: None,
            webhooks: Map::new(),
            notification_timeout: NOTIFICATION_TIMEOUT,
            other_machines: false,
            hosts: Vec::new(),
            client_timeout: CLIENT_TIMEOUT,
            emspay_wait: Duration::ZERO,
            shared_clock: false,
            faults: Vec::new(),
            record: None,
            state: None,
        }
    }
}
