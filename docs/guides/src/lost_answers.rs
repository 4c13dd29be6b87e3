//! What to do when the answer to a charge is lost.

use recurring_facade::{AttemptId, ChargeRequest, ProviderId};
use recurring_journal::store::Filter;
use recurring_journal::{Decided, Decision, Journal, State};
use recurring_sandbox::{Fault, FaultKind, Moment};

use crate::shop::{GOOD_CARD, enrolled, price, sandbox};

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let (sandbox, facade) = sandbox().await?;
    let folder = tempfile::tempdir()?;
    let journal = Journal::create(&format!("sqlite:{}/journal.db", folder.path().display())).await?;

    let gateway = ProviderId::EMSPAY;
    let credential = enrolled(&facade, &gateway, "ann", GOOD_CARD).await?;
    // The next charge goes through, and its answer is lost.
    let lost = Fault::new(FaultKind::Reset).with_operation("POST /emspay/v1/orders/");
    sandbox.inject(lost.clone().with_moment(Moment::AfterActing))?;

    let attempt = AttemptId::new("ann-2026-12")?;
    let charge = ChargeRequest::new(attempt.clone(), credential.clone(), price(&gateway)?);
    let answer = journal.charge(&facade, charge.clone()).await?;
    assert_eq!(answer.record.state, State::Unknown);

    // Asking again sends nothing: the record is the answer.
    let answer = journal.charge(&facade, charge).await?;
    assert_eq!(answer.record.state, State::Unknown);

    // Reads at the gateway. In production: journal.reconcile(&facade), every few minutes.
    let looked = journal.look(&facade, &attempt).await?;
    assert_eq!(looked.map(|looked| looked.record.state), Some(State::Paid));
    sandbox.assert_charged_once("ann-2026-12");

    // The next charge never arrives. Nothing is found, which proves nothing.
    sandbox.inject(lost.with_moment(Moment::BeforeActing))?;
    let attempt = AttemptId::new("ann-2027-01")?;
    let charge = ChargeRequest::new(attempt.clone(), credential, price(&gateway)?);
    let answer = journal.charge(&facade, charge).await?;
    assert_eq!(answer.record.state, State::Unknown);
    let looked = journal.look(&facade, &attempt).await?;
    assert_eq!(looked.map(|looked| looked.record.state), Some(State::Unknown));

    let open = Filter { state: Some(State::Unknown), ..Filter::default() };
    for record in journal.list(&open, 100).await? {
        println!("{} at {}: {:?}", record.attempt, record.provider, record.note);
    }

    let decision = Decision {
        what: Decided::NotApplied,
        payment: None,
        by: "ann".to_owned(),
        why: "not among the orders in the portal on 2026-12-02".to_owned(),
        force: true, // only because this program does not wait until the settle time is over
    };
    let record = journal.resolve(&facade, &attempt, &decision).await?;
    assert_eq!(record.state, State::NotApplied);
    Ok(())
}
