//! What concerns the journal as a whole: creating it, showing where it is, copying it, taking a copy into use.

use std::path::Path;

use recurring_facade::{AttemptId, PaymentRef, Timestamp};
use recurring_journal::store::{Failover, FoundCharge, JournalInfo, PostgresStore, SqliteStore};
use recurring_journal::{Address, Journal, JournalError, StoreError};
use serde::Deserialize;
use serde_json::{Map, json};

use crate::arguments::{AcknowledgeFailover, provider};
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::nearest::json_problem;
use crate::output::Output;
use crate::session::{Session, shown};

pub(super) async fn create(session: &Session, out: &Output) -> Result<Exit, CliError> {
    if let Address::Sqlite(path) = Address::parse(session.address()?.expose())? {
        files::check_folder(&path)
            .map_err(|why| CliError::configuration(format!("cannot create the journal: {why}")))?;
    }
    let journal = session.create().await?;
    let address = shown(&session.address()?)?;
    let (kind, identity, version) = (journal.store().kind(), journal.identity(), JournalInfo::NEWEST);
    let human = format!(
        "created {address}\nidentity  {identity}\nversion   {version}\nset RECURRING_JOURNAL_ID to it, and every command refuses another journal"
    );
    out.line(&json!({"identity": identity, "kind": kind, "version": version, "address": address}), &human);
    Ok(Exit::Done)
}

pub(super) async fn info(session: &Session, out: &Output) -> Result<Exit, CliError> {
    let info = session.inspect().await?;
    let address = session.address()?;
    let (kind, version, identity) = (info.kind, info.version, info.identity.as_deref());
    let mut human = format!(
        "{}\nidentity  {}\nkind      {kind}\nversion   {version}",
        shown(&address)?,
        identity.unwrap_or("none")
    );
    if info.is_outdated() {
        human += &format!(" (opening it migrates it to {}: back it up before)", JournalInfo::NEWEST);
    }
    let mut object = json!({
        "identity": identity, "kind": kind, "version": version, "newest_version": JournalInfo::NEWEST,
        "address": shown(&address)?,
    });
    if let (Address::Sqlite(path), Some(object)) = (Address::parse(address.expose())?, object.as_object_mut())
    {
        // As the store has it: without links.
        let path = path.canonicalize().unwrap_or(path).display().to_string();
        human += &format!("\npath      {path}");
        object.insert("path".to_owned(), path.into());
    }
    let mut attempts = Map::new();
    for (state, count) in info.attempts {
        human += &format!("\n{count:>9} {state}");
        attempts.insert(state, count.into());
    }
    if let Some(object) = object.as_object_mut() {
        object.insert("attempts".to_owned(), attempts.into());
    }
    out.line(&object, &human);
    Ok(Exit::Done)
}

pub(super) async fn backup(session: &Session, file: &Path, out: &Output) -> Result<Exit, CliError> {
    let path = match Address::parse(session.address()?.expose())? {
        Address::Sqlite(path) => path,
        Address::Postgres(_) => {
            return Err(CliError::usage(
                "cannot copy a journal in PostgreSQL: its server does that; use pg_basebackup, or pg_dump with the schema \
                 `recurring`, and run `recurring journal acknowledge-failover` after a restore",
            ));
        }
    };
    let file = std::path::absolute(file)
        .map_err(|error| CliError::usage(format!("cannot write {}: {error}", file.display())))?;
    files::check_folder(&file)
        .map_err(|why| CliError::usage(format!("cannot copy the journal to {}: {why}", file.display())))?;
    let store = session.sqlite(path).await?;
    store.backup(&file).await.map_err(|error| {
        if error == StoreError::Exists {
            let file = file.display();
            return CliError::usage(format!(
                "cannot copy the journal to {file}: it exists already; name a new file"
            ));
        }
        let mut failed = CliError::from(error);
        failed.message = format!("cannot copy the journal to {}: {}", file.display(), failed.message);
        failed
    })?;
    let human = format!(
        "copied to {}\na copy lacks what is recorded after it: it is refused until `recurring journal acknowledge-failover`",
        file.display()
    );
    out.line(&json!({"backup": file.display().to_string()}), &human);
    Ok(Exit::Done)
}

pub(super) async fn archive(
    journal: &Journal,
    before: Timestamp,
    file: &Path,
    out: &Output,
) -> Result<Exit, CliError> {
    let file = std::path::absolute(file)
        .map_err(|error| CliError::usage(format!("cannot write {}: {error}", file.display())))?;
    files::check_folder(&file)
        .map_err(|why| CliError::usage(format!("cannot archive to {}: {why}", file.display())))?;
    let done = journal.archive(before, &file).await.map_err(|error| match error {
        JournalError::ArchiveFile(why) => CliError::usage(format!(
            "cannot archive to {}: {why}; what it lacks is still in the journal",
            file.display()
        )),
        error => error.into(),
    })?;
    let mut human = format!("{} attempts are in {} and left the journal", done.attempts, file.display());
    if done.stayed > 0 {
        human += &format!("\n{} stayed, since something was learned of them meanwhile", done.stayed);
    }
    let file = file.display().to_string();
    out.line(&json!({"archived": done.attempts, "stayed": done.stayed, "file": file}), &human);
    Ok(Exit::Done)
}

pub(super) async fn acknowledge(
    session: &Session,
    arguments: AcknowledgeFailover,
    out: &Output,
) -> Result<Exit, CliError> {
    let charged = arguments.charged.as_deref().map(read_charged).transpose()?.unwrap_or_default();
    let AcknowledgeFailover { by, why, planned_were_not_sent, .. } = arguments;
    let failover = Failover { by, why, planned_were_not_sent, charged };
    let done = match Address::parse(session.address()?.expose())? {
        Address::Sqlite(path) => SqliteStore::acknowledge_failover(path, &failover).await,
        Address::Postgres(address) => PostgresStore::acknowledge_failover(&address, &failover).await,
    };
    let done = done.map_err(|error| match error {
        // A rule that the decision breaks: what the store itself cannot do has errors of its own.
        StoreError::Failed(rule) => CliError::usage(format!("cannot acknowledge a failover: {rule}")),
        error => error.into(),
    })?;
    let human = format!("{} attempts are unknown now, {} are in manual review", done.unknown, done.review);
    out.line(&json!({"unknown": done.unknown, "review": done.review}), &human);
    Ok(Exit::Done)
}

/// A charge that an operator found at a gateway, as one line: of what `recurring run` prints, what is needed here.
#[derive(Deserialize)]
struct Line {
    provider: String,
    attempt: String,
    #[serde(default)]
    payment: Option<String>,
}

/// Reads what was found. One line that cannot be read refuses them all: it may be a charge that is then made again.
fn read_charged(path: &Path) -> Result<Vec<FoundCharge>, CliError> {
    let content = files::text(path)?;
    let lines = content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            found_charge(line).map_err(|why| {
                CliError::usage(format!("cannot read {}: line {}: {why}", path.display(), number + 1))
            })
        })
        .collect()
}

fn found_charge(line: &str) -> Result<FoundCharge, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| {
        let why = json_problem(&error, "a charge", &["provider", "attempt", "payment"]);
        format!("{why}; write {{\"provider\":\"..\",\"attempt\":\"..\",\"payment\":\"..\"}}, or a line of `recurring run`")
    })?;
    let provider = provider(&line.provider).map_err(|why| format!("`provider`: {why}"))?;
    let attempt = AttemptId::new(line.attempt).map_err(|error| error.to_string())?;
    if line.payment.as_deref().is_some_and(|payment| payment.trim().is_empty()) {
        return Err("`payment` is empty; leave it out where it is not known".to_owned());
    }
    Ok(FoundCharge { attempt, provider, payment: line.payment.map(PaymentRef::new) })
}
