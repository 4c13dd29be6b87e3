//! A real PgBouncer in front of a server.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::cluster::Cluster;
use super::programs::{as_user, is_root, run, user};

/// A pooler in a folder of its own, reached by a socket there. It ends when this is dropped.
#[derive(Debug)]
pub struct Pooler {
    folder: PathBuf,
    child: Child,
}

impl Pooler {
    /// Starts PgBouncer with this `pool_mode`.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    pub fn start(server: &Cluster, mode: &str) -> Self {
        let folder = server.folder().join(format!("pooler-{mode}"));
        std::fs::create_dir(&folder).expect("a folder for the pooler");
        let settings = format!(
            "[databases]\n* = host={server}\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\n\
             pool_mode = {mode}\nauth_type = any\nmax_client_conn = 100\ndefault_pool_size = 20\n\
             ignore_startup_parameters = extra_float_digits\nlogfile = {folder}/log\n",
            server = server.folder().display(),
            folder = folder.display(),
        );
        // With `auth_type = any` the user must be forced.
        let settings = settings.replace("* = host=", "* = user=postgres host=");
        let file = folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("its settings");
        if is_root() {
            run(Command::new("chown").arg("-R").arg(user()).arg(&folder));
        }
        let mut command = as_user("pgbouncer");
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("pgbouncer: install Debian's package of this name");
        let socket = folder.join(".s.PGSQL.6432");
        let waits = std::time::Duration::from_millis(10);
        let there = (0..1_000).any(|_| {
            socket.exists() || {
                std::thread::sleep(waits);
                false
            }
        });
        assert!(there, "pgbouncer did not start: {:?}", std::fs::read_to_string(folder.join("log")));
        Self { folder, child }
    }

    /// The address of the same database through the pooler.
    pub fn address(&self, database: &str) -> String {
        let name = database.rsplit('/').next().unwrap_or(database);
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}:6432/{name}")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
