//! Every way to ask for the same charge, in each order and at once: the call, a run with a stream, a run of what was
//! planned, and the call for what was planned. Refunds and captures, which have one way, are asked for several times.

mod back;
mod held;

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use recurring_facade::{ChargeRequest, Facade, ProviderId};
use recurring_journal::{BillingRun, Journal, Report, State};
use recurring_sandbox::{Fault, FaultKind, Moment};

use crate::judge::Judge;
use crate::lives::{another, calm, crashes, life, writes};
use crate::process::{Bench, Crash};
use crate::sampled;
use crate::world::charging;
use crate::world::common::GOOD_CARD;

/// One way to ask for a charge.
#[derive(Debug, Clone, Copy)]
enum Door {
    Charge,
    Stream,
    Planned,
    ChargePlanned,
}

const DOORS: [Door; 4] = [Door::Charge, Door::Stream, Door::Planned, Door::ChargePlanned];

/// A stream of one charge.
struct One(Option<ChargeRequest>);

impl Stream for One {
    type Item = Result<ChargeRequest, recurring_journal::UnreadableLine>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

impl Door {
    /// Asks for the charge. Whether it was reported as a success.
    async fn ask(self, journal: &Journal, facade: &Facade, request: ChargeRequest) -> bool {
        let attempt = request.attempt.clone();
        let mut reported = false;
        let report = |report: Report| {
            if let Report::Made(answer) = report {
                reported |= answer.is_paid() && answer.record.attempt == attempt;
            }
        };
        match self {
            Self::Charge => return journal.charge(facade, request).await.unwrap().is_paid(),
            Self::Stream => {
                BillingRun::new(journal, facade).run(One(Some(request)), report).await.unwrap();
            }
            Self::Planned => {
                journal.plan(&request).await.unwrap();
                BillingRun::new(journal, facade).planned(report).await.unwrap();
            }
            Self::ChargePlanned => {
                journal.plan(&request).await.unwrap();
                return journal.charge_planned(facade, &attempt).await.unwrap().is_paid();
            }
        }
        reported
    }
}

/// What happens to the process that asks first.
#[derive(Debug, Clone)]
enum First {
    /// The second one asks at the same time.
    AtOnce,
    /// The second one asks when it has ended.
    InTurn(Crash, Option<Fault>),
}

fn cases(bench: &Bench) -> Vec<(Door, Door, First)> {
    let lost = [Moment::BeforeActing, Moment::AfterActing]
        .map(|when| charging(bench.provider(), FaultKind::Close).with_moment(when));
    let mut all = Vec::new();
    for first in DOORS {
        for second in DOORS {
            all.push((first, second, First::AtOnce));
            all.push((first, second, First::InTurn(Crash::Never, None)));
            for fault in &lost {
                all.push((first, second, First::InTurn(Crash::Never, Some(fault.clone()))));
            }
        }
        let request = bench.request(&format!("counted-{first:?}"), GOOD_CARD);
        let writes = writes(bench, async |journal, facade| {
            first.ask(journal, facade, request).await;
        });
        for (number, crash) in crashes(writes, &bench.operations()).into_iter().enumerate() {
            all.push((first, DOORS[number % DOORS.len()], First::InTurn(crash, None)));
        }
    }
    all
}

fn run(bench: &Bench, judge: &mut Judge, name: &str, case: &(Door, Door, First)) {
    let (one, two, first) = case;
    let request = || bench.request(name, GOOD_CARD);
    let reported = match first {
        First::AtOnce => calm(bench, async |journal, facade| {
            let other = another(bench).await;
            let (one, two) =
                tokio::join!(one.ask(journal, facade, request()), two.ask(&other, facade, request()));
            one || two
        }),
        First::InTurn(crash, fault) => {
            let told = life(bench, *crash, fault.as_ref(), async |journal, facade| {
                one.ask(journal, facade, request()).await
            });
            let again = calm(bench, async |journal, facade| two.ask(journal, facade, request()).await);
            told == Some(true) || again
        }
    };
    judge.judge(bench, name, reported.then_some(State::Paid), &format!("{case:?}"));
}

fn every_pair_of_doors(id: ProviderId) {
    let bench = Bench::sqlite(id);
    let all = cases(&bench);
    let mut judge = Judge::default();
    for (number, case) in all.iter().enumerate() {
        if sampled(number) {
            run(&bench, &mut judge, &format!("two-{number}"), case);
        }
    }
    judge.report(&bench, "doors", all.len());
}

#[test]
fn omno_charge_through_two_doors_is_made_once() {
    every_pair_of_doors(ProviderId::OMNO);
}

#[test]
fn tokenpay_signed_two_doors_charge_once() {
    every_pair_of_doors(ProviderId::TOKENPAY_SIGNED);
}

#[test]
fn revio_charge_through_two_doors_is_made_once() {
    every_pair_of_doors(ProviderId::REVIO);
}

#[test]
fn emspay_charge_through_two_doors_is_made_once() {
    every_pair_of_doors(ProviderId::EMSPAY);
}
