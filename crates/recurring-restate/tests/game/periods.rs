//! Periods of subscriptions in the game: half of them are paid at once, and half were declined ten days ago, so that one
//! other try is due.

use recurring_facade::ProviderId;
use recurring_journal::State;
use recurring_schedule::Period as Due;

use crate::common::{FADING_CARD, GOOD_CARD, enrolled};
use crate::past;
use crate::world::World;

struct Period {
    subscription: String,
    due: Due,
    cycle: String,
}

impl Period {
    fn new(kind: &str, number: u64) -> Self {
        let subscription = format!("{kind}-{number}");
        let (due, cycle) = past::period(&subscription);
        Self { subscription, due, cycle: serde_json::to_string(&cycle).unwrap() }
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
            world.journal.plan(past::first_try(&credential, &period.due)).await.unwrap();
        }
        let then = past::journal_then(world).await;
        for period in &declined {
            // A card of its own each: they do not share the limits of a card.
            let credential =
                enrolled(&world.facade, &ProviderId::REVIO, &period.subscription, FADING_CARD).await;
            let first = then.charge(&world.facade, past::first_try(&credential, &period.due)).await.unwrap();
            assert_eq!(first.record.state, State::Declined);
        }
        Self { good, declined }
    }

    fn both(&self) -> impl Iterator<Item = &Period> {
        self.good.iter().chain(&self.declined)
    }

    /// The path and the body of the call that collects each.
    pub(crate) fn all(&self) -> impl Iterator<Item = (String, String)> {
        self.both().map(|period| {
            (format!("send/RecurringPeriod/{}/collect", period.due.name()), period.cycle.clone())
        })
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
