//! The commands that go through one gateway.

use recurring_facade::{
    Agreement, AttemptId, ChargeRequest, Currency, Error, Money, Operation, Outcome, Payment, PaymentRef,
    ScheduleRequest, Secret, Settings, StoredCredential,
};
use serde_json::{Value, json};

use crate::arguments::{Attempt, Charge, Schedule};
use crate::commands::facade_of;
use crate::exit::Exit;
use crate::files;
use crate::output::{Output, error_object, payment_object, payment_text, require};
use crate::record::ended;
use crate::session::Session;

impl Attempt {
    pub(crate) fn read(&self) -> Result<(AttemptId, Money), String> {
        let attempt = AttemptId::new(&self.attempt).map_err(|error| error.to_string())?;
        Ok((attempt, money(&self.amount, &self.currency)?))
    }
}

pub(crate) fn money(amount: &str, currency: &str) -> Result<Money, String> {
    let currency = Currency::from_code(currency).map_err(|error| error.to_string())?;
    Money::parse(amount, currency).map_err(|error| error.to_string())
}

pub(crate) async fn cards(
    settings: &Settings,
    provider: &str,
    customer: &str,
    out: &Output,
) -> Result<Exit, String> {
    let (facade, id) = facade_of(settings, provider)?;
    require(&facade, &id, Operation::StoredCards)?;
    let cards = match facade.stored_cards(&id, customer).await {
        Ok(cards) => cards,
        Err(error) => return Ok(unread(&error, out)),
    };
    if cards.is_empty() {
        out.progress("no stored cards");
    }
    for card in cards {
        let mut object = json!({"provider": id.as_str(), "customer": customer});
        let mut human = Vec::new();
        for (name, value) in [("card", &card.masked), ("brand", &card.brand), ("expires", &card.expires)] {
            if let (Some(value), Some(members)) = (value, object.as_object_mut()) {
                members.insert(name.to_owned(), Value::from(value.as_str()));
                human.push(value.as_str());
            }
        }
        out.line(&object, &human.join("  "));
    }
    Ok(Exit::Done)
}

pub(crate) async fn charge(session: &Session, arguments: Charge, out: &Output) -> Result<Exit, String> {
    let journal = session.guard(&arguments.journal, "charge").await?;
    let (attempt, amount) = arguments.attempt.read()?;
    let credential: StoredCredential = files::read(&arguments.credential, "credential")?;
    let (facade, id) = facade_of(&session.settings, &arguments.attempt.provider)?;
    if credential.provider() != id {
        return Err(format!("the credential belongs to {}, not to {id}", credential.provider()));
    }
    require(&facade, &id, Operation::Charge)?;
    let mut request = ChargeRequest::new(attempt.clone(), credential, amount);
    request.reason = arguments.reason;
    request.notification_url = arguments.notification_url;
    Ok(match journal {
        Some(journal) => ended(&attempt, &id, journal.charge(&facade, request).await, out),
        None => unrecorded(&attempt, facade.charge(request).await, out),
    })
}

pub(crate) async fn schedule(session: &Session, arguments: Schedule, out: &Output) -> Result<Exit, String> {
    let journal = session.guard(&arguments.journal, "start a schedule").await?;
    let (attempt, amount) = arguments.attempt.read()?;
    let (facade, id) = facade_of(&session.settings, &arguments.attempt.provider)?;
    require(&facade, &id, Operation::Schedule)?;
    let card = Secret::new(files::standard_input()?);
    let request = ScheduleRequest::new(attempt.clone(), amount, arguments.frequency, arguments.email, card);
    if let Some(journal) = journal {
        return Ok(ended(&attempt, &id, journal.schedule(&facade, &id, request).await, out));
    }
    match facade.schedule(&id, request).await {
        Ok(scheduled) => {
            let mut object = payment_object(Some(attempt.as_str()), &scheduled.payment);
            let mut human = payment_text(&scheduled.payment);
            if let Some(Agreement::GatewayScheduled(schedule)) = &scheduled.agreement {
                object.insert("schedule".to_owned(), Value::from(schedule.order_reference.as_str()));
                human += &format!("\nschedule  {}", schedule.order_reference);
            }
            if let Some(next) = &scheduled.next_payment_on {
                object.insert("next_payment_on".to_owned(), Value::from(next.as_str()));
                human += &format!("\nnext      {next}");
            }
            out.line(&Value::Object(object), &human);
            Ok(scheduled.payment.outcome.into())
        }
        Err(error) => Ok(failed(Some(attempt.as_str()), &error, out)),
    }
}

/// Shows what became of an attempt that no journal knows.
pub(crate) fn unrecorded(attempt: &AttemptId, result: Result<Payment, Error>, out: &Output) -> Exit {
    match result {
        Ok(payment) => {
            let object = payment_object(Some(attempt.as_str()), &payment);
            out.line(&Value::Object(object), &payment_text(&payment));
            payment.outcome.into()
        }
        Err(error) => failed(Some(attempt.as_str()), &error, out),
    }
}

pub(crate) async fn status(
    settings: &Settings,
    provider: &str,
    payment: &str,
    out: &Output,
) -> Result<Exit, String> {
    let (facade, id) = facade_of(settings, provider)?;
    require(&facade, &id, Operation::Status)?;
    match facade.status(&id, &PaymentRef::new(payment)).await {
        Ok(status) => {
            let mut object = payment_object(None, &status.payment);
            let mut human = payment_text(&status.payment);
            if status.charges.len() > 1 {
                let charges =
                    status.charges.iter().map(|charge| Value::Object(payment_object(None, charge))).collect();
                object.insert("charges".to_owned(), Value::Array(charges));
                for charge in &status.charges {
                    human += &format!("\n- {}", payment_text(charge).replace('\n', "\n  "));
                }
            }
            out.line(&Value::Object(object), &human);
            Ok(stands(&status.payment, out))
        }
        Err(error) => Ok(unread(&error, out)),
    }
}

/// The exit code for a payment that was asked about: 0 only for money that was taken and is still there.
fn stands(payment: &Payment, out: &Output) -> Exit {
    if payment.outcome == Outcome::Paid && !payment.is_kept() {
        out.problem("the money was taken; all of it, or a part, has gone back or is disputed since");
        return Exit::Failed;
    }
    payment.outcome.into()
}

/// A read that failed: it changed nothing, and what was asked is as unknown as before.
fn unread(error: &Error, out: &Output) -> Exit {
    let human =
        format!("failed: {}: {} (asking changes nothing: ask again)", error.provider(), error.message());
    out.line(&Value::Object(error_object(None, error)), &human);
    Exit::from(error)
}

pub(crate) fn failed(attempt: Option<&str>, error: &Error, out: &Output) -> Exit {
    out.line(&Value::Object(error_object(attempt, error)), &format!("failed: {error}"));
    Exit::from(error)
}
