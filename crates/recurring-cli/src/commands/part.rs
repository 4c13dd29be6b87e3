//! What is done with all or a part of an existing payment: giving money back, and taking what is only authorized.

use recurring_facade::{
    AttemptId, CaptureRequest, Facade, Money, Operation, PaymentRef, ProviderId, RefundRequest,
};

use crate::arguments::PaymentPart;
use crate::commands::facade_of;
use crate::commands::money::{money, unrecorded};
use crate::exit::Exit;
use crate::output::{Output, require};
use crate::record::ended;
use crate::session::Session;

pub(crate) async fn refund(session: &Session, arguments: PaymentPart, out: &Output) -> Result<Exit, String> {
    let journal = session.guard(&arguments.journal, "refund").await?;
    let attempt = arguments.name()?;
    let (facade, id) = facade_of(&session.settings, &arguments.provider)?;
    require(&facade, &id, Operation::Refund)?;
    let mut request = RefundRequest::new(attempt.clone(), PaymentRef::new(&arguments.payment));
    request.amount = arguments.money(&facade, &id).await?;
    Ok(match journal {
        Some(journal) => ended(&attempt, &id, journal.refund(&facade, &id, request).await, out),
        None => unrecorded(&attempt, facade.refund(&id, request).await, out),
    })
}

pub(crate) async fn capture(session: &Session, arguments: PaymentPart, out: &Output) -> Result<Exit, String> {
    let journal = session.guard(&arguments.journal, "capture").await?;
    let attempt = arguments.name()?;
    let (facade, id) = facade_of(&session.settings, &arguments.provider)?;
    require(&facade, &id, Operation::Capture)?;
    let mut request = CaptureRequest::new(attempt.clone(), PaymentRef::new(&arguments.payment));
    request.amount = arguments.money(&facade, &id).await?;
    Ok(match journal {
        Some(journal) => ended(&attempt, &id, journal.capture(&facade, &id, request).await, out),
        None => unrecorded(&attempt, facade.capture(&id, request).await, out),
    })
}

impl PaymentPart {
    fn name(&self) -> Result<AttemptId, String> {
        AttemptId::new(&self.attempt).map_err(|error| error.to_string())
    }

    /// The amount, if one is named. Its currency, when it is not named too, is read from the gateway.
    async fn money(&self, facade: &Facade, id: &ProviderId) -> Result<Option<Money>, String> {
        let Some(amount) = &self.amount else { return Ok(None) };
        match &self.currency {
            Some(currency) => money(amount, currency).map(Some),
            None => money(amount, &currency_of(facade, id, &PaymentRef::new(&self.payment)).await?).map(Some),
        }
    }
}

/// The currency of a payment, read from the gateway. Moves no money.
async fn currency_of(facade: &Facade, id: &ProviderId, payment: &PaymentRef) -> Result<String, String> {
    let unknown = || format!("the currency of the payment is not known; name it with --currency ({id})");
    let status = facade.status(id, payment).await.map_err(|error| format!("{}: {error}", unknown()))?;
    Ok(status.payment.amount.ok_or_else(unknown)?.currency().to_string())
}
