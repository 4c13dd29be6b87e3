//! Streaming replication between private servers, and failover.

use std::io::Write;
use std::time::Duration;

use super::cluster::Cluster;
use super::programs::MISSING;

/// How often the state of a server is read before the test fails, and the wait between: half a minute in all.
const POLLS: u32 = 600;
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Whether a commit waits for the standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replication {
    /// A commit is confirmed once the standby has flushed it: `synchronous_standby_names = '*'`, `synchronous_commit =
    /// on`. A failover loses no confirmed commit.
    Synchronous,
    /// A commit is confirmed once the primary has flushed it. A failover loses what the standby has not received.
    Asynchronous,
}

/// A copy of a primary, which follows it by streaming replication and answers reads only.
///
/// Like every [`Cluster`], it ends with the program that started it.
#[derive(Debug)]
pub struct Standby {
    server: Cluster,
}

impl Cluster {
    /// Creates a standby of this server and waits until it streams. Every commit from then on is replicated in this
    /// way. A server has one standby at a time.
    ///
    /// # Panics
    /// When PostgreSQL's server programs are not installed, or do not start.
    pub fn standby(&self, replication: Replication) -> Standby {
        assert!(self.programs.join("pg_basebackup").is_file(), "no pg_basebackup; {MISSING}");
        // The settings of the copy: the last line wins. It has no standby of its own that a commit could wait for.
        let server = Self::launch(
            r#""$1/pg_basebackup" --pgdata="$2/data" --host="$3" --username=postgres \
              --checkpoint=fast --wal-method=stream --no-sync >"$2/log" 2>&1
            echo "unix_socket_directories = '$2'
            synchronous_standby_names = ''
            primary_conninfo = 'host=$3 user=postgres'" >>"$2/data/postgresql.conf"
            touch "$2/data/standby.signal""#,
            Some(&self.folder),
        );
        let expected = match replication {
            Replication::Synchronous => {
                self.configure("synchronous_commit = on\nsynchronous_standby_names = '*'");
                "streaming|sync"
            }
            Replication::Asynchronous => {
                self.configure("synchronous_standby_names = ''");
                "streaming|async"
            }
        };
        self.wait_for("SELECT state, sync_state FROM pg_stat_replication", expected);
        Standby { server }
    }

    /// Adds lines to the server's configuration and makes it read them.
    fn configure(&self, lines: &str) {
        let path = self.folder.join("data/postgresql.conf");
        let opened = std::fs::OpenOptions::new().append(true).open(path);
        writeln!(opened.expect("the configuration"), "{lines}").expect("written");
        self.control(&["reload"]);
    }

    /// Waits until the server answers a query in this way.
    fn wait_for(&self, query: &str, expected: &str) {
        let mut answer = String::new();
        for _ in 0..POLLS {
            answer = self.psql("postgres", query);
            if answer.trim() == expected {
                return;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        panic!("{query}: {:?}, not {expected:?}", answer.trim());
    }
}

impl Standby {
    /// Waits until the standby has received everything that its primary has committed so far.
    pub fn catch_up(&self, primary: &Cluster) {
        let flushed = primary.psql("postgres", "SELECT pg_current_wal_flush_lsn()");
        let received = format!("SELECT pg_last_wal_receive_lsn() >= '{}'::pg_lsn", flushed.trim());
        self.server.wait_for(&received, "t");
    }

    /// Cuts the standby off from its primary, as a broken network does: when this returns, its WAL receiver has ended
    /// and no later commit ever reaches it. The primary goes on.
    ///
    /// To pause the replay (`pg_wal_replay_pause`) would lose nothing: what was received is replayed at promotion. Nor
    /// would a stopped process (`SIGSTOP`) do, since the socket's buffer is still read when it goes on, and a promotion
    /// waits for it.
    pub fn disconnect(&self) {
        self.server.configure("primary_conninfo = ''");
        self.server.wait_for("SELECT count(*) FROM pg_stat_wal_receiver", "0");
    }

    /// Ends the recovery and waits until the server takes writes, on a timeline of its own. End the primary first
    /// ([`Cluster::kill`]).
    pub fn promote(self) -> Cluster {
        self.server.control(&["--wait", "promote"]);
        self.server.wait_for("SELECT pg_is_in_recovery()", "f");
        self.server
    }

    /// Runs SQL that reads: see [`Cluster::psql`].
    pub fn psql(&self, database: &str, statement: &str) -> String {
        self.server.psql(database, statement)
    }
}
