//! One file for each endpoint: a typed request, how it becomes bytes, how a reply becomes an answer. All pure.

pub(crate) mod amounts;
pub(crate) mod cancel_purchase;
pub(crate) mod capture_purchase;
pub(crate) mod change_client;
pub(crate) mod charge_purchase;
pub(crate) mod client_record;
pub(crate) mod create_client;
pub(crate) mod create_purchase;
pub(crate) mod delete_client;
pub(crate) mod delete_purchase_recurring_token;
pub(crate) mod delete_recurring_token;
pub(crate) mod get_client;
pub(crate) mod get_purchase;
pub(crate) mod list_recurring_tokens;
pub(crate) mod odd_amounts;
pub(crate) mod payment;
pub(crate) mod payment_methods;
pub(crate) mod product;
pub(crate) mod public_key;
pub(crate) mod purchase;
pub(crate) mod purchase_call;
pub(crate) mod purchase_card;
pub(crate) mod refund_purchase;
pub(crate) mod release_purchase;
pub(crate) mod update_client;
