//! Every point at which a process can end while it charges, with every fault of the gateway.

use recurring_facade::ProviderId;
use recurring_sandbox::{Fault, FaultKind, Moment};

use crate::hooked::{Point, Side};
use crate::judge::Judge;
use crate::process::{Bench, Crash};
use crate::world::charging;
use crate::world::common::{FADING_CARD, GOOD_CARD};

/// Whether a case is run. Its place moves on from one group of cases to the next: a fault has as many cases as there are
/// places to end at, and would otherwise always be run with the same one.
pub(crate) fn sampled(case: usize) -> bool {
    let every = every();
    let group = case / every;
    case % every == (group + every - 1) % every
}

/// One of so many cases is run: as `RECURRING_SIM` says, else a small sample.
pub(crate) fn every() -> usize {
    std::env::var("RECURRING_SIM").map_or(7, |every| every.parse().unwrap())
}

/// What can go wrong at the call that takes the money.
fn faults(id: &ProviderId) -> Vec<(String, Option<Fault>)> {
    let kinds = [
        FaultKind::Silent,
        FaultKind::Reset,
        FaultKind::Close,
        FaultKind::Cut { at: 0 },
        FaultKind::Cut { at: 90 },
        FaultKind::Redirect { status: 307, to: "http://127.0.0.1:9/".to_owned() },
        FaultKind::Redirect { status: 302, to: "http://127.0.0.1:9/".to_owned() },
        FaultKind::Status { status: 408, retry_after: None },
        FaultKind::Status { status: 429, retry_after: Some(1) },
        FaultKind::Status { status: 500, retry_after: None },
        FaultKind::Status { status: 502, retry_after: None },
        FaultKind::Status { status: 503, retry_after: None },
        FaultKind::Garbage,
        FaultKind::HugeBody { bytes: 2 * 1024 * 1024 },
        FaultKind::WrongContentType,
        FaultKind::UnknownStatus,
        FaultKind::OtherAmount,
        FaultKind::RefuseConnection,
        FaultKind::TokenExpired,
    ];
    let mut all = vec![("none".to_owned(), None)];
    for kind in kinds {
        for when in [Moment::BeforeActing, Moment::AfterActing] {
            let fault = match kind {
                // Not known before a byte is read.
                FaultKind::RefuseConnection => Fault::new(kind.clone()),
                _ => charging(id, kind.clone()),
            };
            let allowed = kind.moments().contains(&when);
            let has_token = matches!(id.as_str(), "omno" | "ngenius");
            if allowed && (kind != FaultKind::TokenExpired || has_token) {
                all.push((format!("{kind:?} {when:?}"), Some(fault.with_moment(when))));
            }
        }
    }
    all
}

/// Every point at which a process can end while it charges.
fn crashes(bench: &Bench) -> Vec<Crash> {
    let mut all = vec![Crash::Never];
    for write in 0..bench.writes_of_a_charge() {
        for side in [Side::Before, Side::After] {
            all.push(Crash::AtWrite(Point { write, side }));
        }
    }
    for operation in bench.operations() {
        for when in [Moment::BeforeActing, Moment::AfterActing] {
            all.push(Crash::AtCall(operation, when));
        }
    }
    all
}

pub(crate) fn every_crash_with_every_fault(bench: &Bench) {
    let (mut cases, mut judge) = (0, Judge::default());
    // Each case has its own worker, whose machine has a clock of its own.
    let mut next = |bench: &Bench| {
        cases += 1;
        bench.skew_machine(cases);
        sampled(cases).then_some(cases)
    };
    for (name, fault) in faults(bench.provider()) {
        for crash in crashes(bench) {
            let Some(case) = next(bench) else { continue };
            let attempt = format!("f-{case}");
            bench.fault(fault.as_ref());
            let ended = bench.first_life(&attempt, crash, GOOD_CARD);
            judge.judge(bench, &attempt, ended, &format!("{name}, {crash:?}"));
        }
    }
    // A card that is refused: a decline must survive everything, too.
    for crash in crashes(bench) {
        let Some(case) = next(bench) else { continue };
        let attempt = format!("d-{case}");
        let ended = bench.first_life(&attempt, crash, FADING_CARD);
        judge.judge(bench, &attempt, ended, &format!("refused card, {crash:?}"));
    }
    // The answer is lost, and the process ends while it looks.
    for when in [Moment::BeforeActing, Moment::AfterActing] {
        for write in 0..6 {
            for side in [Side::Before, Side::After] {
                let Some(case) = next(bench) else { continue };
                let attempt = format!("l-{case}");
                bench.fault(Some(&charging(bench.provider(), FaultKind::Close).with_moment(when)));
                let ended = bench.first_life(&attempt, Crash::Never, GOOD_CARD);
                bench.looking_life(&attempt, Point { write, side });
                judge.judge(
                    bench,
                    &attempt,
                    ended,
                    &format!("lost {when:?}, looking ends at {write} {side:?}"),
                );
            }
        }
    }
    judge.report(bench, "crashes", cases);
    #[cfg(feature = "statement")]
    crate::statement::statement_settles_the_rest(bench);
}
