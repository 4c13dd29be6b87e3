//! What to do after a decline.

use recurring_facade::{AttemptId, ChargeRequest, Outcome, Payment, ProviderId, RetryAdvice};

use crate::shop::{EMPTY_CARD, enrolled, price, sandbox};

/// What the subscription does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The period is paid.
    Nothing,
    /// Charge the same card on another day, under a new name.
    RetryLater,
    /// Ask the customer for another card, or to authenticate.
    AskCustomer,
    /// Never charge this credential again.
    Stop,
    /// Not decided yet: read the payment again.
    ReadAgain,
}

/// Decides what follows from an answer.
pub fn next(payment: &Payment) -> Next {
    match payment.outcome {
        Outcome::Paid => Next::Nothing,
        Outcome::Declined => match payment.decline.as_ref().map(|decline| decline.reason.advice()) {
            Some(RetryAdvice::RetryLater) => Next::RetryLater,
            Some(RetryAdvice::NeedsCustomer) => Next::AskCustomer,
            Some(RetryAdvice::Never) => Next::Stop,
            // The gateway does not say: asking is safer than trying a card that may be stolen.
            _ => Next::AskCustomer,
        },
        Outcome::Canceled => Next::AskCustomer,
        _ => Next::ReadAgain,
    }
}

/// Runs the program.
///
/// # Errors
/// When a call fails.
pub async fn run() -> crate::Outcome {
    let (_sandbox, facade) = sandbox().await?;
    let gateway = ProviderId::REVIO;
    let credential = enrolled(&facade, &gateway, "ben", EMPTY_CARD).await?;

    let charge = ChargeRequest::new(AttemptId::new("ben-2026-12")?, credential, price(&gateway)?);
    let payment = facade.charge(charge).await?; // a decline is an answer, not an error
    if let Some(decline) = &payment.decline {
        println!("{:?}: {:?} {:?}", decline.reason, decline.code, decline.message);
    }
    assert_eq!(next(&payment), Next::RetryLater); // insufficient funds
    Ok(())
}
