//! A customer who comes back from the page too early, twice, at once, and by the failure page.

use std::collections::BTreeMap;
use std::time::Duration;

use recurring_facade::{
    Agreement, ChargeRequest, Facade, Outcome, PendingEnrolment, ProviderId, StoredCredential,
};
use recurring_journal::{Journal, Resumed, State};
use recurring_sandbox::{Fault, FaultKind, Moment};

use crate::lives::{another, calm, crashes, life, writes};
use crate::process::{Bench, Crash};
use crate::sampled;
use crate::world::common::{GOOD_CARD, attempt, customer_declines, customer_pays, enrol_request, price};

/// How the customer comes back before the card is stored, or the payment made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Early {
    Never,
    Once,
    Twice,
    AtOnce,
    /// By the failure page; the customer is then sent to a new page for the same payment.
    FailurePage,
}

const EARLY: [Early; 5] = [Early::Never, Early::Once, Early::Twice, Early::AtOnce, Early::FailurePage];

/// What happens to the processes that are asked when the customer comes back.
#[derive(Debug, Clone)]
struct Case {
    early: Early,
    early_crash: Crash,
    early_fault: Option<Fault>,
    crash: Crash,
    fault: Option<Fault>,
}

impl Case {
    fn new(early: Early) -> Self {
        let never = Crash::Never;
        Self { early, early_crash: never, early_fault: None, crash: never, fault: None }
    }
}

/// What a customer who comes back is told.
#[derive(Debug, Clone)]
struct Told {
    paid: bool,
    credential: Option<StoredCredential>,
    state: Option<State>,
}

fn chargeable(agreement: Option<Agreement>) -> Option<StoredCredential> {
    match agreement {
        Some(Agreement::ChargeOnDemand(credential)) => Some(credential),
        _ => None,
    }
}

async fn comes_back(journal: &Journal, facade: &Facade, pending: &PendingEnrolment) -> Told {
    match journal.resume(facade, pending.clone()).await.unwrap() {
        Resumed::Made(answer) => Told {
            paid: answer.is_paid(),
            state: Some(answer.record.state),
            credential: chargeable(answer.agreement),
        },
        Resumed::Read(read) => {
            let enrolment = read.ok();
            Told {
                paid: enrolment.as_ref().is_some_and(|read| read.payment.outcome == Outcome::Paid),
                credential: enrolment.and_then(|read| chargeable(read.agreement)),
                state: None,
            }
        }
    }
}

/// The same customer in two processes at once.
async fn comes_back_twice(
    bench: &Bench,
    journal: &Journal,
    facade: &Facade,
    pending: &PendingEnrolment,
) -> [Told; 2] {
    let other = another(bench).await;
    tokio::join!(comes_back(journal, facade, pending), comes_back(&other, facade, pending)).into()
}

/// Sends the customer to a page.
fn enrol(bench: &Bench, name: &str) -> (String, PendingEnrolment) {
    bench.fault(None);
    bench.run(async {
        let facade = bench.facade();
        let started = facade.enrol(bench.provider(), enrol_request(bench.provider(), name)).await.unwrap();
        (started.payment.redirect.unwrap(), started.pending)
    })
}

/// One customer, from the first page to the end: the word for the end, and what is wrong with it.
fn run(bench: &Bench, name: &str, case: &Case) -> (String, Option<String>) {
    let taken = || bench.taken(&format!("{name}-first"));
    let (mut page, mut pending) = enrol(bench, name);
    if case.early == Early::FailurePage {
        bench.run(customer_declines(&page));
    }
    let early = life(bench, case.early_crash, case.early_fault.as_ref(), async |journal, facade| {
        let mut told = Vec::new();
        for _ in 0..match case.early {
            Early::Never | Early::AtOnce => 0,
            Early::Once | Early::FailurePage => 1,
            Early::Twice => 2,
        } {
            told.push(comes_back(journal, facade, &pending).await);
        }
        if case.early == Early::AtOnce {
            told.extend(comes_back_twice(bench, journal, facade, &pending).await);
        }
        told
    });
    if early.iter().flatten().any(|told| told.paid) || taken() > 0 {
        return ("too early".to_owned(), Some(format!("paid before the customer paid: {early:?}")));
    }
    if case.early == Early::FailurePage {
        (page, pending) = enrol(bench, name);
    }
    bench.run(customer_pays(&page, GOOD_CARD));
    let first = life(bench, case.crash, case.fault.as_ref(), async |journal, facade| {
        comes_back(journal, facade, &pending).await
    });
    let both = calm(bench, async |journal, facade| comes_back_twice(bench, journal, facade, &pending).await);
    let end = last_returns(bench, &pending, name);
    let told_paid = first.iter().chain(&both).any(|told| told.paid) || end.starts_with("paid");
    let taken = taken();
    let wrong = match end.as_str() {
        _ if taken > 1 => "taken more than once",
        _ if told_paid && taken == 0 => "success reported and nothing taken",
        "paid, without a credential" => "nothing to make later payments with",
        "paid, and cannot be renewed" => "the credential is not that of the payment",
        "paid" | "review" => "",
        _ => "neither paid nor in review",
    };
    let wrong = (!wrong.is_empty()).then(|| format!("{case:?}: {end}, {taken} taken: {wrong}"));
    (if end == "review" { format!("{end}, {taken} taken") } else { end }, wrong)
}

/// The customer comes back again and again, and others look, until nothing is open any more.
fn last_returns(bench: &Bench, pending: &PendingEnrolment, name: &str) -> String {
    for _ in 0..16 {
        let (told, state) = calm(bench, async |journal, facade| {
            let told = comes_back(journal, facade, pending).await;
            journal.reconcile(facade).await.unwrap();
            let record = journal.attempt(&attempt(&format!("{name}-first"))).await;
            let state = record.ok().map(|record| record.state).or(told.state);
            (told, state)
        });
        match (told, state) {
            (Told { paid: true, credential: Some(credential), .. }, _) => {
                return if renews(bench, credential, name) { "paid" } else { "paid, and cannot be renewed" }
                    .to_owned();
            }
            (Told { paid: true, credential: None, .. }, _) => return "paid, without a credential".to_owned(),
            (_, Some(state @ (State::Review | State::Declined))) => return state.to_string(),
            _ => bench.clock.advance(Duration::from_secs(21 * 60)),
        }
    }
    "stuck".to_owned()
}

/// Whether the credential takes money, by the gateway's ledger.
fn renews(bench: &Bench, credential: StoredCredential, name: &str) -> bool {
    let renewal = format!("{name}-renewal");
    let request = ChargeRequest::new(attempt(&renewal), credential, price(bench.provider()));
    let _ = calm(bench, async |journal, facade| journal.charge(facade, request).await.unwrap());
    bench.taken(&renewal) == 1
}

/// The calls of a customer's return: those that only read, and the one that takes the money, if there is one.
fn calls(id: &ProviderId) -> (&'static str, Option<&'static str>) {
    match id.as_str() {
        "omno" => ("GET /omno/**", None),
        "revio" => ("GET /revio/**", None),
        "emspay" => ("GET /emspay/**", None),
        _ => ("POST /tokenpay/tokenization/query-token", Some("POST /tokenpay/tokenization/sale")),
    }
}

fn cases(bench: &Bench) -> Vec<Case> {
    let (reading, taking) = calls(bench.provider());
    let counted = {
        let (page, pending) = enrol(bench, "counted");
        bench.run(customer_pays(&page, GOOD_CARD));
        writes(bench, async |journal, facade| {
            comes_back(journal, facade, &pending).await;
        })
    };
    let all_calls: Vec<&'static str> = std::iter::once(reading).chain(taking).collect();
    let unreadable = [
        Fault::new(FaultKind::Close).with_operation(reading),
        Fault::new(FaultKind::Close).with_operation(reading).until_cleared(),
        Fault::new(FaultKind::Status { status: 503, retry_after: None })
            .with_operation(reading)
            .until_cleared(),
        Fault::new(FaultKind::Garbage).with_operation(reading).until_cleared(),
    ];
    let mut lost = vec![Fault::new(FaultKind::RefuseConnection)];
    if let Some(taking) = taking {
        for kind in [
            FaultKind::Silent,
            FaultKind::Close,
            FaultKind::Status { status: 500, retry_after: None },
            FaultKind::Garbage,
            FaultKind::Cut { at: 90 },
            FaultKind::OtherAmount,
            FaultKind::UnknownStatus,
        ] {
            for when in [Moment::BeforeActing, Moment::AfterActing] {
                if kind.moments().contains(&when) {
                    lost.push(Fault::new(kind.clone()).with_operation(taking).with_moment(when));
                }
            }
        }
    }
    let mut all = Vec::new();
    for early in EARLY {
        let usual = Case::new(early);
        all.push(usual.clone());
        for fault in unreadable.iter().chain(&lost) {
            all.push(Case { fault: Some(fault.clone()), ..usual.clone() });
        }
        for crash in crashes(counted, &all_calls) {
            all.push(Case { crash, ..usual.clone() });
            if early != Early::Never {
                all.push(Case { early_crash: crash, ..usual.clone() });
            }
        }
        if early != Early::Never {
            all.extend(
                unreadable.iter().map(|fault| Case { early_fault: Some(fault.clone()), ..usual.clone() }),
            );
        }
    }
    all
}

fn every_return(id: ProviderId) {
    let bench = Bench::sqlite(id.clone());
    let all = cases(&bench);
    let (mut ends, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (number, case) in all.iter().enumerate() {
        if sampled(number) {
            let (end, is_wrong) = run(&bench, &format!("r-{number}"), case);
            *ends.entry(end).or_default() += 1;
            wrong.extend(is_wrong);
            bench.clock.reset();
        }
    }
    let run: usize = ends.values().sum();
    println!("{id}, returning customers: {run} of {} cases were run, and end as {ends:?}", all.len());
    assert!(wrong.is_empty(), "{id}: {wrong:#?}");
    assert!(run >= all.len() / crate::every() && run > 0);
}

/// What sent nothing ends nothing: the caller is shown what the customer has to do, and may come again.
#[test]
fn resume_without_a_card_is_not_applied() {
    let bench = Bench::sqlite(ProviderId::TOKENPAY_SIGNED);
    let (page, pending) = enrol(&bench, "early");
    let resume = || {
        calm(&bench, async |journal, facade| match journal.resume(facade, pending.clone()).await.unwrap() {
            Resumed::Made(answer) => *answer,
            Resumed::Read(read) => panic!("only read: {read:?}"),
        })
    };
    for _ in 0..2 {
        let answer = resume();
        assert_eq!((answer.again, answer.record.state), (false, State::NotApplied));
        assert_eq!(answer.payment.unwrap().outcome, Outcome::ActionRequired);
        let note = answer.record.note.unwrap_or_default();
        assert!(note.contains("nothing was sent") && note.contains("there is no new card"), "{note:?}");
    }
    bench.run(customer_pays(&page, GOOD_CARD));
    let answer = resume();
    assert!(answer.is_paid() && answer.agreement.is_some(), "{answer:?}");
    assert_eq!((answer.record.note, bench.taken("early-first")), (None, 1));
}

#[test]
fn omno_customer_returning_pays_once() {
    every_return(ProviderId::OMNO);
}

#[test]
fn tokenpay_signed_customer_returning_pays_once() {
    every_return(ProviderId::TOKENPAY_SIGNED);
}

#[test]
fn revio_customer_returning_pays_once() {
    every_return(ProviderId::REVIO);
}

#[test]
fn emspay_customer_returning_pays_once() {
    every_return(ProviderId::EMSPAY);
}
