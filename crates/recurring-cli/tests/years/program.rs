//! The billing program: asks what comes next of each period, charges it, and looks up what is open.

mod people;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll};

use recurring_facade::{ChargeRequest, ProviderId, StoredCredential};
use recurring_fixtures::random::Random;
use recurring_journal::schedule::Tries;
use recurring_journal::{BillingRun, ChargeIntent, Report, SeriesTry, State, UnreadableLine};
use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{
    Attempt, Decision, ExpiryDate, GatewayRules, NextTry, Period, RetryPolicy, StopReason, from_core_time,
};

use crate::customers::{Population, enrolled, scheduled};
use crate::judge::Evidence;
use crate::shop::Shop;
use crate::world::common::{attempt, price};

/// What the program does wrong, so that the judge can show that it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    Correct,
    /// Plans the next try while one is open.
    TriesWhileOpen,
    /// Tries a declined period every time it looks, whatever the limits are.
    IgnoresLimits,
    /// Forgets this period of every subscription, counted from 0.
    Forgets(u32),
}

/// How long a world is, and how large.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) subscriptions: usize,
    pub(crate) days: i64,
    pub(crate) seed: u64,
    /// A process ends at one write in so many.
    pub(crate) mean_writes: u64,
}

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) charges_asked: u64,
    pub(crate) lost_answers: u64,
    pub(crate) not_applied: u64,
    pub(crate) reviews: u64,
    pub(crate) cards_replaced: u64,
    pub(crate) runs: u64,
}

/// The program looks every six hours, if anything is to be done.
const ROUND: i64 = 6 * 3600;

pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) population: Population,
    pub(crate) counts: Counts,
    random: Random,
    habit: Habit,
    policies: [RetryPolicy; 2],
    end: Timestamp,
    /// When each subscription is looked at next.
    wakes: Vec<Timestamp>,
    /// What the issuer was set to answer, by the card's name.
    issuers: BTreeMap<String, &'static str>,
    /// The periods that a gateway was seen not to have charged, by subscription.
    told: BTreeMap<String, BTreeSet<String>>,
    /// The first tries that the limits of the schemes put off.
    pub(crate) postponed: BTreeSet<String>,
    /// When the operator looks at what is in review: once a day.
    operator_comes: Timestamp,
    /// Attempts in review that no operator has time for.
    left: BTreeSet<String>,
}

/// One charge that is decided.
struct Charge {
    subscription: usize,
    name: String,
    number: u8,
    label: String,
    /// Whether the journal is told which try of which period it is.
    in_series: bool,
}

/// What is known of the unpaid periods of one subscription.
struct Looked {
    periods: Vec<(Period, Decision, usize)>,
}

impl World {
    pub(crate) fn new(size: Size, habit: Habit) -> Self {
        // Later than any day on which this runs: a gateway's client refuses a series that is older than a year by the clock of its
        // machine, which is not moved.
        let start: Timestamp = "2040-06-04T08:00:00Z".parse().expect("a moment");
        let end = start + SignedDuration::from_hours(24 * size.days);
        let mut random = Random::new(size.seed);
        let mut shop = Shop::new(start, size.seed);
        let mut population = Population::random(&mut random, size.subscriptions, (start, end));
        shop.customers(async |facade| {
            for (place, customer) in population.customers.iter_mut().enumerate() {
                if customer.gateway != ProviderId::NGENIUS {
                    let name = format!("customer-{place}-0");
                    let credential = enrolled(facade, &customer.gateway, &name, customer.card()).await;
                    customer.credential = Some(credential);
                }
            }
            for one in &mut population.subscriptions {
                let customer = &population.customers[one.customer];
                if customer.gateway == ProviderId::NGENIUS {
                    one.schedule = Some(scheduled(facade, one, customer.card()).await);
                }
            }
        });
        shop.with_accidents(Some(size.mean_writes));
        let policy = |text: &str| -> RetryPolicy { toml::from_str(text).expect("a policy") };
        let eager: Vec<String> = (1..=20).map(|day| day.to_string()).collect();
        let hours = "hours = { from = 0, until = 24 }";
        let policies = [
            policy("zone = \"Europe/Lisbon\"\npreset = \"standard\""),
            policy(&format!("zone = \"Europe/Lisbon\"\ndays = [{}]\n{hours}", eager.join(", "))),
        ];
        let wakes = vec![start; population.subscriptions.len()];
        Self {
            shop,
            population,
            counts: Counts::default(),
            random,
            habit,
            policies,
            end,
            wakes,
            issuers: BTreeMap::new(),
            told: BTreeMap::new(),
            postponed: BTreeSet::new(),
            operator_comes: start,
            left: BTreeSet::new(),
        }
    }

    /// Lives until the end: what the judge is given.
    pub(crate) fn live(&mut self) -> Evidence {
        loop {
            let next = self.wakes.iter().min().copied().expect("subscriptions");
            // The next time at which the program looks.
            let round = (next.as_second().max(self.shop.clock.moment().as_second()) / ROUND + 1) * ROUND;
            let round = Timestamp::from_second(round).expect("a moment");
            if round > self.end {
                break;
            }
            self.shop.wait_until(round);
            self.round();
        }
        self.evidence()
    }

    /// One look at everything that is to be looked at.
    fn round(&mut self) {
        self.replace_cards();
        self.set_issuers();
        let now = self.shop.clock.moment();
        if now >= self.operator_comes {
            self.operator_comes = now + SignedDuration::from_hours(24);
            self.resolve();
        }
        let mut asked_names = BTreeSet::new();
        // Until nothing more is due: what was just declined is planned, and a process that ended is followed by another one.
        for _ in 0..20 {
            let now = now.max(self.shop.clock.moment());
            let charges = self.decide(now, &mut asked_names);
            if charges.is_empty() {
                break;
            }
            self.charge(&charges);
            for charge in &charges {
                self.wakes[charge.subscription] = now;
            }
        }
    }

    /// What comes next of a subscription, given what was decided for its card before.
    fn look(&mut self, place: usize, now: Timestamp, asked: &mut Vec<Attempt>) -> Looked {
        let one = &self.population.subscriptions[place];
        let customer = &self.population.customers[one.customer];
        let credential = customer.credential.as_ref().expect("a credential");
        let (series, charges) = self.shop.read(async |journal| {
            let charges = journal.credential_history(credential, recurring_core::Timestamp::UNIX_EPOCH);
            (journal.series(&one.id).await.expect("read"), charges.await.expect("read"))
        });
        let card = customer.card();
        let expiry = ExpiryDate::new(u16::try_from(card.year).expect("a year"), card.month.unsigned_abs())
            .expect("a date");
        let scheme = card.scheme();
        let policy = &self.policies[usize::from(customer.is_eager)];
        let mut periods = Vec::new();
        for period in one.cycle.due(now.min(self.end)) {
            let mut tries = Tries::new(&period, price(&customer.gateway), &charges, &series)
                .with_scheme(&scheme)
                .with_expiry(expiry.expired_from(one.cycle.anchor().zone()))
                .with_asked(asked);
            if let Some(ends) = series_ends(credential) {
                tries = tries.with_series_ends(ends);
            }
            let is_over = |state| matches!(state, State::Paid | State::Authorized | State::Canceled);
            if tries.records().iter().any(|one| is_over(one.state)) {
                continue;
            }
            let decision = match tries.decide(Some(policy), now) {
                Ok(decision) => decision.expect("a policy was given"),
                // A try that the journal does not know as one of the period is noticed.
                Err(_) if self.habit == Habit::TriesWhileOpen => continue,
                Err(error) => panic!("{}: {error}", one.id),
            };
            let count = tries.records().len();
            if let Decision::At(next) = &decision
                && next.time <= now
            {
                let charge = tries.asked(next, now).expect("an amount");
                asked.push(charge);
            }
            periods.push((period, decision, count));
        }
        Looked { periods }
    }

    /// Decides what is charged now, and when each subscription is looked at again.
    fn decide(&mut self, now: Timestamp, asked_names: &mut BTreeSet<String>) -> Vec<Charge> {
        let mut charges = Vec::new();
        let mut asked: BTreeMap<usize, Vec<Attempt>> = BTreeMap::new();
        for place in 0..self.wakes.len() {
            if self.wakes[place] > now {
                continue;
            }
            let customer = self.population.subscriptions[place].customer;
            self.wakes[place] = self.population.subscriptions[place]
                .cycle
                .next(now)
                .map_or(Timestamp::MAX, |period| period.due());
            if self.population.subscriptions[place].schedule.is_some() {
                self.watch(place, now);
                continue;
            }
            if self.population.customers[customer].is_blocked {
                continue;
            }
            let batch = asked.entry(customer).or_default();
            let looked = self.look(place, now, batch);
            for (period, decision, tries) in looked.periods {
                let wake = self.act(place, now, &period, decision, tries, asked_names, &mut charges);
                self.wakes[place] = self.wakes[place].min(wake);
            }
        }
        charges
    }

    /// Does what was decided of a period, and returns when to look again.
    #[allow(clippy::too_many_arguments, reason = "one period with all that is known of it")]
    fn act(
        &mut self,
        place: usize,
        now: Timestamp,
        period: &Period,
        decision: Decision,
        tries: usize,
        asked_names: &mut BTreeSet<String>,
        charges: &mut Vec<Charge>,
    ) -> Timestamp {
        let later = now + SignedDuration::from_secs(ROUND);
        if let Habit::Forgets(forgotten) = self.habit
            && period.index() == forgotten
        {
            return Timestamp::MAX;
        }
        let customer = self.population.subscriptions[place].customer;
        let label = period.name().period().to_string();
        let careless = |number: usize, in_series: bool| {
            let number = u8::try_from(number).ok()?;
            let name = period.name().with_number(number)?.to_string();
            Some(Charge { subscription: place, name, number, label: label.clone(), in_series })
        };
        let (charge, wake) = match decision {
            Decision::At(NextTry { time, name }) if time <= now => {
                let (number, name) = (name.number(), name.to_string());
                (Some(Charge { subscription: place, name, number, label, in_series: true }), later)
            }
            _ if self.habit == Habit::IgnoresLimits && tries > 0 => (careless(tries + 1, true), later),
            Decision::Stop(StopReason::Open { .. }) if self.habit == Habit::TriesWhileOpen => {
                (careless(tries + 1, false), later)
            }
            Decision::At(next) => {
                if tries == 0 {
                    self.postponed.insert(next.name.to_string());
                }
                (None, next.time)
            }
            Decision::Stop(StopReason::Open { .. }) => (None, later),
            Decision::NeedsCustomer(_) | Decision::Stop(StopReason::Never(_)) => {
                (None, self.ask(customer, now))
            }
            Decision::Stop(_) => (None, Timestamp::MAX),
        };
        // What could not be made is not asked for again in the same round.
        charges.extend(charge.filter(|charge| asked_names.insert(charge.name.clone())));
        wake
    }

    /// One billing run, and a look at what is open.
    fn charge(&mut self, charges: &[Charge]) {
        self.counts.runs += 1;
        self.counts.charges_asked += u64::try_from(charges.len()).expect("small");
        let intents: Vec<_> = charges.iter().map(|charge| Ok(self.intent(charge))).collect();
        let (mut lost, mut not_applied) = (0, 0);
        let counted = |report: Report| {
            if let Report::Made(answer) = report
                && !answer.again
            {
                lost += u64::from(answer.record.state == State::Unknown);
                not_applied += u64::from(answer.record.state == State::NotApplied);
            }
        };
        self.shop.program(async |journal, facade| {
            let run = BillingRun::new(journal, facade).with_concurrency(4);
            run.run(Given(intents.into_iter()), counted).await.expect("a store");
        });
        self.counts.lost_answers += lost;
        self.counts.not_applied += not_applied;
        self.shop.program(async |journal, facade| {
            journal.reconcile(facade).await.expect("a store");
        });
    }

    fn intent(&self, charge: &Charge) -> ChargeIntent {
        let one = &self.population.subscriptions[charge.subscription];
        let customer = &self.population.customers[one.customer];
        let credential = customer.credential.clone().expect("a credential");
        let request = ChargeRequest::new(attempt(&charge.name), credential, price(&customer.gateway));
        let intent = ChargeIntent::new(request);
        if !charge.in_series {
            return intent;
        }
        let number = u32::from(charge.number);
        intent.with_series(SeriesTry::new(&one.id, &charge.label, number).expect("a try"))
    }
}

/// From when the gateway wants a new enrolment.
fn series_ends(credential: &StoredCredential) -> Option<Timestamp> {
    let StoredCredential::Emspay(series) = credential else { return None };
    let first = from_core_time(series.first_created.as_ref()?.earliest()?);
    GatewayRules::of("emspay")?.series_ends(first)
}

struct Given(std::vec::IntoIter<Result<ChargeIntent, UnreadableLine>>);

impl futures_core::Stream for Given {
    type Item = Result<ChargeIntent, UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next())
    }
}
