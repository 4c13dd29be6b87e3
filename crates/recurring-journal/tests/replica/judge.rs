//! Compares the ledger of money really taken with what the callers were told and what the journal shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use recurring_facade::PaymentRef;
use recurring_journal::State;
use recurring_sandbox::{LedgerKind, Sandbox};

/// The payments of each attempt in the ledger. First payments, made to store the cards, are left out.
pub(crate) fn taken(sandbox: &Sandbox) -> BTreeMap<String, Vec<PaymentRef>> {
    let mut taken: BTreeMap<String, Vec<PaymentRef>> = BTreeMap::new();
    for entry in sandbox.ledger() {
        if entry.kind == LedgerKind::Charge && !entry.reference.ends_with("-first") {
            taken.entry(entry.reference).or_default().push(PaymentRef::new(entry.payment));
        }
    }
    taken
}

/// What happened over all rounds.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) rounds: u32,
    pub(crate) attempts: usize,
    /// Attempts that were armed on the promoted server: their calls were under way.
    pub(crate) under_way: usize,
    /// Attempts whose last confirmed write the promoted server lacked.
    pub(crate) commits_lost: usize,
    /// How often the journal refused to open, and to do what it was asked.
    pub(crate) refusals: usize,
    /// Charges that the journal lacked and the operator handed in.
    pub(crate) handed_in: usize,
}

/// What is wrong at the end.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Charged more than once.
    pub(crate) twice: Vec<String>,
    /// Taken and not shown as that, or reported as taken and not taken.
    pub(crate) lost: Vec<String>,
    /// Neither approved nor declined.
    pub(crate) open: Vec<String>,
}

impl Verdict {
    pub(crate) fn of(
        taken: &BTreeMap<String, Vec<PaymentRef>>,
        told_approved: &BTreeSet<String>,
        handed_in: &BTreeSet<String>,
        promoted: &BTreeMap<String, String>,
        journal: &BTreeMap<String, State>,
    ) -> Self {
        let mut verdict = Self::default();
        for (name, payments) in taken {
            if payments.len() > 1 {
                let had = promoted.get(name).map_or("nothing", String::as_str);
                let charges = payments.len();
                verdict.twice.push(format!("{name}: {charges} charges, the promoted server had {had}"));
            }
            match journal.get(name) {
                Some(State::Paid | State::Review) => {}
                _ if handed_in.contains(name) => {}
                state => verdict.lost.push(format!("{name}: taken, the journal has {state:?}")),
            }
        }
        for name in told_approved.iter().filter(|name| !taken.contains_key(*name)) {
            verdict.lost.push(format!("{name}: its caller was told that it is approved, nothing was taken"));
        }
        for (name, state) in journal {
            match state {
                State::Paid if !taken.contains_key(name) => {
                    verdict.lost.push(format!("{name}: approved in the journal, nothing was taken"));
                }
                State::Paid | State::Declined => {}
                open => verdict.open.push(format!("{name}: {open}")),
            }
        }
        verdict
    }

    pub(crate) fn print(&self, mode: impl fmt::Debug, counts: &Counts) {
        println!(
            "{mode:?}: {} rounds, {} attempts, {} under way, {} commits lost, {} handed in, {} refusals, {} twice, \
             {} lost",
            counts.rounds,
            counts.attempts,
            counts.under_way,
            counts.commits_lost,
            counts.handed_in,
            counts.refusals,
            self.twice.len(),
            self.lost.len()
        );
    }
}
