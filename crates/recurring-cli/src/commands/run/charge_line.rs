//! One line of what is due, as a charge. Pure: `outside/fuzz` reads this file too.

use recurring_facade::{AttemptId, ChargeRequest, Currency, Money, StoredCredential};
use serde::Deserialize;
use serde_json::Value;

use crate::nearest::nearest;

/// A longer line is not a charge.
const LONGEST_LINE: usize = 64 * 1024;

/// The members that a line may have.
const MEMBERS: [&str; 10] = [
    "attempt",
    "amount",
    "currency",
    "credential",
    "provider",
    "reason",
    "notification_url",
    "series",
    "period",
    "try",
];

/// One line of the input. A member that is not known may mean something (`not_before`, `dry_run`): it is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    attempt: String,
    amount: Value,
    currency: String,
    credential: StoredCredential,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    notification_url: Option<String>,
    #[serde(default)]
    series: Option<String>,
    #[serde(default)]
    period: Option<String>,
    #[serde(default)]
    r#try: Option<u32>,
}

/// What one line asks for.
pub(super) struct Charge {
    pub(super) request: ChargeRequest,
    /// The subscription, the period, and which try of it this is.
    pub(super) series: Option<(String, String, u32)>,
}

/// Reads one line. No message quotes it: it holds a token.
pub(super) fn charge(line: &[u8]) -> Result<Charge, String> {
    if line.len() > LONGEST_LINE {
        return Err(format!("longer than {LONGEST_LINE} bytes"));
    }
    let line = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let line: Line = serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        let member = |prefix: &str| {
            text.strip_prefix(prefix).and_then(|rest| rest.split(' ').next().map(str::to_owned))
        };
        if let Some(name) = member("missing field ") {
            format!("{name} is missing")
        } else if let Some(name) = member("unknown field ") {
            let name = name.trim_matches([',', '`']);
            match nearest(name, MEMBERS) {
                Some(near) => format!("`{name}` is not a member of a charge; did you mean `{near}`?"),
                None => format!("`{name}` is not a member of a charge; there are {}", MEMBERS.join(", ")),
            }
        } else if let Some(name) = member("duplicate field ") {
            format!("{name} is named twice")
        } else if error.is_data() {
            "not a charge: a member is of another type".to_owned()
        } else {
            "not valid JSON".to_owned()
        }
    })?;
    let attempt = AttemptId::new(line.attempt).map_err(|error| error.to_string())?;
    let amount = line.amount.as_str().ok_or("`amount` must be a string such as \"40.00\"")?;
    let currency = Currency::from_code(&line.currency).map_err(|error| error.to_string())?;
    let amount = Money::parse(amount, currency).map_err(|error| error.to_string())?;
    let belongs_to = line.credential.provider();
    if line.provider.as_deref().is_some_and(|provider| provider != belongs_to.as_str()) {
        return Err(format!("the credential belongs to {belongs_to}"));
    }
    let series = match (line.series, line.period, line.r#try) {
        (Some(series), Some(period), Some(number)) => Some((series, period, number)),
        (None, None, None) => None,
        _ => return Err("`series`, `period` and `try` belong together: give all three, or none".to_owned()),
    };
    let mut request = ChargeRequest::new(attempt, line.credential, amount);
    request.reason = line.reason;
    request.notification_url = line.notification_url;
    Ok(Charge { request, series })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(line: &str) -> String {
        charge(line.as_bytes()).map(|charge| charge.request.attempt.to_string()).unwrap_or_else(|why| why)
    }

    #[test]
    fn line_that_is_not_a_charge_says_why() {
        let credential = r#""credential":{"provider":"emspay","vault_token":"hunter2"}"#;
        let with = |more: &str| format!(r#"{{"attempt":"a","currency":"EUR",{credential}{more}}}"#);
        for (line, says) in [
            (with(r#","amount":"40.00""#), "a"),
            (with(""), "`amount` is missing"),
            (with(r#","amount":40.0"#), "`amount` must be a string such as \"40.00\""),
            (with(r#","amount":"40.00","reason":7"#), "another type"),
            (with(r#","amount":"40.00","not_before":"2027-01-01""#), "`not_before` is not a member"),
            (with(r#","amount":"40.00","series":"sub-1","period":"2026-11","try":2"#), "a"),
            (with(r#","amount":"40.00","series":"sub-1","try":2"#), "give all three, or none"),
            (with(r#","amount":"40.00","series":"sub-1","period":"2026-11","try":-1"#), "another type"),
            (with(r#","ammount":"40.00""#), "did you mean `amount`?"),
            (with(r#","amount":"40.00","amount":"40.00""#), "`amount` is named twice"),
            ("{".to_owned(), "not valid JSON"),
        ] {
            let why = why(&line);
            assert!(why.contains(says) && !why.contains("hunter2"), "{why}");
        }
        assert!(charge(b"{\"attempt\":\"\xff\"}").is_err_and(|why| why == "not UTF-8"));
    }
}
