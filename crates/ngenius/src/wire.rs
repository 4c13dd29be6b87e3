//! The bodies of requests, member for member in the order of their documents.

use recurring_core::Money;
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessTokenBody<'a> {
    pub(crate) realm_name: &'a str,
}

#[derive(Serialize)]
pub(crate) struct RecurringPaymentBody<'a> {
    pub(crate) order: OrderBody<'a>,
    pub(crate) payment: PaymentBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderBody<'a> {
    pub(crate) action: &'a str,
    pub(crate) channel: &'static str,
    #[serde(rename = "type")]
    pub(crate) order_type: &'static str,
    pub(crate) frequency: &'a str,
    pub(crate) email_address: &'a str,
    pub(crate) amount: AmountBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_order_reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) billing_address: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_attributes: Option<&'a Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AmountBody {
    pub(crate) currency_code: &'static str,
    pub(crate) value: i64,
}

impl From<Money> for AmountBody {
    fn from(money: Money) -> Self {
        Self { currency_code: money.currency().code(), value: money.minor() }
    }
}

/// Of a capture and of a refund.
#[derive(Serialize)]
pub(crate) struct MoneyBody {
    pub(crate) amount: AmountBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SavedCardBody<'a> {
    pub(crate) expiry: &'a str,
    pub(crate) card_token: &'a str,
    pub(crate) cardholder_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cvv: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentBody<'a> {
    pub(crate) pan: &'a str,
    pub(crate) expiry: &'a str,
    pub(crate) cvv: &'a str,
    pub(crate) cardholder_name: &'a str,
}
