//! The bodies of requests, member for member in the order of the documents.

use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
pub(crate) struct CreateOrderBody<'a> {
    pub(crate) merchant_order_id: &'a str,
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    pub(crate) transactions: [TransactionBody<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiration_period: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<&'a Value>,
}

#[derive(Serialize)]
pub(crate) struct TransactionBody<'a> {
    pub(crate) payment_method: &'static str,
    pub(crate) payment_method_details: PaymentMethodDetails<'a>,
}

#[derive(Serialize)]
pub(crate) struct PaymentMethodDetails<'a> {
    pub(crate) recurring_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vault_token: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct RefundOrderBody<'a> {
    pub(crate) amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct UpdateOrderBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<&'a Value>,
}
