//! Workers that charge until their database is gone, and attempts that are held at a chosen point.

use std::sync::{Arc, Mutex};

use recurring_facade::{ChargeRequest, Facade, StoredCredential};
use recurring_journal::store::Store;
use recurring_journal::{Answer, Journal, JournalError};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use crate::hooked::{Hook, Hooked, Point, Side};
use crate::world::{ManualClock, request};
use recurring_fixtures::random::Random;

/// More names than workers use before the server is killed.
const MAX_NAMES: usize = 2000;
/// A worker ends after this many failures of the store.
const MAX_FAILURES: u32 = 3;

/// A request, and what its caller was told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) result: Result<Answer, JournalError>,
}

impl Told {
    pub(crate) async fn by(journal: &Journal, facade: &Facade, request: ChargeRequest) -> Self {
        let name = request.attempt.to_string();
        Self { name, result: journal.charge(facade, request).await }
    }

    fn store_failed(&self) -> bool {
        self.result.as_ref().map_or(true, |answer| answer.unrecorded.is_some())
    }
}

/// The requests that the workers of one round share: new names, and some of the names again.
#[derive(Debug, Clone)]
pub(crate) struct Requests(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    round: u32,
    dice: Random,
    credentials: Vec<StoredCredential>,
    given: Vec<ChargeRequest>,
}

impl Requests {
    pub(crate) fn new(round: u32, dice: Random, credentials: Vec<StoredCredential>) -> Self {
        Self(Arc::new(Mutex::new(Shared { round, dice, credentials, given: Vec::new() })))
    }

    fn next(&self) -> Option<ChargeRequest> {
        let mut shared = self.0.lock().unwrap();
        let count = shared.given.len();
        if count >= MAX_NAMES {
            return None;
        }
        if count > 0 && shared.dice.position(5) == 0 {
            let earlier = shared.dice.position(count);
            return Some(shared.given[earlier].clone());
        }
        let kinds = shared.credentials.len();
        let chosen = shared.dice.position(kinds);
        let name = format!("r{}-worker-{count:04}", shared.round);
        let new = request(&shared.credentials[chosen], &name);
        shared.given.push(new.clone());
        Some(new)
    }

    /// Every request that a worker was given.
    pub(crate) fn given(&self) -> Vec<ChargeRequest> {
        self.0.lock().unwrap().given.clone()
    }
}

/// Charges until the store has failed a few times.
pub(crate) async fn work(
    journal: Journal,
    facade: Facade,
    requests: Requests,
    answers: UnboundedSender<Told>,
) {
    let mut failures = 0;
    while failures < MAX_FAILURES
        && let Some(request) = requests.next()
    {
        let told = Told::by(&journal, &facade, request).await;
        failures += u32::from(told.store_failed());
        answers.send(told).unwrap();
    }
}

/// An attempt that is armed and whose next write to the store is held back.
#[derive(Debug)]
pub(crate) struct Held {
    hook: Arc<Hook>,
    task: JoinHandle<Told>,
}

impl Held {
    /// Begins to charge, and returns once the attempt is armed and its next write is about to be made. At Revio that
    /// write records the purchase, before the charge; at EMS Online it records the end, after it.
    pub(crate) async fn start(
        store: Arc<dyn Store>,
        clock: ManualClock,
        facade: Facade,
        request: ChargeRequest,
    ) -> Self {
        // Write 0 is that of opening the journal, write 1 arms.
        let hook = Hook::waits_at(Point { write: 2, side: Side::Before });
        let hooked = Arc::new(Hooked::new(store, Arc::clone(&hook)));
        let journal = Journal::builder().with_clock(clock).with_store(hooked).await.unwrap();
        let task = tokio::spawn(async move { Told::by(&journal, &facade, request).await });
        hook.reached.notified().await;
        Self { hook, task }
    }

    /// Lets it go on, and waits for its end.
    pub(crate) async fn release(self) -> Told {
        self.hook.go_on.notify_one();
        self.task.await.unwrap()
    }
}
