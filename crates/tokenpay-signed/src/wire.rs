//! The bodies of requests, member for member in the order of the documented example.

use recurring_core::Decimal;
use serde::Serialize;
use serde_json::Value;

/// What goes over the wire: the text that was signed, and the signature in standard base64.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) request: &'a str,
    pub(crate) signature: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Id<'a> {
    Number(i64),
    Text(&'a str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecurringBody<'a> {
    pub(crate) merchant_id: Id<'a>,
    pub(crate) user_id: &'a str,
    pub(crate) token_id: Id<'a>,
    pub(crate) merchant_reference: &'a str,
    pub(crate) amount: Decimal,
    pub(crate) parent_order_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) callback_url: Option<CallbackBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SaleBody<'a> {
    pub(crate) merchant_id: Id<'a>,
    pub(crate) user_id: &'a str,
    pub(crate) token_id: Id<'a>,
    pub(crate) amount: Decimal,
    pub(crate) merchant_reference: &'a str,
    pub(crate) is_recurring: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) callback_url: Option<CallbackBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) line_items: Vec<LineItemBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiry_time: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineItemBody<'a> {
    pub(crate) quantity: u32,
    pub(crate) price_data: PriceDataBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceDataBody<'a> {
    pub(crate) name: &'a str,
    pub(crate) unit_amount: &'a Decimal,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddTokenBody<'a> {
    pub(crate) merchant_id: Id<'a>,
    pub(crate) user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    pub(crate) callback_url: Option<CallbackBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lang: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allowed_card_type: Option<&'a Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryTokenBody<'a> {
    pub(crate) merchant_id: Id<'a>,
    pub(crate) user_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteTokenBody<'a> {
    pub(crate) merchant_id: Id<'a>,
    pub(crate) user_id: &'a str,
    pub(crate) token_id: Id<'a>,
}

/// What the calls about an order have in common: one of the two names, and the amount of a refund.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderBody<'a> {
    pub(crate) merchant_id: Id<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<Decimal>,
}

#[derive(Serialize)]
pub(crate) struct CallbackBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notify: Option<&'a str>,
}
