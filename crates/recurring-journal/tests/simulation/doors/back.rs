//! Refunds and captures: asked for by two processes at once, again after a lost answer, and after every crash. Every case
//! has a payment of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use recurring_facade::{CaptureRequest, Facade, Money, PaymentRef, ProviderId, RefundRequest};
use recurring_journal::{Answer, Journal, State};
use recurring_sandbox::{Fault, FaultKind, LedgerKind, Moment};

use super::held::{gateways, held, paid};
use crate::lives::{another, calm, crashes, life, writes};
use crate::process::{Bench, Crash};
use crate::sampled;
use crate::world::common::{attempt, price};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Refund,
    Capture,
}

impl Kind {
    /// The payment that it is about.
    async fn payment(self, bench: &Bench, name: &str) -> PaymentRef {
        match self {
            Self::Refund => paid(bench, name).await,
            Self::Capture => held(bench, name).await,
        }
    }

    async fn ask(self, journal: &Journal, facade: &Facade, name: &str, of: &PaymentRef) -> Answer {
        let id = facade.providers().next().unwrap().id();
        // A part, so that the gateway has nothing against a second one; EMS Online captures all or nothing.
        let part = Money::from_minor(1000, price(&id).currency()).unwrap();
        let asked = match self {
            Self::Refund => {
                let mut request = RefundRequest::new(attempt(name), of.clone());
                request.amount = Some(part);
                journal.refund(facade, &id, request).await
            }
            Self::Capture => {
                let mut request = CaptureRequest::new(attempt(name), of.clone());
                request.amount = (id != ProviderId::EMSPAY).then_some(part);
                journal.capture(facade, &id, request).await
            }
        };
        asked.unwrap()
    }

    /// How often money went this way, of the payment with this reference.
    fn moved(self, bench: &Bench, payment: &str) -> usize {
        let kind = if self == Self::Refund { LedgerKind::Refund } else { LedgerKind::Charge };
        let ledger = bench.sandbox().ledger();
        ledger.iter().filter(|entry| entry.kind == kind && entry.reference == payment).count()
    }
}

/// The call that moves the money, and what is read before.
fn calls(id: &ProviderId, kind: Kind) -> Vec<&'static str> {
    match (id.as_str(), kind) {
        ("ngenius", _) => {
            vec!["POST /ngenius/transactions/**", "POST /ngenius/identity/**", "GET /ngenius/**"]
        }
        ("emspay", Kind::Capture) => vec!["POST /emspay/**", "GET /emspay/**"],
        ("emspay", Kind::Refund) => vec!["POST /emspay/**"],
        ("revio", _) => vec!["POST /revio/**"],
        _ => vec!["POST /tokenpay/hosted-checkout/refund"],
    }
}

/// What happens to the process that asks first; nothing, when two ask at once.
type First = Option<(Crash, Option<Fault>)>;

fn cases(bench: &Bench, kind: Kind) -> Vec<First> {
    let calls = calls(bench.provider(), kind);
    let mut all = vec![None, Some((Crash::Never, None))];
    all.push(Some((Crash::Never, Some(Fault::new(FaultKind::RefuseConnection)))));
    for fault in [
        FaultKind::Silent,
        FaultKind::Reset,
        FaultKind::Close,
        FaultKind::Status { status: 500, retry_after: None },
        FaultKind::Status { status: 408, retry_after: None },
        FaultKind::Garbage,
        FaultKind::Cut { at: 90 },
        FaultKind::OtherAmount,
        FaultKind::UnknownStatus,
    ] {
        for call in &calls {
            for when in [Moment::BeforeActing, Moment::AfterActing] {
                if fault.moments().contains(&when) {
                    let fault = Fault::new(fault.clone()).with_operation(call).with_moment(when);
                    all.push(Some((Crash::Never, Some(fault))));
                }
            }
        }
    }
    let payment = bench.run(kind.payment(bench, "counted"));
    let writes = writes(bench, async |journal, facade| {
        let _ = kind.ask(journal, facade, "counted-back", &payment).await;
    });
    all.extend(crashes(writes, &calls).into_iter().map(|crash| Some((crash, None))));
    all
}

/// One case to its end: the word for the end, and what is wrong with it.
fn run(bench: &Bench, kind: Kind, number: usize, first: &First) -> (State, Option<String>) {
    let (of, name) = (format!("pay-{number}"), format!("back-{number}"));
    bench.fault(None);
    let payment = bench.run(kind.payment(bench, &of));
    let told = first.as_ref().and_then(|(crash, fault)| {
        life(bench, *crash, fault.as_ref(), async |journal, facade| {
            kind.ask(journal, facade, &name, &payment).await.is_paid()
        })
    });
    let both = calm(bench, async |journal, facade| {
        let other = another(bench).await;
        let (one, two) = tokio::join!(
            kind.ask(journal, facade, &name, &payment),
            kind.ask(&other, facade, &name, &payment)
        );
        one.is_paid() || two.is_paid()
    });
    let end = last_asks(bench, kind, &name, &payment);
    let moved = kind.moved(bench, &of);
    let success = told == Some(true) || both;
    let wrong = match end {
        _ if moved > 1 => "moved more than once",
        _ if success && moved == 0 => "success reported and nothing moved",
        State::Paid if moved == 0 => "approved and nothing moved",
        State::Declined | State::NotApplied if moved > 0 => "failed and moved",
        State::Paid | State::Declined | State::Review => "",
        _ => "neither final nor in review",
    };
    (end, (!wrong.is_empty()).then(|| format!("{first:?}: {end}, {moved} moved: {wrong}")))
}

/// It is asked for again, and others look, until nothing is open any more.
fn last_asks(bench: &Bench, kind: Kind, name: &str, payment: &PaymentRef) -> State {
    let mut state = State::Unknown;
    for _ in 0..16 {
        state = calm(bench, async |journal, facade| {
            let _ = kind.ask(journal, facade, name, payment).await;
            journal.reconcile(facade).await.unwrap();
            journal.attempt(&attempt(name)).await.unwrap().state
        });
        if matches!(state, State::Paid | State::Declined | State::Review) {
            break;
        }
        bench.clock.advance(Duration::from_secs(21 * 60));
    }
    state
}

fn every_ask(kind: Kind) {
    for id in gateways(kind == Kind::Capture) {
        let bench = Bench::sqlite(id.clone());
        let all = cases(&bench, kind);
        let (mut ends, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
        for (number, first) in all.iter().enumerate() {
            if sampled(number) {
                let (end, is_wrong) = run(&bench, kind, number, first);
                *ends.entry(end.as_str()).or_default() += 1;
                wrong.extend(is_wrong);
                bench.clock.reset();
            }
        }
        let run: usize = ends.values().sum();
        println!("{id}, {kind:?}: {run} of {} cases were run, and end as {ends:?}", all.len());
        assert!(wrong.is_empty(), "{id}, {kind:?}: {wrong:#?}");
        assert!(run >= all.len() / crate::every() && run > 0);
    }
}

#[test]
fn refund_asked_for_again_is_made_once() {
    every_ask(Kind::Refund);
}

#[test]
fn capture_asked_for_again_is_made_once() {
    every_ask(Kind::Capture);
}

/// Negative control: under two names the money moves twice, wherever the gateway itself does not bar it.
#[test]
fn refund_under_two_names_is_made_twice() {
    for (kind, id, expected) in [
        (Kind::Refund, ProviderId::NGENIUS, 2),
        (Kind::Refund, ProviderId::REVIO, 2),
        (Kind::Refund, ProviderId::EMSPAY, 2),
        (Kind::Refund, ProviderId::TOKENPAY_SIGNED, 1),
        (Kind::Capture, ProviderId::NGENIUS, 2),
        (Kind::Capture, ProviderId::REVIO, 1),
        (Kind::Capture, ProviderId::EMSPAY, 1),
    ] {
        let bench = Bench::sqlite(id.clone());
        let payment = bench.run(kind.payment(&bench, "pay"));
        for name in ["one", "two"] {
            let _ = calm(&bench, async |journal, facade| kind.ask(journal, facade, name, &payment).await);
        }
        assert_eq!(kind.moved(&bench, "pay"), expected, "{id}, {kind:?}");
    }
}
