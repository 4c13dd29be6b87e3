//! The judge: the sandbox's ledger and its log of webhooks against what was expected.

use serde_json::Value;

/// A movement of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Money<Text = &'static str> {
    kind: Text,
    reference: Text,
    amount: i64,
    currency: Text,
}

pub(super) const fn charge(reference: &'static str, amount: i64, currency: &'static str) -> Money {
    Money { kind: "charge", reference, amount, currency }
}

pub(super) const fn refund(reference: &'static str, amount: i64, currency: &'static str) -> Money {
    Money { kind: "refund", reference, amount, currency }
}

/// Compares the ledger, the oldest movement first, with the expected movements of this one gateway.
pub(super) fn money(gateway: &str, expected: &[Money], ledger: &Value) -> Result<(), String> {
    let rows = ledger.as_array().ok_or("the ledger is not a list")?;
    if let Some(other) = rows.iter().find(|row| row.get("gateway").and_then(Value::as_str) != Some(gateway)) {
        return Err(format!("not at {gateway}: {other}"));
    }
    let found = rows.iter().map(row).collect::<Option<Vec<_>>>().ok_or("the ledger cannot be read")?;
    for one in expected.iter().chain(&found) {
        let count = |list: &[Money<&str>]| {
            list.iter().filter(|other| (other.kind, other.reference) == (one.kind, one.reference)).count()
        };
        let (is, should) = (count(&found), count(expected));
        if is != should {
            return Err(format!("{}: {is} {}s instead of {should}", one.reference, one.kind));
        }
    }
    if found == expected { Ok(()) } else { Err(format!("money moved: {found:?}\nexpected: {expected:?}")) }
}

fn row(row: &Value) -> Option<Money<&str>> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    Some(Money {
        kind: text("kind")?,
        reference: text("reference")?,
        amount: row.get("amount_minor")?.as_i64()?,
        currency: text("currency")?,
    })
}

/// Checks that so many webhooks were sent, and each was accepted at once.
pub(super) fn webhooks(expected: usize, deliveries: &Value) -> Result<(), String> {
    let deliveries = deliveries.as_array().ok_or("the deliveries are not a list")?;
    let accepted = |delivery: &&Value| delivery.get("status").and_then(Value::as_u64) == Some(200);
    match deliveries.iter().find(|delivery| !accepted(delivery)) {
        Some(refused) => Err(format!("a webhook was not accepted: {refused}")),
        None if deliveries.len() != expected => {
            Err(format!("{} webhooks instead of {expected}", deliveries.len()))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const EXPECTED: [Money; 2] = [charge("a", 4000, "EUR"), refund("a", 1000, "EUR")];

    fn entry(kind: &str, amount: i64) -> Value {
        json!({"gateway": "emspay", "kind": kind, "reference": "a", "amount_minor": amount, "currency": "EUR"})
    }

    fn judged(rows: &[Value]) -> Result<(), String> {
        money("emspay", &EXPECTED, &json!(rows))
    }

    #[test]
    fn judge_accepts_exactly_the_expected_money() {
        assert_eq!(judged(&[entry("charge", 4000), entry("refund", 1000)]), Ok(()));
        assert_eq!(money("emspay", &[], &json!([])), Ok(()));
    }

    #[test]
    fn judge_refuses_any_other_ledger() {
        let (charge, refund) = (entry("charge", 4000), entry("refund", 1000));
        let twice = judged(&[charge.clone(), charge.clone(), refund.clone()]).unwrap_err();
        assert_eq!(twice, "a: 2 charges instead of 1");
        assert_eq!(judged(std::slice::from_ref(&charge)).unwrap_err(), "a: 0 refunds instead of 1");
        assert_eq!(judged(&[]).unwrap_err(), "a: 0 charges instead of 1");
        for amount in [3999, 4001] {
            assert!(
                judged(&[entry("charge", amount), refund.clone()]).unwrap_err().starts_with("money moved")
            );
        }
        let mut elsewhere = charge.clone();
        elsewhere["gateway"] = json!("revio");
        assert!(judged(&[charge, refund, elsewhere]).unwrap_err().starts_with("not at emspay"));
    }

    #[test]
    fn webhooks_must_all_be_accepted() {
        let sent = |statuses: &[u16]| {
            webhooks(2, &statuses.iter().map(|status| json!({"status": status})).collect())
        };
        assert_eq!(sent(&[200, 200]), Ok(()));
        assert_eq!(sent(&[200]).unwrap_err(), "1 webhooks instead of 2");
        assert!(sent(&[200, 500]).unwrap_err().starts_with("a webhook was not accepted"));
        assert!(webhooks(1, &json!([{"status": null}])).is_err());
    }
}
