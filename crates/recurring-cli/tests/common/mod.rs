//! The sandbox and the commands as processes of their own.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "only tests use it")]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use recurring_core::{Error, HttpOptions, Reply};
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};
use serde_json::{Value, json};

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recurring"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// A `recurring sandbox` of its own, and the settings that it prints.
pub(crate) struct Sandbox {
    child: Child,
    settings: Vec<(String, String)>,
    folder: PathBuf,
}

impl Sandbox {
    pub(crate) fn start(name: &str) -> Self {
        let mut child = program()
            .args(["sandbox", "--port", "0", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("a line");
        let printed: Value = serde_json::from_str(&line).expect(&line);
        assert!(printed["listening"].as_str().expect("an address").starts_with("http://127.0.0.1:"));
        let settings = printed["env"]
            .as_object()
            .expect("settings")
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
            .collect();
        let folder = std::env::temp_dir().join(format!("recurring-cli-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        Self { child, settings, folder }
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).envs(self.settings.iter().cloned());
        command
    }

    /// Runs a command with `--json`: its exit code and the objects that it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        read(&self.command(arguments).arg("--json").output().expect("it runs"))
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, input: &str, arguments: &[&str]) -> (i32, Vec<Value>) {
        Self::fed(self.command(arguments), input)
    }

    /// The same with the journal of this sandbox.
    pub(crate) fn recorded_with(&self, input: &str, arguments: &[&str]) -> (i32, Vec<Value>) {
        let mut command = self.command(arguments);
        command.env("RECURRING_JOURNAL", self.journal());
        Self::fed(command, input)
    }

    fn fed(mut command: Command, input: &str) -> (i32, Vec<Value>) {
        let mut child =
            command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
        // A command that refuses at once has gone before it reads.
        let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
        read(&child.wait_with_output().expect("it ends"))
    }
}

impl Sandbox {
    /// The settings that point the clients here.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    /// A first payment at emspay; what later ones are made with is in `credential.json`.
    pub(crate) fn enrolled(&self) {
        let (pending, credential) = (self.file("pending.json"), self.file("credential.json"));
        let words =
            ["enrol", "--provider", "emspay", "--attempt", "first", "--amount", "40.00", "--currency", "EUR"];
        let (code, lines) = self.run(&[&words[..], &["--pending", &pending]].concat());
        assert_eq!(code, 0, "{lines:?}");
        pay(lines[0]["redirect"].as_str().expect("a page"), "4111111111111111");
        let words = ["resume", "--provider", "emspay", "--pending", &pending, "--credential", &credential];
        assert_eq!(self.run(&words).0, 0);
    }

    /// A sandbox with a first payment at emspay and a journal of its own.
    pub(crate) fn recording(name: &str) -> Self {
        let sandbox = Self::start(name);
        sandbox.enrolled();
        sandbox.create_journal();
        sandbox
    }

    /// The address of this sandbox's journal.
    pub(crate) fn journal(&self) -> String {
        format!("sqlite:{}", self.file("journal.db"))
    }

    /// Makes that journal: its identity.
    pub(crate) fn create_journal(&self) -> String {
        let (code, lines) = self.recorded(&["journal", "create"]);
        assert_eq!(code, 0, "{lines:?}");
        lines[0]["identity"].as_str().expect("an identity").to_owned()
    }

    /// Runs a command with `--json` and the journal of this sandbox.
    pub(crate) fn recorded(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        self.recorded_in(&self.journal(), arguments)
    }

    /// Runs a command with `--json` and `RECURRING_JOURNAL`.
    pub(crate) fn recorded_in(&self, journal: &str, arguments: &[&str]) -> (i32, Vec<Value>) {
        let mut command = self.command(arguments);
        read(&command.env("RECURRING_JOURNAL", journal).arg("--json").output().expect("it runs"))
    }

    /// Runs a command in which nothing is set but the gateways, the journal and `more`: its exit code, its output, and
    /// what it wrote to standard error.
    pub(crate) fn told(&self, more: &[(&str, &str)], arguments: &[&str]) -> (i32, Vec<Value>, String) {
        let output =
            self.command(arguments).envs(more.iter().copied()).arg("--json").output().expect("it runs");
        let (code, lines) = read(&output);
        (code, lines, String::from_utf8(output.stderr).expect("UTF-8"))
    }

    /// The words of a charge at emspay.
    pub(crate) fn charge(&self, attempt: &str) -> Vec<String> {
        let credential = self.file("credential.json");
        let words = ["charge", "--provider", "emspay", "--attempt", attempt, "--credential", &credential];
        words.into_iter().chain(["--amount", "40.00", "--currency", "EUR"]).map(str::to_owned).collect()
    }

    /// What charges at emspay are made with.
    pub(crate) fn credential(&self) -> Value {
        let text = std::fs::read_to_string(self.file("credential.json")).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Charges through the journal at this address.
    pub(crate) fn charged_in(&self, journal: &str, attempt: &str) -> (i32, Vec<Value>, String) {
        let words = self.charge(attempt);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.told(&[("RECURRING_JOURNAL", journal)], &words)
    }

    /// The words that send a customer to the page of tokenpay-signed, for the attempt `first`.
    pub(crate) fn to_the_page(&self) -> Vec<&'static str> {
        let enrol = ["enrol", "--provider", "tokenpay-signed", "--attempt", "first", "--amount", "40.00"];
        let more = ["--currency", "USD", "--customer", "c-1", "--success-url", "https://shop.example/paid"];
        let last =
            ["--failure-url", "https://shop.example/failed", "--notification-url", "https://shop.example/n"];
        [&enrol[..], &more, &last].concat()
    }

    /// A customer on the way to the page of tokenpay-signed: what `resume` needs, and the page.
    pub(crate) fn sent_to_the_page(&self) -> (String, String) {
        let pending = self.file("pending.json");
        let (code, lines) = self.run(&[&self.to_the_page()[..], &["--pending", &pending]].concat());
        assert_eq!(code, 0, "{lines:?}");
        (pending, lines[0]["redirect"].as_str().expect("a page").to_owned())
    }

    /// A customer who has stored a card there.
    pub(crate) fn card_stored(&self) -> String {
        let (pending, page) = self.sent_to_the_page();
        pay(&page, "4111111111111111");
        pending
    }

    /// How often money was taken under this reference.
    pub(crate) fn ledger(&self, reference: &str) -> usize {
        let ledger = self.control("GET", "ledger", None);
        let entries = ledger.as_array().expect("a list");
        entries.iter().filter(|entry| entry["reference"] == reference && entry["kind"] == "charge").count()
    }

    /// How often money was moved at all, in either way.
    pub(crate) fn moved(&self) -> usize {
        self.control("GET", "ledger", None).as_array().expect("a list").len()
    }

    /// One of the sandbox's own calls.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = &self.settings.iter().find(|(name, _)| name == "EMSPAY_BASE_URL").expect("an address").1;
        let origin = url.trim_end_matches("/emspay/v1");
        call(origin, method, &format!("/_sandbox/{path}"), None, body)
    }

    /// A purchase at revio that is paid and not taken: its identifier.
    pub(crate) fn held(&self, reference: &str) -> String {
        let of = |name: &str| self.settings.iter().find(|(known, _)| known == name).expect(name).1.clone();
        let product = json!({"name": "Deposit", "price": 4000});
        let body = json!({
            "brand_id": of("REVIO_BRAND_ID"), "client": {"email": "ann@example.org"}, "reference": reference,
            "purchase": {"currency": "ZAR", "products": [product]}, "skip_capture": true,
        });
        let (url, key) = (of("REVIO_BASE_URL"), of("REVIO_API_KEY"));
        let (origin, path) = url.split_at(url.match_indices('/').nth(2).expect("a path").0);
        let path = format!("{}/purchases/", path.trim_end_matches('/'));
        let purchase = call(origin, "POST", &path, Some(&key), Some(&body));
        pay(purchase["checkout_url"].as_str().expect("a page"), "4111111111111111");
        purchase["id"].as_str().expect("an identifier").to_owned()
    }
}

/// Calls the sandbox, and reads the answer.
fn call(origin: &str, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Value {
    let base = BaseUrl::parse("sandbox", origin).expect("an address on this machine");
    let (class, method) = match method {
        "POST" => (Class::Write, Method::Post),
        _ => (Class::Read, Method::Get),
    };
    let mut request = PreparedRequest::new("control", class, method, path.to_owned());
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string().into_bytes());
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let transport = Transport::new(HttpOptions::new()).expect("options");
    let reply: Result<Reply, Error<String>> = runtime.block_on(transport.send(&base, &request));
    let reply = reply.expect("a reply");
    assert!(reply.is_success(), "{path} answered {}", reply.status());
    serde_json::from_slice(reply.body()).unwrap_or(json!(null))
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn read(output: &Output) -> (i32, Vec<Value>) {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let objects = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    (output.status.code().expect("a code"), objects)
}

/// The customer's browser.
pub(crate) fn pay(page: &str, card: &str) {
    let (origin, path) = page.split_at(page.match_indices('/').nth(2).expect("a path").0);
    let base = BaseUrl::parse("page", origin).expect("a page on this machine");
    let form = format!("card_number={card}&expiry=12%2F30&cvc=123&cardholder=Ann+Example&action=pay");
    let request = PreparedRequest::new("pay", Class::Write, Method::Post, path.to_owned())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.into_bytes());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let transport = Transport::new(HttpOptions::new()).expect("options");
    let reply: Result<Reply, Error<String>> = runtime.block_on(transport.send(&base, &request));
    let status = reply.expect("a reply").status();
    assert!((200..400).contains(&status), "the page answered {status}");
}

/// Starts eight processes at once that charge under one name through this journal. One sends; the others print its state.
pub(crate) fn eight_at_once(sandbox: &Sandbox, attempt: &str, journal: &str) {
    sandbox.recorded_in(journal, &["journal", "create"]);
    let words = sandbox.charge(attempt);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let children: Vec<Child> = (0..8)
        .map(|_| {
            let mut command = sandbox.command(&words);
            command.env("RECURRING_JOURNAL", journal).arg("--json");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
        })
        .collect();
    let ends: Vec<(i32, Vec<Value>, String)> = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().expect("it ended");
            let (code, lines) = read(&output);
            (code, lines, String::from_utf8_lossy(&output.stderr).into_owned())
        })
        .collect();
    assert!(ends.iter().all(|(code, ..)| matches!(code, 10 | 30)), "{ends:#?}");
    assert_eq!(sandbox.ledger(attempt), 1, "{ends:#?}");
    // One has sent it. The others tell how it stood: under way, or as the first one has it.
    let sent = ends.iter().filter(|(_, lines, _)| lines[0]["again"] != true).count();
    assert_eq!(sent, 1, "{ends:#?}");
}
