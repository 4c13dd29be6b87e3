//! The first payment: before the customer goes to the page, and after.

use recurring_facade::{
    Agreement, AttemptId, Customer, EnrolRequest, Enrolment, Error, Operation, PendingEnrolment,
    StoredCredential,
};
use recurring_journal::{Intent, Resumed};

use crate::arguments::{Enrol, Resume};
use crate::error::CliError;
use crate::exit::Exit;
use crate::files::{self, NewFile};
use crate::output::Output;
use crate::record::{Shown, ended};
use crate::session::Session;

pub(crate) async fn enrol(session: &Session, arguments: Enrol, out: &Output) -> Result<Exit, CliError> {
    let (attempt, id) = (arguments.attempt.attempt.clone(), &arguments.provider);
    let amount = arguments.attempt.money()?;
    let facade = session.gateway(id, Operation::Enrol)?;
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
    let journal = session.wanted(&arguments.journal).await?;
    let file = arguments.pending.as_deref().map(NewFile::reserve).transpose()?;
    let refused = |error: CliError| error.at(id).of(&attempt);
    let started = match &journal {
        Some(journal) => journal.enrol(&facade, id, request).await.map_err(|error| refused(error.into()))?,
        None => facade.enrol(id, request).await,
    };
    let started = started.map_err(|error| refused(error.into()))?;
    let mut shown = Shown::payment(Some(&attempt), &started.payment);
    shown.exit = Exit::of_started(started.payment.outcome);
    keep_pending(file, started.pending, shown, out)
}

/// Writes what `resume` needs into the file, or shows it with the rest: it exists once.
fn keep_pending(
    file: Option<NewFile>,
    pending: PendingEnrolment,
    mut shown: Shown,
    out: &Output,
) -> Result<Exit, CliError> {
    let path = file.as_ref().map(|file| file.path().to_owned());
    let written = file.map(|file| file.keep(&pending));
    match (&written, path) {
        (Some(Ok(())), Some(path)) => {
            shown.human += &format!("\nthen: recurring resume {}", path.display());
        }
        _ => {
            let json = serde_json::to_string(&pending).map_err(|error| CliError::io(error.to_string()))?;
            shown.human += &format!("\nkeep this for `recurring resume`:\n{json}");
            shown.line.pending = Some(pending);
        }
    }
    let mut exit = shown.print(out);
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

pub(crate) async fn resume(session: &Session, arguments: Resume, out: &Output) -> Result<Exit, CliError> {
    let pending: PendingEnrolment = files::read(&arguments.pending.path()?, "pending")?;
    let id = &arguments.provider.agreed("the pending enrolment", pending.provider(), "--pending")?;
    let facade = session.gateway(id, Operation::Resume)?;
    // Only where coming back takes the first payment: elsewhere it reads, and a journal records how that ended.
    let taken = Intent::first_payment(&pending).map(|intent| intent.attempt().clone());
    let journal = match &taken {
        Some(_) => session.guard(&arguments.journal, "take the first payment").await?,
        None if arguments.journal.no_journal => session.wanted(&arguments.journal).await?,
        None => session.journal().await.unwrap_or_else(|error| {
            // What the gateway says is read all the same.
            out.problem(&format!("cannot record how the enrolment ended: {error}"));
            None
        }),
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
    let (shown, agreement) = match (journal, &taken) {
        (Some(journal), Some(attempt)) => match journal.resume(&facade, pending).await {
            Ok(Resumed::Made(answer)) => {
                let shown = Shown::answer(&answer, out);
                missing = answer.no_agreement;
                (shown, answer.agreement)
            }
            Ok(Resumed::Read(result)) => read(Some(attempt), *result),
            Err(error) => return ended(attempt, id, Err(error), out),
        },
        (Some(journal), None) => {
            let result = facade.resume(pending).await;
            let payment = result.as_ref().ok().map(|enrolment| enrolment.payment.clone());
            let (mut shown, agreement) = read(None, result);
            if let Some(payment) = payment {
                // What was read is shown in any case: the next reading records it.
                let recorded = journal.record_enrolment(&facade, &payment).await;
                shown.recorded(recorded, out);
            }
            (shown, agreement)
        }
        (None, _) => read(taken.as_ref(), facade.resume(pending).await),
    };
    let Some(Agreement::ChargeOnDemand(credential)) = agreement else {
        return Ok(without_credential(shown, missing, remedy, out));
    };
    keep_credential(file, credential, shown, (once, remedy), out)
}

/// Shows a first payment that has no credential. Once it is paid, it says what to do about that.
fn without_credential(mut shown: Shown, missing: Option<String>, remedy: &str, out: &Output) -> Exit {
    if !matches!(shown.exit, Exit::Done | Exit::Authorized) {
        return shown.print(out);
    }
    let why = missing.unwrap_or_else(|| format!("the answer holds no stored credential; {remedy}"));
    shown.line.credential_missing = Some(why.clone());
    let exit = shown.print(out);
    out.problem(&why);
    if exit == Exit::Done { Exit::Failed } else { exit }
}

/// Writes the credential into the file, or shows it with the rest. One that exists `once` is shown when the file cannot
/// be written; any other can be read again.
fn keep_credential(
    file: Option<NewFile>,
    credential: StoredCredential,
    mut shown: Shown,
    (once, remedy): (bool, &str),
    out: &Output,
) -> Result<Exit, CliError> {
    let path = file.as_ref().map(|file| file.path().to_owned());
    let written = file.map(|file| file.keep(&credential));
    let mut in_output = false;
    match (&written, path) {
        (Some(Ok(())), Some(path)) => {
            shown.human += &format!("\nthe stored credential is in {}", path.display());
        }
        (Some(Err(_)), _) if !once => {}
        _ => {
            let json = serde_json::to_string(&credential).map_err(|error| CliError::io(error.to_string()))?;
            shown.human += &format!("\nthe stored credential (keep it where secrets are kept):\n{json}");
            shown.line.credential = Some(credential);
            in_output = true;
        }
    }
    let exit = shown.print(out);
    let in_output = in_output && out.failure().is_none();
    let problem = match written {
        Some(Ok(())) => return Ok(exit),
        Some(Err(problem)) if in_output => {
            format!(
                "{problem}; the stored credential is in the output instead: keep it where secrets are kept"
            )
        }
        Some(Err(problem)) => format!("{problem}; {remedy}"),
        None if in_output => return Ok(exit),
        None => format!("cannot write the stored credential to standard output; {remedy}"),
    };
    out.problem(&problem);
    Ok(if exit == Exit::Done { Exit::Failed } else { exit })
}

/// A first payment that was read, or taken without a journal.
fn read(attempt: Option<&AttemptId>, result: Result<Enrolment, Error>) -> (Shown, Option<Agreement>) {
    match result {
        Ok(Enrolment { payment, agreement, .. }) => (Shown::payment(attempt, &payment), agreement),
        Err(error) => {
            let error = match attempt {
                Some(attempt) => CliError::from(error).of(attempt),
                None => CliError::read(&error),
            };
            (Shown::error(error), None)
        }
    }
}
