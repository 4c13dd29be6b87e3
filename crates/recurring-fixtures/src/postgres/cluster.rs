//! One server.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::programs::{as_user, is_root, programs, run, user};

/// A server of its own in a folder of its own, reached by a socket in that folder. It ends with the program that
/// started it, however that ends: it is held by a pipe.
#[derive(Debug)]
pub struct Cluster {
    pub(super) folder: PathBuf,
    pub(super) programs: PathBuf,
    _keeper: Child,
}

static SHARED: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);
static CLUSTERS: AtomicU32 = AtomicU32::new(0);

impl Cluster {
    /// The server of this test program.
    ///
    /// # Panics
    /// Like [`start`](Self::start).
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server.
    ///
    /// # Panics
    /// When PostgreSQL's server programs are not installed, or do not start.
    pub fn start() -> Self {
        Self::launch(
            r#""$1/initdb" --pgdata="$2/data" --username=postgres --auth=trust --encoding=UTF8 >"$2/log" 2>&1
            echo "listen_addresses = ''
            unix_socket_directories = '$2'
            wal_level = replica
            hot_standby = on
            max_connections = 300" >>"$2/data/postgresql.conf""#,
            None,
        )
    }

    /// Starts a server in a folder of its own, whose data this script prepares: it is handed the folder of the programs
    /// as `$1`, the server's folder as `$2` and the folder of the server that it copies, if any, as `$3`.
    pub(super) fn launch(prepare: &str, source: Option<&Path>) -> Self {
        let programs = programs();
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        // Short: the path of a socket has about a hundred characters.
        let folder = std::env::temp_dir().join(format!("rpg-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder for the server");
        if is_root() {
            run(Command::new("chown").arg(user()).arg(&folder));
        }
        // The keeper waits for the end of its input, which is the end of this program, and then cleans up.
        let script = format!(
            r#"
            set -e
            export LC_ALL=C
            {prepare}
            "$1/pg_ctl" --pgdata="$2/data" --log="$2/log" --wait start >/dev/null
            echo ready
            cat >/dev/null
            "$1/pg_ctl" --pgdata="$2/data" --mode=immediate stop >/dev/null 2>&1 || :
            rm -r "$2""#
        );
        let mut command = as_user("sh");
        command.args(["-c", &script, "keeper"]).arg(&programs).arg(&folder).args(source);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut keeper = started.expect("a shell");
        let mut line = String::new();
        let output = keeper.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        if line.trim() != "ready" {
            let mut errors = String::new();
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            keeper.stderr.take().expect("its errors").read_to_string(&mut errors).expect("text");
            panic!("the server did not start: {errors}\n{log}");
        }
        Self { folder, programs, _keeper: keeper }
    }

    /// The folder of the server's socket, which a client names as the host.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        address(&self.folder, &name)
    }

    /// Runs SQL in the database of this address, or in one of this name, and gives what it prints.
    pub fn psql(&self, database: &str, statement: &str) -> String {
        let name = database.rsplit('/').next().unwrap_or(database);
        let mut command = Command::new(self.programs.join("psql"));
        // The tables of a journal by their short names.
        command.env("PGOPTIONS", "-c search_path=recurring,public");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--username=postgres"]);
        command.arg(format!("--host={}", self.folder.display())).args([
            "--dbname",
            name,
            "--command",
            statement,
        ]);
        run(&mut command)
    }

    /// Writes the tables of one database into another one, as a backup that is restored.
    ///
    /// # Panics
    /// When the server's programs fail.
    pub fn copy_by_dump(&self, from: &str, to: &str) {
        let name = |address: &str| address.rsplit('/').next().unwrap_or(address).to_owned();
        let host = format!("--host={}", self.folder.display());
        let file = self.folder.join("dump.sql");
        let mut dump = Command::new(self.programs.join("pg_dump"));
        run(dump.args([&host, "--username=postgres", "--file"]).arg(&file).arg(name(from)));
        let mut restore = Command::new(self.programs.join("psql"));
        restore.args([
            &host,
            "--username=postgres",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--file",
        ]);
        run(restore.arg(&file).arg(name(to)));
    }

    /// Ends the server at once, as a loss of power does.
    pub fn kill(&self) {
        self.control(&["--mode=immediate", "stop"]);
    }

    /// Starts it again.
    pub fn restart(&self) {
        let log = format!("--log={}", self.folder.join("log").display());
        self.control(&[&log, "--wait", "start"]);
    }

    pub(super) fn control(&self, arguments: &[&str]) {
        let mut command = as_user(self.programs.join("pg_ctl"));
        command.arg(format!("--pgdata={}", self.folder.join("data").display())).args(arguments);
        // The server keeps what it is given as its output.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("pg_ctl").success(), "pg_ctl {arguments:?} failed");
    }
}

/// The address of the database of this name on the server whose socket is in this folder, or in one that a symbolic
/// link of this path names.
pub fn address(folder: &Path, database: &str) -> String {
    let folder = folder.display().to_string().replace('/', "%2F");
    format!("postgres://postgres@{folder}/{database}")
}
