//! The first payment: before the customer goes to the page, and after.

use recurring_facade::{
    Agreement, AttemptId, Customer, EnrolRequest, Enrolment, Error, Operation, PendingEnrolment,
    StoredCredential,
};
use recurring_journal::{Intent, Resumed};
use serde_json::{Map, Value};

use crate::arguments::{Enrol, Resume};
use crate::commands::facade_of;
use crate::commands::money::failed;
use crate::exit::Exit;
use crate::files::{self, NewFile};
use crate::output::{Output, error_object, payment_object, payment_text, require};
use crate::record::{answered, ended};
use crate::session::Session;

pub(crate) async fn enrol(session: &Session, arguments: Enrol, out: &Output) -> Result<Exit, String> {
    let (attempt, amount) = arguments.attempt.read()?;
    let (facade, id) = facade_of(&session.settings, &arguments.attempt.provider)?;
    require(&facade, &id, Operation::Enrol)?;
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
    let file = arguments.pending.as_deref().map(NewFile::reserve).transpose()?;
    let started = match &journal {
        Some(journal) => journal.enrol(&facade, &id, request).await,
        None => Ok(facade.enrol(&id, request).await),
    };
    let started = match started {
        Ok(Ok(started)) => started,
        Err(refused) => return Ok(ended(&attempt, &id, Err(refused), out)),
        Ok(Err(error)) => return Ok(failed(Some(attempt.as_str()), &error, out)),
    };
    let object = payment_object(Some(attempt.as_str()), &started.payment);
    let human = payment_text(&started.payment);
    let exit = started.payment.outcome.into();
    keep_pending(file, &started.pending, (object, human, exit), out)
}

/// Writes what `resume` needs into the file, or shows it with the rest: it exists once.
fn keep_pending(
    file: Option<NewFile>,
    pending: &PendingEnrolment,
    (mut object, mut human, mut exit): (Map<String, Value>, String, Exit),
    out: &Output,
) -> Result<Exit, String> {
    let path = file.as_ref().map(|file| file.path().to_owned());
    let written = file.map(|file| file.keep(pending));
    match (&written, path) {
        (Some(Ok(())), Some(path)) => {
            let id = pending.provider();
            human += &format!("\nthen: recurring resume --provider {id} --pending {}", path.display());
        }
        _ => {
            let pending = serde_json::to_value(pending).map_err(|error| error.to_string())?;
            human += &format!("\nkeep this for `recurring resume`:\n{pending}");
            object.insert("pending".to_owned(), pending);
        }
    }
    out.line(&Value::Object(object), &human);
    match (written, out.failure().is_some()) {
        (Some(Err(problem)), false) => {
            out.problem(&format!("{problem}; what `recurring resume` needs is in the output instead: keep it"));
            exit = Exit::Failed;
        }
        (Some(Ok(())), true) => out.problem(
            "the page was not shown: begin again with another attempt and another file (nothing was paid)",
        ),
        (Some(Err(_)) | None, true) => out.problem(
            "what `recurring resume` needs is lost: do not send the customer to the page, begin again with another \
             attempt (nothing was paid)",
        ),
        (Some(Ok(())) | None, false) => {}
    }
    Ok(exit)
}

pub(crate) async fn resume(session: &Session, arguments: Resume, out: &Output) -> Result<Exit, String> {
    let pending: PendingEnrolment = files::read(&arguments.pending, "pending")?;
    let (facade, id) = facade_of(&session.settings, &arguments.provider)?;
    if pending.provider() != id {
        return Err(format!("the pending enrolment belongs to {}, not to {id}", pending.provider()));
    }
    require(&facade, &id, Operation::Resume)?;
    // Only where coming back takes the first payment: elsewhere it reads.
    let taken = Intent::first_payment(&pending).map(|intent| intent.attempt().clone());
    let journal = match &taken {
        Some(_) => session.guard(&arguments.journal, "take the first payment").await?,
        None => None,
    };
    let file = arguments.credential.as_deref().map(NewFile::reserve).transpose()?;
    let once = taken.is_some() && journal.is_none();
    let remedy = match (&taken, once) {
        (None, _) => "run `recurring resume` again: it only reads",
        (Some(_), false) => "run `recurring resume` again: the journal takes nothing a second time",
        (Some(_), true) => {
            "nothing here has it: look for the payment and the token of its card at the gateway"
        }
    };
    let mut missing = None;
    let (object, human, exit, agreement) = match (journal, &taken) {
        (Some(journal), Some(attempt)) => match journal.resume(&facade, pending).await {
            Ok(Resumed::Made(answer)) => {
                let (object, human, exit) = answered(&answer, out);
                missing = answer.no_agreement;
                (object, human, exit, answer.agreement)
            }
            Ok(Resumed::Read(result)) => read(Some(attempt), *result),
            Err(error) => return Ok(ended(attempt, &id, Err(error), out)),
        },
        _ => read(taken.as_ref(), facade.resume(pending).await),
    };
    let Some(Agreement::ChargeOnDemand(credential)) = agreement else {
        return Ok(without_credential((object, human, exit), missing, remedy, out));
    };
    keep_credential(file, &credential, (object, human, exit), (once, remedy), out)
}

/// Shows a first payment that has no credential. Once it is paid, it says what to do about that.
fn without_credential(
    (mut object, human, exit): (Map<String, Value>, String, Exit),
    missing: Option<String>,
    remedy: &str,
    out: &Output,
) -> Exit {
    if !matches!(exit, Exit::Done | Exit::Authorized) {
        out.line(&Value::Object(object), &human);
        return exit;
    }
    let why = missing.unwrap_or_else(|| format!("the answer holds no stored credential; {remedy}"));
    object.insert("credential_missing".to_owned(), why.as_str().into());
    out.line(&Value::Object(object), &human);
    out.problem(&why);
    if exit == Exit::Done { Exit::Failed } else { exit }
}

/// Writes the credential into the file, or shows it with the rest. One that exists `once` is shown when the file cannot
/// be written; any other can be had again.
fn keep_credential(
    file: Option<NewFile>,
    credential: &StoredCredential,
    (mut object, mut human, exit): (Map<String, Value>, String, Exit),
    (once, remedy): (bool, &str),
    out: &Output,
) -> Result<Exit, String> {
    let path = file.as_ref().map(|file| file.path().to_owned());
    let written = file.map(|file| file.keep(credential));
    let mut shown = false;
    match (&written, path) {
        (Some(Ok(())), Some(path)) => {
            human += &format!("\nthe stored credential is in {}", path.display());
        }
        (Some(Err(_)), _) if !once => {}
        _ => {
            let credential = serde_json::to_value(credential).map_err(|error| error.to_string())?;
            human += &format!("\nthe stored credential (keep it where secrets are kept):\n{credential}");
            object.insert("credential".to_owned(), credential);
            shown = true;
        }
    }
    out.line(&Value::Object(object), &human);
    let shown = shown && out.failure().is_none();
    let problem = match written {
        Some(Ok(())) => return Ok(exit),
        Some(Err(problem)) if shown => {
            format!(
                "{problem}; the stored credential is in the output instead: keep it where secrets are kept"
            )
        }
        Some(Err(problem)) => format!("{problem}; {remedy}"),
        None if shown => return Ok(exit),
        None => format!("cannot write the stored credential to standard output; {remedy}"),
    };
    out.problem(&problem);
    Ok(if exit == Exit::Done { Exit::Failed } else { exit })
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
