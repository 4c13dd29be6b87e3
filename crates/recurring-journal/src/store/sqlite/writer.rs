//! The one thread that writes: what waits together is committed together, with one wait for the disk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::problem::{blocking, closed, problem};
use crate::error::StoreError;

/// Writes that wait before a caller has to.
const WAITING: usize = 4096;
/// Writes in one commit. More would make the first one wait for the last.
const TOGETHER: usize = 512;

/// Reports to the caller how it ended: `None` once it is on the disk, else why it is not.
type Reply = Box<dyn FnOnce(Option<StoreError>) + Send>;
/// A job is given the transaction, or why there is none.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Reply + Send>;

/// The way to the writing thread. When this is dropped, it waits until what is queued has been written and moved from
/// the write-ahead log into the database: a program that ends in order leaves a whole file behind.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Arc<Thread>,
}

/// The thread, until it has been waited for, and how it ends.
type Thread = Mutex<Option<JoinHandle<Result<(), StoreError>>>>;

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("recurring-journal".to_owned())
            .spawn(move || run(connection, waiting))
            .map_err(|error| StoreError::Failed(format!("no thread for the journal: {error}")))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Ends the thread once everything is written. A later write is an error.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        lock(&self.jobs).take();
        let thread = Arc::clone(&self.thread);
        blocking(move || join(&thread)).await
    }

    /// Runs `work`, which writes with one statement, and answers when that is on the disk. When `work` fails, it has
    /// changed nothing: a statement that fails takes itself back.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = transaction.and_then(work);
            Box::new(move |failure| {
                // A caller that has gone away is not waiting for the answer.
                let _ = tell.send(match failure {
                    Some(failure) if result.is_ok() => Err(failure),
                    _ => result,
                });
            })
        });
        let stopped = || StoreError::Failed("the journal's thread has stopped".to_owned());
        let jobs = lock(&self.jobs).clone().ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }

    /// As [`write`](Self::write), for work that writes with several statements: all of them are taken back when it
    /// fails, and nothing else of the transaction that it shares.
    pub(super) async fn write_several<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(|connection| {
            execute(connection, "SAVEPOINT work")?;
            let result = work(connection);
            // SQLite may have taken everything back by itself.
            if connection.is_autocommit() {
                return result;
            }
            if result.is_err() {
                execute(connection, "ROLLBACK TO work")?;
            }
            execute(connection, "RELEASE work")?;
            result
        })
        .await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.jobs).take();
        // What could not be moved stays in the write-ahead log, and is read from there.
        let _ = join(&self.thread);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn join(thread: &Thread) -> Result<(), StoreError> {
    match lock(thread).take().map(JoinHandle::join) {
        Some(Ok(ended)) => ended,
        Some(Err(_)) => Err(StoreError::Failed("the journal's thread panicked".to_owned())),
        None => Ok(()),
    }
}

fn execute(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement).and_then(|mut prepared| prepared.execute([])).map_err(problem)?;
    Ok(())
}

fn run(connection: Connection, mut waiting: mpsc::Receiver<Job>) -> Result<(), StoreError> {
    work(&connection, &mut waiting);
    // Another process may be reading: then the log stays, and the last one to end moves it.
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").map_err(problem)?;
    connection.close().map_err(|(_, error)| problem(error))
}

fn work(connection: &Connection, waiting: &mut mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        if let Err(failed) = execute(connection, "BEGIN IMMEDIATE") {
            first(Err(failed))(None);
            continue;
        }
        let mut replies = vec![first(Ok(connection))];
        // Without a transaction, which SQLite gives up by itself when the disk is full, nothing more is begun.
        while replies.len() < TOGETHER
            && !connection.is_autocommit()
            && let Ok(job) = waiting.try_recv()
        {
            replies.push(job(Ok(connection)));
        }
        let failure = commit(connection).err();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn put(connection: &Connection, number: i64) -> Result<(), StoreError> {
        connection.execute("INSERT INTO numbers VALUES (?)", [number]).map_err(problem).map(drop)
    }

    fn numbers(connection: &Connection) -> Vec<i64> {
        let mut prepared = connection.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
        prepared.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn database(folder: &tempfile::TempDir) -> Connection {
        let connection = Connection::open(folder.path().join("w.db")).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let tables =
            "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY)";
        connection.execute_batch(tables).unwrap();
        connection
    }

    /// The first job holds the thread until the others wait, so that all are in one commit.
    #[tokio::test]
    async fn what_fails_takes_back_its_own_and_nothing_of_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::start(database(&folder)).unwrap();
        let (go, going) = std::sync::mpsc::channel::<()>();
        let first = writer.write_several(move |connection| {
            put(connection, 1)?;
            going.recv().unwrap();
            put(connection, 1)
        });
        let second = writer.write(|connection| put(connection, 2));
        let third = writer.write_several(|connection| {
            put(connection, 3)?;
            put(connection, 2)
        });
        let fourth = writer.write(|connection| put(connection, 2));
        let fifth = writer.write_several(|connection| {
            put(connection, 5)?;
            put(connection, 6)
        });
        let release = async {
            while lock(&writer.jobs).as_ref().unwrap().capacity() > WAITING - 4 {
                tokio::task::yield_now().await;
            }
            go.send(()).unwrap();
        };
        let (first, second, third, fourth, fifth, ()) =
            tokio::join!(first, second, third, fourth, fifth, release);
        assert!(first.is_err() && third.is_err() && fourth.is_err());
        assert_eq!((second, fifth), (Ok(()), Ok(())));
        assert_eq!(numbers(&database(&folder)), [2, 5, 6]);
    }

    #[tokio::test]
    async fn nothing_is_run_outside_of_a_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::start(database(&folder)).unwrap();
        let other = database(&folder);
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = writer.write(|connection| put(connection, 1)).await;
        assert!(matches!(refused, Err(StoreError::Locked(_))), "{refused:?}");
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(numbers(&other), Vec::<i64>::new());
        // SQLite gives a transaction up when the disk is full; here the job does.
        let given_up = writer.write(|connection| {
            put(connection, 2)?;
            execute(connection, "ROLLBACK")
        });
        assert!(matches!(given_up.await, Err(StoreError::Full(_))));
        writer.write(|connection| put(connection, 3)).await.unwrap();
        assert_eq!(numbers(&other), [3]);
    }
}
