use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use recurring_core::{AttemptId, DeclineReason, ErrorKind, Money, Outcome, Timestamp, UnknownWord};
use recurring_facade::{
    CaptureRequest, ChargeRequest, EnrolRequest, PaymentRef, PendingEnrolment, ProviderId, RefundRequest,
    ScheduleRequest, StoredCredential,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::JournalError;

/// What an attempt does with money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Charges a stored credential.
    Charge,
    /// Takes the first payment of a schedule that the gateway runs.
    Schedule,
    /// Takes the first payment with a card that the customer has just stored.
    FirstPayment,
    /// Gives money back.
    Refund,
    /// Takes money that was held.
    Capture,
    /// Begins a first payment, which the customer makes on the gateway's page. It moves no money: its row reserves the
    /// name, stays [pending](State::Pending), and is never looked up or decided.
    Enrolment,
}

impl Operation {
    /// Every operation.
    pub const ALL: &'static [Self] =
        &[Self::Charge, Self::Schedule, Self::FirstPayment, Self::Refund, Self::Capture, Self::Enrolment];

    /// The word in the store and in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Schedule => "schedule",
            Self::FirstPayment => "first_payment",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Enrolment => "enrolment",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Reads the word of [`as_str`](Self::as_str).
impl FromStr for Operation {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.iter().find(|known| known.as_str() == word);
        known.copied().ok_or_else(|| UnknownWord::new("operation", Self::ALL))
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where an attempt stands.
///
/// ```text
/// planned -> armed -> paid | authorized | declined | canceled | pending | not_applied | unknown
/// pending, unknown -> paid | authorized | declined | canceled | not_applied | review   (by looking, never by guessing)
/// review -> paid | authorized | declined | canceled | not_applied   (by an operator, or by reading a proof)
/// not_applied -> armed                                              (nothing happened: it may be tried again)
/// pending                                                           (an enrolment: only its name is kept)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Meant to be done; nothing was sent.
    Planned,
    /// About to be sent, or being sent. This is stored durably before the first byte leaves.
    Armed,
    /// The money was taken (or given back, for a refund). Final.
    Paid,
    /// The money is held and not taken: a capture, which is an attempt of its own, takes it. Final for this attempt.
    Authorized,
    /// The gateway declined it. Final for this attempt.
    Declined,
    /// Canceled or expired at the gateway: no money is kept, and it cannot be paid any more. Final for this attempt.
    Canceled,
    /// The gateway has it and has not decided, or the customer must do something. Never becomes a failure by age.
    Pending,
    /// Proven that nothing happened. Final, unless somebody makes the same attempt again.
    NotApplied,
    /// It may have happened. It is looked up, and never sent again.
    Unknown,
    /// Looking proved nothing: an operator decides.
    Review,
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Paid => Self::Paid,
            Outcome::Authorized => Self::Authorized,
            Outcome::Pending | Outcome::ActionRequired => Self::Pending,
            Outcome::Declined => Self::Declined,
            Outcome::Canceled => Self::Canceled,
        }
    }
}

impl State {
    /// Every state, in the order of an attempt's life.
    pub const ALL: &'static [Self] = &[
        Self::Planned,
        Self::Armed,
        Self::Paid,
        Self::Authorized,
        Self::Pending,
        Self::Declined,
        Self::Canceled,
        Self::NotApplied,
        Self::Unknown,
        Self::Review,
    ];

    /// The word in the store and in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Armed => "armed",
            Self::Paid => "paid",
            Self::Authorized => "authorized",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
            Self::Pending => "pending",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
            Self::Review => "review",
        }
    }

    /// Whether nothing more has to be found out.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Authorized | Self::Declined | Self::Canceled | Self::NotApplied)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Reads the word of [`as_str`](Self::as_str).
impl FromStr for State {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.iter().find(|known| known.as_str() == word);
        known.copied().ok_or_else(|| UnknownWord::new("state", Self::ALL))
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What somebody means to do, in the form in which two askers can be compared: the same attempt with another amount,
/// currency, credential or provider is refused.
///
/// It holds no token and no card: of the credential only a fingerprint, which is different for each attempt. Tokens
/// are kept only [sealed](crate::EncryptionKey).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    pub(crate) attempt: AttemptId,
    pub(crate) provider: ProviderId,
    pub(crate) operation: Operation,
    pub(crate) amount: Option<Money>,
    pub(crate) fingerprint: String,
    pub(crate) sealed: Option<Vec<u8>>,
}

impl Intent {
    fn new(
        attempt: &AttemptId,
        provider: ProviderId,
        operation: Operation,
        amount: Option<Money>,
        with: &[&str],
    ) -> Self {
        let amount_text = amount.map(|amount| amount.minor().to_string()).unwrap_or_default();
        let currency = amount.map(|amount| amount.currency().code()).unwrap_or_default();
        let head = [attempt.as_str(), provider.as_str(), operation.as_str(), &amount_text, currency];
        let mut digest = Sha256::new();
        for part in head.iter().chain(with) {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            digest.update(part.len().to_be_bytes());
            digest.update(part.as_bytes());
        }
        let fingerprint = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { attempt: attempt.clone(), provider, operation, amount, fingerprint, sealed: None }
    }

    /// A charge of a stored credential.
    pub fn charge(request: &ChargeRequest) -> Self {
        let credential = &request.credential;
        let parts = identity(credential);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let amount = Some(request.amount);
        Self::new(&request.attempt, credential.provider(), Operation::Charge, amount, &parts)
    }

    /// A schedule that the gateway runs. The card is not compared: a fingerprint of a card number could be guessed.
    pub fn schedule(request: &ScheduleRequest, provider: ProviderId) -> Self {
        let with = [request.frequency.as_str(), request.email.as_str()];
        Self::new(&request.attempt, provider, Operation::Schedule, Some(request.amount), &with)
    }

    /// A refund.
    pub fn refund(request: &RefundRequest, provider: ProviderId) -> Self {
        let with = [request.payment.as_str()];
        Self::new(&request.attempt, provider, Operation::Refund, request.amount, &with)
    }

    /// A capture.
    pub fn capture(request: &CaptureRequest, provider: ProviderId) -> Self {
        let with = [request.payment.as_str()];
        Self::new(&request.attempt, provider, Operation::Capture, request.amount, &with)
    }

    /// A first payment that is made when the customer comes back; `None` for a gateway where the customer has paid on
    /// the page, so that coming back moves no money.
    pub fn first_payment(pending: &PendingEnrolment) -> Option<Self> {
        let PendingEnrolment::TokenpaySigned { attempt, user_id, amount_minor, currency, .. } = pending
        else {
            return None;
        };
        // An amount that is no amount is refused by the gateway's adapter before anything is sent.
        let amount = Money::from_minor(*amount_minor, *currency).ok();
        let with = [user_id.as_str()];
        Some(Self::new(attempt, pending.provider(), Operation::FirstPayment, amount, &with))
    }

    /// The enrolment of a customer. Where the first payment is made under the same name when the customer comes back
    /// (`tokenpay-signed`), it is that [first payment](Self::first_payment).
    pub fn enrolment(request: &EnrolRequest, provider: ProviderId) -> Self {
        let customer = &request.customer;
        let [id, email, gateway_id] = [&customer.id, &customer.email, &customer.gateway_id]
            .map(|part| part.as_deref().unwrap_or_default());
        let amount = Some(request.amount);
        if provider == ProviderId::TOKENPAY_SIGNED {
            return Self::new(&request.attempt, provider, Operation::FirstPayment, amount, &[id]);
        }
        let with = [id, email, gateway_id];
        Self::new(&request.attempt, provider, Operation::Enrolment, amount, &with)
    }

    /// The attempt.
    pub fn attempt(&self) -> &AttemptId {
        &self.attempt
    }

    /// Which gateway.
    pub fn provider(&self) -> &ProviderId {
        &self.provider
    }

    /// What is done.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// How much; `None` for all of a payment.
    pub fn amount(&self) -> Option<Money> {
        self.amount
    }

    /// The state in which the attempt is stored before anything is sent.
    pub fn initial_state(&self) -> State {
        match self.operation {
            Operation::Enrolment => State::Pending,
            _ => State::Planned,
        }
    }

    /// Whether this may take the place of the stored intent: nothing was ever sent under the name, and it is of the
    /// same kind.
    pub(crate) fn replaces(&self, stored: &AttemptRecord) -> bool {
        let unsent = stored.state == State::NotApplied && !stored.sent && !stored.lapsed;
        unsent
            && stored.payment.is_none()
            && self.provider == stored.provider
            && self.operation == stored.operation
    }

    /// Why this cannot be the attempt that is stored already, if it cannot.
    pub(crate) fn refused_by(&self, stored: &AttemptRecord) -> Option<JournalError> {
        let attempt = self.attempt.clone();
        self.differs_from(stored).map(|difference| match difference {
            "amount" | "currency" => JournalError::OtherAmount { attempt, recorded: stored.amount },
            _ => JournalError::OtherPayment { attempt, difference },
        })
    }

    fn differs_from(&self, stored: &AttemptRecord) -> Option<&'static str> {
        // An attempt that an operator found at the gateway has no fingerprint: only its name is known.
        if self.fingerprint == stored.fingerprint || stored.fingerprint.is_empty() {
            return None;
        }
        Some(if self.provider != stored.provider {
            "provider"
        } else if self.operation != stored.operation {
            "operation"
        } else if self.amount.map(Money::currency) != stored.amount.map(Money::currency) {
            "currency"
        } else if self.amount != stored.amount {
            "amount"
        } else if matches!(self.operation, Operation::Refund | Operation::Capture) {
            "payment"
        } else if self.operation == Operation::Enrolment {
            "customer"
        } else {
            "credential"
        })
    }
}

/// What makes a credential this one and no other. What is only known more or less completely (dates, addresses) is
/// left out, so that the same credential is the same after it was stored anew.
fn identity(credential: &StoredCredential) -> Vec<String> {
    match credential {
        StoredCredential::Emspay(series) => vec![series.vault_token.expose().to_owned()],
        StoredCredential::Revio(token) => {
            vec![token.client_id.clone(), token.recurring_token.expose().to_owned()]
        }
        StoredCredential::TokenpaySigned(token) => {
            vec![token.user_id.clone(), token.token_id.expose().to_owned(), token.parent_order_id.to_string()]
        }
        StoredCredential::Omno(card) => vec![card.customer_id.clone(), card.card_token.expose().to_owned()],
        // A gateway of a later version: everything it stores counts.
        other => vec![serde_json::to_string(other).unwrap_or_default()],
    }
}

/// What came back, as far as it is worth keeping: no secret is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ending {
    /// Where the payment stood, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The gateway's own word for where the payment stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The reason of a decline, in the vocabulary of all gateways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeclineReason>,
    /// The gateway's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The gateway's words, or what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The kind of the error, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ErrorKind>,
    /// The page to send the customer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Whether the gateway says that this is a test, in which no money moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Whether the journal has asked the gateway to cancel the unpaid payment: found canceled, nothing was taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canceling: bool,
}

/// An attempt as it is stored. What belongs to the store (its owner, fence, fingerprint and sealed credential) is not
/// serialized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// The attempt.
    pub attempt: AttemptId,
    /// Which gateway.
    pub provider: ProviderId,
    /// What is done.
    pub operation: Operation,
    /// How much; `None` for all of a payment.
    pub amount: Option<Money>,
    /// Where it stands.
    pub state: State,
    /// The gateway's identifier of the payment, as soon as it is known.
    pub payment: Option<PaymentRef>,
    /// What came back.
    pub ending: Ending,
    /// When it was first stored.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// When it was last armed: nothing was sent before.
    pub armed: Option<Timestamp>,
    /// Until when its owner may work on it.
    pub lease_until: Option<Timestamp>,
    /// How often it was looked up since the answer was lost.
    pub looks: u32,
    /// How often a look-up after the quiet period found nothing.
    pub nothing_found: u32,
    /// When it is looked up next.
    pub next_look: Option<Timestamp>,
    /// Who decided, when a person did.
    pub decided_by: Option<String>,
    /// Why it stands where it stands, in a sentence.
    pub note: Option<String>,
    /// Whether the store has forgotten something since the attempt was armed: a replica took over, or the journal was
    /// restored from a copy. What looks like "not charged" then proves nothing.
    pub lapsed: bool,
    #[serde(skip)]
    pub(crate) sent: bool,
    #[serde(skip)]
    pub(crate) owner: Option<String>,
    #[serde(skip)]
    pub(crate) fence: Fence,
    #[serde(skip)]
    pub(crate) fingerprint: String,
    #[serde(skip)]
    pub(crate) sealed: Option<Vec<u8>>,
}

impl AttemptRecord {
    /// The fence under which it was read: what a [`Store`](crate::store::Store) is asked to write is written only while
    /// this is still the newest.
    pub fn fence(&self) -> Fence {
        self.fence
    }
}

/// Counts the owners of an attempt. Whoever writes names the fence it was given; a smaller one than the stored is
/// refused, so that a worker that wakes up late cannot overwrite what was found out since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub(crate) i64);

/// One line of the append-only log beside the attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The state after it, or `late` for what a worker reported after it had lost the attempt. In the words of the version
    /// that wrote it: a log is not migrated.
    pub what: String,
    /// The payment as far as it was known.
    pub payment: Option<PaymentRef>,
    /// Who owned the attempt.
    pub owner: Option<String>,
    /// Why, in a sentence; for an operator's decision, who.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use recurring_core::Currency;

    use super::*;

    fn request(attempt: &str, token: &str, minor: i64) -> ChargeRequest {
        let credential = format!(r#"{{"provider":"emspay","vault_token":"{token}"}}"#);
        ChargeRequest::new(
            AttemptId::new(attempt).unwrap(),
            serde_json::from_str(&credential).unwrap(),
            Money::from_minor(minor, Currency::from_code("EUR").unwrap()).unwrap(),
        )
    }

    #[test]
    fn a_fingerprint_is_of_everything_that_matters_and_shows_no_token() {
        let one = Intent::charge(&request("a", "token-1", 4000));
        assert_eq!(one, Intent::charge(&request("a", "token-1", 4000)));
        for other in
            [request("a", "token-2", 4000), request("a", "token-1", 4001), request("b", "token-1", 4000)]
        {
            assert_ne!(one.fingerprint, Intent::charge(&other).fingerprint, "{other:?}");
        }
        assert!(!format!("{one:?}").contains("token-1"));
    }

    #[test]
    fn serialized_record_shows_no_secret() {
        let intent = Intent::charge(&request("a", "token-1", 4000));
        let mut record = crate::ending::remembered(
            &intent,
            Fence(7),
            &crate::store::Change::to(State::Unknown),
            Timestamp::UNIX_EPOCH,
        );
        record.owner = Some("canary-owner".to_owned());
        record.sealed = Some(b"canary-sealed".to_vec());
        let json = serde_json::to_string(&record).unwrap();
        for part in ["canary", "token-1", &intent.fingerprint, "fence", "99,97,110"] {
            assert!(!json.contains(part), "{part}: {json}");
        }
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&value["attempt"], &value["state"]), (&"a".into(), &"unknown".into()));
        assert_eq!(
            (&value["operation"], &value["created"]),
            (&"charge".into(), &"1970-01-01T00:00:00Z".into())
        );
    }

    #[test]
    fn the_words_can_be_read_again() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
            let json = serde_json::to_string(state).unwrap();
            assert_eq!(json, format!("\"{state}\""));
            assert_eq!(serde_json::from_str::<State>(&json).unwrap(), *state);
        }
        for operation in Operation::ALL {
            assert_eq!(operation.as_str().parse(), Ok(*operation));
            let json = serde_json::to_string(operation).unwrap();
            assert_eq!(serde_json::from_str::<Operation>(&json).unwrap(), *operation);
        }
        let unknown = "approved".parse::<State>().unwrap_err();
        assert!(unknown.to_string().starts_with("unknown state: must be one of planned, armed"), "{unknown}");
    }
}
