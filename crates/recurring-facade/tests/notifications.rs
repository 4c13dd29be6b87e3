//! Notifications from the sandbox, through the example server, as a shop would run it.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use common::{GOOD_CARD, attempt, customer_pays, enrol_request, post_json, price, settings};
use recurring_facade::{ProviderId, ScheduleRequest};
use recurring_sandbox::Sandbox;
use serde_json::Value;

/// The example `webhook_server` as a process of its own.
struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(sandbox: &Sandbox) -> (Self, String) {
        // Examples are built next to the folder of the test programs.
        let mut path = std::env::current_exe().expect("this program");
        path.pop();
        path.pop();
        path.push("examples");
        path.push(format!("webhook_server{}", std::env::consts::EXE_SUFFIX));
        let mut child = Command::new(&path)
            .env_clear()
            .envs(sandbox.settings())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut server = Self { output: BufReader::new(child.stdout.take().expect("an output")), child };
        let url = server.line()["listening"].as_str().expect("an address").to_owned();
        (server, url)
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_server_receives_a_notification_from_each_gateway() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let (mut server, url) = Server::start(&sandbox);
    let facade = settings(&sandbox).facade().expect("a facade");
    let mut expect = |id: &ProviderId, outcome: &str, authenticity: &str| {
        // Several notifications may speak of one payment, and the last of the gateway before may come late.
        loop {
            let line = server.line();
            if line["provider"] == id.as_str() && line["outcome"] == outcome {
                assert_eq!(line["authenticity"], authenticity, "{line}");
                return line;
            }
        }
    };
    for (id, authenticity) in
        [(ProviderId::EMSPAY, "unsigned"), (ProviderId::OMNO, "unsigned"), (ProviderId::REVIO, "verified")]
    {
        let mut request = enrol_request(&id, &format!("{id}-told"));
        request.notification_url = Some(format!("{url}/{id}"));
        let started = facade.enrol(&id, request).await.expect("begun");
        customer_pays(started.payment.redirect.as_deref().expect("a page"), GOOD_CARD).await;
        sandbox.settle().await;
        let line = expect(&id, "paid", authenticity);
        assert_eq!(
            line["payment"].as_str(),
            started.payment.payment.as_ref().map(|payment| payment.as_str())
        );
    }

    // Here the first payment is made when the customer has come back.
    let id = ProviderId::TOKENPAY_SIGNED;
    let mut request = enrol_request(&id, "tokenpay-told");
    request.notification_url = Some(format!("{url}/{id}"));
    let started = facade.enrol(&id, request).await.expect("begun");
    customer_pays(started.payment.redirect.as_deref().expect("a page"), GOOD_CARD).await;
    let _ = facade.resume(started.pending).await.expect("paid");
    sandbox.settle().await;
    expect(&id, "paid", "verified");

    let id = ProviderId::NGENIUS;
    // What the merchant does in the gateway's portal.
    post_json(&sandbox, "/_sandbox/webhooks", &format!(r#"{{"ngenius":"{url}/{id}"}}"#)).await;
    let card = format!(r#"{{"pan":"{GOOD_CARD}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
    let request =
        ScheduleRequest::new(attempt("ngenius-told"), price(&id), "MONTHLY", "ann@example.org", card);
    let _ = facade.schedule(&id, request).await.expect("scheduled");
    sandbox.settle().await;
    expect(&id, "paid", "verified");

    // The same, encrypted: the client decrypts what the sandbox encrypted with code of its own.
    post_json(&sandbox, "/_sandbox/webhooks", r#"{"ngenius_encrypted":true}"#).await;
    let card = format!(r#"{{"pan":"{GOOD_CARD}","expiry":"2031-04","cvv":"123","cardholder_name":"Ann"}}"#);
    let request =
        ScheduleRequest::new(attempt("ngenius-sealed"), price(&id), "MONTHLY", "ann@example.org", card);
    let _ = facade.schedule(&id, request).await.expect("scheduled");
    sandbox.settle().await;
    let sent = sandbox.deliveries().pop().expect("a delivery");
    assert!(!sent.body.contains('{') && sent.accepted, "{sent:?}");
    expect(&id, "paid", "verified");
}
