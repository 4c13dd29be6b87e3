//! What a caller means to do.

use recurring_core::{AttemptId, Money};
use recurring_facade::{
    CaptureRequest, ChargeRequest, EnrolRequest, PendingEnrolment, ProviderId, RefundRequest,
    ScheduleRequest, StoredCredential,
};
use sha2::{Digest, Sha256};

use crate::attempt::{AttemptRecord, Operation, State};
use crate::error::JournalError;
use crate::series::{ChargeIntent, SeriesTry};

/// What a caller means to do, in the form in which two callers can be compared: the same attempt with another amount, currency,
/// credential or provider is refused.
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
    pub(crate) series: Option<SeriesTry>,
    /// The credential in this journal: see [`credential_digest`].
    pub(crate) credential: Option<String>,
}

impl Intent {
    fn new(
        attempt: &AttemptId,
        provider: ProviderId,
        operation: Operation,
        amount: Option<Money>,
        with: &[&str],
    ) -> Self {
        let mut intent = Self {
            attempt: attempt.clone(),
            provider,
            operation,
            amount,
            fingerprint: String::new(),
            sealed: None,
            series: None,
            credential: None,
        };
        intent.fingerprint = intent.digest(with);
        intent
    }

    fn digest(&self, with: &[&str]) -> String {
        let Self { attempt, provider, operation, amount, .. } = self;
        let amount_text = amount.map(|amount| amount.minor().to_string()).unwrap_or_default();
        let currency = amount.map(|amount| amount.currency().code()).unwrap_or_default();
        let head = [attempt.as_str(), provider.as_str(), operation.as_str(), &amount_text, currency];
        digest_of(head.iter().chain(with).copied())
    }

    /// A charge of a stored credential.
    pub fn charge(request: &ChargeRequest) -> Self {
        Self::of_charge(request, None)
    }

    fn of_charge(request: &ChargeRequest, series: Option<&SeriesTry>) -> Self {
        let credential = &request.credential;
        let mut parts = identity(credential);
        if let Some(series) = series {
            // Without a series nothing is added: the fingerprints of earlier versions stay what they are.
            let number = series.number().to_string();
            parts.extend(["series", series.series(), series.period(), &number].map(str::to_owned));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let amount = Some(request.amount);
        let intent = Self::new(&request.attempt, credential.provider(), Operation::Charge, amount, &parts);
        Self { series: series.cloned(), ..intent }
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
        // An amount that is not valid is refused by the gateway's adapter before anything is sent.
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
    /// same kind. A planned one is replaced only by the same try of its period with another card.
    pub(crate) fn replaces(&self, stored: &AttemptRecord) -> bool {
        let may_be = match stored.state {
            State::NotApplied => !stored.lapsed,
            State::Planned => self.series.is_some() && self.differs_from(stored) == Some("credential"),
            _ => false,
        };
        may_be
            && !stored.sent
            && stored.archived.is_none()
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
        } else if self.series != stored.series {
            "try of a series"
        } else {
            "credential"
        })
    }
}

impl From<&ChargeIntent> for Intent {
    fn from(charge: &ChargeIntent) -> Self {
        Self::of_charge(&charge.request, charge.series.as_ref())
    }
}

/// What stands for a credential in the journal with this identity: the same for each attempt with it, and another one in
/// another journal, so that a table of the digests of short tokens is of no use.
pub(crate) fn credential_digest(journal: &str, credential: &StoredCredential) -> String {
    let provider = credential.provider();
    let parts = identity(credential);
    let head = ["credential", journal, provider.as_str()];
    digest_of(head.iter().copied().chain(parts.iter().map(String::as_str)))
}

fn digest_of<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
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

#[cfg(test)]
mod tests {
    use recurring_core::{Currency, Timestamp};

    use super::*;
    use crate::attempt::Fence;

    fn request(attempt: &str, token: &str, minor: i64) -> ChargeRequest {
        let credential = format!(r#"{{"provider":"emspay","vault_token":"{token}"}}"#);
        ChargeRequest::new(
            AttemptId::new(attempt).unwrap(),
            serde_json::from_str(&credential).unwrap(),
            Money::from_minor(minor, Currency::from_code("EUR").unwrap()).unwrap(),
        )
    }

    #[test]
    fn fingerprint_covers_the_request_and_shows_no_token() {
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
    fn series_is_part_of_what_is_compared() {
        let of = |series: Option<SeriesTry>| {
            let charge = ChargeIntent::new(request("a", "token-1", 4000));
            Intent::from(&ChargeIntent { series, ..charge })
        };
        let try_of = |period: &str, number| Some(SeriesTry::new("sub", period, number).unwrap());
        assert_eq!(of(None), Intent::charge(&request("a", "token-1", 4000)));
        // As it was before there were series: names that are stored stay theirs.
        assert_eq!(of(None).fingerprint, "bf1c939cac5b3c152b76540b062d7ef9");
        let all = [None, try_of("2026-11", 1), try_of("2026-11", 2), try_of("2026-12", 1)].map(of);
        let different: std::collections::BTreeSet<_> = all.iter().map(|intent| &intent.fingerprint).collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn credential_digest_is_of_one_journal_and_shows_no_token() {
        let of = |journal: &str, token: &str| credential_digest(journal, &request("a", token, 1).credential);
        assert_eq!(of("one", "token-1"), of("one", "token-1"));
        assert_ne!(of("one", "token-1"), of("two", "token-1"));
        assert_ne!(of("one", "token-1"), of("one", "token-2"));
        assert!(!of("one", "token-1").contains("token"));
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
}
