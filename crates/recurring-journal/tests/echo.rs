//! A gateway that quotes the secrets of a call in every form: none of them is stored, whatever became of the attempt.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use recurring_facade::{
    AttemptId, Authenticity, ChargeRequest, Facade, Money, PaymentRef, ProviderId, ReceivedNotification,
    RefundRequest, ScheduleRequest, Settings, StoredCredential,
};
use recurring_fixtures::fault::{Behavior, FaultServer, RawReply, Received};
use recurring_fixtures::logs::Capture;
use recurring_fixtures::metrics::Recorded;
use recurring_fixtures::postgres::Cluster;
use recurring_fixtures::redaction::{assert_absent, forms};
use recurring_journal::{EncryptionKey, Journal};
use serde_json::{Value, json};

const KEY: &str = "canary/api-key-4711";
/// One with a slash is not sent.
const TOKEN: &str = "canary+vault-token-0815";
/// base64 of `canary-user-4711:canary-password/2342`
const BASIC: &str = "Y2FuYXJ5LXVzZXItNDcxMTpjYW5hcnktcGFzc3dvcmQvMjM0Mg==";
const ACCESS: &str = "canary/access-token-1123";
const PAN: &str = "4012001037141112";
const SECRETS: [&str; 5] = [KEY, TOKEN, BASIC, ACCESS, PAN];

/// In the place of `REF` is the reference that the gateway was sent.
const ORDER: &str = r#"{"id":"ID","status":"STATUS","amount":4000,"currency":"EUR","merchant_order_id":"REF","description":"ECHO",
    "order_url":"https://pay.example/ECHO","transactions":[{"id":"ID","status":"STATUS","reason":"ECHO","customer_message":"ECHO","payment_url":"https://pay.example/ECHO"}]}"#;
const PAYMENT: &str = r#"{"_id":"ID","reference":"ID","state":"STATUS","outletId":"outlet","orderReference":"ID","merchantOrderReference":"REF",
    "amount":{"currencyCode":"AED","value":4000},"authResponse":{"success":true,"resultMessage":"ECHO","resultCode":"ECHO"},
    "paymentMethod":{"pan":"ECHO","name":"ECHO"},"_embedded":{"payment":[{"_id":"ID","state":"STATUS","amount":{"currencyCode":"AED","value":4000}}]}}"#;
const ERROR: &str = r#"{"error":{"type":"ECHO","value":"ECHO","property_path":"ECHO"},"message":"ECHO","code":"ECHO",
    "errors":[{"message":"ECHO","localizedMessage":"ECHO","errorCode":"ECHO","domain":"ECHO"}]}"#;

#[derive(Default)]
struct Gateway {
    status: u16,
    body: String,
    reference: String,
}

impl Gateway {
    fn reply(&mut self, request: &Received) -> Behavior {
        if request.path.ends_with("/access-token") {
            let granted = json!({"access_token": ACCESS, "expires_in": 300});
            return Behavior::Reply(RawReply::json(200, granted.to_string()));
        }
        let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let names = ["merchant_order_id", "merchantOrderReference"];
        if let Some(reference) = names.iter().find_map(|name| sent[*name].as_str()) {
            reference.clone_into(&mut self.reference);
        }
        let body = self.body.replace("REF", &self.reference);
        let reply = if body.starts_with('<') {
            RawReply::html(self.status, body).header("Location", &self.body)
        } else {
            RawReply::json(self.status, body)
        };
        Behavior::Reply(reply)
    }
}

/// The answers that quote a form: paid, declined, refused, and such as leave it unknown.
fn answers(good: &str, form: &str) -> Vec<(u16, String)> {
    let literal = form.replace('\\', "\\\\").replace('"', "\\\"");
    let escaped: String = form.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let of = |template: &str, status: &str, id: &str, text: &str| {
        template.replace("\"ID\"", &format!("\"{id}\"")).replace("STATUS", status).replace("ECHO", text)
    };
    let (paid, declined) = if good == ORDER { ("completed", "error") } else { ("CAPTURED", "FAILED") };
    vec![
        (200, of(good, paid, "NEW", &literal)),
        (200, of(good, paid, &literal, &literal)),
        (200, of(good, declined, "NEW", &literal)),
        (200, of(good, declined, "NEW", &escaped)),
        (200, of(good, &literal, "NEW", &literal)),
        (400, of(ERROR, "", "", &literal)),
        (401, of(ERROR, "", "", &escaped)),
        (502, format!("<p>{form}</p>")),
        (307, format!("<p>{form}</p>")),
    ]
}

struct World {
    gateway: Arc<Mutex<Gateway>>,
    server: FaultServer,
    facade: Facade,
}

impl World {
    async fn new() -> Self {
        let gateway = Arc::new(Mutex::new(Gateway::default()));
        let shared = Arc::clone(&gateway);
        let server = FaultServer::start(move |request, _| shared.lock().unwrap().reply(request)).await;
        let url = server.url();
        let settings = [
            ("EMSPAY_BASE_URL", url.as_str()),
            ("EMSPAY_API_KEY", KEY),
            ("NGENIUS_BASE_URL", &url),
            ("NGENIUS_API_KEY", BASIC),
            ("NGENIUS_OUTLET", "outlet"),
        ];
        let settings = Settings::new().set_all(settings).unwrap().with_timeout(Duration::from_secs(10));
        Self { gateway, facade: settings.facade().unwrap(), server }
    }

    fn answer(&self, (status, body): (u16, String), number: usize) {
        let mut gateway = self.gateway.lock().unwrap();
        // A payment belongs to one attempt.
        (gateway.status, gateway.body) = (status, body.replace("NEW", &format!("p-{number}")));
    }

    /// Charges, schedules and gives back, by each answer; then it looks, and is sent notifications.
    async fn use_up(&self, journal: &Journal) -> Vec<String> {
        let credential: StoredCredential =
            serde_json::from_value(json!({"provider": "emspay", "vault_token": TOKEN})).unwrap();
        let euro = Money::parse("40.00", "EUR".parse().unwrap()).unwrap();
        let dirham = Money::parse("40.00", "AED".parse().unwrap()).unwrap();
        let card = json!({"pan": PAN, "expiry": "2049-12", "cvv": "987", "cardholder_name": "Ann Example"});
        let (mut number, mut states) = (0_usize, Vec::new());
        for secret in SECRETS {
            let good = if matches!(secret, KEY | TOKEN) { ORDER } else { PAYMENT };
            for (index, (_, form)) in forms(secret).into_iter().enumerate() {
                for (position, answer) in answers(good, &form).into_iter().enumerate() {
                    if !(index + position).is_multiple_of(3) {
                        continue;
                    }
                    number += 1;
                    self.answer(answer, number);
                    let attempt = AttemptId::new(format!("a-{number}")).unwrap();
                    let made = if good == ORDER && secret == KEY && number.is_multiple_of(4) {
                        let payment = PaymentRef::new(format!("p-{number}"));
                        let refund = RefundRequest::new(attempt, payment).with_amount(euro);
                        journal.refund(&self.facade, &ProviderId::EMSPAY, refund).await
                    } else if good == ORDER {
                        journal
                            .charge(&self.facade, ChargeRequest::new(attempt, credential.clone(), euro))
                            .await
                    } else {
                        let schedule = ScheduleRequest::new(
                            attempt,
                            dirham,
                            "MONTHLY",
                            "ann@example.org",
                            card.to_string(),
                        );
                        journal.schedule(&self.facade, &ProviderId::NGENIUS, schedule).await
                    };
                    let record = made.unwrap().record;
                    if !record.state.is_final() && number.is_multiple_of(2) {
                        let _ = journal.look(&self.facade, &record.attempt).await.unwrap();
                    }
                    states.push(record.state.to_string());
                }
                let mut received = ReceivedNotification::new(ProviderId::EMSPAY, Authenticity::Unsigned, "n");
                received.payment = Some(PaymentRef::new("p-1"));
                journal.notified(&self.facade, &(&received).into()).await.unwrap();
            }
        }
        let _ = journal.reconcile(&self.facade).await.unwrap();
        states.sort();
        states.dedup();
        states
    }
}

/// The log of all tests, and what they count.
fn observed() -> &'static (Capture, Recorded) {
    static OBSERVED: OnceLock<(Capture, Recorded)> = OnceLock::new();
    OBSERVED.get_or_init(|| (Capture::start_everywhere(), Recorded::install()))
}

/// Neither a span, an event nor a label has a secret in it.
fn assert_unseen() {
    let (logs, recorded) = observed();
    let (log, counted) = (logs.text(), recorded.text());
    for span in
        ["recurring.charge", "recurring.refund", "recurring.reconcile", "recurring.webhook", "recurring.http"]
    {
        assert!(logs.spans("recurring.").contains_key(span), "{span}");
    }
    assert!(log.contains("manual review") && log.contains("the outcome is unknown"));
    assert!(recorded.value("recurring.journal.changes", &[]) > 100.0);
    for secret in SECRETS {
        assert_absent(&[secret], &log, "the log");
        assert_absent(&[secret], &counted, "a metric");
    }
}

fn key() -> EncryptionKey {
    EncryptionKey::new(&recurring_fixtures::key(9)).unwrap()
}

/// Every kind of end was met, so that every kind of text was stored.
fn assert_met(states: &[String], world: &World) {
    for state in ["declined", "not_applied", "paid", "unknown"] {
        assert!(states.iter().any(|met| met == state), "{state}: {states:?}");
    }
    assert!(world.server.requests() > 100);
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for (form, text) in SECRETS.iter().flat_map(|secret| forms(secret)) {
        let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found, "{what} holds a secret ({form}: {text})");
    }
}

fn assert_clean_files(folder: &Path, endings: &[&str]) {
    for ending in endings {
        let file = folder.join(format!("journal.db{ending}"));
        assert_clean(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
}

async fn sqlite_file_holds_no_quoted_secret() {
    let _ = observed();
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let address = format!("sqlite:{}", folder.path().join("journal.db").display());
    let journal = Journal::builder().with_encryption_key(key()).create(&address).await.unwrap();
    let states = world.use_up(&journal).await;
    assert_met(&states, &world);
    assert_clean_files(folder.path(), &["", "-wal", "-shm"]);
    journal.close().await.unwrap();
    assert_clean_files(folder.path(), &[""]);
    // What is looked for is found where it is: the search is not blind.
    let bytes = std::fs::read(folder.path().join("journal.db")).unwrap();
    assert!(bytes.windows(10).any(|window| window == b"[redacted]"));
    assert_unseen();
}

async fn postgres_rows_hold_no_quoted_secret() {
    let _ = observed();
    let (world, database) = (World::new().await, Cluster::shared().database());
    let journal = Journal::builder().with_encryption_key(key()).create(&database).await.unwrap();
    let states = world.use_up(&journal).await;
    assert_met(&states, &world);
    let tables = Cluster::shared()
        .psql(&database, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'recurring'");
    let tables: Vec<&str> = tables.split_whitespace().collect();
    assert!(tables.len() >= 4, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        all += &Cluster::shared().psql(&database, &format!("SELECT t::text FROM recurring.{table} t"));
    }
    assert!(all.contains("[redacted]") && all.contains("a-7"), "{all}");
    assert_clean("a table", all.as_bytes());
    // As it is written for JSON inside of a row.
    assert_clean("a table", all.replace("\\\\", "\\").replace("\"\"", "\"").as_bytes());
    journal.close().await.unwrap();
    assert_unseen();
}

recurring_fixtures::tests! {
    needs PostgreSql: multi_thread [postgres_rows_hold_no_quoted_secret];
    needs Nothing: multi_thread [sqlite_file_holds_no_quoted_secret];
}
