//! The commands that go through one gateway.

use recurring_facade::{
    Agreement, ChargeRequest, Money, Operation, Outcome, ProviderId, ScheduleRequest, Secret,
    StoredCredential,
};
use serde::Serialize;

use crate::arguments::{Attempt, Charge, PaymentChoice, Schedule};
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::line::Line;
use crate::output::Output;
use crate::record::{Shown, ended, unrecorded};
use crate::session::Session;
use crate::subject;
use crate::text;

impl Attempt {
    pub(super) fn money(&self) -> Result<Money, CliError> {
        Ok(Money::parse(&self.amount, self.currency)?)
    }
}

/// A card that a gateway keeps.
#[derive(Serialize)]
struct Card<'a> {
    provider: &'a ProviderId,
    customer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

pub(crate) async fn cards(
    session: &Session,
    provider: &ProviderId,
    customer: &str,
    out: &Output,
) -> Result<Exit, CliError> {
    let facade = session.gateway(provider, Operation::StoredCards)?;
    let cards = facade.stored_cards(provider, customer).await.map_err(|error| CliError::read(&error))?;
    if cards.is_empty() {
        out.note("no stored cards");
    }
    for card in cards {
        let card = Card { provider, customer, card: card.masked, brand: card.brand, expires: card.expires };
        let parts = [&card.card, &card.brand, &card.expires];
        let human: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
        out.line(&card, &human.join("  "));
    }
    Ok(Exit::Done)
}

pub(crate) async fn charge(session: &Session, arguments: Charge, out: &Output) -> Result<Exit, CliError> {
    let journal = session.guard(&arguments.journal, "charge").await?;
    let attempt = arguments.attempt.attempt.clone();
    let amount = arguments.attempt.money()?;
    let credential: StoredCredential = files::read(&arguments.credential.path()?, "credential")?;
    let id = &arguments.provider.agreed("the credential", credential.provider(), "--credential")?;
    let facade = session.gateway(id, Operation::Charge)?;
    let mut request = ChargeRequest::new(attempt.clone(), credential, amount);
    request.reason = arguments.reason;
    request.notification_url = arguments.notification_url;
    match journal {
        Some(journal) => ended(&attempt, id, journal.charge(&facade, request).await, out),
        None => unrecorded(&attempt, facade.charge(request).await, out),
    }
}

pub(crate) async fn schedule(session: &Session, arguments: Schedule, out: &Output) -> Result<Exit, CliError> {
    let journal = session.guard(&arguments.journal, "start a schedule").await?;
    let (attempt, id) = (arguments.attempt.attempt.clone(), &arguments.provider);
    let amount = arguments.attempt.money()?;
    let facade = session.gateway(id, Operation::Schedule)?;
    let card = Secret::new(files::standard_input()?);
    let request = ScheduleRequest::new(attempt.clone(), amount, arguments.frequency, arguments.email, card);
    if let Some(journal) = journal {
        return ended(&attempt, id, journal.schedule(&facade, id, request).await, out);
    }
    let scheduled = facade.schedule(id, request).await.map_err(|error| CliError::from(error).of(&attempt))?;
    let mut shown = Shown::payment(Some(&attempt), &scheduled.payment);
    if let Some(Agreement::GatewayScheduled(schedule)) = &scheduled.agreement {
        shown.human += &format!("\nschedule  {}", schedule.order_reference);
        shown.line.schedule = Some(schedule.order_reference.clone());
    }
    if let Some(next) = &scheduled.next_payment_on {
        shown.human += &format!("\nnext      {next}");
        shown.line.next_payment_on = Some(next.as_str().to_owned());
    }
    Ok(shown.print(out))
}

pub(crate) async fn status(
    session: &Session,
    choice: &PaymentChoice,
    out: &Output,
) -> Result<Exit, CliError> {
    let (provider, payment) = subject::payment(session, choice)?;
    let facade = session.gateway(&provider, Operation::Status)?;
    let status = facade.status(&provider, &payment).await;
    let status = status.map_err(|error| CliError::read(&error))?;
    let payment = &status.payment;
    let mut shown = Shown::payment(None, payment);
    if status.charges.len() > 1 {
        for charge in &status.charges {
            shown.human += &format!("\n- {}", text::payment(charge).replace('\n', "\n  "));
        }
        shown.line.charges = status.charges.iter().map(|charge| Line::payment(None, charge)).collect();
    }
    shown.exit = Exit::of_kept(payment);
    match session.journal().await {
        Ok(Some(journal)) => {
            shown.recorded(journal.record_enrolment(&facade, payment).await, out);
        }
        Ok(None) => {}
        // It is asked what the gateway says, which is known.
        Err(error) => out.problem(&format!("cannot record how an enrolment ended: {error}")),
    }
    let gone = payment.outcome == Outcome::Paid && !payment.is_kept();
    let exit = shown.print(out);
    if gone {
        out.problem("the money was taken; all of it, or a part, has gone back or is disputed since");
    }
    Ok(exit)
}
