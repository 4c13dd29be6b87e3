//! Processes that begin and end, on one database and against one sandbox.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use recurring_core::Timestamp;
use recurring_facade::{ChargeRequest, Facade, ProviderId, StoredCredential};
use recurring_journal::store::{SqliteStore, Store};
use recurring_journal::{Answer, Clock, Journal, JournalError, State};
use recurring_sandbox::{Fault, FaultKind, LedgerEntry, LedgerKind, Moment, Sandbox};
use tokio::runtime::{Builder, Runtime};

use crate::hooked::{Hook, Hooked, Point};
#[cfg(feature = "postgres")]
use crate::world::clocked::Clocked;
use crate::world::common::{FADING_CARD, GOOD_CARD, attempt, enrolled, price, settings};
use crate::world::{ManualClock, schedule_request};

/// Longer than any call takes that is answered; a gateway that stays silent costs this long.
const TIMEOUT: Duration = Duration::from_millis(400);

/// Where a process ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Crash {
    Never,
    /// At a write of the journal, counted from the arming.
    AtWrite(Point),
    /// While this call is under way, before or after the gateway has acted.
    AtCall(&'static str, Moment),
}

/// One gateway, one database, one clock.
pub(crate) struct Bench {
    provider: ProviderId,
    sandbox: Sandbox,
    database: Database,
    /// The store's.
    pub(crate) clock: ManualClock,
    /// How long a call may take.
    timeout: Cell<Duration>,
    /// How far the clock of the worker's machine is from that of the store.
    skew: Cell<i64>,
    credentials: RefCell<BTreeMap<&'static str, StoredCredential>>,
    /// When the movements of the ledger happened, by the store's clock.
    booked: RefCell<Vec<Timestamp>>,
    /// How many charges were made to count their writes.
    counted: Cell<u32>,
    /// The gateway's: it does not end with the processes.
    runtime: Runtime,
}

/// A clock that goes with another one, but is wrong.
#[derive(Debug)]
struct Skewed {
    clock: ManualClock,
    /// In milliseconds.
    by: i64,
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.clock.now().unix_millis() + self.by).unwrap()
    }
}

enum Database {
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    #[allow(dead_code, reason = "only simulation-postgres makes it")]
    Postgres(String),
}

impl Bench {
    pub(crate) fn sqlite(provider: ProviderId) -> Self {
        Self::new(provider, Database::Sqlite(tempfile::tempdir().unwrap()))
    }

    #[cfg(feature = "postgres")]
    #[allow(dead_code, reason = "only simulation-postgres uses it")]
    pub(crate) fn postgres(provider: ProviderId) -> Self {
        let address = recurring_fixtures::postgres::Cluster::shared().database();
        Self::new(provider, Database::Postgres(address))
    }

    fn new(provider: ProviderId, database: Database) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::builder().start()).unwrap();
        let clock = ManualClock::new();
        runtime.block_on(async {
            match &database {
                Database::Sqlite(folder) => {
                    drop(SqliteStore::create(folder.path().join("j.db")).await.unwrap());
                }
                #[cfg(feature = "postgres")]
                Database::Postgres(address) => {
                    let address = recurring_facade::Secret::new(address.as_str());
                    drop(recurring_journal::store::PostgresStore::create(&address).await.unwrap());
                }
            }
        });
        let bench = Self {
            provider,
            sandbox,
            database,
            clock,
            timeout: Cell::new(TIMEOUT),
            skew: Cell::default(),
            credentials: RefCell::default(),
            booked: RefCell::default(),
            counted: Cell::default(),
            runtime,
        };
        if bench.provider != ProviderId::NGENIUS {
            for card in [GOOD_CARD, FADING_CARD] {
                let name = format!("first-{card}");
                let credential =
                    bench.run(async { enrolled(&bench.facade(), &bench.provider, &name, card).await });
                bench.credentials.borrow_mut().insert(card, credential);
            }
            // The customers have enrolled days before.
            bench.clock.back(Duration::from_secs(2 * 24 * 60 * 60));
            bench.book();
            bench.clock.reset();
        }
        bench
    }

    /// Notes the time of what was taken since this was called last.
    fn book(&self) {
        self.booked.borrow_mut().resize(self.sandbox.ledger().len(), self.clock.now());
    }

    /// The movements of the ledger, and when they happened.
    #[allow(dead_code, reason = "only the simulation with a statement uses it")]
    pub(crate) fn booked(&self) -> Vec<(LedgerEntry, Timestamp)> {
        self.book();
        self.sandbox.ledger().into_iter().zip(self.booked.borrow().iter().copied()).collect()
    }

    pub(crate) fn provider(&self) -> &ProviderId {
        &self.provider
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(crate) fn facade(&self) -> Facade {
        settings(&self.sandbox).with_timeout(self.timeout.get()).facade_of(&self.provider).unwrap()
    }

    /// From now on no call is given up: without faults, a machine that is busy loses no answer. Gives the time-out before.
    pub(crate) fn wait_for_answers(&self) -> Duration {
        self.timeout.replace(Duration::from_secs(60))
    }

    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        match &self.database {
            Database::Sqlite(folder) => {
                let file = folder.path().join("j.db");
                Arc::new(SqliteStore::open_with_clock(file, self.clock.clone()).await.unwrap())
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(address) => {
                let address = recurring_facade::Secret::new(address.as_str());
                let inner = recurring_journal::store::PostgresStore::open(&address).await.unwrap();
                Arc::new(Clocked::new(Arc::new(inner), self.clock.clone()))
            }
        }
    }

    pub(crate) async fn journal(&self, store: Arc<dyn Store>) -> Journal {
        let clock = Skewed { clock: self.clock.clone(), by: self.skew.get() };
        Journal::builder().with_clock(clock).with_store(store).await.unwrap()
    }

    /// Sets the machine's clock right, or wrong by minutes or days, by the number of the case.
    pub(crate) fn skew_machine(&self, case: usize) {
        let skews = [0, 16, -16, 3 * 24 * 60, -3 * 24 * 60];
        self.skew.set(60_000 * skews[case % skews.len()]);
    }

    pub(crate) fn request(&self, name: &str, card: &str) -> ChargeRequest {
        let credential = self.credentials.borrow()[card].clone();
        ChargeRequest::new(attempt(name), credential, price(&self.provider))
    }

    pub(crate) fn fault(&self, fault: Option<&Fault>) {
        self.sandbox.clear_faults();
        if let Some(fault) = fault {
            self.sandbox.inject(fault.clone()).unwrap();
        }
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The file of the journal, and what is in it from another time put in its place.
    pub(crate) fn restore(&self, copy: &Path) -> PathBuf {
        let Database::Sqlite(folder) = &self.database else { panic!("only a file is restored") };
        let file = folder.path().join("j.db");
        for end in ["", "-wal", "-shm"] {
            let beside = folder.path().join(format!("j.db{end}"));
            if beside.exists() {
                std::fs::remove_file(beside).unwrap();
            }
        }
        std::fs::copy(copy, &file).unwrap();
        file
    }

    /// How often money was taken under this name.
    pub(crate) fn taken(&self, name: &str) -> usize {
        let ledger = self.sandbox.ledger();
        let charges = ledger.iter().filter(|entry| entry.kind == LedgerKind::Charge);
        charges.filter(|entry| entry.reference == name).count()
    }

    /// The calls of one charge.
    pub(crate) fn operations(&self) -> Vec<&'static str> {
        match self.provider.as_str() {
            "revio" => vec!["POST /revio/api/v1/purchases/", "POST /revio/**/charge/"],
            "emspay" => vec!["POST /emspay/v1/orders/"],
            "omno" => vec!["POST /omno/realms/**", "POST /omno/transaction/create"],
            "ngenius" => vec!["POST /ngenius/identity/**", "POST /ngenius/recurring-payment/**"],
            _ => vec!["POST /tokenpay/tokenization/recurring"],
        }
    }

    /// How often a charge that goes well writes.
    pub(crate) fn writes_of_a_charge(&self) -> usize {
        let hook = Hook::dies_at(None);
        self.run(async {
            let store = Hooked::new(self.store().await, Arc::clone(&hook));
            let journal = self.journal(Arc::new(store)).await;
            let name = format!("counted-{}", self.counted.replace(self.counted.get() + 1));
            let _ = self.ask(&journal, &self.facade(), &name, GOOD_CARD).await.unwrap();
        });
        self.book();
        // The first one is that of opening the journal.
        hook.writes() - 1
    }

    pub(crate) async fn ask(
        &self,
        journal: &Journal,
        facade: &Facade,
        name: &str,
        card: &str,
    ) -> Result<Answer, JournalError> {
        if self.provider == ProviderId::NGENIUS {
            let mut request = schedule_request(name);
            if card == FADING_CARD {
                // Refused already at the first payment, which is all there is here.
                request.card = request.card.expose().replace("4111111111111111", "4000000000000002").into();
            }
            return journal.schedule(facade, &self.provider, request).await;
        }
        journal.charge(facade, self.request(name, card)).await
    }

    /// A process that charges, and perhaps ends on the way. Whether it reported success.
    pub(crate) fn first_life(&self, name: &str, crash: Crash, card: &'static str) -> Option<State> {
        self.first_life_with(name, crash, card, None)
    }

    /// The same, with a copy of the journal after each of its writes.
    pub(crate) fn first_life_with(
        &self,
        name: &str,
        crash: Crash,
        card: &'static str,
        copies: Option<&Path>,
    ) -> Option<State> {
        let hook = Hook::new(
            match crash {
                // Write 0 is that of opening the journal.
                Crash::AtWrite(point) => Some(Point { write: point.write + 1, side: point.side }),
                _ => None,
            },
            copies,
        );
        if let Crash::AtCall(operation, when) = crash {
            let waiting = self.sandbox.faults();
            self.sandbox.clear_faults();
            let silent = Fault::new(FaultKind::Silent).with_operation(operation).with_moment(when);
            for fault in std::iter::once(silent).chain(waiting) {
                self.sandbox.inject(fault).unwrap();
            }
        }
        let waiting = self.sandbox.faults().len();
        self.process(&hook, async |journal, facade| {
            let answer = self.ask(&journal, &facade, name, card);
            if let Crash::AtCall(..) = crash {
                tokio::select! {
                    // The call has arrived once its fault is used up.
                    () = async { while self.sandbox.faults().len() == waiting { tokio::task::yield_now().await } } => None,
                    answer = answer => Some(answer.unwrap().record.state),
                }
            } else {
                Some(answer.await.unwrap().record.state)
            }
        })
        .flatten()
    }

    /// A process that looks up what is unknown, and ends on the way.
    pub(crate) fn looking_life(&self, name: &str, point: Point) {
        self.sandbox.clear_faults();
        self.clock.advance(Duration::from_secs(60));
        self.process(&Hook::dies_at(Some(point)), async |journal, facade| {
            journal.look(&facade, &attempt(name)).await.unwrap();
        });
    }

    /// Runs a process until it is done, or ends at its point: nothing of it goes on after that.
    fn process<T>(&self, hook: &Arc<Hook>, work: impl AsyncFnOnce(Journal, Facade) -> T) -> Option<T> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let done = runtime.block_on(async {
            let life = async {
                let mut store = Hooked::new(self.store().await, Arc::clone(hook));
                if let (true, Database::Sqlite(folder)) = (hook.copies(), &self.database) {
                    store.layer.copied = Some(SqliteStore::open(folder.path().join("j.db")).await.unwrap());
                }
                work(self.journal(Arc::new(store)).await, self.facade()).await
            };
            tokio::select! {
                done = life => Some(done),
                () = hook.reached.notified() => None,
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(10));
        self.book();
        done
    }

    /// Lives without faults, in which a caller asks again and looks, until nothing is open any more.
    pub(crate) fn last_lives(&self, name: &str) -> (State, bool) {
        self.sandbox.clear_faults();
        let timeout = self.wait_for_answers();
        let card = if name.starts_with("d-") { FADING_CARD } else { GOOD_CARD };
        let (mut reported, mut note) = (false, None);
        for _ in 0..16 {
            let state = self.process(&Hook::dies_at(None), async |journal, facade| {
                let answer = self.ask(&journal, &facade, name, card).await.unwrap();
                if answer.is_paid() {
                    return (State::Paid, true, None);
                }
                journal.reconcile(&facade).await.unwrap();
                let record = journal.attempt(&attempt(name)).await.unwrap();
                (record.state, false, record.note)
            });
            let (state, approved, last_note) = state.unwrap();
            note = last_note;
            reported |= approved;
            if state.is_final() && state != State::NotApplied || state == State::Review {
                self.timeout.set(timeout);
                return (state, reported);
            }
            self.clock.advance(Duration::from_secs(21 * 60));
        }
        panic!("{name} is still open: {note:?}");
    }
}
