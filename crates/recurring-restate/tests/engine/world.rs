//! The engine, a journal in PostgreSQL, and the sandbox, whose ledger is the judge.

use std::time::Duration;

use recurring_core::{Error, HttpOptions, Reply};
use recurring_facade::{AttemptId, ProviderId, Secret, StoredCredential};
use recurring_fixtures::postgres::Cluster;
use recurring_fixtures::restate::Node;
use recurring_gateway::{BaseUrl, Class, Method, PreparedRequest, Transport};
use recurring_journal::store::PostgresStore;
use recurring_journal::{EncryptionKey, Journal};
use recurring_sandbox::{LedgerKind, Sandbox};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::common::{GOOD_CARD, enrolled};

/// How long anything may take that only has to come.
pub(crate) const BOUND: Duration = Duration::from_secs(120);

/// One engine at a time: a small machine does not run four.
static ONE: Mutex<()> = Mutex::const_new(());

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) facade: recurring_facade::Facade,
    pub(crate) journal: Journal,
    pub(crate) address: String,
    pub(crate) nodes: Vec<Node>,
    transport: Transport,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    /// With so many nodes of the engine.
    pub(crate) async fn new(nodes: usize) -> Self {
        Self::at(nodes, Cluster::shared().database()).await
    }

    /// With a journal in this empty database.
    pub(crate) async fn at(nodes: usize, address: String) -> Self {
        let alone = ONE.lock().await;
        // Where a test moves its clock, the clock of the journal is moved too.
        let sandbox = Sandbox::builder().with_shared_clock(true).start().await.unwrap();
        let facade = crate::common::settings(&sandbox).facade().unwrap();
        drop(PostgresStore::create(&Secret::new(address.as_str())).await.unwrap());
        let journal = journal(&address).await;
        let options = HttpOptions::new().with_timeout(BOUND);
        let transport = Transport::new(options).unwrap();
        let world =
            Self { sandbox, facade, journal, address, nodes: Node::cluster(nodes), transport, _alone: alone };
        world.until_they_answer().await;
        world
    }

    /// Waits until every node takes calls.
    pub(crate) async fn until_they_answer(&self) {
        let ask = async {
            for node in &self.nodes {
                while self.ask(Method::Get, &node.admin(), "/health", "").await.is_err()
                    || self.ask(Method::Get, &node.ingress(), "/restate/health", "").await.is_err()
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        let in_time = tokio::time::timeout(BOUND, ask).await;
        assert!(in_time.is_ok(), "the engine does not answer: {}", self.log());
    }

    /// What the first node has logged.
    pub(crate) fn log(&self) -> String {
        self.nodes[0].log()
    }

    /// Makes the handlers at this address known to the engine.
    pub(crate) async fn register(&self, workers: &str) {
        let body = format!(r#"{{"uri":"{workers}"}}"#);
        let told = self.ask(Method::Post, &self.nodes[0].admin(), "/deployments", &body).await;
        told.unwrap_or_else(|error| panic!("{error}: {}", self.log()));
    }

    /// Calls a handler, and waits for its answer.
    pub(crate) async fn call(&self, path: &str, body: &str) -> Result<Value, String> {
        self.ask(Method::Post, &self.nodes[0].ingress(), &format!("/restate/call/{path}"), body).await
    }

    /// The same, for a call whose answer comes soon or not at all.
    pub(crate) async fn call_soon(&self, node: usize, path: &str, body: &str) -> Result<Value, String> {
        self.soon(node, &format!("call/{path}"), body).await
    }

    /// The same, for `call/` or `send/` and a handler.
    pub(crate) async fn soon(&self, node: usize, path: &str, body: &str) -> Result<Value, String> {
        let (ingress, path) = (self.nodes[node].ingress(), format!("/restate/{path}"));
        let asking = self.ask(Method::Post, &ingress, &path, body);
        let called = tokio::time::timeout(Duration::from_secs(1), asking).await;
        called.unwrap_or_else(|_| Err("no answer".to_owned()))
    }

    /// Calls a handler, and does not wait.
    pub(crate) async fn send(&self, path: &str, body: &str) -> Result<Value, String> {
        self.ask(Method::Post, &self.nodes[0].ingress(), &format!("/restate/send/{path}"), body).await
    }

    async fn ask(&self, method: Method, base: &str, path: &str, body: &str) -> Result<Value, String> {
        let base = BaseUrl::parse("node", base).unwrap();
        let mut request = PreparedRequest::new("call", Class::Write, method, path.to_owned());
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body.as_bytes().to_vec());
        }
        let reply: Result<Reply, Error<String>> = self.transport.send(&base, &request).await;
        let reply = reply.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(reply.body()).into_owned();
        if reply.is_success() {
            Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
        } else {
            Err(format!("{}: {text}", reply.status()))
        }
    }

    /// Plans attempts with a card of this gateway.
    pub(crate) async fn plan(&self, id: &ProviderId, names: impl IntoIterator<Item = String>) {
        let credential = enrolled(&self.facade, id, "series", GOOD_CARD).await;
        for name in names {
            self.journal.plan(&request(&credential, &name)).await.unwrap();
        }
    }

    /// Clients of its own, for a worker of its own: connections end with the worker that made them.
    pub(crate) fn clients(&self) -> recurring_facade::Facade {
        crate::common::settings(&self.sandbox).facade().unwrap()
    }

    /// How often money was taken under this name.
    pub(crate) fn taken(&self, name: &str) -> usize {
        let ledger = self.sandbox.ledger();
        ledger.iter().filter(|line| line.kind == LedgerKind::Charge && line.reference == name).count()
    }
}

pub(crate) async fn journal(address: &str) -> Journal {
    Journal::builder().with_encryption_key(key()).open(address).await.unwrap()
}

/// Under which planned charges are sealed.
pub(crate) fn key() -> EncryptionKey {
    EncryptionKey::new(&recurring_fixtures::key(7)).unwrap()
}

pub(crate) fn request(credential: &StoredCredential, name: &str) -> recurring_facade::ChargeRequest {
    let amount = crate::common::price(&credential.provider());
    recurring_facade::ChargeRequest::new(AttemptId::new(name).unwrap(), credential.clone(), amount)
}
