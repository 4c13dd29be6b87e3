//! What is to be charged of subscriptions, and what comes next of each period.

use std::collections::BTreeMap;
use std::path::Path;

use recurring_facade::{Currency, Money, StoredCredential, Timestamp as CoreTimestamp};
use recurring_journal::{AttemptRecord, Journal, State};
use recurring_schedule::jiff::{Timestamp, civil::Date};
use recurring_schedule::{Attempt, Decision, NextTry, Period, RetryPolicy, ScheduleError};
use serde::Serialize;

use crate::error::CliError;
use crate::files;
use crate::subscription::{Means, Subscription, Until};
use crate::tries::{self, Card, decide, is_unsent};

/// One period that is not paid, and what comes next.
pub(crate) struct Item<'a> {
    pub(crate) subscription: &'a Subscription,
    credential: &'a StoredCredential,
    pub(crate) period: Period,
    /// Whether it has a try that was sent.
    pub(crate) is_retry: bool,
    /// `None` after a decline, without a policy.
    pub(crate) decision: Option<Decision>,
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
        }
        for period in subscription.periods(question.since, question.until) {
            let tries = tries_of(&series, &period);
            if tries.iter().any(|one| matches!(one.state, State::Paid | State::Authorized | State::Canceled))
            {
                continue;
            }
            let card = Card {
                amount: subscription.amount,
                scheme: subscription.scheme.as_ref(),
                expires: subscription.expires(),
                series_ends: subscription.series_ends(),
                charges: &charges,
                asked,
                moved: question.moved,
            };
            let decision = decide(&card, &period, &tries, question.policy, question.now)
                .map_err(|error| problem(subscription, &error))?;
            let is_retry = !tries.iter().all(is_unsent);
            let now = question.now.max(period.due());
            if let Some(Decision::At(next)) = &decision
                && next.time <= now
                && journal.is_some()
            {
                asked.push(tries::asked(&card, next, now).map_err(|error| problem(subscription, &error))?);
            }
            all.push(Item { subscription, credential, period, is_retry, decision });
        }
    }
    all.sort_by_key(|item| item.period.due());
    Ok(all)
}

/// The tries of a period, in the order of their numbers, which is that of the series.
fn tries_of(series: &[AttemptRecord], period: &Period) -> Vec<AttemptRecord> {
    let label = period.name().period().to_string();
    let of_period =
        |record: &&AttemptRecord| record.series.as_ref().is_some_and(|series| series.period() == label);
    series.iter().filter(of_period).cloned().collect()
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

    /// The next try as a line.
    pub(crate) fn line(&self, next: &NextTry) -> ChargeLine<'_> {
        let subscription = self.subscription;
        ChargeLine {
            attempt: next.name.to_string(),
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
