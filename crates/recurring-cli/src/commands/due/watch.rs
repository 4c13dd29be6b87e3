//! What gateways charge by themselves, beside what was expected.

use recurring_facade::{Operation, Outcome, PaymentRef};
use recurring_schedule::jiff::civil::Date;
use recurring_schedule::jiff::{SignedDuration, Timestamp};
use recurring_schedule::{GatewayRules, from_core_time};

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::subscription::{Means, Subscription, Until};

/// A gateway may charge so much before or after the moment that the cycle predicts.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// Reads each schedule, and reports the periods without a charge and the charges without a period.
pub(super) async fn report(
    session: &Session,
    subscriptions: &[Subscription],
    since: Option<Date>,
    until: Until,
    now: Timestamp,
    out: &Output,
) -> Result<Exit, CliError> {
    let mut worst = Exit::Done;
    for subscription in subscriptions {
        let Means::Schedule(provider, order) = &subscription.means else { continue };
        let facade = session.gateway(provider, Operation::Status)?;
        let id = subscription.id();
        let status = match facade.status(provider, &PaymentRef::new(order)).await {
            Ok(status) => status,
            Err(error) => {
                let error = CliError::read(&error);
                out.problem(&format!("{id} was not compared: {error}"));
                worst = Exit::from(&error);
                continue;
            }
        };
        let paid: Vec<_> = status.charges.iter().filter(|charge| charge.outcome == Outcome::Paid).collect();
        let times: Vec<Timestamp> =
            paid.iter().filter_map(|charge| charge.made.as_ref()?.instant().map(from_core_time)).collect();
        if times.len() < paid.len() {
            out.problem(&format!(
                "{id} was not compared: {provider} does not say when {} of {} charges were made",
                paid.len() - times.len(),
                paid.len()
            ));
            worst = Exit::Unknown;
            continue;
        }
        let watched = GatewayRules::watch(&subscription.cycle, &times, now, TOLERANCE);
        let wanted = subscription.periods(since, until);
        let missing: Vec<String> = watched
            .missing
            .iter()
            .filter(|period| wanted.contains(period))
            .map(|period| Subscription::label(period).to_string())
            .collect();
        let charged = watched.charged.len();
        out.progress(&format!("{id}: {provider} charged {charged} periods by itself"));
        if !missing.is_empty() {
            out.problem(&format!(
                "{id}: {provider} has not charged {}; look at it with `recurring status {provider}:{order}`",
                missing.join(", ")
            ));
            if worst == Exit::Done {
                worst = Exit::Pending;
            }
        }
        for time in &watched.unexpected {
            out.problem(&format!(
                "{id}: {provider} charged at {time}, which no period accounts for; look whether it is to be refunded"
            ));
            worst = Exit::Unknown;
        }
    }
    Ok(worst)
}
