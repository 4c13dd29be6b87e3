//! One file for each endpoint: a typed request, how it becomes bytes, how a reply becomes an answer. All pure, but for
//! the stream of recurring tokens, which asks for page after page.

pub(crate) mod charge_purchase;
pub(crate) mod client_record;
pub(crate) mod create_client;
pub(crate) mod create_purchase;
pub(crate) mod delete_recurring_token;
pub(crate) mod get_client;
pub(crate) mod get_purchase;
pub(crate) mod list_recurring_tokens;
pub(crate) mod product;
pub(crate) mod purchase;
