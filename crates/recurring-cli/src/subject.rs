//! Which gateway a payment belongs to.

use recurring_facade::{PaymentRef, ProviderId, Settings};

use crate::arguments::PaymentChoice;
use crate::error::CliError;
use crate::session::Session;

/// The payment that a command is about, and its gateway: named before the identifier, by `--provider`, or because one
/// gateway alone is configured.
pub(crate) fn payment(
    session: &Session,
    choice: &PaymentChoice,
) -> Result<(ProviderId, PaymentRef), CliError> {
    let (named, id) = split(choice.text()?);
    let provider = match named {
        Some(named) => choice.provider.agreed("the payment", named, "REF")?,
        None => match &choice.provider.provider {
            Some(provider) => provider.clone(),
            None => only_one(&session.settings)?,
        },
    };
    Ok((provider, PaymentRef::new(id)))
}

/// The gateway before an identifier, if there is one. No gateway has a colon in its identifiers.
fn split(text: &str) -> (Option<ProviderId>, &str) {
    let named = text.split_once(':').and_then(|(name, id)| {
        let known = ProviderId::ALL.iter().find(|known| known.as_str() == name);
        known.map(|known| (Some(known.clone()), id))
    });
    named.unwrap_or((None, text))
}

/// The gateway that is configured, when there is one alone.
fn only_one(settings: &Settings) -> Result<ProviderId, CliError> {
    let configured: Vec<&ProviderId> = ProviderId::ALL.iter().filter(|id| settings.mentions(id)).collect();
    match configured.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(CliError::configuration(
            "cannot look for the payment: no gateway is configured; `recurring providers` shows what is missing",
        )),
        several => {
            let names: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            Err(CliError::usage(format!(
                "cannot know whose payment it is: {} are configured; write the gateway before it, such as emspay:ID, or \
                 pass --provider",
                names.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_before_an_identifier_is_read() {
        for (text, provider, id) in [
            ("emspay:4c8b", Some(ProviderId::EMSPAY), "4c8b"),
            ("tokenpay-signed:5798", Some(ProviderId::TOKENPAY_SIGNED), "5798"),
            ("4c8b", None, "4c8b"),
            ("paypal:4c8b", None, "paypal:4c8b"),
        ] {
            assert_eq!(split(text), (provider, id), "{text}");
        }
    }

    #[test]
    fn one_configured_gateway_is_meant() {
        let settings = Settings::new().set("EMSPAY_API_KEY", "k").expect("a name");
        assert_eq!(only_one(&settings).ok(), Some(ProviderId::EMSPAY));
        let settings = settings.set("REVIO_API_KEY", "k").expect("a name");
        let error = only_one(&settings).expect_err("two").to_string();
        assert!(error.contains("revio, emspay are configured"), "{error}");
        assert!(only_one(&Settings::new()).is_err());
    }
}
