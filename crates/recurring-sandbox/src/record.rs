//! Writing each exchange as an example in the layout of the workspace's `fixtures/`:
//! `<provider>/<operation>/<case>/` with `meta.toml` and the bodies. No secret gets there, see [`scrub`].

mod operation;
mod scrub;

use crate::answer::Answer;
use crate::gateway::OperationRow;
use crate::outbox::Notification;
use crate::request::Request;
use operation::Operation;
use scrub::Scrub;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// A recording that was left running must not fill a disk.
const MOST: u64 = 10_000;
const SOURCE: &str = concat!("Recorded from recurring-sandbox ", env!("CARGO_PKG_VERSION"));
const NOT_JSON: &str = "The request's body is not JSON or a form, and is not kept.";
const SIGNED: &str = "What was signed is changed, so the signature is not kept.";
const MERCHANTS: &str = "What the gateway sends to the merchant; the path is the merchant's own.";

/// Where the exchanges go. Its copies write into the same folder.
#[derive(Debug, Clone)]
pub(crate) struct Recorder(Arc<Mutex<Pages>>);

#[derive(Debug)]
struct Pages {
    folder: PathBuf,
    scrub: Scrub,
    written: u64,
    /// The number of the last folder.
    last: u64,
    /// Why nothing more is written.
    problem: Option<io::Error>,
}

/// What the client saw of the gateway's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientSaw {
    Answer,
    /// A fault came after it.
    SpoiledAnswer,
    /// A fault came instead of it: the gateway did not act.
    NoAction,
}

/// One example before it is scrubbed.
struct Draft {
    gateway: &'static str,
    operation: Operation,
    notes: Vec<&'static str>,
    method: String,
    /// The path as it is written, scrubbed.
    path: String,
    headers: Vec<(&'static str, String)>,
    request: Option<(&'static str, String)>,
    answer: Option<Reply>,
}

struct Reply {
    status: u16,
    content_type: &'static str,
    body: Option<String>,
}

impl Recorder {
    pub(crate) fn into_folder(folder: &Path) -> io::Result<Recorder> {
        fs::create_dir_all(folder)?;
        let (folder, scrub) = (folder.to_owned(), Scrub::default());
        Ok(Recorder(Arc::new(Mutex::new(Pages { folder, scrub, written: 0, last: 0, problem: None }))))
    }

    /// How many exchanges were written, or why the writing ended.
    pub(crate) fn written(&self) -> io::Result<u64> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &pages.problem {
            Some(problem) => Err(io::Error::new(problem.kind(), problem.to_string())),
            None => Ok(pages.written),
        }
    }

    /// Records the requests to this gateway, whose operations these are.
    pub(crate) fn for_gateway(
        &self,
        gateway: &'static str,
        operations: &'static [OperationRow],
    ) -> GatewayRecorder {
        GatewayRecorder { recorder: self.clone(), gateway, operations }
    }

    /// Writes a notification; once, however often it is repeated.
    pub(crate) async fn notification(&self, notification: Notification) {
        self.write(move |scrub| notification_draft(scrub, &notification)).await;
    }

    /// The folder may be slow, and what it holds is complete before a client gets the answer.
    async fn write(&self, make: impl FnOnce(&mut Scrub) -> Draft + Send + 'static) {
        let pages = Arc::clone(&self.0);
        let written = spawn_blocking(move || {
            let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
            if pages.problem.is_none() {
                let outcome = pages.add(make);
                pages.problem = outcome.err();
            }
        });
        // It ends early only with the runtime.
        drop(written.await);
    }
}

/// Records the requests to one gateway.
#[derive(Debug)]
pub(crate) struct GatewayRecorder {
    recorder: Recorder,
    gateway: &'static str,
    operations: &'static [OperationRow],
}

impl GatewayRecorder {
    /// Writes a request and its answer; both are on disk when this returns.
    pub(crate) async fn exchange(self, request: Request, answer: Option<&Answer>, client_saw: ClientSaw) {
        let reply = answer.map(|answer| {
            let body = Some(answer.body()).filter(|body| !body.is_empty()).map(str::to_owned);
            Reply { status: answer.status, content_type: answer.content_type(), body }
        });
        let (gateway, operation) = (self.gateway, operation::of(self.operations, &request));
        self.recorder.write(move |scrub| draft(scrub, gateway, operation, &request, reply, client_saw)).await;
    }
}

fn draft(
    scrub: &mut Scrub,
    gateway: &'static str,
    operation: Operation,
    request: &Request,
    reply: Option<Reply>,
    client_saw: ClientSaw,
) -> Draft {
    let mut notes = match client_saw {
        ClientSaw::Answer => Vec::new(),
        ClientSaw::SpoiledAnswer => {
            vec!["A fault hit this request: this is the gateway's answer, and the client did not get it so."]
        }
        ClientSaw::NoAction => vec!["A fault hit this request: the gateway did not act."],
    };
    let content_type = request.header("content-type").unwrap_or_default();
    let body = (!request.body.is_empty()).then(|| scrub.body(content_type, &request.body));
    if matches!(body, Some(None)) {
        notes.push(NOT_JSON);
    }
    if gateway == "tokenpay-signed" {
        notes.push(SIGNED);
    }
    let mut headers = Vec::new();
    for (name, written) in
        [("accept", "Accept"), ("authorization", "Authorization"), ("content-type", "Content-Type")]
    {
        if let Some(value) = request.header(name) {
            headers.push((written, scrub.header(name, value)));
        }
    }
    Draft {
        gateway,
        notes,
        method: request.method.to_string(),
        path: scrub.path(&operation, &request.query),
        operation,
        headers,
        request: body.flatten(),
        answer: reply.map(|reply| Reply {
            body: reply
                .body
                .and_then(|body| scrub.body(reply.content_type, body.as_bytes()))
                .map(|(_, text)| text),
            ..reply
        }),
    }
}

fn notification_draft(scrub: &mut Scrub, notification: &Notification) -> Draft {
    let (request, gateway) =
        (scrub.body(notification.content_type, notification.body.as_bytes()), notification.gateway);
    let mut headers = vec![("Content-Type", notification.content_type.to_owned())];
    if let Some((name, value)) = &notification.header {
        headers.push((*name, scrub.header(name, value)));
    }
    let mut notes = vec![MERCHANTS];
    if matches!(gateway, "tokenpay-signed" | "revio") {
        notes.push(SIGNED);
    }
    Draft {
        gateway,
        operation: Operation { name: "notification", segments: Vec::new(), slash: false },
        notes,
        method: "POST".to_owned(),
        path: format!("/hooks/{gateway}"),
        headers,
        request,
        answer: None,
    }
}

impl Pages {
    fn add(&mut self, make: impl FnOnce(&mut Scrub) -> Draft) -> io::Result<()> {
        if self.written >= MOST {
            return Err(io::Error::other(format!("{MOST} exchanges are recorded; no more are")));
        }
        let draft = make(&mut self.scrub);
        let operation = self.folder.join(draft.gateway).join(draft.operation.name);
        fs::create_dir_all(&operation)?;
        let case = self.new_case(&operation)?;
        fs::write(case.join("meta.toml"), meta(&draft))?;
        if let Some((file, text)) = &draft.request {
            fs::write(case.join(file), format!("{text}\n"))?;
        }
        if let Some(body) = draft.answer.as_ref().and_then(|answer| answer.body.as_ref()) {
            fs::write(case.join("response.json"), format!("{body}\n"))?;
        }
        self.written += 1;
        Ok(())
    }

    /// A new folder; those of an earlier recording stay.
    fn new_case(&mut self, operation: &Path) -> io::Result<PathBuf> {
        loop {
            self.last += 1;
            let case = operation.join(format!("recorded-{:05}", self.last));
            match fs::create_dir(&case) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| case),
            }
        }
    }
}

fn meta(draft: &Draft) -> String {
    let mut text = format!("source = {}\ndocumented = false\nrecorded = true\n", quoted(SOURCE));
    // Writing to a text does not fail.
    if !draft.notes.is_empty() {
        let _ = writeln!(text, "note = {}", quoted(&draft.notes.join(" ")));
    }
    let headers: Vec<String> =
        draft.headers.iter().map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
    let _ = write!(
        text,
        "exact = false\n\n[request]\nmethod = {}\npath = {}\nheaders = {}\n",
        quoted(&draft.method),
        quoted(&draft.path),
        table(&headers)
    );
    if let Some(answer) = &draft.answer {
        let headers = match answer.body {
            Some(_) => table(&[format!("Content-Type = {}", quoted(answer.content_type))]),
            None => table(&[]),
        };
        let _ = write!(text, "\n[response]\nstatus = {}\nheaders = {headers}\n", answer.status);
    }
    text
}

fn table(members: &[String]) -> String {
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}

/// A basic string of TOML, which is written as JSON writes a text, with one character more that must be escaped.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
