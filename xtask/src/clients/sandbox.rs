//! The sandbox as a process of its own, as the users of other languages run it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::workspace::{cargo, root, run};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn build() -> Result<(), String> {
    run(cargo().args(["build", "--quiet", "--locked", "--package", "recurring-sandbox"]))
}

/// A program that cargo built without optimization.
pub(super) fn program(target: &Path, name: &str) -> PathBuf {
    target.join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

pub(super) struct Sandbox {
    child: Child,
    url: String,
    settings: Map<String, Value>,
}

impl Sandbox {
    pub(super) fn start() -> Result<Self, String> {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let program = program(&target, "recurring-sandbox");
        let mut child = Command::new(&program)
            .args(["--json", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        let printed = child.stdout.take().map(|output| BufReader::new(output).read_line(&mut line));
        // From here on it is stopped whatever happens.
        let mut sandbox = Self { child, url: String::new(), settings: Map::new() };
        printed.ok_or("the sandbox has no output")?.map_err(|error| error.to_string())?;
        let mut printed: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        let url = printed.get("listening").and_then(Value::as_str).ok_or("the sandbox printed no address")?;
        url.clone_into(&mut sandbox.url);
        if let Some(Value::Object(settings)) = printed.get_mut("env").map(Value::take) {
            sandbox.settings = settings;
        }
        Ok(sandbox)
    }

    /// Gives a driver what the sandbox prints, and the sandbox's own address.
    pub(super) fn settings<'a>(&self, driver: &'a mut Command) -> &'a mut Command {
        let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        driver.envs(self.settings.iter().filter_map(text)).env("SANDBOX_URL", &self.url);
        // Nothing here goes through a proxy.
        driver.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1")
    }

    /// Reads what the sandbox shows at `/_sandbox/{name}`.
    pub(super) fn read(&self, name: &str) -> Result<Value, String> {
        let host = self.url.trim_start_matches("http://");
        let exchange = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(host)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(stream, "GET /_sandbox/{name} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange().map_err(|error| format!("cannot read {name}: {error}"))?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("the sandbox's answer has no body")?;
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(format!("cannot read {name}: {head}"));
        }
        serde_json::from_str(body).map_err(|error| format!("cannot read {name}: {error}"))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Asked first, so that it removes its keys; it may have gone already.
        let asked = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
