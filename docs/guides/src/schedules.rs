//! A schedule at N-Genius: the gateway charges, and this program reads.

use std::time::Duration;

use recurring_facade::{Agreement, AttemptId, Outcome, PaymentRef, ProviderId, ScheduleRequest};
use recurring_journal::{Journal, State};
use serde_json::json;

use crate::shop::{GOOD_CARD, price, sandbox};

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let (sandbox, facade) = sandbox().await?;
    let folder = tempfile::tempdir()?;
    let journal = Journal::create(&format!("sqlite:{}/journal.db", folder.path().display())).await?;
    let gateway = ProviderId::NGENIUS;

    let card = json!({"pan": GOOD_CARD, "expiry": "2031-04", "cvv": "123", "cardholder_name": "Ann Example"});
    let request = ScheduleRequest::new(
        AttemptId::new("sub-42")?,
        price(&gateway)?,
        "MONTHLY",
        "ann@example.org",
        card.to_string(),
    );
    // The first payment is taken now.
    let answer = journal.schedule(&facade, &gateway, request).await?;
    let order = match (answer.record.state, answer.agreement) {
        (State::Paid, Some(Agreement::GatewayScheduled(schedule))) => schedule.order_reference,
        (State::Unknown, _) => return Err("do not repeat it: look in the gateway's portal".into()),
        (state, _) => return Err(format!("no schedule: {state}").into()),
    };

    sandbox.advance(Duration::from_secs(62 * 24 * 60 * 60)); // two months later

    let status = facade.status(&gateway, &PaymentRef::new(&order)).await?;
    for charge in &status.charges {
        println!("{}: {:?}", charge.outcome, charge.amount);
    }
    assert_eq!(status.charges.iter().filter(|charge| charge.outcome == Outcome::Paid).count(), 3);
    assert_eq!(sandbox.ledger().len(), 3);
    Ok(())
}
