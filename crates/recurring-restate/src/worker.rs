use std::num::NonZeroU32;
use std::time::Duration;

use recurring_facade::Facade;
use recurring_journal::{BillingRun, Breaker, Journal};
use recurring_schedule::RetryPolicy;
use tokio::sync::watch;

use crate::waits::Waits;

/// What the engine calls: handlers that ask the journal, and charge at the gateways of the facade.
///
/// Start as many as you like, on as many machines, with the same journal and the same settings.
#[derive(Debug, Clone)]
pub struct Worker {
    pub(crate) journal: Journal,
    pub(crate) facade: Facade,
    pub(crate) waits: Waits,
    pub(crate) retries: Option<RetryPolicy>,
    pub(crate) lanes: u32,
    concurrency: usize,
    rate: Option<NonZeroU32>,
    breaker: Breaker,
    pub(crate) step: Duration,
    /// The place of the journal and the one that it knows, once a replica or a copy has taken it over.
    pub(crate) taken_over: watch::Sender<Option<(String, String)>>,
}

impl Worker {
    /// A worker with 4 lanes for each gateway and up to 4 charges at a time in each: 16 at a gateway, on all machines
    /// together. The journal needs the key under which the planned charges are sealed.
    pub fn new(journal: Journal, facade: Facade) -> Self {
        Self {
            journal,
            facade,
            waits: Waits::default(),
            retries: None,
            lanes: 4,
            concurrency: 4,
            rate: None,
            breaker: Breaker::default(),
            step: Duration::from_secs(30),
            taken_over: watch::Sender::new(None),
        }
    }

    /// In how many lanes the attempts of one gateway are put. A lane is worked on by one worker at a time, so that there
    /// should be at least as many as workers.
    #[must_use]
    pub fn with_lanes(mut self, lanes: NonZeroU32) -> Self {
        self.lanes = lanes.get();
        self
    }

    /// How many charges are under way at a time in each lane, at most.
    #[must_use]
    pub fn with_concurrency(mut self, most: usize) -> Self {
        self.concurrency = most;
        self
    }

    /// How many charges a second are begun in each lane, at most.
    #[must_use]
    pub fn with_rate(mut self, per_second: NonZeroU32) -> Self {
        self.rate = Some(per_second);
        self
    }

    /// When nothing more is sent to a gateway, and for how long.
    #[must_use]
    pub fn with_breaker(mut self, breaker: Breaker) -> Self {
        self.breaker = breaker;
        self
    }

    /// When a period is tried again after a decline (`RecurringPeriod`). Without a policy it is not.
    #[must_use]
    pub fn with_retries(mut self, policy: RetryPolicy) -> Self {
        self.retries = Some(policy);
        self
    }

    /// How long the engine waits between two steps of one attempt.
    #[must_use]
    pub fn with_waits(mut self, waits: Waits) -> Self {
        self.waits = waits;
        self
    }

    /// A run of what one lane is given.
    pub(crate) fn billing_run(&self) -> BillingRun {
        let run = BillingRun::new(&self.journal, &self.facade)
            .with_concurrency(self.concurrency)
            .with_breaker(self.breaker);
        match self.rate {
            Some(rate) => run.with_rate(rate),
            None => run,
        }
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }
}
