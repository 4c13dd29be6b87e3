//! The server of Restate, a durable engine: nodes of its own, in folders of their own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) const MISSING: &str = "the tests of recurring-restate need Restate's server and PostgreSQL's: `cargo xtask setup` \
    installs the first below target/ with npm, and Debian's package postgresql is the second";

/// Whether the server is installed.
pub fn is_installed() -> bool {
    program().is_some()
}

/// Where the server is: what `RESTATE_SERVER` names, in the path, or below `target/`.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("RESTATE_SERVER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("restate-server"));
    let packages =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/restate/node_modules/@restatedev");
    let installed = ["restate-server-linux-x64", "restate-server-linux-arm64"]
        .map(|package| packages.join(package).join("bin/restate-server"));
    named.into_iter().chain(in_path).chain(installed).find(|file| file.is_file())
}

/// One node of a cluster. It ends with this value; its folder too.
#[derive(Debug)]
pub struct Node {
    folder: PathBuf,
    /// Its number in the cluster, from 1 on, and how to reach the others.
    number: usize,
    peers: Vec<u16>,
    running: Option<Child>,
    ingress: u16,
    admin: u16,
    fabric: u16,
}

impl Node {
    /// Starts a cluster of so many nodes; of three, one may be gone at a time. It takes a few seconds until it answers.
    ///
    /// # Panics
    /// When the server is not installed, or cannot be started.
    pub fn cluster(count: usize) -> Vec<Self> {
        let ports: Vec<[u16; 3]> = (0..count).map(|_| free_ports()).collect();
        let peers: Vec<u16> = ports.iter().map(|[_, _, fabric]| *fabric).collect();
        let nodes = ports.iter().enumerate().map(|(at, [ingress, admin, fabric])| {
            let folder = std::env::temp_dir().join(format!("restate-{}-{ingress}", std::process::id()));
            std::fs::create_dir(&folder).expect("a folder for the node");
            let (ingress, admin, fabric) = (*ingress, *admin, *fabric);
            Self { folder, number: at + 1, peers: peers.clone(), running: None, ingress, admin, fabric }
        });
        nodes
            .map(|mut node| {
                node.restart();
                node
            })
            .collect()
    }

    /// Starts it again, with the same folder and ports.
    ///
    /// # Panics
    /// Like [`cluster`](Self::cluster).
    pub fn restart(&mut self) {
        self.kill();
        let program = program().unwrap_or_else(|| panic!("{MISSING}"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"));
        let log = log.expect("a log");
        let address = |port: u16| format!("127.0.0.1:{port}");
        let peers: Vec<String> =
            self.peers.iter().map(|port| format!("\"http://{}\"", address(*port))).collect();
        // Of three copies, two are enough.
        let replication = (self.peers.len() / 2 + 1).to_string();
        // The keeper waits for the end of its input, which comes with the end of this program too, and kills the server.
        let keeper = r#""$@" </dev/null & cat >/dev/null; kill -9 $!; wait"#;
        let child = Command::new("sh")
            .args(["-c", keeper, "keeper"])
            .arg(program)
            .args(["--no-logo", "--listen-mode", "tcp", "--node-name"])
            .arg(format!("node-{}", self.number))
            .arg("--base-dir")
            .arg(&self.folder)
            .env("RESTATE_CLUSTER_NAME", format!("test-{}", self.peers.first().unwrap_or(&0)))
            .env("RESTATE_AUTO_PROVISION", (self.number == 1).to_string())
            .env("RESTATE_DEFAULT_REPLICATION", replication)
            .env("RESTATE_METADATA_CLIENT__ADDRESSES", format!("[{}]", peers.join(",")))
            .env("RESTATE_BIND_ADDRESS", address(self.fabric))
            .env("RESTATE_ADVERTISED_ADDRESS", format!("http://{}", address(self.fabric)))
            .env("RESTATE_ADMIN__BIND_ADDRESS", address(self.admin))
            .env("RESTATE_INGRESS__BIND_ADDRESS", address(self.ingress))
            .env("RESTATE_DISABLE_TELEMETRY", "true")
            .env("RESTATE_LOG_DISABLE_ANSI_CODES", "true")
            .env("RESTATE_DEFAULT_NUM_PARTITIONS", "4")
            .env("RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE", "256 MiB")
            .env("DO_NOT_TRACK", "1")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log)
            .spawn();
        self.running = Some(child.expect("the server starts"));
    }

    /// Kills it, as an accident does.
    pub fn kill(&mut self) {
        if let Some(mut keeper) = self.running.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// Where handlers are called.
    pub fn ingress(&self) -> String {
        format!("http://127.0.0.1:{}", self.ingress)
    }

    /// Where handlers are made known.
    pub fn admin(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Ports that were free a moment ago.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}
