//! One adapter for each gateway: from this crate's words to the gateway's and back.

#[cfg(feature = "emspay")]
pub(crate) mod emspay;
#[cfg(any(feature = "ngenius", feature = "revio"))]
mod left;
#[cfg(any(feature = "omno", feature = "tokenpay-signed"))]
mod masked;
#[cfg(feature = "ngenius")]
pub(crate) mod ngenius;
#[cfg(feature = "omno")]
pub(crate) mod omno;
#[cfg(feature = "revio")]
pub(crate) mod revio;
#[cfg(feature = "tokenpay-signed")]
pub(crate) mod tokenpay_signed;

use std::time::Duration;

#[cfg(any(feature = "emspay", feature = "ngenius", feature = "tokenpay-signed", feature = "revio"))]
use recurring_core::ErrorKind;
use recurring_core::HttpOptions;
#[cfg(any(feature = "emspay", feature = "omno", feature = "revio", feature = "tokenpay-signed"))]
use recurring_core::InvalidInput;
#[cfg(any(feature = "emspay", feature = "tokenpay-signed"))]
use recurring_core::Money;
#[cfg(any(feature = "ngenius", feature = "tokenpay-signed"))]
use recurring_core::notification::NotificationError;
#[cfg(any(feature = "emspay", feature = "omno", feature = "tokenpay-signed"))]
use recurring_core::{DeclineReason, Outcome};
#[cfg(any(feature = "emspay", feature = "ngenius", feature = "tokenpay-signed", feature = "revio"))]
use recurring_gateway::ErrorExt as _;

#[cfg(any(feature = "emspay", feature = "omno", feature = "revio", feature = "tokenpay-signed"))]
use crate::credential::{PendingEnrolment, StoredCredential};
#[cfg(any(
    feature = "emspay",
    feature = "ngenius",
    feature = "omno",
    feature = "revio",
    feature = "tokenpay-signed"
))]
use crate::error::Error;
#[cfg(any(feature = "emspay", feature = "ngenius", feature = "tokenpay-signed", feature = "revio"))]
use crate::ids::PaymentRef;
use crate::ids::ProviderId;
#[cfg(any(feature = "emspay", feature = "omno", feature = "tokenpay-signed"))]
use crate::payment::{Decline, Payment};
use crate::settings::{Settings, SettingsError};

/// A credential of one gateway was handed to another.
#[cfg(any(feature = "emspay", feature = "omno", feature = "revio", feature = "tokenpay-signed"))]
fn foreign_credential(here: ProviderId, credential: &StoredCredential) -> Error {
    let rule = format!("belongs to {}, not to {here}; charge it there", credential.provider());
    Error::invalid(here, InvalidInput::new("credential", rule))
}

/// What was kept for one gateway was handed to another.
#[cfg(any(feature = "emspay", feature = "omno", feature = "revio", feature = "tokenpay-signed"))]
fn foreign_pending(here: ProviderId, pending: &PendingEnrolment) -> Error {
    let rule = format!("belongs to {}, not to {here}; resume it there", pending.provider());
    Error::invalid(here, InvalidInput::new("pending", rule))
}

/// Something that this gateway needs was not handed in.
#[cfg(any(feature = "omno", feature = "tokenpay-signed", feature = "revio"))]
fn needed<'a, T>(here: &ProviderId, field: &'static str, value: Option<&'a T>) -> Result<&'a T, Error> {
    value
        .ok_or_else(|| Error::invalid(here.clone(), InvalidInput::new(field, format!("is needed by {here}"))))
}

/// Everything that this gateway needs was handed in: `members` has the name of each, and whether it is there. The error
/// names all that are not.
#[cfg(any(feature = "omno", feature = "tokenpay-signed"))]
fn all_needed(here: &ProviderId, members: &[(&'static str, bool)]) -> Result<(), Error> {
    let mut missing = members.iter().filter(|(_, given)| !given).map(|(name, _)| *name);
    let Some(first) = missing.next() else { return Ok(()) };
    let rest: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
    let and = match rest.as_slice() {
        [] => String::new(),
        [one] => format!(", and so is {one}"),
        several => format!(", and so are {}", several.join(", ")),
    };
    Err(Error::invalid(here.clone(), InvalidInput::new(first, format!("is needed by {here}{and}"))))
}

/// What was found must be the charge that was lost: `members` has each member that names something of it, and
/// whether it is the same.
#[cfg(any(feature = "emspay", feature = "ngenius", feature = "tokenpay-signed", feature = "revio"))]
fn check_found(here: ProviderId, found: Option<&str>, members: &[(&str, bool)]) -> Result<(), Error> {
    let Some((member, _)) = members.iter().find(|(_, same)| !same) else { return Ok(()) };
    let message = format!("what was found has another `{member}` than the charge that was lost");
    let inner = recurring_core::Error::unknown(ErrorKind::Protocol, message);
    let error = Error::new(here, inner);
    Err(match found {
        Some(id) => error.with_payment(PaymentRef::new(id)),
        None => error,
    })
}

/// The gateway refused the stored credential itself: a definite answer, after which the customer must act.
#[cfg(any(feature = "emspay", feature = "omno", feature = "tokenpay-signed"))]
fn dead_credential(here: ProviderId, error: &Error) -> Payment {
    let mut payment = Payment::new(here, Outcome::Declined, "refused");
    let words = error.gateway_error();
    payment.decline = Some(Decline::new(
        DeclineReason::InvalidCredential,
        words.and_then(|words| words.code.clone()),
        words.map(|words| words.message.clone()),
    ));
    payment
}

/// The amount to give back or to take of a payment of `whole`, compared before anything is sent: the wire carries
/// no currency.
#[cfg(any(feature = "emspay", feature = "tokenpay-signed"))]
fn part_of(here: ProviderId, asked: Option<Money>, whole: Money) -> Result<Money, Error> {
    let refuse = |rule: String| Err(Error::invalid(here.clone(), InvalidInput::new("amount", rule)));
    match asked {
        None => Ok(whole),
        Some(amount) if amount.currency() != whole.currency() => {
            refuse(format!("must be in {}, the currency of the payment", whole.currency()))
        }
        Some(amount) if amount.minor() > whole.minor() => {
            refuse(format!("must be at most {whole}, the amount of the payment"))
        }
        Some(amount) => Ok(amount),
    }
}

/// A notification came, and the key or secret to check it with is not configured.
#[cfg(any(feature = "ngenius", feature = "tokenpay-signed"))]
fn no_key(here: &ProviderId, variable: &str) -> NotificationError {
    NotificationError::refused(format!("nothing to check it with: {here} needs {variable}"))
}

/// Which gateway is called: the word of one that its crate knows, or an address. Never a default.
#[cfg(any(
    feature = "emspay",
    feature = "ngenius",
    feature = "omno",
    feature = "revio",
    feature = "tokenpay-signed"
))]
fn environment<E: Clone>(
    settings: &Settings,
    provider: ProviderId,
    variable: &'static str,
    known: &[(&str, E)],
    address: fn(String) -> E,
) -> Result<E, SettingsError> {
    let text = settings.need(provider, variable)?.expose();
    let known = known.iter().find(|(word, _)| *word == text);
    Ok(known.map_or_else(|| address(text.to_owned()), |(_, environment)| environment.clone()))
}

/// A public key from the file that a setting names.
#[cfg(any(feature = "revio", feature = "tokenpay-signed"))]
fn key_file(settings: &Settings, variable: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(path) = settings.text(variable).map(std::path::PathBuf::from) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(SettingsError::File { path, problem: error.to_string() }),
    }
}

/// An upper bound on how long an operation takes that sends so many requests one after the other.
fn longest(options: &HttpOptions, reads: u32, writes: u32) -> Option<Duration> {
    let reads = options.longest_read().saturating_mul(reads);
    Some(reads.saturating_add(options.longest_write().saturating_mul(writes)))
}

/// A client refuses the settings.
fn unusable<A>(provider: ProviderId, error: &recurring_core::Error<A>) -> SettingsError {
    SettingsError::Unusable { provider, problem: error.message().to_owned() }
}
