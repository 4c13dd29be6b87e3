//! What is done with all or a part of an existing payment: giving money back, and taking what is only authorized.

use recurring_facade::{
    CaptureRequest, Currency, Facade, Money, Operation, PaymentRef, ProviderId, RefundRequest,
};

use crate::arguments::PaymentPart;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::record::{Shown, ended, unrecorded};
use crate::session::Session;
use crate::subject;

pub(crate) async fn refund(session: &Session, part: PaymentPart, out: &Output) -> Result<Exit, CliError> {
    let journal = session.guard(&part.journal, "refund").await?;
    let attempt = &part.attempt;
    let (id, payment) = &subject::payment(session, &part.payment)?;
    let facade = session.gateway(id, Operation::Refund)?;
    let mut request = RefundRequest::new(attempt.clone(), payment.clone());
    request.amount = part.money(&facade, id, payment).await?;
    match journal {
        Some(journal) => ended(attempt, id, journal.refund(&facade, id, request).await, out),
        None => match facade.refund(id, request).await {
            Ok(refund) => Ok(Shown::refund(Some(attempt), &refund).print(out)),
            Err(error) => Err(CliError::from(error).of(attempt)),
        },
    }
}

pub(crate) async fn capture(session: &Session, part: PaymentPart, out: &Output) -> Result<Exit, CliError> {
    let journal = session.guard(&part.journal, "capture").await?;
    let attempt = &part.attempt;
    let (id, payment) = &subject::payment(session, &part.payment)?;
    let facade = session.gateway(id, Operation::Capture)?;
    let mut request = CaptureRequest::new(attempt.clone(), payment.clone());
    request.amount = part.money(&facade, id, payment).await?;
    match journal {
        Some(journal) => ended(attempt, id, journal.capture(&facade, id, request).await, out),
        None => unrecorded(attempt, facade.capture(id, request).await, out),
    }
}

impl PaymentPart {
    /// The amount, if one is named. Its currency, when it is not named too, is read from the gateway.
    async fn money(
        &self,
        facade: &Facade,
        id: &ProviderId,
        payment: &PaymentRef,
    ) -> Result<Option<Money>, CliError> {
        let Some(amount) = &self.amount else { return Ok(None) };
        let currency = match self.currency {
            Some(currency) => currency,
            None => self.currency_read(facade, id, payment).await?,
        };
        Ok(Some(Money::parse(amount, currency)?))
    }

    /// The currency of the payment, read from the gateway. Moves no money: when it fails, nothing was sent.
    async fn currency_read(
        &self,
        facade: &Facade,
        id: &ProviderId,
        payment: &PaymentRef,
    ) -> Result<Currency, CliError> {
        let status = facade.status(id, payment).await;
        let status = status.map_err(|error| CliError::from(error.before_write()).of(&self.attempt))?;
        let amount = status.payment.amount.ok_or_else(|| {
            CliError::usage(format!(
                "cannot read the currency of the payment: {id} does not name it; name it with --currency"
            ))
        })?;
        Ok(amount.currency())
    }
}
