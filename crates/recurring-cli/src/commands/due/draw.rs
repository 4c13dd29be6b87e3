//! The coming periods of one subscription, and the tries of the first of them.

use std::path::Path;

use recurring_schedule::jiff::Timestamp;
use recurring_schedule::{
    Amount, Decision, Decline, Mark, NextTry, Period, Preset, RetryPolicy, Scheme, Zone, calendar,
};
use serde::Serialize;

use crate::collect;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::subscription::{Means, Subscription};
use crate::table;

/// So many periods are drawn.
const PERIODS: usize = 3;

/// One try that may come.
#[derive(Serialize)]
struct Coming {
    subscription: String,
    period: String,
    attempt: String,
    r#try: u8,
    at: String,
}

pub(super) fn preview(
    subscriptions: &[Subscription],
    id: &str,
    policy: Option<&Path>,
    now: Timestamp,
    out: &Output,
) -> Result<Exit, CliError> {
    let Some(subscription) = subscriptions.iter().find(|one| one.id() == id) else {
        return Err(CliError::usage(format!(
            "cannot draw {id}: no line of --subscriptions has this `subscription`"
        )));
    };
    let zone = subscription.cycle.anchor().zone();
    let policy = match policy {
        Some(path) => collect::policy(path)?,
        None => RetryPolicy::preset(zone.clone(), Preset::Standard),
    };
    let periods: Vec<Period> = subscription.cycle.periods(now, Timestamp::MAX).take(PERIODS).collect();
    let Some(first) = periods.first() else {
        out.note(&format!("{}: no period comes any more", subscription.cycle));
        return Ok(Exit::Done);
    };
    let (tries, end) = match &subscription.means {
        // The gateway charges by itself, and tries as it likes.
        Means::Schedule(..) => (vec![NextTry { time: first.due(), name: first.name().clone() }], None),
        Means::Credential(_) => {
            let refuse = |error: recurring_schedule::ScheduleError| CliError::usage(error.to_string());
            let scheme = subscription.scheme.clone().unwrap_or(Scheme::Visa);
            let amount = Amount::try_from(subscription.amount).map_err(refuse)?;
            let declined = Decline::new(scheme, "51");
            let (tries, end) =
                recurring_schedule::preview(first, &declined, &policy, amount).map_err(refuse)?;
            (tries, Some(end))
        }
    };
    let later =
        periods.iter().skip(1).map(|period| NextTry { time: period.due(), name: period.name().clone() });
    let all: Vec<NextTry> = tries.into_iter().chain(later).collect();
    if out.is_json() {
        for one in &all {
            out.object(&Coming {
                subscription: id.to_owned(),
                period: one.name.period().to_string(),
                attempt: one.name.to_string(),
                r#try: one.name.number(),
                at: one.time.to_string(),
            });
        }
        return Ok(Exit::Done);
    }
    out.text(&drawn(subscription, zone, &all, end.as_ref()));
    Ok(Exit::Done)
}

fn drawn(subscription: &Subscription, zone: &Zone, all: &[NextTry], end: Option<&Decision>) -> String {
    let rows = all.iter().map(|one| {
        let number = one.name.number();
        let what = if number == 1 { "charge".to_owned() } else { format!("try {number}, if declined") };
        vec![one.name.to_string(), zone.local(one.time).to_string().replace('T', " "), what]
    });
    let when = format!("when ({zone})");
    let table = table::of_records(&["attempt", &when, "what"], rows.collect());
    let marks: Vec<Mark> =
        all.iter().map(|one| Mark { time: one.time, sign: one.name.number().to_string() }).collect();
    let end = match end {
        Some(Decision::Stop(why)) => format!("\nthen: {why}\n"),
        Some(Decision::NeedsCustomer(why)) => format!("\nthen: {why}\n"),
        _ => String::new(),
    };
    format!(
        "{}, {}\n\n{table}\n{end}\n{}",
        subscription.cycle,
        subscription.amount,
        calendar(&marks, zone).trim_end()
    )
}
