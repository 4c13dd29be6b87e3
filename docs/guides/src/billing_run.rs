//! A nightly billing run: everything that is due, each at most once.

use futures_util::stream;
use recurring_facade::{AttemptId, ChargeRequest, ProviderId};
use recurring_journal::{BillingRun, Journal, Report, State};

use crate::shop::{EMPTY_CARD, GOOD_CARD, enrolled, price, sandbox};

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let (sandbox, facade) = sandbox().await?;
    let folder = tempfile::tempdir()?;
    let address = format!("sqlite:{}/journal.db", folder.path().display());
    let mut due = Vec::new();
    for (customer, card) in [("ann", GOOD_CARD), ("ben", EMPTY_CARD), ("eve", GOOD_CARD)] {
        let credential = enrolled(&facade, &ProviderId::REVIO, customer, card).await?;
        let attempt = AttemptId::new(format!("{customer}-2026-12"))?;
        due.push(ChargeRequest::new(attempt, credential, price(&ProviderId::REVIO)?));
    }

    let journal = Journal::create(&address).await?; // once, at the installation; later: Journal::open

    let run = BillingRun::new(&journal, &facade);
    let summary = run
        .run(stream::iter(due.clone().into_iter().map(Ok)), |report| match report {
            Report::Made(answer) => println!("{}: {}", answer.record.attempt, answer.record.state),
            other => println!("not made: {other:?}"),
        })
        .await?;
    println!("{} paid, {} declined", summary.of(State::Paid), summary.of(State::Declined));

    // The same lines again charge nothing: what was made is answered from the journal.
    let again = BillingRun::new(&journal, &facade).run(stream::iter(due.into_iter().map(Ok)), drop).await?;
    assert_eq!((again.of(State::Paid), again.now(State::Paid)), (0, 2));

    for changed in journal.reconcile(&facade).await? {
        println!("{}: {} -> {}", changed.record.attempt, changed.before, changed.record.state);
    }
    journal.close().await?;

    sandbox.assert_charged_once("ann-2026-12");
    sandbox.assert_charged_once("eve-2026-12");
    Ok(())
}
