//! What becomes of the stored attempts, whichever store they are in.

use recurring_core::Timestamp;
use recurring_facade::{AttemptId, ChargeRequest, Currency, Money, Outcome};
use recurring_journal::store::{Claim, Failover, Filter, Lease, Store};
use recurring_journal::{AttemptRecord, Intent, State};

/// The owner of the armed attempt.
pub(crate) const OWNER: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn attempt(name: &str) -> AttemptId {
    AttemptId::new(name).unwrap()
}

pub(crate) fn failover() -> Failover {
    Failover {
        by: "ann".to_owned(),
        why: "compared until noon".to_owned(),
        planned_were_not_sent: false,
        charged: Vec::new(),
    }
}

fn intent(name: &str) -> Intent {
    let credential = r#"{"provider":"emspay","vault_token":"a-vault-token"}"#;
    let price = Money::from_minor(4000, Currency::from_code("EUR").unwrap()).unwrap();
    Intent::charge(&ChargeRequest::new(attempt(name), serde_json::from_str(credential).unwrap(), price))
}

/// A stored journal.
pub(crate) struct Stored {
    pub(crate) name: &'static str,
    pub(crate) version: i64,
    pub(crate) dump: &'static str,
    /// Whether an operator has acknowledged a failover since its attempts were armed.
    pub(crate) failed_over: bool,
}

impl Stored {
    /// Whether a payment is recorded for three attempts.
    fn has_doubles(&self) -> bool {
        !matches!(self.name, "3b" | "3" | "4")
    }

    /// The word for a payment that went through.
    pub(crate) fn went_through(&self) -> &'static str {
        if self.version < 3 { "approved" } else { "paid" }
    }

    fn states(&self) -> Vec<(String, State)> {
        let named = |operation: &str| format!("{operation}-{}", self.went_through());
        let (charged, captured) =
            if self.version < 3 { (State::Pending, State::Review) } else { (State::Paid, State::Paid) };
        // What rests on a proof that has lapsed.
        let or_review = |state| if self.failed_over { State::Review } else { state };
        let not_found = if self.version == 1 { State::Unknown } else { State::NotApplied };
        let mut states = vec![
            ("planned".to_owned(), State::Planned),
            ("armed-lost".to_owned(), State::Armed),
            (named("charge"), charged),
            (named("schedule"), charged),
            (named("refund"), State::Paid),
            (named("capture"), captured),
            ("declined".to_owned(), State::Declined),
            ("pending".to_owned(), State::Pending),
            ("refused".to_owned(), or_review(State::NotApplied)),
            ("not-found".to_owned(), not_found),
            ("decided".to_owned(), or_review(State::NotApplied)),
            ("unknown".to_owned(), State::Unknown),
            ("review".to_owned(), State::Review),
        ];
        if self.version >= 3 {
            states.extend([("held".to_owned(), State::Authorized), ("void".to_owned(), State::Canceled)]);
        }
        if self.has_doubles() {
            states.extend(["double-a", "double-b", "double-c"].map(|name| (name.to_owned(), State::Review)));
        }
        states.sort();
        states
    }

    /// Checks every attempt, its log, and what can be sent for it now.
    pub(crate) async fn check(&self, store: &dyn Store) {
        let records = store.list(&Filter::default(), 100).await.unwrap();
        let mut found: Vec<_> =
            records.iter().map(|record| (record.attempt.to_string(), record.state)).collect();
        found.sort();
        assert_eq!(found, self.states(), "{}", self.name);
        for record in &records {
            self.check_one(store, record).await;
        }
        self.check_doubles(&records);
        self.check_names(store).await;
        assert_eq!(store.unhandled(10).await.unwrap().len(), 1, "{}", self.name);
    }

    async fn check_one(&self, store: &dyn Store, record: &AttemptRecord) {
        let (name, what) = (self.name, &record.attempt);
        let events = store.events(&record.attempt).await.unwrap();
        assert_eq!(events.last().unwrap().what, record.state.as_str(), "{name} {what}");
        let lapsed =
            self.failed_over && matches!(record.state, State::Unknown | State::Pending | State::Review);
        let armed_before = !what.as_str().starts_with("charge-")
            && !what.as_str().starts_with("schedule-")
            && !what.as_str().starts_with("capture-")
            && what.as_str() != "double-b";
        assert_eq!(record.lapsed, lapsed && armed_before, "{name} {what}");
        match what.as_str() {
            "charge-approved" | "schedule-approved" => {
                // It is looked up at once; what the gateway said is kept, its old word for both is not. A server's clock
                // may go on by a millisecond within one statement.
                let next = record.next_look.unwrap().unix_millis() - record.updated.unix_millis();
                assert_eq!((record.looks, next.abs() <= 1_000), (0, true), "{name} {what}: {next} ms");
                assert_eq!(record.ending.outcome, None, "{name} {what}");
                assert!(record.ending.status.is_some() && record.payment.is_some(), "{name} {what}");
                assert_eq!(events.len(), 2, "{name} {what}");
            }
            "charge-paid" => assert_eq!(record.ending.outcome, Some(Outcome::Paid), "{name}"),
            "refund-approved" => assert_eq!(record.ending.outcome, Some(Outcome::Paid), "{name}"),
            "pending" => assert_eq!(record.ending.outcome, Some(Outcome::ActionRequired), "{name}"),
            "not-found" if self.version == 1 => {
                assert_eq!((record.nothing_found, record.looks), (0, 0), "{name}");
                assert!(record.next_look.is_some() && record.payment.is_some(), "{name}");
            }
            _ => {}
        }
    }

    fn check_doubles(&self, records: &[AttemptRecord]) {
        let doubles = records.iter().filter(|record| record.attempt.as_str().starts_with("double-"));
        for record in doubles {
            let keeps = record.attempt.as_str() == "double-b";
            assert_eq!(record.payment.is_some(), keeps, "{} {}", self.name, record.attempt);
            let note = record.note.as_deref().unwrap_or_default();
            for part in ["order-double", "double-a", "double-b", "double-c"] {
                assert!(note.contains(part), "{} {}: {note}", self.name, record.attempt);
            }
        }
    }

    /// A name under which something may have been sent belongs to its payment; nothing that is open is sent again.
    async fn check_names(&self, store: &dyn Store) {
        let now = Timestamp::now();
        let until = now + std::time::Duration::from_secs(300);
        let lease = Lease { owner: store.owner().await.unwrap(), now, until };
        let mut may_be_armed = Vec::new();
        for (name, state) in self.states() {
            if let Claim::Acquired(_) = store.arm(&intent(&name), &lease).await.unwrap() {
                may_be_armed.push((name, state));
            }
        }
        // Since the last version 3 it is recorded that nothing was sent under this one.
        let known = [("refused".to_owned(), State::NotApplied)];
        let is_recorded = matches!(self.name, "3" | "4");
        assert_eq!(may_be_armed, if is_recorded { &known[..] } else { &[] }, "{}", self.name);
    }
}

macro_rules! stored {
    ($($name:literal $version:literal $failed_over:literal),+ in $folder:literal) => {
        [$(Stored {
            name: $name,
            version: $version,
            dump: include_str!(concat!($folder, "/", $name, ".sql")),
            failed_over: $failed_over,
        }),+]
    };
}
pub(crate) use stored;
