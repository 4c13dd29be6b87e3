//! The bodies of requests, member for member in the order of the documents, and readers for this gateway's ways.

use recurring_core::Secret;
use recurring_gateway::lenient;
use serde::de::Error;
use serde::{Deserializer, Serialize};

#[derive(Serialize)]
pub(crate) struct CreatePurchaseBody<'a> {
    pub(crate) purchase: PurchaseBody<'a>,
    pub(crate) brand_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<ClientBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) force_recurring: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success_redirect: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_redirect: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancel_redirect: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success_callback: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) send_receipt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skip_capture: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_method_whitelist: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct PurchaseBody<'a> {
    pub(crate) products: Vec<ProductBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_override: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct ProductBody<'a> {
    pub(crate) name: &'a str,
    pub(crate) price: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quantity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) discount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct ClientBody<'a> {
    pub(crate) email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) full_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct ChargeBody<'a> {
    pub(crate) recurring_token: &'a str,
}

#[derive(Serialize)]
pub(crate) struct AmountBody {
    pub(crate) amount: i64,
}

#[derive(Serialize)]
pub(crate) struct ChangeClientBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) full_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<&'a str>,
}

/// A text that is there: this gateway writes `""` for a text that is missing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::text(deserializer)?.filter(|text| !text.is_empty()))
}

/// An identifier of the gateway.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::id(deserializer)?.filter(|text| !text.is_empty()))
}

/// The address of a page.
pub(crate) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::address(deserializer)?.filter(|text| !text.is_empty()))
}

/// A secret that must be there.
pub(crate) fn required_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    lenient::secret(deserializer)?.ok_or_else(|| D::Error::custom("a member that must be there is empty"))
}
