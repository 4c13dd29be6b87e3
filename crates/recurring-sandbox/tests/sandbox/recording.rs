//! The recording of a run, checked by the rules for the workspace's own examples.

use crate::omno::payment;
use crate::receiver::Receiver;
use crate::{GOOD_CARD, LATER_DECLINED_CARD, World, emspay, ngenius};
use recurring_fixtures::lint;
use recurring_sandbox::{Fault, FaultKind, Moment, Sandbox};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A folder that is removed after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        Folder(std::env::temp_dir().join(format!("sandbox-recording-{}-{now}-{name}", std::process::id())))
    }

    async fn world(&self) -> World {
        World::with(Sandbox::builder().with_record(self.0.clone())).await
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.read(file)).unwrap()
    }

    /// The folders of all examples, sorted.
    fn cases(&self) -> Vec<String> {
        let mut cases: Vec<String> = Vec::new();
        for meta in files(&self.0).iter().filter(|file| file.ends_with("meta.toml")) {
            cases.push(meta.parent().unwrap().strip_prefix(&self.0).unwrap().display().to_string());
        }
        cases.sort();
        cases
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn recording_of_each_gateway_holds_no_secret() {
    let folder = Folder::new("stories");
    let receiver = Receiver::start().await;
    let builder = Sandbox::builder()
        .with_record(folder.0.clone())
        .with_webhook("revio", &format!("{}/revio", receiver.url))
        .with_webhook("ngenius", &format!("{}/ngenius", receiver.url));
    let world = World::with(builder).await;
    let vault = world.emspay_token(GOOD_CARD).await;
    world.emspay("POST", "/orders/", &emspay::later(&vault, "emspay-2")).await;
    let client = world.revio_client("person@merchant.example").await;
    let recurring = world.revio_token(&client, LATER_DECLINED_CARD).await;
    let (purchase, _) = world.revio_purchase(&client, false).await;
    assert_eq!(world.revio_charge(&purchase, &recurring).await.status, 400);
    world.ngenius_create(&ngenius::order("MONTHLY", GOOD_CARD).to_string()).await;
    let access = world.omno_token().await;
    let first = world.omno_create(&access, &payment("omno-1", None)).await;
    world.customer(first["paymentUrl"].as_str().unwrap(), GOOD_CARD, "pay").await;
    let cards = world.omno(&access, "GET", "/transaction/customer/user%2F1/cards", "").await.json();
    let card = cards[0]["cardToken"].as_str().unwrap();
    world.omno_create(&access, &payment("omno-2", Some(card))).await;
    let page = world.add_token("user1").await;
    world.customer(&page, GOOD_CARD, "pay").await;
    world.sale("user1", 436, "tokenpay-1", true).await;
    world.sandbox.settle().await;

    assert_eq!(lint::examples(&folder.0, None).unwrap(), Vec::<String>::new());
    let cases = folder.cases();
    assert_eq!(world.sandbox.recorded().unwrap(), u64::try_from(cases.len()).unwrap());
    for operation in [
        "emspay/create-order",
        "emspay/get-order",
        "revio/create-client",
        "revio/create-purchase",
        "revio/charge-purchase",
        "revio/notification",
        "ngenius/access-token",
        "ngenius/create-recurring-payment",
        "ngenius/notification",
        "omno/token",
        "omno/list-cards",
        "omno/create-payment",
        "tokenpay-signed/add-token",
        "tokenpay-signed/sale",
    ] {
        assert!(cases.iter().any(|case| case.starts_with(&format!("{operation}/recorded-"))), "{operation}");
    }
    assert!(!cases.iter().any(|case| case.starts_with("page") || case.contains("/other/")), "{cases:?}");

    let secrets = [
        GOOD_CARD,
        LATER_DECLINED_CARD,
        &vault,
        &recurring,
        &client,
        card,
        access.strip_prefix("Bearer ").unwrap(),
        "person@merchant.example",
        "Ann Example",
        "Street 1",
        "user/1",
        "user%2F1",
        &world.setting("REVIO_API_KEY"),
        &world.setting("OMNO_CLIENT_SECRET"),
        &world.setting("NGENIUS_API_KEY"),
        &world.setting("NGENIUS_WEBHOOK_SECRET"),
        &world.setting("NGENIUS_OUTLET"),
        "127.0.0.1",
    ];
    for file in files(&folder.0) {
        let text = fs::read_to_string(&file).unwrap();
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {}: {text}", file.display());
        }
    }
}

#[tokio::test]
async fn example_holds_request_and_answer() {
    let folder = Folder::new("one");
    let world = folder.world().await;
    let created = world.emspay("POST", "/orders/", emspay::FIRST).await.json();
    assert_eq!(folder.cases(), ["emspay/create-order/recorded-00001"]);
    assert_eq!(
        folder.read("emspay/create-order/recorded-00001/meta.toml"),
        concat!(
            "source = \"Recorded from recurring-sandbox ",
            env!("CARGO_PKG_VERSION"),
            "\"\ndocumented = false\nrecorded = true\nexact = false\n\n[request]\nmethod = \"POST\"\n",
            "path = \"/v1/orders/\"\nheaders = { Accept = \"*/*\", Authorization = \"Basic not-a-real-key-1002\", ",
            "Content-Type = \"application/json\" }\n\n[response]\nstatus = 201\n",
            "headers = { Content-Type = \"application/json\" }\n"
        )
    );
    // The order of the members is the sender's, and so is what is harmless.
    let request = folder.read("emspay/create-order/recorded-00001/request.json");
    assert!(request.starts_with("{\n  \"merchant_order_id\": \"1\",\n  \"amount\": 4000,\n"), "{request}");
    let answer = folder.json("emspay/create-order/recorded-00001/response.json");
    assert_eq!(crate::members(&answer), crate::members(&created));
    assert_eq!((&answer["status"], &answer["amount"]), (&created["status"], &created["amount"]));
    // An id stays the same id from one example to the next.
    let path = format!("/orders/{}/", created["id"].as_str().unwrap());
    world.emspay("GET", &path, "").await;
    let meta = folder.read("emspay/get-order/recorded-00002/meta.toml");
    assert!(meta.contains(&format!("path = \"/v1/orders/{}/\"", answer["id"].as_str().unwrap())), "{meta}");
}

#[tokio::test]
async fn example_with_fault_has_note() {
    let folder = Folder::new("faults");
    let world = folder.world().await;
    world.sandbox.inject(Fault::new(FaultKind::Status { status: 503, retry_after: None })).unwrap();
    assert_eq!(world.emspay("POST", "/orders/", emspay::FIRST).await.status, 503);
    let meta = folder.read("emspay/create-order/recorded-00001/meta.toml");
    assert!(meta.contains("the gateway did not act") && !meta.contains("[response]"), "{meta}");
    let fault =
        Fault::new(FaultKind::Status { status: 500, retry_after: None }).with_moment(Moment::AfterActing);
    world.sandbox.inject(fault).unwrap();
    assert_eq!(world.emspay("POST", "/orders/", emspay::FIRST).await.status, 500);
    let meta = folder.read("emspay/create-order/recorded-00002/meta.toml");
    assert!(meta.contains("did not get it so") && meta.contains("status = 201"), "{meta}");
    assert_eq!(lint::examples(&folder.0, None).unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn odd_requests_are_recorded_redacted() {
    let folder = Folder::new("odd");
    let world = folder.world().await;
    for (path, body) in [
        ("/orders/..%2F%00%22%7F/", "{"),
        ("/4111111111111111/?4111111111111111=sk_secret", "4111111111111111"),
        ("/orders/", "{\"4111111111111111\":{\"4111111111111111\":4111111111111111}}"),
    ] {
        world.emspay("POST", path, body).await;
    }
    assert_eq!(world.sandbox.recorded().unwrap(), 3);
    assert_eq!(lint::examples(&folder.0, None).unwrap(), Vec::<String>::new());
    let names = folder.cases();
    assert_eq!(names.iter().filter(|case| case.starts_with("emspay/other/")).count(), 2, "{names:?}");
    for file in files(&folder.0) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("4111") && !text.contains("sk_secret") && !text.contains(".."), "{text}");
    }
}

#[tokio::test]
async fn earlier_recording_stays_and_invalid_folder_is_refused() {
    let folder = Folder::new("twice");
    for _ in 0..2 {
        folder.world().await.emspay("POST", "/orders/", emspay::FIRST).await;
    }
    let cases = ["emspay/create-order/recorded-00001", "emspay/create-order/recorded-00002"];
    assert_eq!(folder.cases(), cases);
    let file = folder.0.join(cases[0]).join("meta.toml");
    assert!(Sandbox::builder().with_record(file.join("below")).start().await.is_err());

    // The path is taken by a file: the answer comes all the same, and `recorded` returns the reason.
    fs::write(folder.0.join("revio"), "in the way").unwrap();
    let world = folder.world().await;
    let client = json!({"email": "a@b.example"}).to_string();
    assert_eq!(world.revio("POST", "/clients/", &client).await.status, 201);
    assert!(world.sandbox.recorded().is_err());
}
