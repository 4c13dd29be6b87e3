//! A private PostgreSQL server for the tests of one program.

mod cluster;
mod pooler;
mod programs;
mod replica;
mod tls;

pub use cluster::{Cluster, address};
pub use pooler::Pooler;
pub(crate) use programs::MISSING;
pub use programs::is_installed;
pub use replica::{Replication, Standby};
pub use tls::TlsServer;
