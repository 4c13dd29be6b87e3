//! What a billing run says at its end.

use std::collections::BTreeMap;

use recurring_facade::{ErrorKind, ProviderId};
use recurring_journal::{Refusal, Report, State, Summary};

use crate::line::Line;

/// How the charges ended, by the state of the money, and what to do next.
pub(super) fn summary(summary: &Summary, planned: bool) -> String {
    let mut parts = Vec::new();
    if !summary.made.is_empty() {
        parts.push(states(&summary.made));
    }
    for (count, what) in [(summary.left, "left for the next run"), (summary.refused, "refused")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let mut text = parts.join(", ");
    if !summary.again.is_empty() {
        let count: u64 = summary.again.values().sum();
        let separator = if text.is_empty() { "" } else { "; " };
        text += &format!("{separator}{count} already processed: {}", states(&summary.again));
    }
    if text.is_empty() {
        "nothing was due".clone_into(&mut text);
    }
    let are = |state| summary.now(state) > 0;
    let again = again(planned);
    for (there_are, next) in [
        (
            are(State::Authorized),
            "authorized is not taken: capture them with recurring capture --payment REF --attempt ID"
                .to_owned(),
        ),
        (are(State::Unknown) || are(State::Pending), "next: recurring journal reconcile".to_owned()),
        (are(State::Review), "next: recurring journal list --state review, and resolve each".to_owned()),
        (summary.refused > 0, "correct the refused lines and give them again".to_owned()),
        (
            are(State::NotApplied),
            match planned {
                // A run takes what is planned, and that is not any more.
                true => "what was not applied can be charged one by one: recurring charge".to_owned(),
                false => "what was not applied can be charged by the same lines".to_owned(),
            },
        ),
        (summary.left > 0 || summary.stopped, format!("{again} to go on")),
    ] {
        if there_are {
            text += "; ";
            text += &next;
        }
    }
    text
}

/// An attempt that is worth an operator's look: all but what went through, is under way, or was left.
pub(super) fn notable(report: &Report, line: &Line) -> Option<String> {
    let why = || line.message.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    match report {
        Report::Made(answer) => {
            let record = &answer.record;
            let reason = record.ending.reason.map(|reason| format!(", {reason}")).unwrap_or_default();
            let shown = !matches!(record.state, State::Paid | State::Pending | State::Authorized);
            shown.then(|| format!("{}: {}{reason}{}", record.attempt, record.state, why()))
        }
        Report::Skipped { .. } => None,
        Report::Refused { attempt, .. } => Some(format!("{attempt}: refused{}", why())),
        _ => Some(format!("refused{}", why())),
    }
}

/// Why a gateway refused every charge, and what to do.
pub(super) fn refusal(provider: &ProviderId, refusal: &Refusal, planned: bool) -> String {
    let (what, remedy) = match refusal.kind {
        ErrorKind::Authentication => ("refuses every charge", "the API key is refused: set it right"),
        ErrorKind::Permission => ("refuses every charge", "the API key may not charge: have that allowed"),
        ErrorKind::Config => ("cannot be used", "correct its settings"),
        _ => ("cannot be reached", "check its address and the network"),
    };
    format!("{provider} {what}, {refusal}; {remedy}, then {}", again(planned))
}

fn again(planned: bool) -> &'static str {
    if planned { "run again" } else { "give the same lines again" }
}

/// In the order of an attempt's life.
fn states(counts: &BTreeMap<State, u64>) -> String {
    let count = |state: &State| Some(format!("{} {state}", counts.get(state)?));
    State::ALL.iter().filter_map(count).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_counts_by_the_state_of_the_money() {
        let mut of = Summary::default();
        assert_eq!(summary(&of, false), "nothing was due");
        of.made = BTreeMap::from([
            (State::Canceled, 1),
            (State::Authorized, 2),
            (State::Paid, 30),
            (State::Declined, 4),
        ]);
        of.again = BTreeMap::from([(State::Unknown, 1), (State::Paid, 5)]);
        assert_eq!(
            summary(&of, false),
            "30 paid, 2 authorized, 4 declined, 1 canceled; 6 already processed: 5 paid, 1 unknown; authorized is not taken: \
             capture them with recurring capture --payment REF --attempt ID; next: recurring journal reconcile"
        );
        of = Summary::default();
        (of.left, of.refused) = (2, 1);
        of.made = BTreeMap::from([(State::NotApplied, 3)]);
        assert_eq!(
            summary(&of, false),
            "3 not_applied, 2 left for the next run, 1 refused; correct the refused lines and give them again; what was \
             not applied can be charged by the same lines; give the same lines again to go on"
        );
        assert!(summary(&of, true).ends_with("; run again to go on"));
    }
}
