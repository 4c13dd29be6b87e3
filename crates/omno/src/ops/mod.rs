//! One file for each endpoint: a typed request, how it becomes bytes, how a reply becomes an answer. All pure.

pub(crate) mod create_payment;
pub(crate) mod get_payment;
pub(crate) mod list_cards;
