//! What a JSON value is made of, for an error about an answer that no document describes: names and types, never
//! a value.

use serde_json::Value;

/// How many levels are described.
const DEPTH: u32 = 4;
/// How many members of one object are named.
const MEMBERS: usize = 12;
/// The longest part of a name that is shown, in characters.
const NAME: usize = 24;
/// The longest description, in characters.
const WHOLE: usize = 300;

/// Names and types, at most 300 characters.
pub(crate) fn describe(value: &Value) -> String {
    cut(&level(value, DEPTH), WHOLE)
}

fn level(value: &Value, depth: u32) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) | Value::Object(_) if depth == 0 => "..".to_owned(),
        Value::Array(entries) => match entries.first() {
            Some(first) => {
                format!("list of {} [{}, ..]", entries.len(), level(first, depth.saturating_sub(1)))
            }
            None => "empty list".to_owned(),
        },
        Value::Object(members) => {
            let named = members.iter().take(MEMBERS);
            let mut texts: Vec<String> = named
                .map(|(key, value)| format!("{}: {}", name(key), level(value, depth.saturating_sub(1))))
                .collect();
            if members.len() > MEMBERS {
                texts.push("..".to_owned());
            }
            format!("object {{{}}}", texts.join(", "))
        }
    }
}

/// A name as it may be shown. What does not look like one, such as a token that serves as a key, is not shown.
fn name(key: &str) -> String {
    let usual = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '$'));
    let digits = key.chars().filter(char::is_ascii_digit).count();
    if key.is_empty() || !usual || digits > 2 { "(odd name)".to_owned() } else { cut(key, NAME) }
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(2)).chain("..".chars()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_types_but_no_value() {
        let value =
            json!({"items": [{"cardToken": "secret", "last4": 4711}], "more": null, "total": 1, "ok": true});
        assert_eq!(
            describe(&value),
            "object {items: list of 1 [object {cardToken: text, last4: number}, ..], more: null, ok: boolean, \
             total: number}"
        );
        assert_eq!(describe(&json!([])), "empty list");
    }

    #[test]
    fn it_stays_short_and_odd_names_are_not_shown() {
        let value = json!({"0c8fd8ab-25ec-4109-ac8f-495804aa5026": {"a b": 1}});
        assert_eq!(describe(&value), "object {(odd name): object {(odd name): number}}");
        let long = "x".repeat(10_000);
        assert_eq!(
            describe(&json!({ long.as_str(): 1 })),
            format!("object {{{}..: number}}", "x".repeat(22))
        );
        let wide: serde_json::Map<String, Value> = (b'a'..=b'z')
            .map(|letter| (char::from(letter).to_string(), json!({"b": {"c": [[[[[1]]]]]}})))
            .collect();
        assert_eq!(describe(&wide.into()).chars().count(), 300);
    }
}
