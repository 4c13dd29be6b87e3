//! How the server is reached, and what its errors mean.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use recurring_core::Secret;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::options::{self, PLAINTEXT, Split};
use super::passfile;
use super::problem::{FAILED_OVER, problem};
use super::stamp;
use super::tls::tls;
use crate::error::StoreError;

const CONNECTIONS: usize = 16;
const CONNECT: Duration = Duration::from_secs(5);
const WAIT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);

/// For every connection, whatever the server, the database or the role has set: commits wait for the disk (`on` is not
/// set where the server asks for more, `remote_apply`), no idle connection is ended by the server, since one of them
/// proves that its owner is alive, and nothing waits for ever.
const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');
  SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
    WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');
  SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
  SET statement_timeout = '30s'; SET lock_timeout = '10s'; SET default_transaction_isolation = 'read committed';
  SET search_path = pg_catalog";

/// Where the server is.
#[derive(Clone)]
pub(super) struct Place {
    config: Config,
    tls: MakeRustlsConnect,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hosts and database only: the password is in the same configuration.
        f.debug_struct("Place")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

/// Whether no byte leaves this machine: each host is a loopback address or a socket, and so is each address that
/// stands in for a host (`hostaddr`).
fn is_here(config: &Config) -> bool {
    let hosts = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    hosts && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

impl Place {
    pub(super) fn parse(address: &Secret) -> Result<Self, StoreError> {
        // The parser's own message may quote what it does not understand.
        let Split { address, mode, plaintext, tls: tls_options } = options::split(address)?;
        let mut config = Config::from_str(address.expose()).map_err(|_| {
            let rule = "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded, and \
                        options that this program knows";
            StoreError::Address(rule.to_owned())
        })?;
        if config.get_dbname().is_none_or(str::is_empty) || config.get_hosts().is_empty() {
            // The default would be a database with the name of the user, on whatever machine this is.
            let rule = "must name the host and the database: postgres://USER:PASSWORD@HOST:PORT/DATABASE";
            return Err(StoreError::Address(rule.to_owned()));
        }
        let here = is_here(&config);
        if let Some(mode) = mode {
            config.ssl_mode(mode);
        }
        let socket = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        if socket {
            // As PostgreSQL's own programs do: a socket of this machine has no TLS.
            config.ssl_mode(SslMode::Disable);
        }
        if !here && !plaintext && config.get_ssl_mode() == SslMode::Disable {
            let rule = format!(
                "has sslmode=disable (or PGSSLMODE) for a server on another machine: the password would be sent in \
                 plain text; use sslmode=verify-full, or add {PLAINTEXT}=true if the network itself is encrypted"
            );
            return Err(StoreError::Address(rule));
        }
        // "Prefer" would give the password to any server that answers in plain text.
        if !here && config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Require);
        }
        if config.get_password().is_none()
            && let Some(password) = password(&config)?
        {
            config.password(password.expose());
        }
        config
            .application_name("recurring-journal")
            .connect_timeout(CONNECT)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        Ok(Self { config, tls: tls(&tls_options)? })
    }

    /// A connection of its own.
    pub(super) async fn client(&self) -> Result<Client, StoreError> {
        let (client, connection) = self.config.connect(self.tls.clone()).await.map_err(problem)?;
        // It ends with the client, or with the server; then every call of the client says so.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        client.batch_execute(SETTINGS).await.map_err(problem)?;
        Ok(client)
    }

    /// Refuses a pooler that lends a server's session for a transaction only (PgBouncer's `pool_mode = transaction` or
    /// `statement`): the lock that proves an owner alive and the settings of the session would be another client's a
    /// moment later.
    ///
    /// Two connections of ours that meet the same session of the server share it, and one that meets two sessions has
    /// none of its own.
    pub(super) async fn refuse_pooler(&self) -> Result<(), StoreError> {
        let (one, two) = (self.client().await?, self.client().await?);
        let first = session(&one).await?;
        // Holds whatever session it has been lent.
        two.batch_execute("BEGIN").await.map_err(|_| pooler())?;
        let (second, again) = (session(&two).await?, session(&one).await?);
        two.batch_execute("ROLLBACK").await.map_err(problem)?;
        if first == second || first != again { Err(pooler()) } else { Ok(()) }
    }

    /// A pool of connections to the place that has this stamp, and to no other.
    pub(super) fn pool(&self, stamp: String) -> Result<Pool, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), recycling);
        let hook = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let stamp = stamp.clone();
            Box::pin(async move {
                client.batch_execute(SETTINGS).await.map_err(HookError::Backend)?;
                match stamp::stamp(&**client).await {
                    Ok(found) if found == stamp => Ok(()),
                    Ok(found) => Err(HookError::message(format!("{FAILED_OVER}{stamp} {found}"))),
                    Err(error) => Err(HookError::message(error.to_string())),
                }
            })
        });
        Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) })
            .post_create(hook)
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))
    }
}

/// The password that the environment has for the first host of this address.
fn password(config: &Config) -> Result<Option<Secret>, StoreError> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.as_str(),
        // The word for a socket in the file of passwords.
        _ => "localhost",
    };
    options::password(&passfile::Place {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        database: config.get_dbname().unwrap_or_default(),
        user: config.get_user().unwrap_or_default(),
    })
}

fn pooler() -> StoreError {
    let rule = "leads to a pooler that shares sessions between transactions, such as PgBouncer with pool_mode = \
                transaction: connect to the server itself, or set pool_mode = session for the journal";
    StoreError::Address(rule.to_owned())
}

/// The server's process behind a connection. As a simple query: a pooler may not know prepared statements.
async fn session(client: &Client) -> Result<String, StoreError> {
    let messages = client.simple_query("SELECT pg_backend_pid()").await.map_err(problem)?;
    let pid = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    pid.ok_or_else(|| StoreError::Failed("the server does not name its process".to_owned()))
}
