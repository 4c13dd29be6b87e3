//! The first payment: before the customer goes to the page, and after.

use std::path::Path;

use recurring_facade::{Agreement, Customer, EnrolRequest, Enrolment, PendingEnrolment, Settings};
use recurring_journal::{Answer, Resumed};
use serde_json::Value;

use crate::arguments::{Enrol, Resume};
use crate::commands::facade_of;
use crate::commands::money::failed;
use crate::exit::Exit;
use crate::files;
use crate::output::{Output, cannot, payment_object, payment_text};
use crate::record::{self, answered};

pub(crate) async fn enrol(settings: &Settings, arguments: Enrol, out: &Output) -> Result<Exit, String> {
    let (attempt, amount) = arguments.attempt.read()?;
    let (facade, id) = facade_of(settings, &arguments.attempt.provider)?;
    let enroller = facade.enroller(&id).ok_or_else(|| cannot(&id, "make a first payment on a page"))?;
    let mut customer = Customer::default();
    customer.id = arguments.customer;
    customer.email = arguments.email;
    customer.gateway_id = arguments.gateway_customer;
    customer.billing = arguments.billing.as_deref().map(|path| files::read(path, "billing")).transpose()?;
    let mut request = EnrolRequest::new(attempt.clone(), amount, customer);
    request.description = arguments.description;
    request.success_url = arguments.success_url;
    request.failure_url = arguments.failure_url;
    request.notification_url = arguments.notification_url;
    let mut file = arguments.pending.as_deref().map(files::create).transpose()?;
    let started = match enroller.enrol(request).await {
        Ok(started) => started,
        Err(error) => {
            remove(arguments.pending.as_deref());
            return Ok(failed(Some(attempt.as_str()), &error, out));
        }
    };
    let mut object = payment_object(Some(attempt.as_str()), &started.payment);
    let mut human = payment_text(&started.payment);
    match (&mut file, &arguments.pending) {
        (Some(file), Some(path)) => {
            files::write(file, &started.pending)?;
            human += &format!("\nthen: recurring resume --provider {id} --pending {}", path.display());
        }
        _ => {
            let pending = serde_json::to_value(&started.pending).map_err(|error| error.to_string())?;
            human += &format!("\nkeep this for `recurring resume`:\n{pending}");
            object.insert("pending".to_owned(), pending);
        }
    }
    out.line(&Value::Object(object), &human);
    Ok(started.payment.outcome.into())
}

pub(crate) async fn resume(settings: &Settings, arguments: Resume, out: &Output) -> Result<Exit, String> {
    let pending: PendingEnrolment = files::read(&arguments.pending, "pending")?;
    let (facade, id) = facade_of(settings, &arguments.provider)?;
    let enroller = facade.enroller(&id).ok_or_else(|| cannot(&id, "make a first payment on a page"))?;
    let mut file = arguments.credential.as_deref().map(files::create).transpose()?;
    let result = match record::chosen(settings, &arguments.journal).await? {
        Some(journal) => match journal.resume(&facade, pending).await {
            Ok(Resumed::Read(read)) => *read,
            Ok(Resumed::Made(answer)) => match made(*answer, out) {
                Ok(enrolment) => Ok(enrolment),
                Err(exit) => {
                    remove(arguments.credential.as_deref());
                    return Ok(exit);
                }
            },
            Err(error) => {
                remove(arguments.credential.as_deref());
                return Err(error.to_string());
            }
        },
        None => enroller.resume(pending).await,
    };
    let agreement = result.as_ref().ok().and_then(|enrolment| enrolment.agreement.as_ref());
    let credential = match agreement {
        Some(Agreement::ChargeOnDemand(credential)) => Some(credential),
        _ => None,
    };
    if credential.is_none() {
        remove(arguments.credential.as_deref());
    }
    let enrolment = match &result {
        Ok(enrolment) => enrolment,
        Err(error) => return Ok(failed(None, error, out)),
    };
    let mut object = payment_object(None, &enrolment.payment);
    let mut human = payment_text(&enrolment.payment);
    if let Some(credential) = credential {
        if let (Some(file), Some(path)) = (&mut file, &arguments.credential) {
            files::write(file, credential)?;
            human += &format!("\nthe stored credential is in {}", path.display());
        } else {
            let credential = serde_json::to_value(credential).map_err(|error| error.to_string())?;
            human += &format!("\nthe stored credential (keep it where secrets are kept):\n{credential}");
            object.insert("credential".to_owned(), credential);
        }
    }
    out.line(&Value::Object(object), &human);
    Ok(enrolment.payment.outcome.into())
}

/// A first payment that was made now. One that was made before, or failed, is told from the journal.
fn made(answer: Answer, out: &Output) -> Result<Enrolment, Exit> {
    match answer.payment {
        Some(payment) if answer.unrecorded.is_none() => Ok(Enrolment::new(payment, answer.agreement)),
        _ => Err(answered(&answer, out)),
    }
}

/// An empty file with nothing to keep in it would stand in the way of the next try.
fn remove(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = std::fs::remove_file(path);
    }
}
