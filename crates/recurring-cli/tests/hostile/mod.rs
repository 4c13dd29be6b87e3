//! A gateway that answers with the secrets that it was sent, and what the program shows and keeps of them.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_fixtures::redaction::{assert_absent, forms};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::common::program;

/// A secret, and the words of the commands that the gateway learns it from.
pub(crate) type Known<'a> = (&'static str, &'a [&'a str]);

/// One answer; its body may have `REF` in it.
#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

#[derive(Default)]
struct State {
    answer: Option<Answer>,
    /// The reference of the newest payment.
    reference: String,
    /// Where tokens are handed out, and the token.
    token: Option<(&'static str, &'static str)>,
    /// Whether the request for a token is answered with a quotation too.
    no_token: bool,
}

pub(crate) struct Gateway {
    provider: &'static str,
    currency: &'static str,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    input: String,
    state: Arc<Mutex<State>>,
    server: FaultServer,
    runtime: Runtime,
}

impl Gateway {
    pub(crate) fn start(provider: &'static str, currency: &'static str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("recurring-cli-{}-echo-{provider}", std::process::id()));
        std::fs::create_dir_all(folder.join("journal")).expect("a folder");
        let state = Arc::new(Mutex::new(State::default()));
        let runtime = Runtime::new().expect("a runtime");
        let shared = Arc::clone(&state);
        let server = FaultServer::start(move |request, _| {
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            Behavior::Reply(state.reply(request))
        });
        let server = runtime.block_on(server);
        let (variables, input) = (Vec::new(), String::new());
        Self { provider, currency, folder, variables, input, state, server, runtime }
    }

    /// A setting; `URL` in it is the address of this gateway.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.replace("URL", &self.server.url())));
        self
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.join(name), text).expect("written");
        self
    }

    pub(crate) fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    pub(crate) fn token(self, path: &'static str, token: &'static str) -> Self {
        self.state().token = Some((path, token));
        self
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = program();
        command
            .args(words)
            .envs(self.variables.iter().cloned())
            .env("RECURRING_JOURNAL", format!("sqlite:{}", self.folder.join("journal/journal.db").display()))
            .env("RECURRING_JOURNAL_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(2))
            .env("RUST_BACKTRACE", "full")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command: everything that it wrote.
    fn run(&self, words: &str, number: usize) -> String {
        let name = format!("{}-{number}", self.provider);
        let folder = self.folder.display().to_string();
        let mut words: Vec<String> = words
            .split_whitespace()
            .map(|word| {
                word.replace("NEW", &name).replace("FOLDER", &folder).replace("CURRENCY", self.currency)
            })
            .collect();
        if words[0] != "journal" {
            words.extend(["--provider".to_owned(), self.provider.to_owned()]);
        }
        // JSON with a log by the environment, the two levels of logs, and the text alone.
        let style = [&["--json"][..], &["-vv"], &["-v", "--json"], &[]][number % 4];
        words.extend(style.iter().map(|&word| word.to_owned()));
        let mut command = self.command(&words);
        if number % 4 == 0 {
            command.env("RUST_LOG", "trace");
        }
        let mut child = command.spawn().expect("it runs");
        // A command that refuses at once has gone before it reads.
        let _ = child.stdin.take().expect("an input").write_all(self.input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.code().is_some_and(|code| code != 101), "{words:?} panicked: {output:?}");
        format!("{}\n{}\n", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// A billing run that waits for its first line: while it has the journal open, the write-ahead log stays.
    fn waiting(&self) -> Child {
        let words = ["run", "-", "--json"].map(str::to_owned);
        self.command(&words).spawn().expect("it runs")
    }

    /// Lets the gateway quote each secret in each form, in a success and a failure with `ECHO`, `ID` and `REF`, and looks
    /// for it in all that the program writes.
    pub(crate) fn quotes(&self, templates: [&str; 2], known: &[Known<'_>]) {
        let secrets: Vec<&str> = known.iter().map(|(secret, _)| *secret).collect();
        let mut shown = self.run("journal create", 0);
        let mut waiting = self.waiting();
        let (mut number, mut moved) = (0, 0);
        for &(secret, asked) in known {
            for (index, (_, form)) in forms(secret).into_iter().enumerate() {
                let answers = answers(templates, &form);
                // Every form in several answers, every answer with many forms, and to every command.
                for (position, answer) in answers.into_iter().enumerate() {
                    if (position + index) % 5 != 0 {
                        continue;
                    }
                    number += 1;
                    {
                        let mut state = self.state();
                        state.answer = Some(answer);
                        // The service for tokens knows the key alone, which is the first secret.
                        state.no_token = number % 5 == 0 && Some(&secret) == secrets.first();
                    }
                    let words = asked[number % asked.len()];
                    shown += &self.run(words, number);
                    moved += usize::from(words.contains("--attempt"));
                }
            }
        }
        self.state().answer = None;
        assert!(moved > 20 && shown.contains("[redacted]"), "nothing is quoted: {shown}");
        shown += &self.run("journal list", 4);
        shown += &self.run("journal list", 7);
        for attempt in (1..=number).step_by(7) {
            shown += &self.run(&format!("journal show {}-{attempt}", self.provider), attempt);
        }
        assert!(shown.contains(&format!("{}-8", self.provider)), "{shown}");
        assert_absent(&secrets, &shown, "what the program prints");
        waiting.kill().expect("it was there");
        waiting.wait().expect("it ended");
        let files = files(&self.folder.join("journal"));
        for ending in ["journal.db", "journal.db-wal", "journal.db-shm"] {
            assert!(files.iter().any(|(name, _)| name.ends_with(ending)), "{ending} was looked at");
        }
        for (name, bytes) in files {
            for (form, text) in secrets.iter().flat_map(|secret| forms(secret)) {
                let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!found, "{name} holds a secret ({form}: {text})");
            }
        }
        std::fs::remove_dir_all(&self.folder).expect("removed");
    }
}

impl State {
    fn reply(&mut self, request: &Received) -> RawReply {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let names =
            ["merchant_order_id", "reference", "orderId", "merchantReference", "merchantOrderReference"];
        if let Some(reference) = names.into_iter().find_map(|name| body[name].as_str()) {
            reference.clone_into(&mut self.reference);
        }
        if let Some((path, token)) = self.token.filter(|_| !self.no_token)
            && request.path.ends_with(path)
        {
            return RawReply::json(200, json!({"access_token": token, "expires_in": 300}).to_string());
        }
        if request.method == "POST" && request.path.ends_with("/purchases/") {
            // What is charged afterwards.
            let purchase = json!({"id": "p-1", "status": "created", "brand_id": "brand", "client_id": "client",
                "reference": self.reference, "checkout_url": "https://pay.example/p-1",
                "purchase": {"total": 4000, "currency": "ZAR"}});
            return RawReply::json(201, purchase.to_string());
        }
        let Some(answer) = &self.answer else { return RawReply::new(404) };
        let mut reply = RawReply::json(answer.status, answer.body.replace("REF", &self.reference));
        for (name, value) in &answer.headers {
            reply = reply.header(name, value);
        }
        reply
    }
}

/// The answers that quote a form: in texts, in identifiers, in errors, in headers and in redirects.
fn answers([success, failure]: [&str; 2], form: &str) -> Vec<Answer> {
    let literal = form.replace('\\', "\\\\").replace('"', "\\\"");
    let escaped: String = form.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let filled = |template: &str, id: &str, text: &str| {
        template.replace("\"ID\"", &format!("\"{id}\"")).replace("ECHO", text)
    };
    let answer = |status, body: String| Answer { status, headers: Vec::new(), body };
    let with = |mut answer: Answer, names: &[&'static str]| {
        answer.headers = names.iter().map(|name| (*name, form.to_owned())).collect();
        answer
    };
    let headers = ["X-Request-Id", "Set-Cookie", "WWW-Authenticate", "Retry-After", "ETag", "Server"];
    let mut redirect = answer(307, filled(failure, "1", &literal));
    redirect.headers = vec![("Location", format!("http://127.0.0.1:1/{form}?key={form}"))];
    let page = answer(403, format!("<html><p>{form}</p>{form}"));
    vec![
        answer(200, filled(success, "1", &literal)),
        answer(201, filled(success, &literal, &literal)),
        answer(200, filled(success, "1", &escaped)),
        answer(200, filled(failure, "1", &literal)),
        answer(400, filled(failure, "1", &literal)),
        answer(422, filled(failure, &literal, &escaped)),
        with(answer(401, filled(failure, "1", &literal)), &headers),
        with(answer(200, filled(success, "1", "x")), &headers),
        redirect,
        page,
        answer(200, format!("[\"{literal}\"")),
    ]
}

/// What is in the files of a folder, as bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file")))
        .collect()
}
