//! The settings of a command, and the one journal that it opens.

use std::sync::{Arc, OnceLock};

use recurring_facade::{Facade, Operation, ProviderId, Secret, Settings};
use recurring_journal::store::{JournalInfo, SqliteStore};
use recurring_journal::{Address, EncryptionKey, Journal, JournalBuilder};

use crate::arguments::JournalChoice;
use crate::error::CliError;
use crate::journal_settings;
use crate::output::Output;

/// What a command works with. The journal that it opens is closed when it ends, however it ends.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) settings: Settings,
    /// The journal that `--journal` names.
    named: Option<String>,
    opened: OnceLock<Journal>,
}

impl Session {
    pub(crate) fn new(settings: Settings, journal: Option<String>) -> Self {
        Self { settings, named: journal, opened: OnceLock::new() }
    }

    /// The facade of one gateway, which must have the operation: asked before anything is read or stored for it.
    pub(crate) fn gateway(&self, provider: &ProviderId, operation: Operation) -> Result<Facade, CliError> {
        let facade = self.settings.facade_of(provider)?;
        facade.require(provider, operation)?;
        Ok(facade)
    }

    /// The journal for a command that moves money: `None` only when the caller wants none. It must be asked for before
    /// anything is sent.
    pub(crate) async fn guard(
        &self,
        choice: &JournalChoice,
        what: &str,
    ) -> Result<Option<Journal>, CliError> {
        match self.wanted(choice).await? {
            None if !choice.no_journal => Err(CliError::configuration(format!(
                "cannot {what}: no journal is named, and without one a repetition would do it twice; name one with \
                 RECURRING_JOURNAL or --journal sqlite:/PATH (`recurring journal create` makes it), or pass \
                 --no-journal and keep a record of your own; nothing was sent"
            ))),
            journal => Ok(journal),
        }
    }

    /// The journal, unless the caller wants none. `None` also when no journal is named.
    pub(crate) async fn wanted(&self, choice: &JournalChoice) -> Result<Option<Journal>, CliError> {
        match (choice.no_journal, &self.named) {
            (true, Some(_)) => {
                Err(CliError::usage("cannot use both --journal and --no-journal: give one of them"))
            }
            (true, None) => Ok(None),
            (false, _) => self.journal().await,
        }
    }

    /// The journal for a command that cannot work without one.
    pub(crate) async fn needed(&self) -> Result<Journal, CliError> {
        self.journal().await?.ok_or_else(none)
    }

    /// The journal that `--journal` or the settings name. `None` when neither does.
    pub(crate) async fn journal(&self) -> Result<Option<Journal>, CliError> {
        match self.address_or_none()? {
            Some(address) => {
                let opened = self.builder()?.open(address.expose()).await?;
                Ok(Some(self.keep(opened)))
            }
            None => Ok(None),
        }
    }

    /// Describes the journal without opening it for work.
    pub(crate) async fn inspect(&self) -> Result<JournalInfo, CliError> {
        Ok(self.builder()?.inspect(self.address()?.expose()).await?)
    }

    /// Creates a journal and opens it.
    pub(crate) async fn create(&self) -> Result<Journal, CliError> {
        let address = self.address()?;
        if let Some(identity) = journal_settings::identity(&self.settings) {
            return Err(CliError::configuration(format!(
                "cannot create a journal: RECURRING_JOURNAL_ID names {identity}; look for that journal, or unset the \
                 variable to begin a new record"
            )));
        }
        Ok(self.keep(self.builder()?.create(address.expose()).await?))
    }

    /// The store of a journal in SQLite, opened as that journal.
    pub(crate) async fn sqlite(&self, path: std::path::PathBuf) -> Result<Arc<SqliteStore>, CliError> {
        let store = Arc::new(SqliteStore::open(path).await?);
        let opened = self.builder()?.with_store(store.clone()).await?;
        self.keep(opened);
        Ok(store)
    }

    /// Where the journal is.
    pub(crate) fn address(&self) -> Result<Secret, CliError> {
        self.address_or_none()?.ok_or_else(none)
    }

    fn address_or_none(&self) -> Result<Option<Secret>, CliError> {
        match self.named.as_deref() {
            Some(address) if has_password(address) => Err(CliError::usage(
                "cannot use --journal: the address has a password in it, and other users of this machine can read \
                     arguments; put it in RECURRING_JOURNAL, in the file that --config names, or only the password in PGPASSWORD or \
                     PGPASSFILE",
            )),
            Some(address) => Ok(Some(Secret::new(address))),
            None => journal_settings::address(&self.settings),
        }
    }

    fn builder(&self) -> Result<JournalBuilder, CliError> {
        let mut builder = Journal::builder();
        if let Some(key) = journal_settings::key(&self.settings) {
            builder = builder.with_encryption_key(EncryptionKey::from_hex(key)?);
        }
        if let Some(identity) = journal_settings::identity(&self.settings) {
            builder = builder.with_identity(identity);
        }
        Ok(builder)
    }

    fn keep(&self, journal: Journal) -> Journal {
        tracing::debug!(kind = journal.store().kind(), identity = journal.identity(), "opened the journal");
        // A command opens one journal, once.
        let _ = self.opened.set(journal.clone());
        journal
    }

    /// Closes the journal, if one was opened: then all of it is in its file.
    pub(crate) async fn close(self, out: &Output) {
        if let Some(journal) = self.opened.into_inner()
            && let Err(error) = journal.close().await
        {
            out.problem(&format!(
                "cannot close the journal: {error}; everything is recorded, the newest of it in the file that ends in -wal: \
                 keep both together"
            ));
        }
    }
}

fn none() -> CliError {
    CliError::configuration(
        "cannot open a journal: none is named; name one with RECURRING_JOURNAL or --journal sqlite:/PATH",
    )
}

/// An address without its password, for showing.
pub(crate) fn shown(address: &Secret) -> Result<String, CliError> {
    match Address::parse(address.expose())? {
        Address::Sqlite(path) => Ok(format!("sqlite:{}", path.display())),
        Address::Postgres(address) => {
            let (scheme, user, rest) = parts(address.expose()).unwrap_or_default();
            let user = user.split(':').next().filter(|user| !user.is_empty());
            let user = user.map(|user| format!("{user}@")).unwrap_or_default();
            // What follows the question mark may be a password, too.
            Ok(format!("{scheme}://{user}{}", rest.split('?').next().unwrap_or_default()))
        }
    }
}

/// Whether an address of PostgreSQL has a password in it.
fn has_password(address: &str) -> bool {
    let Some((_, user, rest)) = parts(address) else { return false };
    let mut options = rest.split_once('?').map(|(_, options)| options.split('&')).into_iter().flatten();
    user.contains(':') || options.any(|option| option.starts_with("password="))
}

/// The scheme, what is before the `@`, and the rest.
fn parts(address: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let (user, rest) = rest.split_once('@').unwrap_or(("", rest));
    scheme.starts_with("postgres").then_some((scheme, user, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_with_a_password_is_found() {
        for address in ["postgres://a:pw@h/d", "postgresql://:pw@h/d", "postgres://h/d?user=a&password=pw"] {
            assert!(has_password(address), "{address}");
        }
        for address in
            ["postgres://a@h:5432/d", "postgres://h:5432/d?user=a", "sqlite:///a:b@c.db", "sqlite:/j.db"]
        {
            assert!(!has_password(address), "{address}");
        }
    }

    #[test]
    fn shown_address_has_no_password() {
        for (address, expected) in [
            (
                "postgres://ann:hunter2@db.example:5432/billing?password=hunter2",
                "postgres://ann@db.example:5432/billing",
            ),
            ("postgres://db.example/billing", "postgres://db.example/billing"),
            ("sqlite:/var/lib/j.db", "sqlite:/var/lib/j.db"),
        ] {
            assert_eq!(shown(&Secret::new(address)).expect("an address"), expected);
        }
    }
}
