//! The first payment: before the customer goes to the page, and after.

use std::path::Path;

use recurring_facade::{Agreement, AttemptId, Customer, EnrolRequest, Enrolment, Error, PendingEnrolment};
use recurring_journal::{Intent, Resumed};
use serde_json::{Map, Value};

use crate::arguments::{Enrol, Resume};
use crate::commands::facade_of;
use crate::commands::money::failed;
use crate::exit::Exit;
use crate::files;
use crate::output::{Output, cannot, error_object, payment_object, payment_text};
use crate::record::{answered, ended};
use crate::session::Session;

pub(crate) async fn enrol(session: &Session, arguments: Enrol, out: &Output) -> Result<Exit, String> {
    let (attempt, amount) = arguments.attempt.read()?;
    let (facade, id) = facade_of(&session.settings, &arguments.attempt.provider)?;
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
    // It takes no money, so that it works without a journal too; with one, nothing else can have its name.
    let journal = match arguments.journal.no_journal {
        true => None,
        false => session.journal(arguments.journal.journal.as_deref()).await?,
    };
    let mut file = arguments.pending.as_deref().map(files::create).transpose()?;
    let started = match &journal {
        Some(journal) => journal.enrol(&facade, &id, request).await,
        None => Ok(enroller.enrol(request).await),
    };
    let started = match started {
        Ok(Ok(started)) => started,
        Err(refused) => {
            remove(arguments.pending.as_deref());
            return Ok(ended(&attempt, &id, Err(refused), out));
        }
        Ok(Err(error)) => {
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

pub(crate) async fn resume(session: &Session, arguments: Resume, out: &Output) -> Result<Exit, String> {
    let pending: PendingEnrolment = files::read(&arguments.pending, "pending")?;
    let (facade, id) = facade_of(&session.settings, &arguments.provider)?;
    if pending.provider() != id {
        return Err(format!("the pending enrolment belongs to {}, not to {id}", pending.provider()));
    }
    let enroller = facade.enroller(&id).ok_or_else(|| cannot(&id, "make a first payment on a page"))?;
    // Only where coming back takes the first payment: elsewhere it reads.
    let taken = Intent::first_payment(&pending).map(|intent| intent.attempt().clone());
    let journal = match &taken {
        Some(_) => session.guard(&arguments.journal, "take the first payment").await?,
        None => None,
    };
    let mut file = arguments.credential.as_deref().map(files::create).transpose()?;
    let remedy = match (&taken, &journal) {
        (None, _) => "run `recurring resume` again: it only reads",
        (_, Some(_)) if session.settings.journal_key().is_some() => {
            "run `recurring resume` again: the journal has it, and nothing is sent"
        }
        _ => "nothing here has it: look for the payment and the token of its card at the gateway",
    };
    let (mut object, mut human, mut exit, agreement) = match (journal, &taken) {
        (Some(journal), Some(attempt)) => match journal.resume(&facade, pending).await {
            Ok(Resumed::Made(answer)) => {
                let (object, human, exit) = answered(&answer, out);
                (object, human, exit, answer.agreement)
            }
            Ok(Resumed::Read(result)) => read(Some(attempt), *result),
            Err(error) => {
                remove(arguments.credential.as_deref());
                return Ok(ended(attempt, &id, Err(error), out));
            }
        },
        _ => read(taken.as_ref(), enroller.resume(pending).await),
    };
    let credential = match agreement {
        Some(Agreement::ChargeOnDemand(credential)) => Some(credential),
        _ => None,
    };
    let mut lost = None;
    match (&credential, &mut file, &arguments.credential) {
        (Some(credential), Some(file), Some(path)) => match files::write(file, credential) {
            Ok(()) => human += &format!("\nthe stored credential is in {}", path.display()),
            Err(problem) => lost = Some(format!("to {}: {problem}", path.display())),
        },
        (Some(credential), ..) => {
            let credential = serde_json::to_value(credential).map_err(|error| error.to_string())?;
            human += &format!("\nthe stored credential (keep it where secrets are kept):\n{credential}");
            object.insert("credential".to_owned(), credential);
        }
        (None, ..) => remove(arguments.credential.as_deref()),
    }
    out.line(&Value::Object(object), &human);
    if credential.is_some() && file.is_none() && out.failure().is_some() {
        lost = Some("to standard output".to_owned());
    }
    if let Some(what) = lost {
        remove(arguments.credential.as_deref());
        out.problem(&format!("cannot write the stored credential {what}; {remedy}"));
        if exit == Exit::Done {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// A first payment that was read, or taken without a journal.
fn read(
    attempt: Option<&AttemptId>,
    result: Result<Enrolment, Error>,
) -> (Map<String, Value>, String, Exit, Option<Agreement>) {
    let attempt = attempt.map(AttemptId::as_str);
    match result {
        Ok(Enrolment { payment, agreement, .. }) => {
            (payment_object(attempt, &payment), payment_text(&payment), payment.outcome.into(), agreement)
        }
        Err(error) => (error_object(attempt, &error), format!("failed: {error}"), Exit::from(&error), None),
    }
}

/// An empty file with nothing to keep in it would stand in the way of the next try.
fn remove(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = std::fs::remove_file(path);
    }
}
