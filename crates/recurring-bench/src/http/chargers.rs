//! One charge over TLS: by hand, with the gateway's crate, or through the facade.
#![allow(clippy::expect_used, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;
use std::time::Duration;

use recurring_core::{AttemptId, Currency, Money, Outcome, Secret};
use recurring_facade::{ChargeRequest, EmspayCredential, Facade, StoredCredential};

use crate::{hand_emspay, inputs};

const KEY: &str = "a-key-of-a-benchmark";

#[derive(Clone)]
pub(crate) enum Charger {
    Hand { client: reqwest::Client, url: String },
    Ours(Box<emspay::Client>),
    Facade(Facade),
}

impl Charger {
    pub(crate) fn new(way: &str, port: &str, root: &str) -> Option<Self> {
        let root = std::fs::read(root).expect("a root");
        match way {
            "hand" => {
                let certificate = reqwest::Certificate::from_pem(&root).expect("a root");
                let builder = reqwest::Client::builder().timeout(Duration::from_secs(60));
                let client = builder.tls_certs_merge([certificate]).build().expect("a client");
                Some(Self::Hand { client, url: format!("https://localhost:{port}/v1/orders/") })
            }
            "ours" => Some(Self::Ours(Box::new(ours(port, root)))),
            "facade" => {
                let gateway = recurring_facade::Emspay::new(ours(port, root));
                Some(Self::Facade(Facade::new().with_provider(gateway)))
            }
            _ => None,
        }
    }

    /// Charges once, and looks at the answer.
    pub(crate) async fn charge(&self) {
        let input = inputs::emspay();
        match self {
            Self::Hand { client, url } => {
                let request = client.post(url).basic_auth(KEY, Some("")).body(hand_emspay::body(&input));
                let sent = request.header("content-type", "application/json").send().await;
                let response = sent.expect("an answer");
                assert_eq!(response.status().as_u16(), 201);
                let received = response.bytes().await.expect("a body");
                black_box(hand_emspay::read(&input, &received));
            }
            Self::Ours(client) => {
                let token = Secret::new(input.token);
                let order = emspay::CreateOrder::recurring(input.reference, euros(), token)
                    .with_description(input.description);
                let order = client.create_order(&order).await.expect("an order");
                assert_eq!(black_box(order).outcome(), Outcome::Pending);
            }
            Self::Facade(facade) => {
                let credential = StoredCredential::Emspay(EmspayCredential {
                    vault_token: Secret::new(input.token),
                    first_amount_minor: None,
                    currency: None,
                    first_created: None,
                });
                let attempt = AttemptId::new(input.reference).expect("a name");
                let request = ChargeRequest::new(attempt, credential, euros()).with_reason(input.description);
                let payment = facade.charge(request).await.expect("a payment");
                assert_eq!(black_box(payment).outcome, Outcome::Pending);
            }
        }
    }
}

fn euros() -> Money {
    Money::from_minor(4000, Currency::from_code("EUR").expect("a currency")).expect("money")
}

fn ours(port: &str, root: Vec<u8>) -> emspay::Client {
    let environment = emspay::Environment::Custom(format!("https://localhost:{port}/v1"));
    let http = emspay::Client::default_http().with_root_certificate(root);
    emspay::Client::builder(environment, KEY).with_http(http).build().expect("a client")
}

/// How many connections the server has seen, over one of its own.
pub(crate) async fn connections(port: &str, root: &str) -> usize {
    let Some(Charger::Hand { client, url }) = Charger::new("hand", port, root) else { return 0 };
    let response = client.get(url).send().await.expect("an answer");
    response.text().await.expect("a body").parse().expect("a number")
}
