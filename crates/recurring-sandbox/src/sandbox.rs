//! Starting, asking and stopping the sandbox.

use crate::clock::Clock;
use crate::connection::{Port, serve};
use crate::faults::{Fault, Faults};
use crate::gateways::{emspay, ngenius, omno, revio, tokenpay};
use crate::ids::Ids;
use crate::keys::{KeyFiles, Keys};
use crate::ledger::{Delivery, Exchange, LedgerEntry, LedgerKind};
use crate::outbox::Outbox;
use crate::record::Recorder;
use crate::send;
use crate::server::{Shared, lock};
use crate::world::{Common, World};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long [`Sandbox::shutdown`] waits for calls that are being answered.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// What ngenius gives a receiver (public documentation); here all are given the same.
const PATIENCE: Duration = Duration::from_secs(15);
const CLIENT_PATIENCE: Duration = Duration::from_secs(60);

/// Settings of a sandbox that has not started yet; made by [`Sandbox::builder`].
#[derive(Debug, Clone)]
pub struct SandboxBuilder {
    listen: SocketAddr,
    key_dir: Option<PathBuf>,
    seed: Option<u64>,
    starts_at: Option<Timestamp>,
    webhooks: Map<String, Value>,
    patience: Duration,
    other_machines: bool,
    client_patience: Duration,
    emspay_wait: Duration,
    faults: Vec<Fault>,
    record: Option<PathBuf>,
}

impl SandboxBuilder {
    /// Where to listen; 127.0.0.1 and a free port by default. The sandbox has no real secrets, and no protection
    /// against strangers either: keep it on a loopback address.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> SandboxBuilder {
        self.listen = address;
        self
    }

    /// The folder for the three generated key files of tokenpay-signed and revio. It is created when missing, files of the same
    /// names are replaced, and nothing is removed afterwards. The default is a fresh folder under the system's
    /// temporary folder, readable by its owner only and removed when the [`Sandbox`] is dropped.
    #[must_use]
    pub fn key_dir(mut self, folder: PathBuf) -> SandboxBuilder {
        self.key_dir = Some(folder);
        self
    }

    /// Makes the ids the same on every run that makes the same calls; by default they are unpredictable. The RSA
    /// keys are always fresh.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> SandboxBuilder {
        self.seed = Some(seed);
        self
    }

    /// What the sandbox's clock shows when it starts, as seconds since 1970-01-01 UTC; the real time by default.
    /// Instants that no calendar holds are ignored.
    #[must_use]
    pub fn starts_at(mut self, unix_seconds: i64) -> SandboxBuilder {
        self.starts_at = Timestamp::from_second(unix_seconds).ok();
        self
    }

    /// Where a gateway that has one address for the whole account sends its notifications: `revio` or `ngenius`.
    /// The last address counts. The other three are told an address with each payment. Only addresses on this
    /// machine are ever called; others are noted in [`Sandbox::deliveries`].
    #[must_use]
    pub fn webhook(mut self, gateway: &str, url: &str) -> SandboxBuilder {
        self.webhooks.insert(gateway.to_owned(), url.into());
        self
    }

    /// How long the receiver of a notification may take to answer; 15 seconds by default.
    #[must_use]
    pub fn notification_timeout(mut self, patience: Duration) -> SandboxBuilder {
        self.patience = patience;
        self
    }

    /// Allows an address that other machines can reach; refused by default, since anybody who can call the sandbox
    /// can do anything with it.
    #[must_use]
    pub fn allow_other_machines(mut self, allow: bool) -> SandboxBuilder {
        self.other_machines = allow;
        self
    }

    /// How long a client may take for the head of a request, again for its body, and for taking a part of the reply;
    /// how long an idle connection is kept, too. 60 seconds by default.
    #[must_use]
    pub fn client_timeout(mut self, patience: Duration) -> SandboxBuilder {
        self.client_patience = patience;
        self
    }

    /// How long emspay holds back the answer to a recurring payment, which the real gateway does for some seconds
    /// (6 in the source document's example); not at all by default. The ledger has the charge from the start.
    #[must_use]
    pub fn emspay_wait(mut self, wait: Duration) -> SandboxBuilder {
        self.emspay_wait = wait;
        self
    }

    /// Writes every exchange with a gateway, and every notification sent, into this folder as an example in the layout
    /// of this workspace's `fixtures/`: `<provider>/<operation>/recorded-00001/`. Secrets, names, addresses and ids are
    /// replaced by stand-ins, the same value by the same one. What the folder holds already stays. At most 10 000
    /// examples; [`Sandbox::recorded`] counts them.
    #[must_use]
    pub fn record(mut self, folder: PathBuf) -> SandboxBuilder {
        self.record = Some(folder);
        self
    }

    /// A fault that waits from the start, see [`Sandbox::inject`].
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> SandboxBuilder {
        self.faults.push(fault);
        self
    }

    /// Starts the server. It runs on the current tokio runtime until the [`Sandbox`] is dropped.
    ///
    /// The first start in a process makes three RSA key pairs, which takes a moment.
    ///
    /// # Errors
    /// The address cannot be listened on or is not of this machine alone ([`SandboxBuilder::allow_other_machines`]), a
    /// fault makes no sense, the key files cannot be written, the folder for the recording cannot be made, the system gives no random bytes, or a
    /// webhook's gateway or address is not one that [`SandboxBuilder::webhook`] takes.
    pub async fn start(self) -> std::io::Result<Sandbox> {
        if !self.listen.ip().is_loopback() && !self.other_machines {
            let message = format!(
                "{} can be reached from other machines, where anybody could do anything with the sandbox: listen on \
                 a loopback address, or call allow_other_machines(true)",
                self.listen
            );
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message));
        }
        let mut outbox = Outbox::default();
        outbox
            .set_account_wide(&self.webhooks)
            .map_err(|reason| std::io::Error::new(std::io::ErrorKind::InvalidInput, reason))?;
        let recorder = self.record.as_deref().map(Recorder::into_folder).transpose()?;
        let news = outbox.watch();
        let keys = Keys::create(self.key_dir.as_deref()).await?;
        let mut ids = Ids::new(self.seed)?;
        let port = Arc::new(Port::bind(self.listen).await?);
        let url = format!("http://{}", reachable(port.address()));

        let revio = revio::Revio::new(&mut ids, keys.revio)?;
        let ngenius = ngenius::Ngenius::new(&mut ids);
        let settings = settings(&url, &keys.files, revio.brand(), ngenius.outlet());
        let mut world = World {
            emspay: emspay::Emspay::new(&mut ids),
            revio,
            ngenius,
            omno: omno::Omno::default(),
            tokenpay: tokenpay::Tokenpay::new(keys.merchant, keys.tokenpay),
            common: Common {
                clock: self.starts_at.map_or_else(Clock::default, Clock::starting_at),
                ids,
                ledger: VecDeque::new(),
                forgotten: 0,
                outbox,
                faults: Faults::default(),
                emspay_wait: self.emspay_wait,
                wait: Duration::ZERO,
                challenges: crate::page::Challenges::default(),
                origin: url.clone(),
            },
            settings: settings.clone(),
            log: crate::face::Log::default(),
            port: Arc::clone(&port),
            recorder,
        };
        for fault in self.faults {
            world.inject(fault)?;
        }
        let shared: Shared = Arc::new(Mutex::new(world));
        let (stop, stopped) = oneshot::channel::<()>();
        let (finish, finished) = watch::channel(false);
        let serving = serve(port, Arc::clone(&shared), self.client_patience, stopped);
        tokio::spawn(async move {
            serving.await;
            finish.send_replace(true);
        });
        let mut sender = JoinSet::new();
        sender.spawn(send::run(Arc::clone(&shared), news, self.patience));
        Ok(Sandbox { url, settings, shared, stop: Some(stop), finished, _sender: sender, _files: keys.files })
    }
}

/// A wildcard address is no place to call.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn settings(url: &str, files: &KeyFiles, brand: &str, outlet: &str) -> Vec<(&'static str, String)> {
    let omno_token = format!("{url}/omno/realms/omno/protocol/openid-connect/token");
    vec![
        ("EMSPAY_BASE_URL", format!("{url}/emspay/v1")),
        ("EMSPAY_API_KEY", emspay::API_KEY.to_owned()),
        ("REVIO_BASE_URL", format!("{url}/revio/api/v1")),
        ("REVIO_API_KEY", revio::API_KEY.to_owned()),
        ("REVIO_BRAND_ID", brand.to_owned()),
        ("REVIO_WEBHOOK_PUBLIC_KEY_FILE", files.revio_public.display().to_string()),
        ("NGENIUS_BASE_URL", format!("{url}/ngenius")),
        ("NGENIUS_API_KEY", ngenius::api_key()),
        ("NGENIUS_OUTLET", outlet.to_owned()),
        ("NGENIUS_REALM", ngenius::REALM.to_owned()),
        ("NGENIUS_WEBHOOK_HEADER", ngenius::WEBHOOK_HEADER.to_owned()),
        ("NGENIUS_WEBHOOK_SECRET", ngenius::WEBHOOK_SECRET.to_owned()),
        ("OMNO_BASE_URL", format!("{url}/omno")),
        ("OMNO_TOKEN_URL", omno_token),
        ("OMNO_CLIENT_ID", omno::CLIENT_ID.to_owned()),
        ("OMNO_CLIENT_SECRET", omno::CLIENT_SECRET.to_owned()),
        ("OMNO_HOOK_URL", "https://merchant.example/omno/hook".to_owned()),
        ("OMNO_CALLBACK_URL", "https://merchant.example/omno/paid".to_owned()),
        ("OMNO_CALLBACK_FAIL_URL", "https://merchant.example/omno/failed".to_owned()),
        ("TOKENPAY_BASE_URL", format!("{url}/tokenpay")),
        ("TOKENPAY_MERCHANT_ID", tokenpay::MERCHANT_ID.to_string()),
        ("TOKENPAY_CURRENCY", tokenpay::CURRENCY.to_owned()),
        ("TOKENPAY_PRIVATE_KEY_FILE", files.merchant_private.display().to_string()),
        ("TOKENPAY_GATEWAY_PUBLIC_KEY_FILE", files.gateway_public.display().to_string()),
    ]
}

/// A running sandbox. Dropping it stops the server and the sending of notifications, and removes the key files it
/// made a folder for.
pub struct Sandbox {
    url: String,
    settings: Vec<(&'static str, String)>,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    finished: watch::Receiver<bool>,
    /// Dropping it ends the task.
    _sender: JoinSet<()>,
    _files: KeyFiles,
}

impl Sandbox {
    /// Settings with their defaults; [`SandboxBuilder::start`] starts the server.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            key_dir: None,
            seed: None,
            starts_at: None,
            webhooks: Map::new(),
            patience: PATIENCE,
            other_machines: false,
            client_patience: CLIENT_PATIENCE,
            emspay_wait: Duration::ZERO,
            faults: Vec::new(),
            record: None,
        }
    }

    /// Where the sandbox listens, without a last slash: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The environment variables that point the clients at this sandbox: names and values. The keys among them open
    /// nothing but a sandbox.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        self.settings.clone()
    }

    /// The money really taken and given back so far, in order, with the scheduled payments that have fallen due; the last
    /// 50 000 entries.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let mut world = lock(&self.shared);
        world.catch_up();
        world.common.ledger.iter().cloned().collect()
    }

    /// Checks that a customer was charged, and not twice: exactly one charge with this reference is in the ledger.
    /// Refunds do not count. The reference is [`LedgerEntry::reference`].
    ///
    /// # Panics
    /// With the whole ledger in the message, when there is no such charge or more than one. Also when the ledger had to
    /// forget entries: then nothing is certain.
    #[track_caller]
    pub fn assert_charged_once(&self, reference: &str) {
        let forgotten = lock(&self.shared).common.forgotten;
        assert!(
            forgotten == 0,
            "{forgotten} entries of the ledger are forgotten; nothing is certain any more"
        );
        let ledger = self.ledger();
        let charges = ledger.iter().filter(|entry| entry.kind == LedgerKind::Charge);
        let count = charges.filter(|entry| entry.reference == reference).count();
        assert!(
            count == 1,
            "{count} charges with the reference {reference:?}, not 1; the ledger: {ledger:#?}"
        );
    }

    /// The attempts to deliver notifications, at most 10 000, the oldest first, with those that were not sent because
    /// the address is not on this machine. [`Sandbox::settle`] first, to see everything that is due.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.shared).common.outbox.deliveries()
    }

    /// Waits until every notification that is due now, by the sandbox's clock, has been delivered or has failed, with
    /// the repetitions that [`Sandbox::advance`] made due. Later repetitions are not waited for.
    pub async fn settle(&self) {
        let mut news = lock(&self.shared).common.outbox.watch();
        loop {
            news.borrow_and_update();
            {
                let mut world = lock(&self.shared);
                world.catch_up();
                if world.common.outbox.settled(world.common.now()) {
                    return;
                }
            }
            if news.changed().await.is_err() {
                return;
            }
        }
    }

    /// The last calls, at most 10 000, the oldest first. Calls under `/_sandbox/` and of the inspector
    /// at `/` are not among them.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.shared).log.exchanges()
    }

    /// How many examples [`SandboxBuilder::record`] has written; 0 without it.
    ///
    /// # Errors
    /// An example could not be written, or there are too many; nothing was written since.
    pub fn recorded(&self) -> std::io::Result<u64> {
        let recorder = lock(&self.shared).recorder.clone();
        recorder.map_or(Ok(0), |recorder| recorder.written())
    }

    /// Puts a fault in, behind those that wait; the first one that fits a call hits it.
    ///
    /// # Errors
    /// `InvalidInput`, with the reason: the fault makes no sense, or a thousand are waiting.
    pub fn inject(&self, fault: Fault) -> std::io::Result<()> {
        lock(&self.shared).inject(fault)
    }

    /// Takes all faults away, opens the port if it was closed, and sends the notifications that were held back.
    /// Calls that were hit already are not healed.
    pub fn clear_faults(&self) {
        lock(&self.shared).clear_faults();
    }

    /// The faults that still wait, with what is left of them.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.shared).common.faults.list().to_vec()
    }

    /// Moves the sandbox's clock forward: access tokens and unpaid orders expire, scheduled payments fall due and are
    /// taken, notifications that the receiver did not take are sent again. A hundred years at the most for each call.
    pub fn advance(&self, by: Duration) {
        lock(&self.shared).advance(by);
    }

    /// The notification that tokenpay-signed would send to `callbackUrl.notify` for this order, as a JSON body signed
    /// with the gateway's key; `None` when there is no such order. Nothing is sent by this.
    /// Form and signature follow the gateway's public documentation.
    #[must_use]
    pub fn tokenpay_notification(&self, order_id: i64) -> Option<String> {
        lock(&self.shared).tokenpay.notification(order_id)
    }

    /// Waits until the server has stopped. It stops by itself only with the runtime: for a program that runs the
    /// sandbox in the foreground.
    pub async fn wait(&self) {
        let mut finished = self.finished.clone();
        // An error means that the server's task is gone, which is the same news.
        let _ = finished.wait_for(|finished| *finished).await;
    }

    /// Stops the server: no new calls, and up to five seconds for those being answered.
    pub async fn shutdown(mut self) {
        self.stop.take();
        let _ = timeout(LAST_ANSWERS, self.wait()).await;
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}
