//! The five gateways. Each takes a call under its own prefix and answers as the gateway does; none knows the others.

pub(crate) mod emspay;
pub(crate) mod ngenius;
pub(crate) mod omno;
pub(crate) mod revio;
pub(crate) mod tokenpay;
