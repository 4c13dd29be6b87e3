use crate::words::written_as_words;

/// Why a payment was refused, in one vocabulary for all gateways. The gateway's own code and words are kept beside
/// it: this is an interpretation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeclineReason {
    /// Not enough money on the account.
    InsufficientFunds,
    /// The card has expired.
    ExpiredCard,
    /// The bank declined it without a reason.
    DoNotHonour,
    /// The card was reported stolen or lost, or must be kept back.
    StolenOrLost,
    /// The customer withdrew the permission for recurring payments.
    Revoked,
    /// The bank wants the customer to authenticate.
    AuthenticationRequired,
    /// A limit of the card or the account was reached.
    Limit,
    /// The stored credential, or the card behind it, cannot be used: dead, unknown, or wrong.
    InvalidCredential,
    /// The processor or the bank had a fault. The payment itself was refused.
    ProcessorError,
    /// A check against fraud stopped it.
    SuspectedFraud,
    /// The merchant's account or the request is set up wrongly; the bank was not asked.
    Setup,
    /// Something else, or nothing that could be understood.
    Other,
}

/// What to do after a refused payment. A new try is always a *new* attempt with a new name: this one is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryAdvice {
    /// Do not charge this credential again.
    Never,
    /// Later, with a new attempt.
    RetryLater,
    /// The customer must act first: another card, or an authentication.
    NeedsCustomer,
    /// The gateway does not say.
    NotStated,
}

impl DeclineReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::InsufficientFunds,
        Self::ExpiredCard,
        Self::DoNotHonour,
        Self::StolenOrLost,
        Self::Revoked,
        Self::AuthenticationRequired,
        Self::Limit,
        Self::InvalidCredential,
        Self::ProcessorError,
        Self::SuspectedFraud,
        Self::Setup,
        Self::Other,
    ];

    /// What to do after it.
    pub fn advice(self) -> RetryAdvice {
        match self {
            Self::StolenOrLost | Self::Revoked | Self::SuspectedFraud => RetryAdvice::Never,
            Self::InsufficientFunds | Self::Limit | Self::ProcessorError => RetryAdvice::RetryLater,
            Self::ExpiredCard | Self::AuthenticationRequired | Self::InvalidCredential => {
                RetryAdvice::NeedsCustomer
            }
            Self::DoNotHonour | Self::Setup | Self::Other => RetryAdvice::NotStated,
        }
    }

    /// The word used in machine-readable output, such as `insufficient_funds`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "insufficient_funds",
            Self::ExpiredCard => "expired_card",
            Self::DoNotHonour => "do_not_honour",
            Self::StolenOrLost => "stolen_or_lost",
            Self::Revoked => "revoked",
            Self::AuthenticationRequired => "authentication_required",
            Self::Limit => "limit",
            Self::InvalidCredential => "invalid_credential",
            Self::ProcessorError => "processor_error",
            Self::SuspectedFraud => "suspected_fraud",
            Self::Setup => "setup",
            Self::Other => "other",
        }
    }

    /// The response codes of a refused payment that card networks share (ISO 8583, field 39), as far as they mean more than `Other`.
    /// Codes of approvals, and of messages that are not about a payment, are not in it.
    // Source: the tables of response codes that Worldpay, North, myPOS and others publish; a test names the codes that are left out.
    // Where networks use one code for two things, it is the meaning for a card that is not present.
    pub const RESPONSE_CODES: &'static [(&'static str, Self)] = &[
        ("01", Self::DoNotHonour),
        ("02", Self::DoNotHonour),
        ("03", Self::Setup),
        ("04", Self::StolenOrLost),
        ("05", Self::DoNotHonour),
        ("06", Self::ProcessorError),
        ("07", Self::StolenOrLost),
        // Visa: never with this card.
        ("12", Self::InvalidCredential),
        ("13", Self::Setup),
        ("14", Self::InvalidCredential),
        ("15", Self::InvalidCredential),
        ("19", Self::ProcessorError),
        ("20", Self::ProcessorError),
        ("22", Self::ProcessorError),
        ("23", Self::Setup),
        ("30", Self::Setup),
        ("31", Self::Setup),
        ("33", Self::ExpiredCard),
        ("34", Self::StolenOrLost),
        ("35", Self::StolenOrLost),
        ("36", Self::StolenOrLost),
        ("37", Self::StolenOrLost),
        ("38", Self::StolenOrLost),
        ("39", Self::InvalidCredential),
        ("40", Self::Setup),
        ("41", Self::StolenOrLost),
        ("42", Self::InvalidCredential),
        ("43", Self::StolenOrLost),
        ("44", Self::InvalidCredential),
        ("46", Self::InvalidCredential),
        ("51", Self::InsufficientFunds),
        ("52", Self::InvalidCredential),
        ("53", Self::InvalidCredential),
        ("54", Self::ExpiredCard),
        ("55", Self::AuthenticationRequired),
        ("56", Self::InvalidCredential),
        // Visa: never with this card.
        ("57", Self::InvalidCredential),
        ("58", Self::Setup),
        ("59", Self::SuspectedFraud),
        ("60", Self::DoNotHonour),
        ("61", Self::Limit),
        ("62", Self::InvalidCredential),
        ("63", Self::DoNotHonour),
        ("64", Self::Setup),
        // At Mastercard it can also ask for an authentication.
        ("65", Self::Limit),
        ("66", Self::DoNotHonour),
        ("67", Self::StolenOrLost),
        // The answer came too late.
        ("68", Self::ProcessorError),
        ("70", Self::AuthenticationRequired),
        ("71", Self::AuthenticationRequired),
        ("75", Self::AuthenticationRequired),
        ("76", Self::InvalidCredential),
        ("77", Self::InvalidCredential),
        ("78", Self::InvalidCredential),
        ("79", Self::InvalidCredential),
        ("81", Self::Setup),
        ("82", Self::InvalidCredential),
        ("83", Self::SuspectedFraud),
        ("84", Self::Setup),
        ("86", Self::ProcessorError),
        ("88", Self::ProcessorError),
        ("89", Self::AuthenticationRequired),
        ("90", Self::ProcessorError),
        ("91", Self::ProcessorError),
        ("92", Self::ProcessorError),
        ("93", Self::DoNotHonour),
        ("96", Self::ProcessorError),
        ("1A", Self::AuthenticationRequired),
        ("5C", Self::DoNotHonour),
        ("6P", Self::InvalidCredential),
        ("9G", Self::InvalidCredential),
        ("B1", Self::Setup),
        ("N0", Self::ProcessorError),
        ("N3", Self::Setup),
        ("N4", Self::Limit),
        ("N7", Self::InvalidCredential),
        ("N8", Self::Setup),
        ("P5", Self::AuthenticationRequired),
        ("P6", Self::AuthenticationRequired),
        ("Q1", Self::AuthenticationRequired),
        ("R0", Self::Revoked),
        ("R1", Self::Revoked),
        ("R3", Self::Revoked),
        ("Z1", Self::DoNotHonour),
        ("Z3", Self::ProcessorError),
        ("Z5", Self::DoNotHonour),
    ];

    /// Words in which gateways without codes refuse a payment, in small letters; the first that occurs decides. No
    /// gateway documents its words: these are the usual ones of card networks and acquirers (a guess).
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("sufficient fund", Self::InsufficientFunds),
        ("insufficient balance", Self::InsufficientFunds),
        ("expired card", Self::ExpiredCard),
        ("card expired", Self::ExpiredCard),
        ("card is expired", Self::ExpiredCard),
        ("card has expired", Self::ExpiredCard),
        ("suspected fraud", Self::SuspectedFraud),
        ("invalid merchant", Self::Setup),
        ("stolen", Self::StolenOrLost),
        ("lost card", Self::StolenOrLost),
        ("card lost", Self::StolenOrLost),
        ("pick up", Self::StolenOrLost),
        ("pick-up", Self::StolenOrLost),
        ("pickup", Self::StolenOrLost),
        ("revocation", Self::Revoked),
        ("revoked", Self::Revoked),
        ("stop payment", Self::Revoked),
        ("authentication", Self::AuthenticationRequired),
        ("3d secure", Self::AuthenticationRequired),
        ("3-d secure", Self::AuthenticationRequired),
        ("3ds", Self::AuthenticationRequired),
        ("soft decline", Self::AuthenticationRequired),
        ("exceeds limit", Self::Limit),
        ("limit exceeded", Self::Limit),
        ("amount limit", Self::Limit),
        ("withdrawal", Self::Limit),
        ("invalid card", Self::InvalidCredential),
        ("invalid account", Self::InvalidCredential),
        ("invalid token", Self::InvalidCredential),
        ("vault token", Self::InvalidCredential),
        ("no such card", Self::InvalidCredential),
        ("no such issuer", Self::InvalidCredential),
        ("closed account", Self::InvalidCredential),
        ("account closed", Self::InvalidCredential),
        // 57: Visa permits no further try.
        ("not permitted to cardholder", Self::InvalidCredential),
        ("not permitted to the cardholder", Self::InvalidCredential),
        ("system error", Self::ProcessorError),
        ("system malfunction", Self::ProcessorError),
        ("technical", Self::ProcessorError),
        ("issuer unavailable", Self::ProcessorError),
        ("inoperative", Self::ProcessorError),
        ("do not hono", Self::DoNotHonour),
    ];

    /// Reads a response code of the card networks. `None` when it is not one of the table.
    pub fn from_response_code(code: &str) -> Option<Self> {
        Self::RESPONSE_CODES.iter().find(|(known, _)| *known == code).map(|(_, reason)| *reason)
    }

    /// Reads a gateway's words, in any letter case. `None` when none of the table occurs in them.
    pub fn from_words(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        Self::WORDS.iter().find(|(words, _)| text.contains(words)).map(|(_, reason)| *reason)
    }
}

impl RetryAdvice {
    /// Every advice.
    pub const ALL: &'static [Self] = &[Self::Never, Self::RetryLater, Self::NeedsCustomer, Self::NotStated];

    /// The word used in machine-readable output, such as `needs_customer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::RetryLater => "retry_later",
            Self::NeedsCustomer => "needs_customer",
            Self::NotStated => "not_stated",
        }
    }
}

written_as_words!(DeclineReason, "decline reason");
written_as_words!(RetryAdvice, "retry advice");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_and_advice_are_read_back() {
        for reason in DeclineReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
            let json = serde_json::to_string(reason).expect("JSON");
            assert_eq!(json, format!("\"{reason}\""));
            assert_eq!(serde_json::from_str::<DeclineReason>(&json).expect("read"), *reason);
            assert!(RetryAdvice::ALL.contains(&reason.advice()));
        }
        for advice in RetryAdvice::ALL {
            assert_eq!(advice.as_str().parse(), Ok(*advice));
            let json = serde_json::to_string(advice).expect("JSON");
            assert_eq!(json, format!("\"{advice}\""));
            assert_eq!(serde_json::from_str::<RetryAdvice>(&json).expect("read"), *advice);
        }
        assert!("no_money".parse::<DeclineReason>().is_err());
        let error = "later".parse::<RetryAdvice>().expect_err("not an advice");
        assert_eq!(
            error.to_string(),
            "unknown retry advice: must be one of never, retry_later, needs_customer, not_stated"
        );
    }

    #[test]
    fn codes_and_words_give_every_reason_but_other() {
        let all = DeclineReason::ALL.iter().filter(|reason| **reason != DeclineReason::Other);
        for reason in all {
            for table in [DeclineReason::RESPONSE_CODES, DeclineReason::WORDS] {
                assert!(table.iter().any(|(_, found)| found == reason), "{reason}");
            }
        }
        for (words, reason) in DeclineReason::WORDS {
            let shouted = format!("05: {}.", words.to_uppercase());
            assert_eq!(DeclineReason::from_words(&shouted), Some(*reason), "{words}");
        }
        for (text, reason) in [
            ("Refused: not sufficient funds", DeclineReason::InsufficientFunds),
            ("Insufficient Funds", DeclineReason::InsufficientFunds),
            ("The card has expired", DeclineReason::ExpiredCard),
            ("Do not honor", DeclineReason::DoNotHonour),
            ("Do not honour", DeclineReason::DoNotHonour),
            ("Strong customer authentication required", DeclineReason::AuthenticationRequired),
            ("Card reported stolen", DeclineReason::StolenOrLost),
            ("Pick up card (special)", DeclineReason::StolenOrLost),
            ("Revocation of authorisation order", DeclineReason::Revoked),
            ("Exceeds withdrawal frequency", DeclineReason::Limit),
            ("Unknown vault token", DeclineReason::InvalidCredential),
            ("Transaction not permitted to cardholder", DeclineReason::InvalidCredential),
            ("Issuer or switch inoperative", DeclineReason::ProcessorError),
        ] {
            assert_eq!(DeclineReason::from_words(text), Some(reason), "{text}");
        }
        for unknown in ["", "declined", "Session expired", "Connection lost", "refused by risk rules", "ß"] {
            assert_eq!(DeclineReason::from_words(unknown), None, "{unknown}");
        }
        for unknown in ["00", "", "5", "08", "051", "insufficient_funds", "é"] {
            assert_eq!(DeclineReason::from_response_code(unknown), None, "{unknown}");
        }
        assert_eq!(DeclineReason::from_response_code("51"), Some(DeclineReason::InsufficientFunds));
    }
}
