//! A TLS server that misbehaves on demand, on loopback, with certificates that the `openssl` program makes.

mod certificates;
mod script;
mod server;

pub use certificates::{Certificate, root};
pub use script::{End, Hello, TlsScript};
pub use server::TlsServer;
