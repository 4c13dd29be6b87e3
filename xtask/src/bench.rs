//! `cargo xtask bench sandbox`: how many charges a second the sandbox takes over loopback, and how much memory it holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::workspace::{cargo, root};

/// A charge is asked of the sandbox this often, by so many connections at once.
const CONNECTIONS: usize = 64;

/// What the sandbox must reach, so that it is never the bottleneck of a client's benchmark.
const FEWEST_PER_SECOND: usize = 20_000;

/// How much more memory the last nine tenths of a run may take than the first tenth, in hundredths.
const MOST_GROWTH_PERCENT: usize = 25;

/// Runs `charges` charges, and prints what was measured.
pub(crate) fn sandbox(charges: usize) -> Result<(), String> {
    let built = cargo()
        .args(["build", "--release", "--package", "recurring-cli"])
        .status()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !built.success() {
        return Err("the program cannot be built".to_owned());
    }
    let mut sandbox = Sandbox::start()?;
    let token = enrolled(&sandbox)?;
    let body = format!(
        r#"{{"merchant_order_id":"bench","amount":4000,"currency":"EUR","transactions":[{{"payment_method":"credit-card","payment_method_details":{{"recurring_type":"recurring","vault_token":"{token}"}}}}]}}"#
    );
    let request = sandbox.request("POST", "/emspay/v1/orders/", "application/json", &body);
    // The first tenth warms up and fills what is bounded; the memory after it is what must stay.
    let warm = charges / 10;
    run(&sandbox.address, &request, warm)?;
    let before = sandbox.memory()?;
    let begun = Instant::now();
    run(&sandbox.address, &request, charges - warm)?;
    let took = begun.elapsed();
    let after = sandbox.memory()?;
    let per_second = per_second(charges - warm, took);
    println!("{charges} charges over {CONNECTIONS} connections: {per_second} a second");
    println!("memory: {} MiB after {warm} charges, {} MiB after {charges}", before / 1024, after / 1024);
    sandbox.stop();
    if per_second < FEWEST_PER_SECOND {
        return Err(format!("the sandbox must take {FEWEST_PER_SECOND} charges a second"));
    }
    if after.saturating_sub(before) * 100 > before * MOST_GROWTH_PERCENT {
        return Err(format!("the memory must not grow by more than {MOST_GROWTH_PERCENT} %"));
    }
    Ok(())
}

fn per_second(charges: usize, took: Duration) -> usize {
    let micros = usize::try_from(took.as_micros()).unwrap_or(usize::MAX).max(1);
    charges.saturating_mul(1_000_000) / micros
}

/// The sandbox as a process of its own.
struct Sandbox {
    child: Child,
    address: String,
    key: String,
}

impl Sandbox {
    fn start() -> Result<Self, String> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
        let program = target.join("release").join(format!("recurring{}", std::env::consts::EXE_SUFFIX));
        let mut child = Command::new(&program)
            .args(["sandbox", "--port", "0", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
        }
        let printed: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let text = |pointer: &str| text_at(&printed, pointer);
        let address = text("/listening")?.trim_start_matches("http://").to_owned();
        let key = text("/env/EMSPAY_API_KEY")?;
        Ok(Self { child, address, key })
    }

    fn request(&self, method: &str, path: &str, content_type: &str, body: &str) -> Vec<u8> {
        let basic = STANDARD.encode(format!("{}:", self.key));
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {basic}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .into_bytes()
    }

    /// The resident memory in KiB.
    fn memory(&self) -> Result<usize, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .ok_or_else(|| format!("{path}: no VmRSS"))
    }

    fn stop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A first payment, and the token for later ones.
fn enrolled(sandbox: &Sandbox) -> Result<String, String> {
    let mut connection = Connection::open(&sandbox.address)?;
    let first = r#"{"merchant_order_id":"first","amount":4000,"currency":"EUR","transactions":[{"payment_method":"credit-card","payment_method_details":{"recurring_type":"first"}}]}"#;
    let order = connection.json(&sandbox.request("POST", "/emspay/v1/orders/", "application/json", first))?;
    let id = text_at(&order, "/id")?;
    let form = "card_number=4111111111111111&expiry=12%2F30&cvc=123&cardholder=Ann&action=pay";
    connection.send(&sandbox.request(
        "POST",
        &format!("/pay/emspay/{id}/"),
        "application/x-www-form-urlencoded",
        form,
    ))?;
    let order = connection.json(&sandbox.request(
        "GET",
        &format!("/emspay/v1/orders/{id}/"),
        "application/json",
        "",
    ))?;
    text_at(&order, "/transactions/0/payment_method_details/vault_token")
}

fn text_at(value: &Value, pointer: &str) -> Result<String, String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| format!("no text at {pointer} in {value}"))
}

fn run(address: &str, request: &[u8], charges: usize) -> Result<(), String> {
    let left = AtomicUsize::new(charges);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(address)?;
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_ok()
                    {
                        let status = connection.send(request)?;
                        if status != 201 {
                            return Err(format!("a charge was answered with {status}"));
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err("a connection's thread broke".to_owned()))
        })
    })
}

/// One kept-alive connection.
struct Connection {
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Connection {
    fn open(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream: BufReader::new(stream), body: Vec::new() })
    }

    /// Sends a request and reads the whole answer: its status.
    fn send(&mut self, request: &[u8]) -> Result<u16, String> {
        self.stream.get_mut().write_all(request).map_err(|error| error.to_string())?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line).map_err(|error| error.to_string())?;
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some(rest) = text.strip_prefix("HTTP/1.1 ") {
                status = rest.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(0);
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).map_err(|error| error.to_string())?;
        Ok(status)
    }

    fn json(&mut self, request: &[u8]) -> Result<Value, String> {
        self.send(request)?;
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }
}
