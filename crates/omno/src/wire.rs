//! The bodies of requests, member for member, named as the gateway names them.

use recurring_core::Decimal;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatePaymentBody<'a> {
    pub(crate) amount: Decimal,
    pub(crate) currency: &'a str,
    pub(crate) hook_url: &'a str,
    pub(crate) callback: &'a str,
    pub(crate) callback_fail: &'a str,
    pub(crate) billing: BillingBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lang: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_transaction_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BillingBody<'a> {
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) address1: &'a str,
    pub(crate) city: &'a str,
    pub(crate) state: &'a str,
    pub(crate) country: &'a str,
    pub(crate) postal_code: &'a str,
    pub(crate) phone: &'a str,
    pub(crate) email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) external_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date_of_birth: Option<&'a str>,
}
