//! Periods of subscriptions in the game: half of them are paid at once, and half were declined ten days ago, so that one
//! other try is due.

use std::sync::Arc;

use recurring_facade::{ProviderId, Secret, StoredCredential};
use recurring_journal::store::PostgresStore;
use recurring_journal::{ChargeIntent, Journal, SeriesTry, State};
use recurring_schedule::{BillingCycle, Hours, Interval, RetryPolicy, Zone};

use crate::common::{FADING_CARD, GOOD_CARD, enrolled};
use crate::fast_clock::FastClock;
use crate::layered::Layered;
use crate::world::{World, key, request};

/// When the declined periods began: long enough ago for another try, whatever the card's scheme asks for.
const DAYS: i64 = 10;

/// The second try may be made, and the third one has to wait for longer than the game takes.
pub(crate) fn policy() -> RetryPolicy {
    RetryPolicy::new(Zone::new("UTC").unwrap(), &[1, 2, 3], Hours { from: 0, until: 24 }).unwrap()
}

struct Period {
    subscription: String,
    /// The name of its first try.
    name: String,
    cycle: String,
}

impl Period {
    fn new(kind: &str, number: u64) -> Self {
        let begun = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * DAYS);
        let anchor = begun.strftime("%Y-%m-%dT%H:%M[UTC]").to_string();
        let (subscription, interval) = (format!("{kind}-{number}"), "year".parse::<Interval>().unwrap());
        let cycle = BillingCycle::new(subscription.parse().unwrap(), anchor.parse().unwrap(), interval);
        let name = cycle.period(0).unwrap().name().to_string();
        Self { subscription, name, cycle: serde_json::to_string(&cycle).unwrap() }
    }

    fn first_try(&self, credential: &StoredCredential) -> ChargeIntent {
        let period = self.name.rsplit('.').next().unwrap();
        let series = SeriesTry::new(self.subscription.as_str(), period, 1).unwrap();
        ChargeIntent::new(request(credential, &self.name)).with_series(series)
    }

    async fn tries(&self, world: &World) -> Vec<(String, State)> {
        let tries = world.journal.series(&self.subscription).await.unwrap();
        tries.iter().map(|record| (record.attempt.to_string(), record.state)).collect()
    }
}

pub(crate) struct Periods {
    good: Vec<Period>,
    declined: Vec<Period>,
}

impl Periods {
    /// Plans the first tries of so many of each kind, and charges those that are declined.
    pub(crate) async fn plan(world: &World, count: u64) -> Self {
        let of_kind = |kind| (0..count).map(|number| Period::new(kind, number)).collect::<Vec<_>>();
        let (good, declined) = (of_kind("good"), of_kind("declined"));
        for period in &good {
            let credential =
                enrolled(&world.facade, &ProviderId::REVIO, &period.subscription, GOOD_CARD).await;
            world.journal.plan(period.first_try(&credential)).await.unwrap();
        }
        let clock = FastClock::behind(DAYS);
        let inner = PostgresStore::open(&Secret::new(world.address.as_str())).await.unwrap();
        let store = Arc::new(Layered { inner: Arc::new(inner), layer: clock.clone() });
        let builder = Journal::builder().with_clock(clock).with_encryption_key(key());
        let then = builder.with_store(store).await.unwrap();
        for period in &declined {
            // A card of its own each: they do not share the limits of a card.
            let credential =
                enrolled(&world.facade, &ProviderId::REVIO, &period.subscription, FADING_CARD).await;
            let first = then.charge(&world.facade, period.first_try(&credential)).await.unwrap();
            assert_eq!(first.record.state, State::Declined);
        }
        Self { good, declined }
    }

    fn both(&self) -> impl Iterator<Item = &Period> {
        self.good.iter().chain(&self.declined)
    }

    /// The path and the body of the call that collects each.
    pub(crate) fn all(&self) -> impl Iterator<Item = (String, String)> {
        self.both()
            .map(|period| (format!("send/RecurringPeriod/{}/collect", period.name), period.cycle.clone()))
    }

    /// How many declined ones were not tried again. Whether a try has ended is counted with the other attempts.
    pub(crate) async fn left(&self, world: &World) -> usize {
        let mut left = 0;
        for period in &self.declined {
            left += usize::from(period.tries(world).await.len() < 2);
        }
        left
    }

    /// Compares the tries of each with what was taken. Gives the counts.
    pub(crate) async fn judge(&self, world: &World) -> String {
        let (mut paid, mut review) = (0, 0);
        for period in self.both() {
            let tries = period.tries(world).await;
            let taken: Vec<usize> = tries.iter().map(|(name, _)| world.taken(name)).collect();
            let states: Vec<State> = tries.iter().map(|(_, state)| *state).collect();
            match (states.as_slice(), taken.as_slice()) {
                ([State::Paid], [1]) => paid += 1,
                ([State::Declined, State::Declined], [0, 0]) => {}
                // Nothing follows what an operator has to decide.
                ([State::Review], [0]) | ([State::Declined, State::Review], [0, 0]) => review += 1,
                _ => panic!("{}: {tries:?}, taken {taken:?}", period.subscription),
            }
        }
        assert!(paid > 0, "no period was paid");
        format!("{paid} paid at the first try, {} tried again, {review} in review", self.declined.len())
    }
}
