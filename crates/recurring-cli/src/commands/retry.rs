//! What is to be tried again, from the tries that the journal has.

use std::collections::BTreeMap;

use recurring_schedule::Decision;
use recurring_schedule::jiff::Timestamp;
use serde::Serialize;

use crate::arguments::Retry;
use crate::collect::{self, Question};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::subscription::{self, Subscription, Until};
use crate::table;

/// What comes next for a period.
#[derive(Serialize)]
struct NextLine<'a> {
    subscription: &'a str,
    period: String,
    /// `at`, `needs_customer` or `stop`.
    next: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

pub(crate) async fn run(session: &Session, arguments: Retry, out: &Output) -> Result<Exit, CliError> {
    let policy = collect::policy(&arguments.policy)?;
    let subscriptions = subscription::read(&arguments.subscriptions)?;
    let journal = session.needed().await?;
    let (now, moved) = (Timestamp::now(), BTreeMap::new());
    let until = Until::Moment(now);
    let question = Question { policy: Some(&policy), since: arguments.since, until, now, moved: &moved };
    let items = collect::items(Some(&journal), &subscriptions, &question).await?;
    let (mut rows, mut due) = (Vec::new(), 0_u64);
    for item in items.iter().filter(|item| item.is_retry) {
        if arguments.due {
            if let Some(next) = item.at().filter(|next| next.time <= now) {
                due += 1;
                out.object(&item.line(next));
            }
            continue;
        }
        let (id, period) = (item.subscription.id(), Subscription::label(&item.period).to_string());
        let (next, attempt, at, why) = match &item.decision {
            Some(Decision::At(next)) => ("at", Some(item.name(next)), Some(next.time.to_string()), None),
            Some(Decision::NeedsCustomer(why)) => ("needs_customer", None, None, Some(why.to_string())),
            Some(Decision::Stop(why)) => ("stop", None, None, Some(why.to_string())),
            None => continue,
        };
        let line = NextLine { subscription: id, period, next, attempt, at, why };
        if out.is_json() {
            out.object(&line);
        } else {
            let what = line.at.or(line.why).unwrap_or_default();
            let name = line.attempt.unwrap_or_else(|| item.period.name().to_string());
            rows.push(vec![name, next.replace('_', " "), what]);
        }
    }
    if arguments.due {
        out.progress(&format!("{due} due; nothing was sent"));
    } else if rows.is_empty() {
        out.note("nothing is to be tried again");
    } else {
        out.text(&table::of_records(&["attempt", "next", "when or why"], rows));
    }
    Ok(Exit::Done)
}
