//! One file for each endpoint: a typed request, how it becomes bytes, how a reply becomes an answer. All pure.

pub(crate) mod cancel_order;
pub(crate) mod create_order;
pub(crate) mod get_order;
pub(crate) mod order;
pub(crate) mod series;
