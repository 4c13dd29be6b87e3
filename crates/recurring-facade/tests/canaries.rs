//! Canaries where an application would not look for them: the text of a panic, and the recording of a sandbox.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::{GOOD_CARD, attempt, enrolled, price, settings};
use recurring_facade::{
    Call, Capabilities, ChargeRequest, Effect, Error, Facade, Facts, LostAnswer, Operation, OtherCredential,
    Payment, PaymentRef, Provider, ProviderId, RefundRequest, ScheduleRequest, StoredCredential,
};
use recurring_fixtures::redaction::{assert_absent, show};
use recurring_sandbox::Sandbox;

const CANARY: &str = "canary/card-token-1234";
const ID: ProviderId = ProviderId::from_static("panicking");

static FACTS: Facts = Facts::new(LostAnswer::Anchored);

/// A gateway of one's own that panics with all that it was given.
#[derive(Debug)]
struct Panicking;

#[async_trait]
impl Provider for Panicking {
    fn id(&self) -> ProviderId {
        ID
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(&[(Operation::Charge, "")])
    }

    fn native(&self) -> &dyn Any {
        self
    }

    async fn charge(&self, request: &ChargeRequest, _: &Call<'_>) -> Result<Payment, Error> {
        panic!("cannot charge {request:?} {request:#?}");
    }
}

#[tokio::test]
async fn panic_inside_a_provider_shows_no_secret() {
    let printed = Arc::new(Mutex::new(String::new()));
    let text = Arc::clone(&printed);
    std::panic::set_hook(Box::new(move |panic| text.lock().expect("a lock").push_str(&panic.to_string())));
    let credential = StoredCredential::Other(OtherCredential::new(ID, CANARY));
    let request = ChargeRequest::new(attempt("a-1"), credential, price(&ProviderId::EMSPAY));
    let answer = Facade::new().with_provider(Panicking).charge(request).await;
    drop(std::panic::take_hook());
    let printed = printed.lock().expect("a lock").clone();
    assert!(printed.contains("cannot charge ChargeRequest"), "{printed}");
    assert_absent(&[CANARY], &printed, "the panic");
    // Nothing is proven, and the answer does not quote the panic.
    assert_eq!(answer.as_ref().expect_err("a panic").effect(), Effect::Unknown);
    let shown = show(&answer);
    assert!(!shown.contains("cannot charge"), "{shown}");
    assert_absent(&[CANARY], &shown, "the answer");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The texts under these names, which the credential holds as secrets.
fn tokens(credential: &StoredCredential) -> Vec<String> {
    let json = serde_json::to_value(credential).expect("JSON");
    let names = ["vault_token", "recurring_token", "token_id", "card_token"];
    names.iter().filter_map(|name| json.get(*name)?.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn recording_of_every_flow_holds_no_secret() {
    let folder = std::env::temp_dir().join(format!("recurring-canaries-{}", std::process::id()));
    let sandbox = Sandbox::builder().with_record(folder.clone()).start().await.expect("a sandbox");
    let facade = settings(&sandbox).facade().expect("a facade");
    let is_secret = |name: &str| ["_KEY", "_SECRET"].iter().any(|end| name.ends_with(end));
    let given = sandbox.settings();
    let mut secrets: Vec<String> = given
        .iter()
        .filter(|(name, _)| is_secret(name))
        .map(|(_, value)| value.to_string())
        .filter(|value| !value.contains("-----BEGIN"))
        .collect();
    assert!(secrets.len() >= 3, "keys of the gateways");
    for id in ProviderId::ALL {
        if !facade.capabilities(id).expect("set up").has(Operation::Charge) {
            let card =
                format!(r#"{{"pan":"{GOOD_CARD}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
            let schedule =
                ScheduleRequest::new(attempt("s-1"), price(id), "MONTHLY", "ann@example.org", card);
            drop(facade.schedule(id, schedule).await.expect("scheduled"));
            continue;
        }
        let credential = enrolled(&facade, id, id.as_str(), GOOD_CARD).await;
        secrets.extend(tokens(&credential));
        let charge = ChargeRequest::new(attempt(&format!("{id}-next")), credential, price(id));
        let paid = facade.charge(charge).await.expect("charged");
        let payment = paid.payment.unwrap_or_else(|| PaymentRef::new("1"));
        // Some are still pending, and are refused: that is recorded too.
        drop(facade.refund(id, RefundRequest::new(attempt(&format!("{id}-back")), payment.clone())).await);
        drop(facade.status(id, &payment).await);
    }
    sandbox.settle().await;
    let recorded = files(&folder);
    assert!(recorded.len() > 40, "{} files", recorded.len());
    secrets.retain(|secret| secret.len() > 5);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    for file in recorded {
        let text = std::fs::read_to_string(&file).expect("text");
        assert_absent(&secrets, &text, &format!("the recording {}", file.display()));
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}
