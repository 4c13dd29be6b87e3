//! How an enrolment ends in the journal, after `resume` and `status`, at every gateway with a page.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::{Sandbox, pay};
use serde_json::{Value, json};

/// The gateways with a page, and a currency of each.
const PAGES: [(&str, &str); 4] =
    [("omno", "EUR"), ("tokenpay-signed", "USD"), ("revio", "ZAR"), ("emspay", "EUR")];
const BILLING: &str = r#"{"first_name":"Ann","last_name":"Example","address1":"1 High Street","city":"London",
    "state":"LND","country":"GB","postal_code":"SW1A 1AA","phone":"+442079460000","email":"ann@example.org"}"#;
const GOOD_CARD: &str = "4111111111111111";
const DECLINED_CARD: &str = "4000000000000002";

impl Sandbox {
    /// Begins an enrolment: the file of `resume`, and the page.
    fn begun(&self, provider: &str, currency: &str, attempt: &str) -> (String, String) {
        let (pending, billing) = (self.file(&format!("{attempt}.pending.json")), self.file("billing.json"));
        std::fs::write(&billing, BILLING).expect("written");
        let enrol = ["enrol", "--provider", provider, "--attempt", attempt, "--amount", "40.00"];
        let more = ["--currency", currency, "--customer", attempt, "--email", "ann@example.org"];
        let pages =
            ["--success-url", "https://shop.example/paid", "--failure-url", "https://shop.example/no"];
        let last =
            ["--notification-url", "https://shop.example/n", "--billing", &billing, "--pending", &pending];
        let (code, lines) = self.recorded(&[&enrol[..], &more, &pages, &last].concat());
        assert_eq!(code, 0, "{provider}: {lines:?}");
        (pending, lines[0]["redirect"].as_str().expect("a page").to_owned())
    }

    fn resumed(&self, pending: &str) -> (i32, Value) {
        let (code, mut lines) = self.recorded(&["resume", pending]);
        (code, lines.pop().expect("a line"))
    }

    /// What the journal has of an attempt: in the list, and alone.
    fn in_journal(&self, attempt: &str) -> Value {
        let (_, lines) = self.recorded(&["journal", "show", attempt]);
        let (_, list) = self.recorded(&["journal", "list"]);
        let listed = list.iter().find(|line| line["attempt"] == attempt).expect("it is listed");
        assert_eq!(listed["state"], lines[0]["state"], "{attempt}");
        lines[0]["state"].clone()
    }
}

#[test]
fn resumed_enrolment_ends_in_the_journal() {
    let sandbox = Sandbox::start("enrolment-resume");
    sandbox.create_journal();
    for (provider, currency) in PAGES {
        // tokenpay-signed takes the first payment at `resume`: before, nothing is sent.
        let open =
            if provider == "tokenpay-signed" { ("planned", "not_applied") } else { ("pending", "pending") };
        let paid = format!("{provider}-paid");
        let (pending, page) = sandbox.begun(provider, currency, &paid);
        assert_eq!(sandbox.in_journal(&paid), open.0, "{provider}");
        let (code, line) = sandbox.resumed(&pending);
        assert!(matches!(code, 10 | 11), "{provider}: {line}");
        assert_eq!(
            (sandbox.in_journal(&paid), &line["state"]),
            (json!(open.1), &json!(open.1)),
            "{provider}"
        );
        pay(&page, GOOD_CARD);
        let (code, line) = sandbox.resumed(&pending);
        assert_eq!(
            (code, &line["state"], &line["attempt"]),
            (0, &json!("paid"), &json!(paid)),
            "{provider}: {line}"
        );
        assert_eq!(sandbox.in_journal(&paid), "paid", "{provider}");
        assert_eq!(sandbox.ledger(&paid), 1, "{provider}");

        let declined = format!("{provider}-declined");
        let (pending, page) = sandbox.begun(provider, currency, &declined);
        pay(&page, DECLINED_CARD);
        let (code, line) = sandbox.resumed(&pending);
        let expected = match line["outcome"].as_str() {
            Some("declined") => (12, json!("declined")),
            Some("pending") => (10, json!("pending")),
            _ => (11, json!(open.1)),
        };
        assert_eq!((code, line["state"].clone()), expected, "{provider}: {line}");
        assert_eq!(sandbox.in_journal(&declined), expected.1, "{provider}");
        assert_eq!(sandbox.ledger(&declined), 0, "{provider}");
    }
    // Where a second page would take the money again, there is none.
    for (provider, currency) in PAGES.into_iter().filter(|(provider, _)| *provider != "tokenpay-signed") {
        let paid = format!("{provider}-paid");
        let enrol = ["enrol", "--provider", provider, "--attempt", &paid, "--amount", "40.00"];
        let more = ["--currency", currency, "--customer", &paid, "--email", "ann@example.org"];
        let (code, lines) = sandbox.recorded(&[&enrol[..], &more].concat());
        assert_eq!((code, &lines[0]["kind"]), (2, &json!("conflict")), "{provider}: {lines:?}");
        assert!(lines[0]["message"].as_str().expect("a text").contains("was paid already"), "{lines:?}");
    }
}

#[test]
fn status_of_the_first_payment_settles_its_enrolment() {
    let sandbox = Sandbox::start("enrolment-status");
    sandbox.create_journal();
    for (provider, currency) in PAGES.into_iter().filter(|(provider, _)| *provider != "tokenpay-signed") {
        let (pending, page) = sandbox.begun(provider, currency, provider);
        let pending: Value =
            serde_json::from_str(&std::fs::read_to_string(pending).expect("a file")).expect("JSON");
        let payment =
            ["order_id", "purchase_id", "payment_id"].into_iter().find_map(|name| pending[name].as_str());
        let status = ["status", payment.expect("an identifier"), "--provider", provider];
        let (code, lines) = sandbox.recorded(&status);
        assert!(matches!(code, 10 | 11), "{provider}: {lines:?}");
        assert_eq!(sandbox.in_journal(provider), "pending", "{provider}");
        pay(&page, GOOD_CARD);
        // Without a journal it reads, and with one that cannot be opened too.
        assert_eq!(sandbox.run(&status).0, 0, "{provider}");
        let nowhere = format!("sqlite:{}", sandbox.file("nowhere.db"));
        let (code, _, errors) = sandbox.told(&[("RECURRING_JOURNAL", &nowhere)], &status);
        assert_eq!(code, 0, "{provider}: {errors}");
        assert!(
            errors.contains("cannot record how an enrolment ended: there is no journal here"),
            "{errors}"
        );
        assert_eq!(sandbox.in_journal(provider), "pending", "{provider}");
        let (code, lines) = sandbox.recorded(&status);
        let line = &lines[0];
        assert_eq!((code, &line["state"], &line["attempt"]), (0, &json!("paid"), &json!(provider)), "{line}");
        assert_eq!(sandbox.in_journal(provider), "paid", "{provider}");
    }
}
