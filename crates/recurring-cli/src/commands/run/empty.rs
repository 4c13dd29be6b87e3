//! What is due and what is to be tried again, until nothing is left.

use std::collections::{BTreeMap, BTreeSet};

use recurring_facade::{AttemptId, Facade};
use recurring_journal::Journal;
use recurring_schedule::jiff::Timestamp;
use recurring_schedule::{Decision, StopReason};

use super::billing::{Billing, charge_all};
use super::input;
use super::worst::worse;
use crate::arguments::Run;
use crate::collect::{self, Item, Question};
#[cfg(feature = "sandbox")]
use crate::control::Control;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::subscription::{self, Subscription, Until};

/// The clock that says what is due: that of this machine, or that of a sandbox, which is moved.
enum Clock {
    Machine,
    #[cfg(feature = "sandbox")]
    Sandbox(Box<Control>, Until),
}

impl Clock {
    async fn now(&self) -> Result<Timestamp, CliError> {
        match self {
            Self::Machine => Ok(Timestamp::now()),
            #[cfg(feature = "sandbox")]
            Self::Sandbox(control, _) => {
                let shown = control.get("clock?advance_seconds=0").await?;
                let now =
                    shown.get("now").and_then(serde_json::Value::as_str).and_then(|text| text.parse().ok());
                now.ok_or_else(|| CliError::configuration("cannot read the clock of the sandbox"))
            }
        }
    }

    /// Moves it to the earliest of these moments that it may reach. Answers whether it moved.
    async fn advance(
        &self,
        next: impl Iterator<Item = (Timestamp, &Subscription)>,
    ) -> Result<bool, CliError> {
        match self {
            Self::Machine => {
                drop(next);
                Ok(false)
            }
            #[cfg(feature = "sandbox")]
            Self::Sandbox(control, until) => {
                let reached = |(time, one): &(Timestamp, &Subscription)| {
                    until.reaches(*time, one.cycle.anchor().zone())
                };
                let Some(time) = next.filter(reached).map(|(time, _)| time).min() else { return Ok(false) };
                // Its clock shows whole seconds.
                let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
                let to = Timestamp::from_second(second).unwrap_or(time);
                control.post("clock", &serde_json::json!({"to": to.to_string()})).await?;
                Ok(true)
            }
        }
    }
}

pub(super) async fn run(
    journal: &Journal,
    facade: &Facade,
    arguments: &Run,
    out: &Output,
) -> Result<Exit, CliError> {
    let needed = |file: &Option<std::path::PathBuf>, option: &str| {
        file.clone().ok_or_else(|| CliError::usage(format!("--until-empty needs {option}")))
    };
    let policy = collect::policy(&needed(&arguments.policy, "--policy")?)?;
    let subscriptions = subscription::read(&needed(&arguments.subscriptions, "--subscriptions")?)?;
    #[cfg(feature = "sandbox")]
    let clock = match (arguments.sandbox_clock, arguments.until) {
        (true, Some(until)) => Clock::Sandbox(Box::new(Control::find(None)?), until),
        _ => Clock::Machine,
    };
    #[cfg(not(feature = "sandbox"))]
    let clock = Clock::Machine;
    let (mut moved, mut asked, mut looked) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut worst = Exit::Done;
    loop {
        let now = clock.now().await?;
        let question = Question {
            policy: Some(&policy),
            since: arguments.since,
            until: Until::Moment(now),
            now,
            moved: &moved,
        };
        let items = collect::items(Some(journal), &subscriptions, &question).await?;
        // What could not be made is not asked for again at the same time.
        let due = |item: &&Item<'_>| {
            item.at().is_some_and(|next| next.time <= now && !asked.contains(&item.name(next)))
        };
        let (mut lines, mut names) = (String::new(), Vec::new());
        for item in items.iter().filter(due) {
            if let Some(next) = item.at() {
                let line = serde_json::to_string(&item.line(next));
                lines += &line.map_err(|error| CliError::io(error.to_string()))?;
                lines.push('\n');
                names.push(item.name(next));
            }
        }
        if names.is_empty() {
            let open = items.iter().filter_map(|item| match &item.decision {
                Some(Decision::Stop(StopReason::Open { name, .. })) => Some(name.as_str()),
                _ => None,
            });
            let open: Vec<String> =
                open.filter(|name| looked.insert((*name).to_owned())).map(str::to_owned).collect();
            if !open.is_empty() {
                look(journal, facade, &open).await?;
                continue;
            }
            let retries = items.iter().filter_map(|item| Some((item.at()?.time, item.subscription)));
            let periods = subscriptions.iter().filter_map(|one| Some((one.cycle.next(now)?.due(), one)));
            if clock.advance(retries.chain(periods).filter(|(time, _)| *time > now)).await? {
                asked.clear();
                looked.clear();
                continue;
            }
            let still = items.iter().filter(|item| item.at().is_none()).count();
            out.progress(&format!("nothing more is due; {still} unpaid without a further try now"));
            return Ok(worst);
        }
        let count = u64::try_from(names.len()).ok();
        for name in &names {
            if !matches!(clock, Clock::Machine) {
                moved.insert(name.clone(), now);
            }
            asked.insert(name.clone());
        }
        let billing = Billing { input: Some(input::given(lines)), total: count, planned: false };
        let (exit, ended) = charge_all(journal, facade, arguments, billing, out).await?;
        if !ended {
            return Ok(worse(worst, exit));
        }
        journal.reconcile(facade).await?;
        look(journal, facade, &names).await?;
        worst = worse(worst, settled(journal, exit).await?);
    }
}

/// Looks up at the gateways what is open of these attempts. No payment is sent again.
async fn look(journal: &Journal, facade: &Facade, names: &[String]) -> Result<(), CliError> {
    for name in names {
        let attempt = AttemptId::new(name.clone())?;
        if journal.store().get(&attempt).await?.is_some() {
            journal.look(facade, &attempt).await?;
        }
    }
    Ok(())
}

/// The exit code after what is open was looked up.
async fn settled(journal: &Journal, exit: Exit) -> Result<Exit, CliError> {
    let states = journal.unsettled().await?;
    let open = states.iter().any(|one| one.count > 0);
    Ok(if open || !matches!(exit, Exit::Pending) { exit } else { Exit::Done })
}
