//! Failover of PostgreSQL, over and over: the primary of a real streaming replica is killed while workers charge, the
//! replica is promoted, and the sandbox's ledger of money really taken is the judge.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops by panicking"
)]

#[allow(dead_code, reason = "the simulation uses the rest of it")]
#[path = "../simulation/hooked.rs"]
mod hooked;
mod judge;
mod operator;
mod service;
mod workers;
#[path = "../world/mod.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use judge::{Counts, Verdict, taken};
use operator::Found;
use recurring_facade::{ChargeRequest, Facade, ProviderId, StoredCredential};
use recurring_fixtures::postgres::{Cluster, Replication, Standby};
use recurring_fixtures::random::Random;
use recurring_journal::store::{Filter, Store};
use recurring_journal::{Journal, JournalError, State};
use recurring_sandbox::Sandbox;
use service::Service;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{JoinSet, block_in_place};
use workers::{Held, Requests, Told, work};
use world::common::{FADING_CARD, GOOD_CARD, enrolled, settings};
use world::{ManualClock, request};

const GATEWAYS: [ProviderId; 2] = [ProviderId::REVIO, ProviderId::EMSPAY];
const WORKERS: usize = 6;
/// Of how many answers the cut and the kill are counted.
const ANSWERS: usize = 30;
/// How often what is open is asked for again and looked up, before the test fails.
const LOOKS: u32 = 60;
/// The time that passes between: enough of them to outlast every wait of the journal.
const LOOK_INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);
/// The test fails instead of waiting longer.
const LIMIT: Duration = Duration::from_secs(240);

struct Failovers {
    replication: Replication,
    dice: Random,
    sandbox: Sandbox,
    facade: Facade,
    /// The same gateways where no connection can be made.
    unreachable: Facade,
    /// For each gateway one that is approved three times, and one that is declined.
    credentials: Vec<StoredCredential>,
    clock: ManualClock,
    service: Service,
    primary: Cluster,
    standby: Option<Standby>,
    told_approved: BTreeSet<String>,
    handed_in: BTreeSet<String>,
    /// The last state of each attempt of this round whose write was confirmed to the process that made it.
    confirmed: BTreeMap<String, State>,
    /// What each promoted server had of the attempts that were asked for before.
    promoted: BTreeMap<String, String>,
    /// Attempts that were held back until everything else of their round was settled.
    sleepers: JoinSet<Told>,
    counts: Counts,
}

/// What a round has left when its primary is gone.
struct Charged {
    /// Every request, each name once.
    asked: Vec<ChargeRequest>,
    /// The journals that were open all the time.
    journals: Vec<Journal>,
    /// Attempts that are still held back.
    sleepers: Vec<Held>,
}

impl Failovers {
    async fn new(replication: Replication, seed: u64) -> Self {
        let (sandbox, facade) = world::common::sandbox().await;
        let mut unreachable = settings(&sandbox);
        for variable in ["REVIO_BASE_URL", "EMSPAY_BASE_URL"] {
            unreachable = unreachable.set(variable, "http://127.0.0.1:9").unwrap();
        }
        let mut credentials = Vec::new();
        for gateway in &GATEWAYS {
            let good = enrolled(&facade, gateway, "good", GOOD_CARD).await;
            credentials.extend([good.clone(), good.clone(), good]);
            credentials.push(enrolled(&facade, gateway, "fading", FADING_CARD).await);
        }
        let (primary, standby, service) = block_in_place(|| {
            let primary = Cluster::start();
            let service = Service::new(&primary);
            let standby = primary.standby(replication);
            (primary, standby, service)
        });
        operator::create(&service.address()).await;
        Self {
            replication,
            dice: Random::new(seed),
            sandbox,
            facade,
            unreachable: unreachable.facade().unwrap(),
            credentials,
            clock: ManualClock::new(),
            service,
            primary,
            standby: Some(standby),
            told_approved: BTreeSet::new(),
            handed_in: BTreeSet::new(),
            confirmed: BTreeMap::new(),
            promoted: BTreeMap::new(),
            sleepers: JoinSet::new(),
            counts: Counts::default(),
        }
    }

    async fn journal(&self) -> Journal {
        let store = operator::open(&self.service.address(), &self.clock).await.unwrap();
        Journal::builder().with_clock(self.clock.clone()).with_store(store).await.unwrap()
    }

    /// One request for each gateway, with a card that is approved.
    fn pair(&self, round: u32, kind: &str) -> Vec<ChargeRequest> {
        let of_gateway = |gateway: &ProviderId| {
            let found = self.credentials.iter().find(|credential| credential.provider() == *gateway);
            request(found.unwrap(), &format!("r{round}-{kind}-{gateway}"))
        };
        GATEWAYS.iter().map(of_gateway).collect()
    }

    fn note(&mut self, told: Told) {
        let Ok(answer) = told.result else { return };
        if answer.is_paid() {
            self.told_approved.insert(told.name.clone());
        }
        if !answer.again && answer.unrecorded.is_none() {
            self.confirmed.insert(told.name, answer.record.state);
        }
    }

    /// Waits for a seeded number of answers.
    async fn count_answers(&mut self, answers: &mut UnboundedReceiver<Told>) {
        for _ in 0..=self.dice.position(ANSWERS) {
            let told = answers.recv().await.expect("the workers go on until the server is killed");
            self.note(told);
        }
    }

    /// Begins to charge a pair, and holds both attempts back when they are armed.
    async fn hold(&self, store: &Arc<dyn Store>, pair: &[ChargeRequest]) -> Vec<Held> {
        let mut held = Vec::new();
        for request in pair {
            let store = Arc::clone(store);
            let (clock, facade) = (self.clock.clone(), self.facade.clone());
            held.push(Held::start(store, clock, facade, request.clone()).await);
        }
        held
    }

    /// Charges until the primary is killed and its standby is promoted.
    async fn charge_until_failover(&mut self, round: u32) -> Charged {
        let journals = vec![self.journal().await, self.journal().await];
        // What the standby has in every case, and a standby that is cut off has no later state of it: attempts that
        // never left, that are planned, that are armed.
        let [refused, planned, armed, late, asleep] =
            ["refused", "planned", "armed", "late", "asleep"].map(|kind| self.pair(round, kind));
        for request in &refused {
            let told = Told::by(&journals[0], &self.unreachable, request.clone()).await;
            assert_eq!(told.result.as_ref().unwrap().record.state, State::NotApplied, "{told:?}");
            self.note(told);
        }
        for request in &planned {
            journals[0].plan(request).await.unwrap();
        }
        let store = operator::open(&self.service.address(), &self.clock).await.unwrap();
        let held = self.hold(&store, &armed).await;
        let held_late = self.hold(&store, &late).await;
        let sleepers = self.hold(&store, &asleep).await;
        block_in_place(|| self.standby.as_ref().unwrap().catch_up(&self.primary));
        let dice = Random::new(self.dice.below(u64::MAX));
        let requests = Requests::new(round, dice, self.credentials.clone());
        let (sender, mut answers) = unbounded_channel();
        let mut workers = JoinSet::new();
        for journal in journals.iter().cycle().take(WORKERS) {
            workers.spawn(work(journal.clone(), self.facade.clone(), requests.clone(), sender.clone()));
        }

        self.count_answers(&mut answers).await;
        if self.replication == Replication::Asynchronous {
            block_in_place(|| self.standby.as_ref().unwrap().disconnect());
        }
        // What follows is lost with the primary, unless commits wait for the standby.
        for held in held {
            self.note(held.release().await);
        }
        for request in refused.iter().chain(&planned) {
            let told = Told::by(&journals[1], &self.facade, request.clone()).await;
            // EMS Online takes a recurring payment at once and says so later.
            let state = told.result.as_ref().unwrap().record.state;
            assert!(matches!(state, State::Paid | State::Pending), "{told:?}");
            self.note(told);
        }
        while let Ok(told) = answers.try_recv() {
            self.note(told);
        }
        self.count_answers(&mut answers).await;
        block_in_place(|| self.fail_over());
        for held in held_late {
            let sender = sender.clone();
            workers.spawn(async move { sender.send(held.release().await).unwrap() });
        }
        drop(sender);
        self.standby = Some(block_in_place(|| self.primary.standby(self.replication)));
        while let Some(told) = answers.recv().await {
            self.note(told);
        }
        workers.join_all().await;
        let asked = [refused, planned, armed, late, asleep, requests.given()].concat();
        Charged { asked, journals, sleepers }
    }

    /// Kills the primary, promotes its standby, and leads the address there.
    fn fail_over(&mut self) {
        self.primary.kill();
        self.primary = self.standby.take().unwrap().promote();
        self.service.lead_to(&self.primary);
    }

    /// Counts what the promoted server lacks of what was confirmed.
    fn count_lost_commits(&mut self, stored: &BTreeMap<String, String>) {
        let confirmed = std::mem::take(&mut self.confirmed);
        let kept = |name: &String, state: State| stored.get(name).is_some_and(|word| word == state.as_str());
        let lost: Vec<_> = confirmed.into_iter().filter(|(name, state)| !kept(name, *state)).collect();
        match self.replication {
            Replication::Synchronous => assert!(lost.is_empty(), "confirmed and lacking: {lost:#?}"),
            Replication::Asynchronous => assert!(!lost.is_empty(), "the failover lost no commit"),
        }
        self.counts.commits_lost += lost.len();
    }

    /// Asks for everything, without an acknowledgement: the journal refuses, and nothing reaches a gateway.
    async fn assert_refused(&mut self, asked: &[ChargeRequest], journals: &[Journal]) {
        let before = (self.sandbox.exchanges().len(), self.sandbox.ledger());
        let error = operator::open(&self.service.address(), &self.clock).await.unwrap_err();
        let mut refusals = vec![JournalError::Store(error)];
        for (request, journal) in asked.iter().zip(journals.iter().cycle()) {
            refusals.push(journal.charge(&self.facade, request.clone()).await.unwrap_err());
        }
        for (request, journal) in asked.iter().zip(journals) {
            refusals.push(journal.look(&self.facade, &request.attempt).await.unwrap_err());
            refusals.push(journal.plan(request).await.unwrap_err());
            refusals.push(journal.reconcile(&self.facade).await.unwrap_err());
        }
        for error in &refusals {
            let refused = matches!(error, JournalError::Store(error) if operator::is_refusal(error));
            assert!(refused, "{error:?}");
        }
        self.counts.refusals += refusals.len();
        assert_eq!((self.sandbox.exchanges().len(), self.sandbox.ledger()), before);
        assert!(before.0 < 10_000, "the sandbox forgets older calls, so that their number says nothing");
    }

    /// Compares the ledger with the promoted server, hands in what it lacks, and acknowledges the failover.
    async fn acknowledge(&mut self, asked: &[ChargeRequest], stored: &BTreeMap<String, String>) {
        let mut taken = taken(&self.sandbox);
        let lacking = asked.iter().filter(|request| !stored.contains_key(request.attempt.as_str()));
        let found: Vec<Found> = lacking
            .flat_map(|request| {
                let payments = taken.remove(request.attempt.as_str()).unwrap_or_default();
                payments.into_iter().map(|payment| Found { request: request.clone(), payment })
            })
            .collect();
        if self.replication == Replication::Synchronous {
            assert!(found.is_empty(), "charged and not in the journal: {found:#?}");
        }
        self.counts.handed_in += found.len();
        self.handed_in.extend(found.iter().map(|found| found.request.attempt.to_string()));
        operator::acknowledge(&self.service.address(), self.replication, &found).await;
    }

    /// Asks for everything again, and again for what is open, and looks that up, until everything is approved or
    /// declined. What is in review is decided by the ledger.
    async fn settle(&mut self, asked: &[ChargeRequest]) {
        let journal = self.journal().await;
        let mut open = asked.to_vec();
        for _ in 0..LOOKS {
            for request in &open {
                let told = Told::by(&journal, &self.facade, request.clone()).await;
                assert!(told.result.is_ok() || self.handed_in.contains(&told.name), "{told:?}");
                self.note(told);
            }
            journal.reconcile(&self.facade).await.unwrap();
            self.clock.advance(LOOK_INTERVAL);
            let taken = taken(&self.sandbox);
            let mut still_open = Vec::new();
            for request in open {
                let name = request.attempt.as_str();
                let state = match journal.attempt(&request.attempt).await {
                    Ok(record) => record.state,
                    Err(_) if self.handed_in.contains(name) => continue,
                    Err(error) => panic!("{name}: {error}"),
                };
                if state == State::Review {
                    let payment = taken.get(name).and_then(|payments| payments.first()).cloned();
                    operator::resolve(&journal, &self.facade, &request, payment).await;
                }
                if !matches!(state, State::Paid | State::Declined) {
                    still_open.push(request);
                }
            }
            open = still_open;
            if open.is_empty() {
                return;
            }
        }
    }

    async fn round(&mut self, round: u32) {
        self.clock.reset();
        let Charged { asked, journals, sleepers } = self.charge_until_failover(round).await;
        let stored = block_in_place(|| operator::stored(&self.primary, &self.service.database));
        self.count_lost_commits(&stored);
        if self.replication == Replication::Asynchronous {
            for (kind, state) in
                [("refused", State::NotApplied), ("planned", State::Planned), ("armed", State::Armed)]
            {
                for request in self.pair(round, kind) {
                    let name = request.attempt.as_str();
                    assert_eq!(stored.get(name).map(String::as_str), Some(state.as_str()), "{name}");
                }
            }
        }
        self.counts.under_way += stored.values().filter(|state| *state == State::Armed.as_str()).count();
        self.assert_refused(&asked, &journals).await;
        self.acknowledge(&asked, &stored).await;
        self.promoted.extend(stored.into_iter().filter(|(name, _)| name.starts_with(&format!("r{round}-"))));
        self.settle(&asked).await;
        // They wake up when everything is settled, and go on with the journal that they had.
        for sleeper in sleepers {
            self.sleepers.spawn(sleeper.release());
        }
        // Confirmed by the new primary, which is compared with its own standby in the next round.
        self.confirmed.clear();
        self.counts.rounds += 1;
        self.counts.attempts += asked.len();
    }

    async fn verdict(&mut self) -> Verdict {
        while let Some(told) = self.sleepers.join_next().await {
            self.note(told.unwrap());
        }
        let (journal, mut filter) = (self.journal().await, Filter::default());
        let mut states = BTreeMap::new();
        loop {
            let page = journal.list(&filter, 500).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some(last.attempt.clone());
            states.extend(page.into_iter().map(|record| (record.attempt.to_string(), record.state)));
        }
        Verdict::of(&taken(&self.sandbox), &self.told_approved, &self.handed_in, &self.promoted, &states)
    }
}

/// The rounds of `cargo test`; `cargo xtask sim` makes more.
const ROUNDS: u32 = 2;

async fn fail_over_repeatedly(replication: Replication, all_rounds: u32, seed: u64) {
    let all = std::env::var_os("RECURRING_SIM").is_some();
    let rounds = if all { all_rounds } else { ROUNDS };
    let run = async {
        let mut failovers = Failovers::new(replication, seed).await;
        for round in 1..=rounds {
            failovers.round(round).await;
        }
        let verdict = failovers.verdict().await;
        verdict.print(replication, &failovers.counts);
        assert!(verdict.twice.is_empty(), "charged twice: {:#?}", verdict.twice);
        assert!(verdict.lost.is_empty(), "lost: {:#?}", verdict.lost);
        assert!(verdict.open.is_empty(), "still open: {:#?}", verdict.open);
    };
    tokio::time::timeout(LIMIT, run).await.expect("the rounds end within the limit");
}

async fn synchronous_failover_charges_once() {
    fail_over_repeatedly(Replication::Synchronous, 5, 11).await;
}

async fn asynchronous_failover_charges_once() {
    fail_over_repeatedly(Replication::Asynchronous, 4, 12).await;
}

recurring_fixtures::tests! {
    needs PostgreSql: multi_thread [synchronous_failover_charges_once, asynchronous_failover_charges_once];
}
