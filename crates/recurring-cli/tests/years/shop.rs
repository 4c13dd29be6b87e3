//! The sandbox with its clock, and the processes that charge, one after another, on one journal in a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use recurring_core::Timestamp;
use recurring_facade::Facade;
use recurring_fixtures::random::Random;
use recurring_journal::store::SqliteStore;
use recurring_journal::{Clock, Journal};
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};
use recurring_schedule::jiff;
use tokio::runtime::{Builder, Runtime};

use crate::crash::Crash;
use crate::world::common::settings;
use crate::world::layered::Layered;

/// The calls that charge a stored card.
const CHARGES: [(&str, &str); 4] = [
    ("emspay", "POST /emspay/v1/orders/"),
    ("revio", "POST /revio/**/charge/"),
    ("omno", "POST /omno/transaction/create"),
    ("tokenpay-signed", "POST /tokenpay/tokenization/recurring"),
];

/// The time of the world, which goes on while the machine works, and is moved.
#[derive(Debug, Clone)]
pub(crate) struct WorldClock {
    /// How far it is from the machine's, in milliseconds.
    offset: Arc<AtomicI64>,
}

impl WorldClock {
    pub(crate) fn moment(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.now().unix_millis()).expect("a moment")
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now().unix_millis() + self.offset.load(Ordering::SeqCst);
        Timestamp::from_unix_millis(now).expect("a moment")
    }
}

/// One life of the program.
struct Process {
    runtime: Runtime,
    journal: Journal,
    facade: Facade,
    crash: Arc<Crash>,
}

pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: WorldClock,
    /// For customers, whose browsers do not end with a process.
    pub(crate) facade: Facade,
    folder: tempfile::TempDir,
    process: Option<Process>,
    random: Random,
    /// One process in so many writes ends; `None` for a world without accidents.
    mean_writes: Option<u64>,
    /// How often processes ended.
    pub(crate) crashes: u64,
    faults: u64,
    /// The gateways' and the customers': it does not end with a process.
    runtime: Option<Runtime>,
}

impl Shop {
    /// Opens at this moment.
    pub(crate) fn new(start: jiff::Timestamp, seed: u64) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let builder =
            Sandbox::builder().with_seed(seed).with_start(start.as_second()).with_shared_clock(true);
        let offset = start.as_millisecond() - Timestamp::now().unix_millis();
        let sandbox = runtime.block_on(builder.start()).expect("a sandbox");
        let clock = WorldClock { offset: Arc::new(AtomicI64::new(offset)) };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("journal.db");
        runtime.block_on(async { drop(SqliteStore::create(&file).await.expect("a journal")) });
        let facade = runtime.block_on(async { settings(&sandbox).facade().expect("a facade") });
        Self {
            sandbox,
            clock,
            facade,
            folder,
            process: None,
            random: Random::new(seed ^ 0x5eed),
            mean_writes: None,
            crashes: 0,
            faults: 0,
            runtime: Some(runtime),
        }
    }

    /// Lets answers be lost and processes end from now on, or no longer.
    pub(crate) fn with_accidents(&mut self, mean_writes: Option<u64>) {
        self.mean_writes = mean_writes;
        self.process = None;
        self.arm_faults();
    }

    pub(crate) fn has_accidents(&self) -> bool {
        self.mean_writes.is_some()
    }

    fn arm_faults(&mut self) {
        self.sandbox.clear_faults();
        if self.mean_writes.is_none() {
            return;
        }
        let arm = |fault: Fault| self.sandbox.inject(fault).expect("a fault");
        for (gateway, call) in CHARGES {
            for (kind, moment) in [
                (FaultKind::Reset, Moment::AfterActing),
                (FaultKind::Close, Moment::BeforeActing),
                (FaultKind::Status { status: 502, retry_after: None }, Moment::AfterActing),
            ] {
                self.faults += 1;
                let fault = Fault::new(kind).with_gateway(gateway).with_operation(call).with_moment(moment);
                arm(fault.with_probability(1, self.faults));
            }
            self.faults += 1;
            let unread = Fault::new(FaultKind::Close).with_operation(&format!("GET /{gateway}/**"));
            arm(unread.with_probability(1, self.faults));
        }
    }

    /// Runs what customers do, without accidents.
    pub(crate) fn customers<T>(&mut self, work: impl AsyncFnOnce(&Facade) -> T) -> T {
        self.sandbox.clear_faults();
        let runtime = self.runtime.as_ref().expect("it runs");
        let done = runtime.block_on(work(&self.facade));
        self.arm_faults();
        done
    }

    /// Lets the program work; `None` when its process ended on the way. The next work is that of a new process.
    pub(crate) fn program<T>(&mut self, work: impl AsyncFnOnce(&Journal, &Facade) -> T) -> Option<T> {
        let process = match self.process.take() {
            Some(process) => process,
            None => self.open(),
        };
        let done = process.runtime.block_on(async {
            tokio::select! {
                done = work(&process.journal, &process.facade) => Some(done),
                () = process.crash.reached.notified() => None,
            }
        });
        if done.is_some() {
            self.process = Some(process);
        } else {
            self.crashes += 1;
            let Process { runtime, journal, facade, .. } = process;
            drop((journal, facade));
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
        done
    }

    /// Reads, in which no process ends: nothing is written.
    pub(crate) fn read<T>(&mut self, work: impl AsyncFnOnce(&Journal) -> T) -> T {
        self.program(async |journal, _| work(journal).await).expect("a process that writes nothing goes on")
    }

    fn open(&mut self) -> Process {
        loop {
            let at = match self.mean_writes {
                Some(mean) => 1 + self.random.below(2 * mean),
                None => u64::MAX,
            };
            let crash = Crash::new(at, self.random.percent(50));
            let runtime =
                Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
            let opened = runtime.block_on(async {
                let open = async {
                    let file = self.folder.path().join("journal.db");
                    let store = SqliteStore::open_with_clock(file, self.clock.clone()).await.expect("open");
                    let store = Layered { inner: Arc::new(store), layer: Arc::clone(&crash) };
                    let journal = Journal::builder().with_clock(self.clock.clone());
                    let journal = journal.with_store(Arc::new(store)).await.expect("a journal");
                    (journal, settings(&self.sandbox).facade().expect("a facade"))
                };
                tokio::select! {
                    opened = open => Some(opened),
                    () = crash.reached.notified() => None,
                }
            });
            match opened {
                Some((journal, facade)) => return Process { runtime, journal, facade, crash },
                None => {
                    self.crashes += 1;
                    runtime.shutdown_timeout(Duration::from_secs(10));
                }
            }
        }
    }

    /// Moves the clocks of the world to this moment, unless they show it already.
    pub(crate) fn wait_until(&self, moment: jiff::Timestamp) {
        let by = moment.duration_since(self.clock.moment());
        if let Ok(by) = Duration::try_from(by) {
            self.sandbox.advance(by);
            let millis = i64::try_from(by.as_millis()).expect("small");
            self.clock.offset.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.process = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
