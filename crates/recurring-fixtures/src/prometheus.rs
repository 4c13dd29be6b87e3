//! A real Prometheus, in a folder of its own.

#![allow(clippy::indexing_slicing, reason = "an answer of another shape stops the test")]

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const MISSING: &str =
    "the alerts are tried by a real Prometheus: install Debian's package prometheus";

/// How long the server may take to start.
const START: Duration = Duration::from_secs(60);

/// Whether the server and its tool are installed.
pub fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    has("prometheus") && has("promtool")
}

/// Runs `promtool` in a folder, and returns what it prints.
///
/// # Panics
/// When it is not installed, or refuses.
pub fn promtool(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("promtool").args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("promtool: {error}; {MISSING}"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "promtool {arguments:?}: {text}");
    text
}

/// A server that reads one address and evaluates one file of rules. It ends when it is dropped.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Prometheus {
    /// Starts a server that reads `target` (such as `127.0.0.1:9464`) and evaluates `rules`, both every second.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    pub fn start(target: &str, rules: &Path) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let folder = std::env::temp_dir().join(format!("prometheus-{}-{port}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder for the server");
        let mut settings =
            String::from("global: {scrape_interval: 1s, evaluation_interval: 1s, scrape_timeout: 1s}\n");
        let _ = writeln!(settings, "rule_files: ['{}']", rules.display());
        let _ = writeln!(
            settings,
            "scrape_configs: [{{job_name: recurring, static_configs: [{{targets: ['{target}']}}]}}]"
        );
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, settings).expect("its settings");
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("prometheus: {error}; {MISSING}"));
        let server = Self { child, port, folder };
        let started = Instant::now();
        while get(port, "/-/ready").is_none_or(|(status, _)| status != 200) {
            assert!(started.elapsed() < START, "prometheus does not start: {}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The `data` of one call of its HTTP API, such as `/api/v1/alerts`.
    ///
    /// # Panics
    /// When it does not answer as documented.
    pub fn api(&self, path: &str) -> Value {
        let (status, body) = get(self.port, path).expect("prometheus answers");
        let answer: Value =
            serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"));
        assert!(status == 200 && answer["status"] == "success", "{path}: {answer}");
        answer["data"].clone()
    }

    /// The times in seconds and the values of every sample of a series in the last minutes.
    ///
    /// # Panics
    /// When it does not answer as documented.
    pub fn samples(&self, series: &str) -> Vec<(f64, f64)> {
        let escaped: String =
            percent_encoding::utf8_percent_encode(series, percent_encoding::NON_ALPHANUMERIC).to_string();
        let data = self.api(&format!("/api/v1/query?query={escaped}%5B10m%5D"));
        let all = data["result"].as_array().expect("series").iter().flat_map(|series| {
            series["values"].as_array().expect("samples").iter().map(|sample| {
                let value = sample[1].as_str().expect("a value").parse().expect("a number");
                (sample[0].as_f64().expect("a time"), value)
            })
        });
        let mut all: Vec<(f64, f64)> = all.collect();
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        all
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Status and body of one page on this machine; `None` while there is no server.
pub fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    // An answer to HTTP/1.0 ends with the connection, and is not cut into chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
