//! One file for each endpoint: the typed request and its operation. All pure.

pub(crate) mod create_payment;
