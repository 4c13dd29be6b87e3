//! What went wrong in a command.

use std::error::Error as _;
use std::fmt;

use recurring_facade::{
    AttemptId, DeclineReason, Effect, ErrorKind, InvalidInput, PaymentRef, Proof, ProviderId, Refusal,
    SettingsError,
};
use recurring_journal::{JournalError, StoreError};
use serde::{Serialize, Serializer};

/// What kind of error it is. It decides, with the effect on the money, the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An argument or an input cannot be used.
    Usage,
    /// A setting is missing or cannot work.
    Configuration,
    /// The journal's store failed before anything was sent.
    Store,
    /// What was asked for does not exist.
    NotFound,
    /// A notification is not proven to come from the gateway.
    NotGenuine,
    /// Something on this machine failed, such as standard output.
    Io,
    /// An operation failed or was refused, in the words of every gateway.
    Operation(ErrorKind),
}

impl Kind {
    /// The word in machine-readable output.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Configuration => "configuration",
            Self::Store => "store",
            Self::NotFound => "not_found",
            Self::NotGenuine => "not_genuine",
            Self::Io => "io",
            Self::Operation(kind) => kind.as_str(),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a command failed, and what that did to the money. No text in it shows a secret.
#[derive(Debug, Clone)]
pub(crate) struct CliError {
    pub(crate) kind: Kind,
    pub(crate) effect: Effect,
    pub(crate) message: String,
    pub(crate) details: Box<Details>,
}

/// What is known beside the message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Details {
    pub(crate) provider: Option<ProviderId>,
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) payment: Option<PaymentRef>,
    pub(crate) reason: Option<DeclineReason>,
    pub(crate) code: Option<String>,
    /// The whole of it for a terminal, where that is more than the message.
    text: Option<String>,
}

impl CliError {
    /// An error of which nothing more is known. Nothing was sent.
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        let effect = Effect::NotApplied(Proof::Local);
        Self { kind, effect, message: message.into(), details: Box::default() }
    }

    /// What the caller wrote cannot be used.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A setting is missing or cannot work.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(Kind::Configuration, message)
    }

    /// A notification is not proven to come from the gateway.
    pub(crate) fn not_genuine(message: impl Into<String>) -> Self {
        Self::new(Kind::NotGenuine, message)
    }

    /// Something on this machine failed.
    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self::new(Kind::Io, message)
    }

    /// A read of the gateway that failed: it changed nothing, and what was asked is as unknown as before.
    pub(crate) fn read(error: &recurring_facade::Error) -> Self {
        let mut failed = Self::from(error);
        if failed.kind == Kind::Operation(ErrorKind::NotFound) {
            failed.kind = Kind::NotFound;
            failed.details.text = None;
        } else if error.effect() != Effect::NotApplied(Proof::Local) {
            failed.details.text = Some(format!(
                "{}: {}; reading changes nothing: try again",
                error.provider(),
                error.message()
            ));
        }
        failed
    }

    /// Names the gateway.
    pub(crate) fn at(mut self, provider: &ProviderId) -> Self {
        self.details.provider = Some(provider.clone());
        self
    }

    /// Names the attempt.
    pub(crate) fn of(mut self, attempt: &AttemptId) -> Self {
        self.details.attempt = Some(attempt.clone());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.details.text, &self.details.provider) {
            (Some(text), _) => f.write_str(text),
            // A message may begin with the gateway's name already.
            (None, Some(provider)) if !self.message.starts_with(provider.as_str()) => {
                write!(f, "{provider}: {}", self.message)
            }
            (None, _) => f.write_str(&self.message),
        }
    }
}

impl From<&recurring_facade::Error> for CliError {
    fn from(error: &recurring_facade::Error) -> Self {
        let kind = match (error.kind(), error.effect()) {
            (ErrorKind::Config, Effect::NotApplied(_)) => Kind::Configuration,
            // A machine in between, or a wrong address, answers so too: only the gateway knows its payments.
            (ErrorKind::NotFound, _) if error.gateway_error().is_none() => {
                Kind::Operation(ErrorKind::Protocol)
            }
            (kind, _) => Kind::Operation(kind),
        };
        let (mut message, mut text) = (error.message().to_owned(), error.to_string());
        if let Some(words) = by_option(error) {
            message = words;
            text = format!("{message} (nothing was sent)");
        } else if let Some(Refusal::Unsupported { .. }) = error.refusal() {
            text = format!("{message}; `recurring providers` shows what each gateway can do");
        }
        let gateway = error.gateway_error();
        let details = Details {
            provider: Some(error.provider().clone()),
            attempt: None,
            payment: error.payment().cloned(),
            reason: error.decline_reason(),
            code: gateway.and_then(|gateway| gateway.code.clone()),
            text: Some(text),
        };
        Self { kind, effect: error.effect(), message, details: Box::new(details) }
    }
}

/// Options of `enrol` that one gateway needs and another does not, with the setting that does for all payments.
const OPTIONS: [(&str, &str, Option<&str>); 7] = [
    ("billing", "--billing", None),
    ("customer", "--customer", None),
    ("description", "--description", None),
    ("email", "--email", None),
    ("failure_url", "--failure-url", Some("OMNO_CALLBACK_FAIL_URL")),
    ("notification_url", "--notification-url", Some("OMNO_HOOK_URL")),
    ("success_url", "--success-url", Some("OMNO_CALLBACK_URL")),
];

/// What the gateways call the payment that `--payment` names.
const PAYMENT: [&str; 5] = ["order_id", "order_reference", "payment", "payment_id", "purchase_id"];

/// Says it by the name of the option, where it is about one.
fn by_option(error: &recurring_facade::Error) -> Option<String> {
    let input = error.source()?.downcast_ref::<InvalidInput>()?;
    let (provider, rule) = (error.provider(), input.rule());
    if PAYMENT.contains(&input.field()) {
        return Some(format!("{provider}: cannot use the payment (--payment): it {rule}"));
    }
    let others = rule.strip_prefix(&format!("is needed by {provider}"))?;
    // The first one is the field; the rule names the others.
    let others = others.split('`').skip(1).step_by(2);
    let options: Option<Vec<String>> = std::iter::once(input.field())
        .chain(others)
        .map(|field| {
            let (_, option, setting) = OPTIONS.iter().find(|(name, ..)| *name == field)?;
            let setting =
                setting.filter(|setting| setting.to_ascii_lowercase().starts_with(provider.as_str()));
            Some(setting.map_or((*option).to_owned(), |setting| format!("{option} (or {setting})")))
        })
        .collect();
    Some(format!("{provider} needs {}", options?.join(", ")))
}

impl From<recurring_facade::Error> for CliError {
    fn from(error: recurring_facade::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&JournalError> for CliError {
    fn from(error: &JournalError) -> Self {
        let (kind, message) = match error {
            JournalError::Store(store) => (store_kind(store, error.kind()), error.to_string()),
            JournalError::Invalid { field: "journal_key", rule } => {
                (Kind::Configuration, format!("cannot use RECURRING_JOURNAL_KEY: it {rule}"))
            }
            JournalError::Invalid { field, rule } => {
                (Kind::Usage, format!("cannot use --{}: it {rule}", field.replace('_', "-")))
            }
            _ if error.kind() == ErrorKind::Config => (Kind::Configuration, error.to_string()),
            _ => (Kind::Operation(error.kind()), error.to_string()),
        };
        let provider = match error {
            JournalError::Refused { provider, .. } => Some(provider.clone()),
            _ => None,
        };
        let details = Box::new(Details { provider, ..Details::default() });
        Self { kind, effect: error.effect(), message, details }
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Store(StoreError::NoSuchAttempt) => Self::new(
                Kind::NotFound,
                "there is no attempt with this name; `recurring journal list` shows the attempts",
            ),
            error => Self::from(&error),
        }
    }
}

/// Separates failures of the store from a wrong address and a name that does not exist.
fn store_kind(error: &StoreError, kind: ErrorKind) -> Kind {
    match (error, kind) {
        (StoreError::NoSuchAttempt, _) => Kind::NotFound,
        (StoreError::PaymentTaken { .. }, _) => Kind::Usage,
        (_, ErrorKind::Config) => Kind::Configuration,
        _ => Kind::Store,
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        // Without the words about sending: these commands send nothing.
        let message = error.to_string();
        Self { message, ..Self::from(&JournalError::Store(error)) }
    }
}

/// An argument of the same name breaks a rule.
impl From<InvalidInput> for CliError {
    fn from(input: InvalidInput) -> Self {
        Self::usage(format!("cannot use --{}: it {}", input.field().replace('_', "-"), input.rule()))
    }
}

impl From<SettingsError> for CliError {
    fn from(error: SettingsError) -> Self {
        Self::configuration(match &error {
            SettingsError::File { path, .. } if !path.exists() => {
                format!(
                    "cannot read {}: there is no such file; check its name and the folder",
                    path.display()
                )
            }
            SettingsError::File { path, problem } => format!("cannot read {}: {problem}", path.display()),
            SettingsError::Missing { provider, variables } => {
                // In the file each has its own name without that of the gateway, which is the table.
                let keys = variables.iter().filter_map(|name| name.split_once('_'));
                let keys: Vec<String> = keys.map(|(_, key)| key.to_ascii_lowercase()).collect();
                format!(
                    "{provider} needs {}; set it in the environment, or {} under [{provider}] in the file that --config names",
                    variables.join(", "),
                    keys.join(", ")
                )
            }
            SettingsError::UnknownName { name, known, .. } => {
                format!("{error}{}", crate::nearest::hint(name, known.split(", ")))
            }
            error => error.to_string(),
        })
    }
}
