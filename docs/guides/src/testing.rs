//! A test of your own code against the sandbox.

use recurring_facade::{AttemptId, ChargeRequest, ProviderId, Settings};
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};

use crate::shop::{GOOD_CARD, enrolled, price};

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let sandbox = Sandbox::builder().start().await?; // on a free port, until it is dropped
    let settings = sandbox
        .settings()
        .into_iter()
        .try_fold(Settings::new(), |settings, (name, value)| settings.set(name, value))?;
    let facade = settings.facade()?;

    let credential = enrolled(&facade, &ProviderId::EMSPAY, "ann", GOOD_CARD).await?;

    // The charge goes through, and the connection is reset before the answer arrives.
    sandbox.inject(
        Fault::new(FaultKind::Reset)
            .with_moment(Moment::AfterActing)
            .with_operation("POST /emspay/v1/orders/"),
    )?;
    let charge = ChargeRequest::new(AttemptId::new("ann-2026-12")?, credential, price(&ProviderId::EMSPAY)?);
    match facade.charge(charge).await {
        Err(error) => assert!(error.effect().is_unknown()), // the client must not claim to know
        Ok(payment) => return Err(format!("{}", payment.outcome).into()),
    }

    sandbox.assert_charged_once("ann-2026-12"); // the ledger knows
    Ok(())
}
