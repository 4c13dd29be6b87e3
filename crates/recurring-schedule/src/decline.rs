use serde::{Deserialize, Serialize};

use crate::class::DeclineClass;
use crate::codes::{self, AdviceRule};

/// A card scheme, whose rules hold for a retry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scheme {
    /// Visa.
    Visa,
    /// Mastercard, and Maestro.
    Mastercard,
    /// Another one. The limits of both others hold for it, since its own are not known here.
    Other(String),
}

impl Scheme {
    /// Reads a brand as gateways write it, in any letter case: `VISA`, `Visa Electron`, `MASTERCARD`, `MasterCard Debit`.
    pub fn from_brand(brand: &str) -> Self {
        let letters: String = brand.chars().filter(char::is_ascii_alphabetic).collect();
        let letters = letters.to_ascii_lowercase();
        let begins = |start: &str| letters.starts_with(start);
        if begins("visa") {
            Self::Visa
        } else if begins("mastercard") || begins("maestro") || letters == "mc" {
            Self::Mastercard
        } else {
            Self::Other(brand.to_owned())
        }
    }
}

/// A refused payment, as far as its gateway tells about it. Whatever is missing is treated as unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Decline {
    /// The scheme of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// The response code of the issuer (ISO 8583, field 39), such as `51`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_code: Option<String>,
    /// Mastercard's merchant advice code, such as `02`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice_code: Option<String>,
    /// What the gateway's own words mean, where it gives no codes. With a code, the stricter one of both decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<DeclineClass>,
    /// Whether the issuer is where no strong customer authentication is asked for. Then Mastercard's code 65 is a limit that
    /// was reached, and not a missing authentication.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub outside_sca: bool,
}

impl Decline {
    /// Creates a decline by the scheme and its response code.
    pub fn new(scheme: Scheme, response_code: impl Into<String>) -> Self {
        Self { scheme: Some(scheme), response_code: Some(response_code.into()), ..Self::default() }
    }

    /// Creates a decline by what the gateway's own words mean.
    pub fn of_class(class: DeclineClass) -> Self {
        Self { class: Some(class), ..Self::default() }
    }

    /// Sets the scheme.
    #[must_use]
    pub fn with_scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Sets Mastercard's merchant advice code.
    #[must_use]
    pub fn with_advice_code(mut self, code: impl Into<String>) -> Self {
        self.advice_code = Some(code.into());
        self
    }

    /// States that the issuer is where no strong customer authentication is asked for.
    #[must_use]
    pub fn outside_sca(mut self) -> Self {
        self.outside_sca = true;
        self
    }

    /// Returns what it means for another try: the strictest of what the codes and the gateway's words say. A response code that is
    /// not known does not weigh against an advice code that is.
    pub fn class(&self) -> DeclineClass {
        let advice = self.class_of_advice();
        let advised = advice.is_some_and(|class| class != DeclineClass::Unknown);
        let code = self.class_of_code().filter(|class| !(advised && *class == DeclineClass::Unknown));
        [self.class, advice, code].into_iter().flatten().max().unwrap_or(DeclineClass::Unknown)
    }

    /// Returns how many hours the next try has to wait at least after this decline: what the advice code says, and 72 where it says
    /// nothing and code or scheme are not known.
    pub fn wait_hours(&self) -> u16 {
        let known_scheme = matches!(self.scheme, Some(Scheme::Visa | Scheme::Mastercard));
        match (self.class(), self.advice()) {
            (DeclineClass::Soft, Some(AdviceRule::Wait(hours))) => hours,
            (DeclineClass::Soft, None) if known_scheme => 0,
            (_, Some(AdviceRule::Wait(hours))) => hours.max(codes::UNKNOWN_WAIT),
            _ => codes::UNKNOWN_WAIT,
        }
    }

    /// What to say about it: the code that decided, or the class.
    pub(crate) fn words(&self) -> String {
        match (&self.advice_code, &self.response_code) {
            (Some(advice), _) if self.class_of_advice() == Some(self.class()) => {
                format!("merchant advice code {advice}")
            }
            (_, Some(code)) if self.class_of_code() == Some(self.class()) => format!("response code {code}"),
            _ => "the gateway's words".to_owned(),
        }
    }

    pub(crate) fn is_missing_authentication(&self) -> bool {
        match self.response_code.as_deref() {
            Some("1A") => true,
            Some("65") => self.is_mastercards_65(),
            _ => false,
        }
    }

    /// Whether the card itself cannot be charged any more, for this payment or another one. A missing authentication is about one
    /// payment.
    pub(crate) fn wants_new_card(&self) -> bool {
        let advised = self.class_of_advice() == Some(DeclineClass::NeedsCustomer);
        self.class() == DeclineClass::NeedsCustomer && (advised || !self.is_missing_authentication())
    }

    fn advice(&self) -> Option<AdviceRule> {
        self.advice_code.as_deref().map(codes::advice)
    }

    fn class_of_advice(&self) -> Option<DeclineClass> {
        Some(match self.advice()? {
            AdviceRule::Never => DeclineClass::Hard,
            AdviceRule::NewAccountData => DeclineClass::NeedsCustomer,
            AdviceRule::Wait(_) => DeclineClass::Soft,
            AdviceRule::Unknown => DeclineClass::Unknown,
        })
    }

    fn class_of_code(&self) -> Option<DeclineClass> {
        let code = self.response_code.as_deref()?;
        if self.is_missing_authentication() {
            return Some(DeclineClass::NeedsCustomer);
        }
        // These mean another thing at Mastercard than at Visa; there the advice code says what holds.
        if self.scheme == Some(Scheme::Mastercard) && codes::MASTERCARD_BY_ADVICE.contains(&code) {
            return Some(DeclineClass::Unknown);
        }
        Some(codes::response(code).unwrap_or(DeclineClass::Unknown))
    }

    /// At Visa the code is a limit that was reached; without a scheme it may be either.
    fn is_mastercards_65(&self) -> bool {
        self.scheme != Some(Scheme::Visa) && !self.outside_sca
    }
}
