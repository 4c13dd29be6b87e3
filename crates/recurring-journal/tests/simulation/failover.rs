//! A store that loses its last commits: a replica that took over, or a copy that was restored, at every point.

use std::path::Path;

use recurring_facade::ProviderId;
use recurring_journal::store::{Failover, FoundCharge, SqliteStore};
use recurring_journal::{Decided, Decision, State, StoreError};
use recurring_sandbox::{FaultKind, Moment};

use crate::hooked::{Point, Side};
use crate::judge::Judge;
use crate::process::{Bench, Crash};
use crate::world::common::{GOOD_CARD, attempt};
use crate::{charging, sampled};

/// How the acknowledgement of the lost commits is taken.
#[derive(Clone, Copy, PartialEq)]
enum Acknowledged {
    /// As it is meant: the operator compares with the gateway, and what can be sent again goes to review.
    Truly,
    /// Negative control: the journal opens again, and nothing else.
    WithoutEffect,
}

/// Loses the last `lost` commits of each case.
fn losing_commits(provider: ProviderId, how: Acknowledged) -> Judge {
    let bench = Bench::sqlite(provider);
    let (mut cases, mut judge) = (0, Judge::default());
    for fault in [None, Some(Moment::BeforeActing), Some(Moment::AfterActing)] {
        for crash in crashes(&bench) {
            for lost in 1..=3 {
                cases += 1;
                if how == Acknowledged::Truly && !sampled(cases) {
                    continue;
                }
                bench.skew_machine(cases);
                let name = format!("v-{cases}");
                let folder = tempfile::tempdir().unwrap();
                let close = fault.map(|when| charging(bench.provider(), FaultKind::Close).with_moment(when));
                bench.fault(close.as_ref());
                let ended = bench.first_life_with(&name, crash, GOOD_CARD, Some(folder.path()));
                bench.fault(None);
                lose(&bench, folder.path(), lost, &name, how);
                // What was said before the failover is judged too.
                judge.judge(&bench, &name, ended, &format!("{fault:?}, {crash:?}, {lost} commits lost"));
                if how == Acknowledged::Truly {
                    decided_by_the_operator(&bench, &name);
                }
            }
        }
    }
    if how == Acknowledged::Truly {
        judge.report(&bench, "commits lost", cases);
    }
    judge
}

fn crashes(bench: &Bench) -> Vec<Crash> {
    let writes =
        (0..bench.writes_of_a_charge()).map(|write| Crash::AtWrite(Point { write, side: Side::After }));
    let calls = bench.operations().into_iter().map(|operation| Crash::AtCall(operation, Moment::AfterActing));
    std::iter::once(Crash::Never).chain(writes).chain(calls).collect()
}

/// Puts an older copy in the place of the journal, which refuses to open until that is acknowledged.
fn lose(bench: &Bench, copies: &Path, lost: usize, name: &str, how: Acknowledged) {
    let count = std::fs::read_dir(copies).unwrap().count();
    let kept = count.saturating_sub(1 + lost);
    let file = bench.restore(&copies.join(format!("{kept}.db")));
    let charged = match bench.taken(name) {
        0 => Vec::new(),
        _ => vec![FoundCharge { attempt: attempt(name), provider: bench.provider().clone(), payment: None }],
    };
    let failover = Failover {
        by: "ann".to_owned(),
        why: "compared with the gateway".to_owned(),
        planned_were_not_sent: false,
        charged,
    };
    bench.run(async {
        let refused = SqliteStore::open(&file).await.unwrap_err();
        assert!(matches!(refused, StoreError::FailedOver { .. }), "{refused:?}");
        if how == Acknowledged::Truly {
            SqliteStore::acknowledge_failover(&file, &failover).await.unwrap();
        }
    });
    if how == Acknowledged::WithoutEffect {
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute("UPDATE recurring_schema SET copied = NULL", []).unwrap();
    }
}

/// What ended in review although nothing was taken is made again, on the operator's word, and then exactly once.
fn decided_by_the_operator(bench: &Bench, name: &str) {
    if bench.taken(name) > 0 {
        return;
    }
    let decision = Decision {
        what: Decided::NotApplied,
        payment: None,
        by: "ann".to_owned(),
        why: "not at the gateway".to_owned(),
        force: true,
    };
    bench.run(async {
        let journal = bench.journal(bench.store().await).await;
        if journal.attempt(&attempt(name)).await.unwrap().state == State::Review {
            journal.resolve(&bench.facade(), &attempt(name), &decision).await.unwrap();
            let answer = bench.ask(&journal, &bench.facade(), name, GOOD_CARD).await.unwrap();
            assert!(!answer.again, "{answer:?}");
        }
    });
    assert!(bench.taken(name) <= 1, "{name}");
}

#[test]
fn lost_commits_charge_nothing_twice() {
    for provider in ProviderId::ALL.iter().cloned() {
        losing_commits(provider, Acknowledged::Truly);
    }
}

/// Negative control: without what the acknowledgement does, the same cases take the money twice.
#[test]
fn lost_commits_without_acknowledgement_charge_twice() {
    let judge = losing_commits(ProviderId::REVIO, Acknowledged::WithoutEffect);
    assert!(judge.taken_twice() > 0, "the suite does not see what the acknowledgement is for");
}
