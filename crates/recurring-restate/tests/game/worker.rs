//! Workers that are processes, behind one address.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recurring_core::Timestamp;
use recurring_facade::{Secret, Settings};
use recurring_journal::store::PostgresStore;
use recurring_journal::{EncryptionKey, Journal, Policy};
use recurring_restate::{Waits, Worker};
use tokio::net::{TcpListener, TcpStream};

use crate::fast_clock::FastClock;
use crate::layered::Layered;
use crate::world::World;

const JOURNAL: &str = "RECURRING_GAME_JOURNAL";
const START: &str = "RECURRING_GAME_START";

/// How many times faster the clock of the journal runs, so that what has to be waited for is waited for.
pub(crate) const SPEED: u32 = 10;

pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(JOURNAL).is_some()
}

/// Is a worker until it is killed, or until its input ends, which is the end of the program that started it.
pub(crate) fn serve() -> ExitCode {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    recurring_fixtures::harness::block_on_threads(async {
        let address = std::env::var(JOURNAL).unwrap();
        let settings = Settings::from_environment().unwrap().with_timeout(Duration::from_secs(2));
        let mut policy = Policy::default();
        policy.lease = Duration::from_secs(150);
        policy.settle_time = Duration::from_secs(300);
        policy.first_look = Duration::from_secs(10);
        policy.max_wait = Duration::from_secs(50);
        let clock = FastClock::from(std::env::var(START).unwrap().parse().unwrap(), i64::from(SPEED));
        let inner = PostgresStore::open(&Secret::new(address.as_str())).await.unwrap();
        let store = Layered { inner: Arc::new(inner), layer: clock.clone() };
        let journal = Journal::builder()
            .with_policy(policy)
            .with_clock(clock)
            .with_encryption_key(EncryptionKey::new(&recurring_fixtures::key(7)).unwrap())
            .with_store(Arc::new(store))
            .await
            .unwrap();
        let mut waits = Waits::default();
        waits.first = Duration::from_secs(1);
        waits.longest = Duration::from_secs(5);
        let worker = Worker::new(journal, settings.facade().unwrap());
        let worker = worker.with_waits(waits).with_retries(crate::past::policy());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        worker.serve(listener, std::future::pending::<()>()).await.unwrap();
    });
    ExitCode::SUCCESS
}

pub(crate) struct WorkerProcess {
    running: Child,
    /// Where it listens, once it does.
    port: Arc<Mutex<Option<u16>>>,
}

impl WorkerProcess {
    /// Starts one, which the balancer knows as soon as it listens.
    pub(crate) fn start(world: &World, balancer: &Balancer) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let settings: BTreeMap<_, _> = world.sandbox.settings().into_iter().collect();
        command.envs(settings).env(JOURNAL, &world.address).env(START, &balancer.start);
        let mut running = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = running.stdout.take().unwrap();
        let port: Arc<Mutex<Option<u16>>> = Arc::default();
        let (here, ports) = (Arc::clone(&port), Arc::clone(&balancer.ports));
        std::thread::spawn(move || {
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).unwrap();
            // Without a line, it was killed before it listened.
            if let Ok(port) = line.trim().parse() {
                *here.lock().unwrap() = Some(port);
                ports.lock().unwrap().push(port);
            }
        });
        Self { running, port }
    }

    pub(crate) fn kill(mut self, balancer: &Balancer) {
        let dead = *self.port.lock().unwrap();
        balancer.ports.lock().unwrap().retain(|port| Some(*port) != dead);
        self.running.kill().unwrap();
        self.running.wait().unwrap();
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

/// Gives each connection to another worker.
pub(crate) struct Balancer {
    pub(crate) ports: Arc<Mutex<Vec<u16>>>,
    port: u16,
    /// When the game began, in milliseconds since 1970.
    start: String,
}

impl Balancer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ports: Arc<Mutex<Vec<u16>>> = Arc::default();
        let workers = Arc::clone(&ports);
        tokio::spawn(async move {
            let mut next = 0_usize;
            while let Ok((mut client, _)) = listener.accept().await {
                let workers = workers.lock().unwrap().clone();
                let Some(port) = workers.get(next.checked_rem(workers.len()).unwrap_or_default()).copied()
                else {
                    continue;
                };
                next += 1;
                tokio::spawn(async move {
                    if let Ok(mut worker) = TcpStream::connect(("127.0.0.1", port)).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut worker).await;
                    }
                });
            }
        });
        Self { ports, port, start: Timestamp::now().unix_millis().to_string() }
    }

    /// Waits until one worker listens.
    pub(crate) async fn until_it_has_one(&self) {
        while self.ports.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
