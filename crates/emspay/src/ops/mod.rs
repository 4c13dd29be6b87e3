//! One file for each endpoint: a typed request, how it becomes bytes, how a reply becomes an answer. All pure.

pub(crate) mod cancel_order;
pub(crate) mod capture_transaction;
pub(crate) mod create_order;
pub(crate) mod evidence;
pub(crate) mod get_currencies;
pub(crate) mod get_order;
pub(crate) mod list_orders;
pub(crate) mod order;
pub(crate) mod refund_order;
pub(crate) mod series;
pub(crate) mod transaction;
pub(crate) mod update_order;
