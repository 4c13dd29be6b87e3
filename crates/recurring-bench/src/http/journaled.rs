//! A charge through a journal in SQLite and a connection that is kept, with a recorder of metrics or without one.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use recurring_core::{AttemptId, Currency, Money, Secret};
use recurring_facade::{ChargeRequest, Emspay, EmspayCredential, Facade, StoredCredential};
use recurring_journal::{Journal, State};

use crate::inputs;

/// The number of an order in the example, which makes way for one of its own.
const ORDER: &str = "0a73c8e3-7a2f-40ee-8f6c-fa41a37c140a";

/// Charges so often, each under a name of its own.
pub(crate) fn charge(with_recorder: bool, times: usize) {
    let recorder = with_recorder.then(recorder);
    let port = gateway();
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let file = folder.path().join("journal.db");
        let journal = Journal::create(&format!("sqlite:{}", file.display())).await.expect("a journal");
        let environment = emspay::Environment::Custom(format!("http://127.0.0.1:{port}/v1"));
        let client = emspay::Client::builder(environment, "a-key-of-a-benchmark").build().expect("a client");
        let facade = Facade::new().with_provider(Emspay::new(client));
        for number in 0..times {
            let answer = journal.charge(&facade, request(number)).await.expect("an answer");
            assert_eq!(answer.record.state, State::Pending);
        }
    });
    if let Some(recorder) = recorder {
        // What the samples cost later is theirs, too.
        let text = recorder.render();
        let counted = format!(r#"state="pending"}} {times}"#);
        assert!(text.contains(&counted), "{text}");
    }
}

fn request(number: usize) -> ChargeRequest {
    let input = inputs::emspay();
    let credential = StoredCredential::Emspay(EmspayCredential {
        vault_token: Secret::new(input.token),
        first_amount_minor: None,
        currency: None,
        first_created: None,
    });
    let attempt = AttemptId::new(format!("attempt-{number:06}")).expect("a name");
    let amount = Money::from_minor(4000, Currency::from_code("EUR").expect("a currency")).expect("money");
    ChargeRequest::new(attempt, credential, amount).with_reason(input.description)
}

/// That of the program `recurring`.
fn recorder() -> PrometheusHandle {
    let buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];
    let builder = PrometheusBuilder::new().with_recommended_naming(true);
    let builder = builder.set_buckets_for_metric(Matcher::Suffix("duration".to_owned()), &buckets);
    builder.expect("buckets").install_recorder().expect("no other recorder")
}

/// A gateway in this process, which accepts every charge. Returns its port.
fn gateway() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // The client ends it when it is done.
            let _ = answer_all(stream.expect("a connection"));
        }
    });
    port
}

fn answer_all(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let template = String::from_utf8_lossy(answer!("emspay/create-order/recurring"));
    loop {
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body);
        let (_, rest) = body.split_once("attempt-").expect("the name of the attempt");
        let number = rest.split('"').next().unwrap_or_default();
        let answer = template
            .replace(ORDER, &format!("00000000-0000-4000-8000-000000{number}"))
            .replace(r#""merchant_order_id": "2""#, &format!(r#""merchant_order_id": "attempt-{number}""#));
        let head = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: ";
        stream.get_mut().write_all(format!("{head}{}\r\n\r\n{answer}", answer.len()).as_bytes())?;
    }
}
