//! The gateway from the settings.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use recurring_core::Currency;
#[cfg(feature = "aws-lc-rs")]
use tokenpay_signed::AwsLcSigner as KeySigner;
#[cfg(not(feature = "aws-lc-rs"))]
use tokenpay_signed::RsaSigner as KeySigner;
use tokenpay_signed::{Client, Environment, PublicKey, RequestSigner, SigningError};

use super::TokenpaySigned;
use crate::adapters::{environment, key_file, unusable};
use crate::ids::ProviderId;
use crate::provider::Provider;
use crate::settings::{Settings, SettingsError};

/// A client from the settings: `TOKENPAY_MERCHANT_ID`, `TOKENPAY_PRIVATE_KEY_FILE`, and
/// `TOKENPAY_BASE_URL`, an address, `test` or `live`. `TOKENPAY_CURRENCY` is needed to move money.
pub(crate) fn from_settings(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::TOKENPAY_SIGNED;
    let path = PathBuf::from(settings.need(provider(), "TOKENPAY_PRIVATE_KEY_FILE")?.expose());
    let key = std::fs::read_to_string(&path)
        .map_err(|error| SettingsError::File { path, problem: error.to_string() })?;
    let signer = KeySigner::from_key(key).map_err(|input| SettingsError::Unusable {
        provider: provider(),
        problem: format!("TOKENPAY_PRIVATE_KEY_FILE: {input}"),
    })?;
    let variable = "TOKENPAY_GATEWAY_PUBLIC_KEY_FILE";
    let gateway_key = match key_file(settings, variable)? {
        Some(text) => Some(PublicKey::parse(&text).map_err(|input| SettingsError::Unusable {
            provider: provider(),
            problem: format!("{variable}: {input}"),
        })?),
        None => None,
    };
    with_signer(settings, signer, gateway_key)
}

/// A client that can sign nothing, and so can send nothing.
pub(crate) fn without_key(settings: &Settings) -> Result<Arc<dyn Provider>, SettingsError> {
    with_signer(settings, NoKey, None)
}

fn with_signer(
    settings: &Settings,
    signer: impl RequestSigner + 'static,
    gateway_key: Option<PublicKey>,
) -> Result<Arc<dyn Provider>, SettingsError> {
    let provider = || ProviderId::TOKENPAY_SIGNED;
    let merchant = settings.need(provider(), "TOKENPAY_MERCHANT_ID")?.expose();
    let known = [("test", Environment::Test), ("live", Environment::Production)];
    let environment = environment(settings, provider(), "TOKENPAY_BASE_URL", &known, Environment::Custom)?;
    let mut builder = Client::builder(environment, merchant, signer);
    if let Some(code) = settings.text("TOKENPAY_CURRENCY") {
        let currency = Currency::from_code(&code).map_err(|input| SettingsError::Unusable {
            provider: provider(),
            problem: format!("TOKENPAY_CURRENCY {}", input.rule()),
        })?;
        builder = builder.with_currency(currency);
    }
    let client = builder
        .with_http(settings.http(&ProviderId::TOKENPAY_SIGNED, Client::default_http())?)
        .build()
        .map_err(|error| unusable(provider(), &error))?;
    let mut tokenpay = TokenpaySigned::new(client);
    if let Some(key) = gateway_key {
        tokenpay = tokenpay.with_gateway_key(key);
    }
    Ok(Arc::new(tokenpay))
}

#[derive(Debug)]
struct NoKey;

impl RequestSigner for NoKey {
    fn sign<'a>(
        &'a self,
        _: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SigningError>> + Send + 'a>> {
        Box::pin(async { Err(SigningError::new("there is no key")) })
    }
}
