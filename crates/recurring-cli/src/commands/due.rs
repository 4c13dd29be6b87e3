//! What is due: the lines of a billing run, and what gateways charge by themselves.

mod draw;
mod watch;

use std::collections::BTreeMap;

use recurring_schedule::Decision;
use recurring_schedule::jiff::Timestamp;

use crate::arguments::Due;
use crate::collect::{self, Item, Question};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::subscription::{self, Until};

pub(crate) async fn run(session: &Session, arguments: Due, out: &Output) -> Result<Exit, CliError> {
    let subscriptions = subscription::read(&arguments.subscriptions)?;
    let now = Timestamp::now();
    if let Some(id) = &arguments.preview {
        return draw::preview(&subscriptions, id, arguments.policy.as_deref(), now, out);
    }
    let journal = session.journal().await?;
    let until = arguments.until.unwrap_or(Until::Moment(now));
    let moved = BTreeMap::new();
    let question = Question { policy: None, since: arguments.since, until, now, moved: &moved };
    let items = collect::items(journal.as_ref(), &subscriptions, &question).await?;
    let mut printed: BTreeMap<&str, u64> = BTreeMap::new();
    for item in items.iter().filter(|item| !item.is_retry) {
        match item.at() {
            Some(next) if next.time <= now.max(item.period.due()) => {
                *printed.entry(item.subscription.id()).or_default() += 1;
                out.object(&item.line(next));
            }
            _ => out.problem(&refusal(item)),
        }
    }
    for (id, count) in printed.iter().filter(|(_, count)| **count > 1) {
        out.problem(&format!("{count} periods of {id} are due; --since DATE leaves out the ones before it"));
    }
    let count: u64 = printed.values().sum();
    out.progress(&format!("{count} due; nothing was sent"));
    watch::report(session, &subscriptions, arguments.since, until, now, out).await
}

/// Why a period that is due is not printed.
fn refusal(item: &Item<'_>) -> String {
    let why = match &item.decision {
        Some(Decision::At(next)) => format!("not before {}, by the limits of the card scheme", next.time),
        Some(Decision::NeedsCustomer(why)) => why.to_string(),
        Some(Decision::Stop(why)) => why.to_string(),
        None => "`recurring retry` says when it is tried again".to_owned(),
    };
    format!("{} is not charged: {why}", item.period.name())
}
