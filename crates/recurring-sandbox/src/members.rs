//! What a gateway of the sandbox does with each documented member of a request: nothing that changes money is taken and
//! ignored.
//!
//! The tables are in `gateways/*/members.rs`. `SOURCES.md` prints them with the ground of each row, and a test compares
//! the two.

use serde_json::{Map, Value};

/// What the sandbox does with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It is checked, and has its effect.
    Played,
    /// It would change something that the sandbox does not play: a request that has it is refused. Null is as good as absent.
    NotPlayed,
    /// As [`NotPlayed`](Treatment::NotPlayed), but a value that asks for nothing is taken: false, zero, and what is empty.
    NotPlayedUnlessEmpty,
    /// It is taken, and moves no money at the gateway either.
    WithoutEffect,
}

/// The path of a member, as `purchase.products[].price`, and what is done with it.
pub(crate) type Member = (&'static str, Treatment);

/// The members of one call, which is named as its operation is.
pub(crate) type CallMembers = (&'static str, &'static [Member]);

/// The first member of this call that the request uses and the sandbox does not play.
pub(crate) fn not_played(
    calls: &[CallMembers],
    call: &str,
    body: &Map<String, Value>,
) -> Option<&'static str> {
    let (_, members) = calls.iter().find(|(name, _)| *name == call)?;
    let found = members.iter().find(|(path, treatment)| match treatment {
        Treatment::Played | Treatment::WithoutEffect => false,
        Treatment::NotPlayed => any(body, path, &|value| !value.is_null()),
        Treatment::NotPlayedUnlessEmpty => any(body, path, &|value| !is_empty(value)),
    });
    found.map(|(path, _)| *path)
}

/// The sentence of a refusal.
pub(crate) fn sentence(what: &str) -> String {
    format!("{what} is not played by this sandbox")
}

/// Whether a member at this path has a value for which `asks` is true.
fn any(members: &Map<String, Value>, path: &str, asks: &dyn Fn(&Value) -> bool) -> bool {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let value = members.get(head.trim_end_matches("[]"));
    let inner = |value: &Value| match rest {
        None => asks(value),
        Some(rest) => value.as_object().is_some_and(|members| any(members, rest, asks)),
    };
    match value {
        None => false,
        Some(Value::Array(items)) if head.ends_with("[]") => items.iter().any(inner),
        Some(value) => inner(value),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        // `tax_percent` is written as `"0.00"`.
        Value::String(text) => text.bytes().all(|byte| matches!(byte, b'0' | b'.')),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CALLS: &[CallMembers] = &[(
        "create",
        &[
            ("list[].inner.debt", Treatment::NotPlayedUnlessEmpty),
            ("total", Treatment::NotPlayed),
            ("note", Treatment::WithoutEffect),
        ],
    )];

    #[test]
    fn member_is_found_at_any_depth_and_empty_value_is_none() {
        let found = |body: Value| not_played(CALLS, "create", body.as_object().unwrap());
        for unused in [
            json!({}),
            json!({"total": null, "note": 1}),
            json!({"list": [{"inner": {"debt": 0}}, {"inner": {"debt": "0.00"}}, {"inner": 5}, 7]}),
            json!({"list": [{"inner": {"debt": []}}, {"inner": {"debt": ""}}, {"inner": {"debt": false}}]}),
        ] {
            assert_eq!(found(unused.clone()), None, "{unused}");
        }
        assert_eq!(found(json!({"total": 0})), Some("total"));
        assert_eq!(found(json!({"list": [{}, {"inner": {"debt": 1}}]})), Some("list[].inner.debt"));
        assert_eq!(found(json!({"list": [{"inner": {"debt": "0.01"}}]})), Some("list[].inner.debt"));
        assert_eq!(not_played(CALLS, "other", json!({"total": 1}).as_object().unwrap()), None);
    }
}
