//! Every flow of each gateway over HTTP, with the payment page, and what each gateway refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

// These need Chromium: `cargo test -p recurring-sandbox --features browser-tests`.
#[cfg(feature = "browser-tests")]
mod browser;
#[cfg(feature = "browser-tests")]
mod browser_themes;
mod cards;
mod clients;
mod clock;
mod declines;
mod description;
mod documented;
#[cfg(feature = "browser-tests")]
mod driver;
mod emspay;
mod faults;
mod guard;
mod inspector;
mod listeners;
mod money;
mod ngenius;
mod notifications;
mod omno;
mod page;
mod payments;
mod receiver;
mod recording;
mod retries;
mod revio;
mod search;
mod sections;
mod server;
mod state;
mod tokenpay;
mod triggers;

use recurring_sandbox::{Sandbox, SandboxBuilder};
use serde_json::Value;
use std::collections::BTreeSet;

/// What the sandbox's own API wants beside a body.
const JSON: (&str, &str) = ("content-type", "application/json");
const GOOD_CARD: &str = "4111111111111111";
const DECLINED_CARD: &str = "4000000000000002";
const LATER_DECLINED_CARD: &str = "4000000000000341";

/// A sandbox and a plain HTTP client.
struct World {
    sandbox: Sandbox,
    http: reqwest::Client,
}

struct Reply {
    status: u16,
    location: Option<String>,
    content_type: String,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
}

impl World {
    async fn start() -> World {
        World::with(Sandbox::builder()).await
    }

    async fn with(builder: SandboxBuilder) -> World {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .unwrap();
        World { sandbox: builder.start().await.unwrap(), http }
    }

    fn setting(&self, name: &str) -> String {
        let settings = self.sandbox.settings();
        settings.into_iter().find(|(key, _)| *key == name).unwrap_or_else(|| panic!("no setting {name}")).1
    }

    /// Sends a request. `headers` as name and value.
    async fn call(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = self.http.request(method.parse().unwrap(), url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let header = |name: &str| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
        let (status, location) = (response.status().as_u16(), header("location"));
        let content_type = header("content-type").unwrap_or_default();
        Reply { status, location, content_type, text: response.text().await.unwrap() }
    }

    /// The customer opens the page, fills it in and presses a button.
    async fn customer(&self, page: &str, card: &str, action: &str) -> Reply {
        assert_eq!(self.call("GET", page, &[], "").await.status, 200);
        self.press(
            page,
            &format!("card_number={card}&expiry=12%2F49&cvc=123&cardholder=Ann+Example&action={action}"),
        )
        .await
    }

    async fn press(&self, page: &str, form: &str) -> Reply {
        self.call("POST", page, &[("content-type", "application/x-www-form-urlencoded")], form).await
    }

    /// The ledger as `reference amount currency`.
    fn money(&self) -> Vec<String> {
        let entries = self.sandbox.ledger().into_iter();
        entries
            .map(|entry| format!("{} {} {}", entry.reference, entry.amount_minor, entry.currency))
            .collect()
    }
}

/// The names of all members, at any depth: `transactions[].id`.
fn members(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(value, &path, found);
                    found.insert(path);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(value, "", &mut found);
    found
}
