//! What is to be charged of subscriptions, and what comes next of each period.

use std::collections::BTreeMap;
use std::path::Path;

use recurring_facade::{Currency, Money, StoredCredential, Timestamp as CoreTimestamp};
use recurring_journal::schedule::Tries;
use recurring_journal::{AttemptRecord, Journal, State};
use recurring_schedule::jiff::{Timestamp, civil::Date};
use recurring_schedule::{Attempt, Decision, NextTry, Period, RetryPolicy, ScheduleError, to_core_time};
use serde::Serialize;

use crate::error::CliError;
use crate::files;
use crate::subscription::{Means, Subscription, Until};

/// One period that is not paid, and what comes next.
pub(crate) struct Item<'a> {
    pub(crate) subscription: &'a Subscription,
    credential: &'a StoredCredential,
    pub(crate) period: Period,
    /// Whether it has a try that was sent.
    pub(crate) is_retry: bool,
    /// `None` after a decline, without a policy.
    pub(crate) decision: Option<Decision>,
    /// The name of a try that is asked for again, which need not be the derived one.
    again: Option<String>,
}

/// What is asked for.
pub(crate) struct Question<'a> {
    pub(crate) policy: Option<&'a RetryPolicy>,
    pub(crate) since: Option<Date>,
    pub(crate) until: Until,
    pub(crate) now: Timestamp,
    /// Moments of attempts by a sandbox's clock.
    pub(crate) moved: &'a BTreeMap<String, Timestamp>,
}

/// The unpaid periods of the subscriptions that are charged on demand, the earliest first.
pub(crate) async fn items<'a>(
    journal: Option<&Journal>,
    subscriptions: &'a [Subscription],
    question: &Question<'_>,
) -> Result<Vec<Item<'a>>, CliError> {
    let (mut all, mut asked) = (Vec::new(), BTreeMap::<String, Vec<Attempt>>::new());
    for subscription in subscriptions {
        let Means::Credential(credential) = &subscription.means else { continue };
        let (mut series, mut charges) = (Vec::new(), Vec::new());
        // Without a journal nothing is known of a card, not even that two subscriptions have the same.
        let name = journal.map_or_else(String::new, |journal| journal.credential_name(credential));
        let asked = asked.entry(name).or_default();
        if let Some(journal) = journal {
            series = journal.series(subscription.id()).await?;
            charges = journal.credential_history(credential, CoreTimestamp::UNIX_EPOCH).await?;
            move_times(&mut series, question.moved);
            move_times(&mut charges, question.moved);
        }
        for period in subscription.periods(question.since, question.until) {
            let tries = tries_of(subscription, &period, &charges, &series, asked);
            let is_over = |state| matches!(state, State::Paid | State::Authorized | State::Canceled);
            if tries.records().iter().any(|one| is_over(one.state)) {
                continue;
            }
            let refused = |error| problem(subscription, &error);
            let decision = tries.decide(question.policy, question.now).map_err(refused)?;
            let (is_retry, again) = (tries.is_retry(), tries.again().map(|one| one.attempt.to_string()));
            if let Some(Decision::At(next)) = &decision
                && next.time <= question.now.max(period.due())
                && journal.is_some()
            {
                let charge = tries.asked(next, question.now).map_err(refused)?;
                asked.push(charge);
            }
            all.push(Item { subscription, credential, period, is_retry, decision, again });
        }
    }
    all.sort_by_key(|item| item.period.due());
    Ok(all)
}

/// The tries of a period, with what the file says of the card.
fn tries_of<'a>(
    subscription: &'a Subscription,
    period: &'a Period,
    charges: &'a [AttemptRecord],
    series: &'a [AttemptRecord],
    asked: &'a [Attempt],
) -> Tries<'a> {
    let mut tries = Tries::new(period, subscription.amount, charges, series).with_asked(asked);
    if let Some(scheme) = &subscription.scheme {
        tries = tries.with_scheme(scheme);
    }
    if let Some(expires) = subscription.expires() {
        tries = tries.with_expiry(expires);
    }
    if let Some(ends) = subscription.series_ends() {
        tries = tries.with_series_ends(ends);
    }
    tries
}

/// Gives attempts the times of the sandbox's clock, where it is not the journal's.
fn move_times(records: &mut [AttemptRecord], moved: &BTreeMap<String, Timestamp>) {
    for record in records {
        if let Some(at) = moved.get(record.attempt.as_str()).copied() {
            (record.armed, record.updated) = (Some(to_core_time(at)), to_core_time(at));
        }
    }
}

fn problem(subscription: &Subscription, error: &ScheduleError) -> CliError {
    CliError::usage(format!("cannot decide about {}: {error}", subscription.id()))
}

/// A line that `recurring run` takes. It holds a token.
#[derive(Serialize)]
pub(crate) struct ChargeLine<'a> {
    attempt: String,
    amount: String,
    currency: Currency,
    credential: &'a StoredCredential,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_url: Option<&'a str>,
    series: &'a str,
    period: String,
    r#try: u8,
}

impl Item<'_> {
    /// The next try, if there is one.
    pub(crate) fn at(&self) -> Option<&NextTry> {
        match &self.decision {
            Some(Decision::At(next)) => Some(next),
            _ => None,
        }
    }

    /// The name under which the next try is made: its own, where it has one already.
    pub(crate) fn name(&self, next: &NextTry) -> String {
        self.again.clone().unwrap_or_else(|| next.name.to_string())
    }

    /// The next try as a line.
    pub(crate) fn line(&self, next: &NextTry) -> ChargeLine<'_> {
        let subscription = self.subscription;
        ChargeLine {
            attempt: self.name(next),
            amount: Money::to_decimal(subscription.amount),
            currency: subscription.amount.currency(),
            credential: self.credential,
            reason: subscription.reason.as_deref(),
            notification_url: subscription.notification_url.as_deref(),
            series: subscription.id(),
            period: Subscription::label(&self.period).to_string(),
            r#try: next.name.number(),
        }
    }
}

/// Reads a policy. No message of it is secret.
pub(crate) fn policy(path: &Path) -> Result<RetryPolicy, CliError> {
    toml::from_str(&files::text(path)?).map_err(|error: toml::de::Error| {
        CliError::usage(format!("cannot read {}: {}", path.display(), error.message()))
    })
}
