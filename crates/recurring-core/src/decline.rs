use std::fmt;

use serde::Serialize;

/// Why a payment was refused, in one vocabulary for all gateways. The gateway's own code and words are kept beside
/// it: this is an interpretation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeclineReason {
    /// Not enough money on the account.
    InsufficientFunds,
    /// The card has expired.
    ExpiredCard,
    /// The bank said no without saying why.
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
    /// Something else, or nothing that could be understood.
    Other,
}

/// What to do after a refused payment. A new try is always a *new* attempt with a new name: this one is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Do not charge this credential again.
    Never,
    /// Later, with a new attempt.
    LaterWithNewAttempt,
    /// The customer must act first: another card, or an authentication.
    NeedsCustomer,
    /// The gateway does not say.
    NotStated,
}

impl DeclineReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::InsufficientFunds,
        Self::ExpiredCard,
        Self::DoNotHonour,
        Self::StolenOrLost,
        Self::Revoked,
        Self::AuthenticationRequired,
        Self::Limit,
        Self::InvalidCredential,
        Self::ProcessorError,
        Self::Other,
    ];

    /// What to do after it.
    pub fn advice(self) -> Advice {
        match self {
            Self::StolenOrLost | Self::Revoked => Advice::Never,
            Self::InsufficientFunds | Self::Limit | Self::ProcessorError => Advice::LaterWithNewAttempt,
            Self::ExpiredCard | Self::AuthenticationRequired | Self::InvalidCredential => {
                Advice::NeedsCustomer
            }
            Self::DoNotHonour | Self::Other => Advice::NotStated,
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
            Self::Other => "other",
        }
    }

    /// Reads the two-digit response code that card networks share (ISO 8583, field 39).
    ///
    /// `None` when the text is no such code, or an approval.
    pub fn from_response_code(code: &str) -> Option<Self> {
        Some(match code {
            "51" => Self::InsufficientFunds,
            "33" | "54" => Self::ExpiredCard,
            "05" => Self::DoNotHonour,
            "04" | "07" | "34" | "41" | "43" => Self::StolenOrLost,
            "R0" | "R1" | "R3" => Self::Revoked,
            "1A" => Self::AuthenticationRequired,
            "61" | "65" => Self::Limit,
            "14" | "15" | "46" | "78" => Self::InvalidCredential,
            "06" | "19" | "68" | "91" | "92" | "96" => Self::ProcessorError,
            "00" | "08" | "10" | "11" => return None,
            _ if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Self::Other,
            _ => return None,
        })
    }
}

impl Advice {
    /// The word used in machine-readable output, such as `needs_customer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::LaterWithNewAttempt => "later_with_new_attempt",
            Self::NeedsCustomer => "needs_customer",
            Self::NotStated => "not_stated",
        }
    }
}

impl fmt::Display for DeclineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_serialisation() {
        for reason in DeclineReason::ALL {
            assert_eq!(serde_json::to_string(&reason).expect("JSON"), format!("\"{reason}\""));
            let advice = reason.advice();
            assert_eq!(serde_json::to_string(&advice).expect("JSON"), format!("\"{advice}\""));
        }
    }

    #[test]
    fn response_codes_of_the_card_networks() {
        let read = DeclineReason::from_response_code;
        for (code, reason) in [
            ("51", DeclineReason::InsufficientFunds),
            ("54", DeclineReason::ExpiredCard),
            ("05", DeclineReason::DoNotHonour),
            ("41", DeclineReason::StolenOrLost),
            ("43", DeclineReason::StolenOrLost),
            ("R1", DeclineReason::Revoked),
            ("1A", DeclineReason::AuthenticationRequired),
            ("61", DeclineReason::Limit),
            ("65", DeclineReason::Limit),
            ("14", DeclineReason::InvalidCredential),
            ("91", DeclineReason::ProcessorError),
            ("57", DeclineReason::Other),
        ] {
            assert_eq!(read(code), Some(reason), "{code}");
        }
        for none in ["00", "", "5", "510", "insufficient_funds", "  ", "é"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
