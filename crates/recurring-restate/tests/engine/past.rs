//! Periods that began ten days ago: long enough for another try, whatever the card's scheme asks for.

use std::sync::Arc;

use recurring_facade::{Secret, StoredCredential};
use recurring_journal::store::PostgresStore;
use recurring_journal::{ChargeIntent, Journal, SeriesTry};
use recurring_schedule::{BillingCycle, Hours, Interval, Period, RetryPolicy, Zone};

use crate::fast_clock::FastClock;
use crate::layered::Layered;
use crate::world::{World, key, request};

const DAYS: i64 = 10;

/// The second try may be made, and the third one has to wait for days.
pub(crate) fn policy() -> RetryPolicy {
    RetryPolicy::new(Zone::new("UTC").unwrap(), &[1, 2, 3], Hours { from: 0, until: 24 }).unwrap()
}

/// A period of a year, and the cycle that it belongs to.
pub(crate) fn period(subscription: &str) -> (Period, BillingCycle) {
    let begun = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * DAYS);
    let anchor = begun.strftime("%Y-%m-%dT%H:%M[UTC]").to_string();
    let interval: Interval = "year".parse().unwrap();
    let cycle = BillingCycle::new(subscription.parse().unwrap(), anchor.parse().unwrap(), interval);
    (cycle.period(0).unwrap(), cycle)
}

pub(crate) fn first_try(credential: &StoredCredential, period: &Period) -> ChargeIntent {
    let name = period.name();
    let series = SeriesTry::new(name.subscription().as_str(), name.period().to_string(), 1).unwrap();
    ChargeIntent::new(request(credential, &name.to_string())).with_series(series)
}

/// The journal as it was when these periods began.
pub(crate) async fn journal_then(world: &World) -> Journal {
    let clock = FastClock::behind(DAYS);
    let inner = PostgresStore::open(&Secret::new(world.address.as_str())).await.unwrap();
    let store = Arc::new(Layered { inner: Arc::new(inner), layer: clock.clone() });
    let builder = Journal::builder().with_clock(clock).with_encryption_key(key());
    builder.with_store(store).await.unwrap()
}
