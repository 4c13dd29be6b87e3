//! One delivery of a webhook by the sandbox, as it is printed.

use serde::Deserialize;
use serde_json::{Value, json};

/// What the sandbox says of a delivery.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) number: u64,
    gateway: String,
    pub(crate) url: String,
    event: String,
    payment: String,
    attempt: u32,
    at: String,
    status: Option<u16>,
    accepted: bool,
    problem: Option<String>,
    body: String,
}

impl Delivery {
    /// Reads the deliveries out of an answer of the sandbox.
    pub(crate) fn read(answer: Value) -> Vec<Self> {
        serde_json::from_value(answer).unwrap_or_default()
    }

    /// The object of one line.
    pub(crate) fn object(&self) -> Value {
        json!({
            "number": self.number, "at": self.at, "provider": self.gateway, "event": self.event,
            "payment": self.payment, "url": self.url, "attempt": self.attempt, "status": self.status,
            "accepted": self.accepted, "problem": self.problem, "body": self.body,
        })
    }

    /// The line for a terminal.
    pub(crate) fn text(&self) -> String {
        let time = self.at.split_once('T').map_or(self.at.as_str(), |(_, time)| time);
        let time = time.split(['.', 'Z']).next().unwrap_or_default();
        let again = if self.attempt > 1 { format!(" (attempt {})", self.attempt) } else { String::new() };
        let Self { gateway, event, payment, .. } = self;
        format!("{time} {gateway}.{event} {payment}: {}{again}", self.result())
    }

    /// Whether it was meant for an address, and not only for this one.
    pub(crate) fn is_addressed(&self, nowhere: &str) -> bool {
        !self.url.is_empty() && self.url != nowhere
    }

    /// What became of it.
    fn result(&self) -> String {
        match (self.status, self.accepted, &self.problem) {
            (Some(status), true, _) => format!("{status}, delivered"),
            (Some(status), false, _) => format!("{status}, not accepted"),
            (None, _, Some(problem)) => problem.clone(),
            (None, _, None) => "not sent".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_is_one_line() {
        let answer = json!([{
            "number": 7, "gateway": "emspay", "url": "http://127.0.0.1:1/", "event": "status_changed", "payment": "p-1",
            "attempt": 2, "at": "2026-11-28T19:00:01.123Z", "status": 503, "accepted": false, "problem": null, "body": "{}",
        }]);
        let delivery = Delivery::read(answer).remove(0);
        assert_eq!(delivery.text(), "19:00:01 emspay.status_changed p-1: 503, not accepted (attempt 2)");
        assert_eq!((delivery.object()["number"].as_u64(), delivery.number), (Some(7), 7));
        assert!(Delivery::read(json!({"message": "no"})).is_empty());
    }
}
