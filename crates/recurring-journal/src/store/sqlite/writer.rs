//! The one thread that writes: what waits together is committed together, with one wait for the disk.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::problem;
use crate::error::StoreError;

/// Writes that wait before a caller has to.
const WAITING: usize = 4096;
/// Writes in one commit. More would make the first one wait for the last.
const TOGETHER: usize = 512;

/// Tells the caller how it ended: `None` once it is on the disk, else why it is not.
type Reply = Box<dyn FnOnce(Option<StoreError>) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Reply + Send>;

/// The way to the writing thread. The thread ends when this is dropped, after what waits has been written.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(WAITING);
        std::thread::Builder::new()
            .name("recurring-journal".to_owned())
            .spawn(move || run(&connection, waiting))
            .map_err(|error| StoreError::Failed(format!("no thread for the journal: {error}")))?;
        Ok(Self { jobs })
    }

    /// Runs `work` in a transaction, and answers when that is on the disk. When `work` fails, it has changed nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = alone(connection, work);
            Box::new(move |failure| {
                // A caller that has gone away is not waiting for the answer.
                let _ = tell.send(match failure {
                    None => result,
                    Some(failure) => Err(failure),
                });
            })
        });
        let stopped = || StoreError::Failed("the journal's thread has stopped".to_owned());
        self.jobs.send(job).await.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }
}

/// Takes back what `work` wrote when it fails, and nothing else of the transaction it is in.
fn alone<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    execute(connection, "SAVEPOINT work")?;
    let result = work(connection);
    if result.is_err() {
        execute(connection, "ROLLBACK TO work")?;
    }
    execute(connection, "RELEASE work")?;
    result
}

fn execute(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement).and_then(|mut prepared| prepared.execute([])).map_err(problem)?;
    Ok(())
}

fn run(connection: &Connection, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let failure = execute(connection, "BEGIN IMMEDIATE").err();
        let mut replies = vec![first(connection)];
        while replies.len() < TOGETHER
            && let Ok(job) = waiting.try_recv()
        {
            replies.push(job(connection));
        }
        let failure = failure.or_else(|| commit(connection).err());
        for reply in replies {
            reply(failure.clone());
        }
    }
}

fn commit(connection: &Connection) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        // SQLite has given the transaction up by itself, as it does when the disk is full.
        return Err(StoreError::Full("the transaction was given up".to_owned()));
    }
    execute(connection, "COMMIT").inspect_err(|_| {
        // When this fails too, the next BEGIN does, and says so.
        let _ = execute(connection, "ROLLBACK");
    })
}
