//! The commands that go through one gateway.

use recurring_facade::{
    Agreement, AttemptId, ChargeRequest, Currency, Error, Facade, Money, PaymentRef, ProviderId,
    RefundRequest, ScheduleRequest, Secret, Settings, StoredCredential,
};
use serde_json::{Value, json};

use crate::arguments::{Attempt, Charge, Refund, Schedule};
use crate::commands::facade_of;
use crate::exit::Exit;
use crate::files;
use crate::output::{Output, cannot, error_object, payment_object, payment_text};
use crate::record::{self, answered, not_made};

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
    let stored = facade.stored_cards(&id).ok_or_else(|| cannot(&id, "list stored cards"))?;
    let cards = match stored.stored_cards(customer).await {
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

pub(crate) async fn charge(settings: &Settings, arguments: Charge, out: &Output) -> Result<Exit, String> {
    let journal = record::chosen(settings, &arguments.journal).await?;
    if journal.is_none() && !arguments.journal.no_journal {
        return Err("a charge needs a durable record of it: name one with --journal sqlite:PATH or RECURRING_JOURNAL, \
                    or pass --no-journal to charge without one, and keep your own"
            .to_owned());
    }
    let (attempt, amount) = arguments.attempt.read()?;
    let credential: StoredCredential = files::read(&arguments.credential, "credential")?;
    let (facade, id) = facade_of(settings, &arguments.attempt.provider)?;
    if credential.provider() != id {
        return Err(format!("the credential belongs to {}, not to {id}", credential.provider()));
    }
    let charger = facade.charger(&id).ok_or_else(|| cannot(&id, "charge a stored credential"))?;
    let mut request = ChargeRequest::new(attempt.clone(), credential, amount);
    request.reason = arguments.reason;
    request.notification_url = arguments.notification_url;
    if let Some(journal) = journal {
        return Ok(match journal.charge(&facade, request).await {
            Ok(answer) => answered(&answer, out),
            Err(error) => not_made(&attempt, &id, &error, out),
        });
    }
    match charger.charge(request).await {
        Ok(payment) => {
            let object = payment_object(Some(attempt.as_str()), &payment);
            out.line(&Value::Object(object), &payment_text(&payment));
            Ok(payment.outcome.into())
        }
        Err(error) => Ok(failed(Some(attempt.as_str()), &error, out)),
    }
}

pub(crate) async fn refund(settings: &Settings, arguments: Refund, out: &Output) -> Result<Exit, String> {
    let attempt = AttemptId::new(&arguments.attempt).map_err(|error| error.to_string())?;
    let (facade, id) = facade_of(settings, &arguments.provider)?;
    let refunder = facade.refunder(&id).ok_or_else(|| cannot(&id, "give money back"))?;
    let mut request = RefundRequest::new(attempt.clone(), PaymentRef::new(arguments.payment));
    if let Some(amount) = &arguments.amount {
        let currency = match arguments.currency {
            Some(currency) => currency,
            None => currency_of(&facade, &id, &request.payment).await?,
        };
        request.amount = Some(money(amount, &currency)?);
    }
    if let Some(journal) = record::chosen(settings, &arguments.journal).await? {
        return Ok(match journal.refund(&facade, &id, request).await {
            Ok(answer) => answered(&answer, out),
            Err(error) => not_made(&attempt, &id, &error, out),
        });
    }
    match refunder.refund(request).await {
        Ok(refund) => {
            let object = payment_object(Some(attempt.as_str()), &refund);
            out.line(&Value::Object(object), &payment_text(&refund));
            Ok(refund.outcome.into())
        }
        Err(error) => Ok(failed(Some(attempt.as_str()), &error, out)),
    }
}

/// The currency of a payment, read from the gateway. Moves no money.
async fn currency_of(facade: &Facade, id: &ProviderId, payment: &PaymentRef) -> Result<String, String> {
    let unknown = || format!("the currency of the payment is not known; name it with --currency ({id})");
    let reader = facade.status(id).ok_or_else(unknown)?;
    let status = reader.status(payment).await.map_err(|error| format!("{}: {error}", unknown()))?;
    Ok(status.payment.amount.ok_or_else(unknown)?.currency().to_string())
}

pub(crate) async fn schedule(settings: &Settings, arguments: Schedule, out: &Output) -> Result<Exit, String> {
    let (attempt, amount) = arguments.attempt.read()?;
    let (facade, id) = facade_of(settings, &arguments.attempt.provider)?;
    let scheduler = facade.scheduler(&id).ok_or_else(|| cannot(&id, "run a schedule"))?;
    let card = Secret::new(files::standard_input()?);
    let request = ScheduleRequest::new(attempt.clone(), amount, arguments.frequency, arguments.email, card);
    if let Some(journal) = record::chosen(settings, &arguments.journal).await? {
        return Ok(match journal.schedule(&facade, &id, request).await {
            Ok(answer) => answered(&answer, out),
            Err(error) => not_made(&attempt, &id, &error, out),
        });
    }
    match scheduler.schedule(request).await {
        Ok(scheduled) => {
            let mut object = payment_object(Some(attempt.as_str()), &scheduled.payment);
            let mut human = payment_text(&scheduled.payment);
            if let Some(Agreement::GatewayRunsIt(schedule)) = &scheduled.agreement {
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

pub(crate) async fn status(
    settings: &Settings,
    provider: &str,
    payment: &str,
    out: &Output,
) -> Result<Exit, String> {
    let (facade, id) = facade_of(settings, provider)?;
    let reader = facade.status(&id).ok_or_else(|| cannot(&id, "tell where a payment stands"))?;
    match reader.status(&PaymentRef::new(payment)).await {
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
            Ok(status.payment.outcome.into())
        }
        Err(error) => Ok(unread(&error, out)),
    }
}

/// A read that failed: it changed nothing, and what was asked is as unknown as before.
fn unread(error: &Error, out: &Output) -> Exit {
    let human =
        format!("failed: {}: {} (asking changes nothing: ask again)", error.provider(), error.message());
    out.line(&error_object(None, error), &human);
    Exit::from(error)
}

pub(crate) fn failed(attempt: Option<&str>, error: &Error, out: &Output) -> Exit {
    out.line(&error_object(attempt, error), &format!("failed: {error}"));
    Exit::from(error)
}
