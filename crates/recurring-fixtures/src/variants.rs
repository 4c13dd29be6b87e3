//! The same answer with one thing changed: what a gateway may send tomorrow. Everything else keeps its literal text.

use crate::json::{self, Json};

/// Adds an unknown member, `"unheard_of":{"nested":[1,null]}`, in front of the others: one variant for each object.
///
/// # Panics
/// When the text is not JSON.
#[must_use]
pub fn with_unknown_member(json: &[u8]) -> Vec<Vec<u8>> {
    let unknown = ("\"unheard_of\"".to_owned(), parse(br#"{"nested":[1,null]}"#));
    each_place(json, &mut |value, visit| {
        if let Json::Object(members) = value
            && visit()
        {
            members.insert(0, unknown.clone());
        }
    })
}

/// Gives a member another value: one variant for each place where the member occurs, at any depth; none when it does not occur.
///
/// # Panics
/// When the text is not JSON.
#[must_use]
pub fn with_member_replaced(json: &[u8], member: &str, value: serde_json::Value) -> Vec<Vec<u8>> {
    let value = parse(value.to_string().as_bytes());
    each_member(json, member, &|members, index| {
        if let Some((_, old)) = members.get_mut(index) {
            *old = value.clone();
        }
    })
}

/// Removes a member: one variant for each place where it occurs, at any depth; none when it does not occur.
///
/// # Panics
/// When the text is not JSON.
#[must_use]
pub fn with_member_removed(json: &[u8], member: &str) -> Vec<Vec<u8>> {
    each_member(json, member, &|members, index| {
        members.remove(index);
    })
}

/// Sets a member to `null`: one variant for each place where it occurs, at any depth; none when it does not occur.
///
/// # Panics
/// When the text is not JSON.
#[must_use]
pub fn with_member_null(json: &[u8], member: &str) -> Vec<Vec<u8>> {
    with_member_replaced(json, member, serde_json::Value::Null)
}

fn parse(text: &[u8]) -> Json {
    json::parse(text).unwrap_or_else(|error| panic!("a variant was asked of what is not JSON: {error}"))
}

type Members = Vec<(String, Json)>;

fn each_member(text: &[u8], member: &str, change: &dyn Fn(&mut Members, usize)) -> Vec<Vec<u8>> {
    let key = serde_json::Value::from(member).to_string();
    each_place(text, &mut |value, visit| {
        let Json::Object(members) = value else { return };
        let places: Vec<usize> = members
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| *name == key)
            .map(|(index, _)| index)
            .collect();
        for index in places {
            if visit() {
                return change(members, index);
            }
        }
    })
}

/// Calls `change` for every value of the text, again and again: `visit` counts the places where a change could be made, and is
/// true for another one in each run, until there is none left.
fn each_place(text: &[u8], change: &mut dyn FnMut(&mut Json, &mut dyn FnMut() -> bool)) -> Vec<Vec<u8>> {
    fn walk(
        value: &mut Json,
        change: &mut dyn FnMut(&mut Json, &mut dyn FnMut() -> bool),
        visit: &mut dyn FnMut() -> bool,
    ) {
        match value {
            Json::Object(members) => members.iter_mut().for_each(|(_, value)| walk(value, change, visit)),
            Json::Array(values) => values.iter_mut().for_each(|value| walk(value, change, visit)),
            Json::Scalar(_) => {}
        }
        change(value, visit);
    }

    let original = parse(text);
    let mut variants = Vec::new();
    loop {
        let (mut variant, mut seen, mut changed) = (original.clone(), 0_usize, false);
        let chosen = variants.len();
        walk(&mut variant, change, &mut || {
            let now = seen == chosen;
            seen += 1;
            changed |= now;
            now
        });
        if !changed {
            return variants;
        }
        variants.push(variant.compact().into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = br#"{"id": 1.50, "list": [{"id": "a", "x": null}], "status": "paid"}"#;

    fn texts(mut variants: Vec<Vec<u8>>) -> Vec<String> {
        variants.sort();
        variants.into_iter().map(|variant| String::from_utf8(variant).unwrap()).collect()
    }

    #[test]
    fn unknown_member_is_added_to_every_object_once() {
        assert_eq!(
            texts(with_unknown_member(TEXT)),
            [
                r#"{"id":1.50,"list":[{"unheard_of":{"nested":[1,null]},"id":"a","x":null}],"status":"paid"}"#,
                r#"{"unheard_of":{"nested":[1,null]},"id":1.50,"list":[{"id":"a","x":null}],"status":"paid"}"#,
            ]
        );
        assert_eq!(texts(with_unknown_member(b"{}")), [r#"{"unheard_of":{"nested":[1,null]}}"#]);
        assert!(with_unknown_member(b"[1]").is_empty());
    }

    #[test]
    fn each_occurrence_of_a_member_is_changed_alone() {
        assert_eq!(
            texts(with_member_replaced(TEXT, "id", serde_json::json!({"new": 2}))),
            [
                r#"{"id":1.50,"list":[{"id":{"new":2},"x":null}],"status":"paid"}"#,
                r#"{"id":{"new":2},"list":[{"id":"a","x":null}],"status":"paid"}"#,
            ]
        );
        assert_eq!(
            texts(with_member_removed(TEXT, "id")),
            [
                r#"{"id":1.50,"list":[{"x":null}],"status":"paid"}"#,
                r#"{"list":[{"id":"a","x":null}],"status":"paid"}"#,
            ]
        );
        assert_eq!(
            texts(with_member_null(TEXT, "status")),
            [r#"{"id":1.50,"list":[{"id":"a","x":null}],"status":null}"#]
        );
        assert!(with_member_null(TEXT, "absent").is_empty());
        assert_eq!(with_member_removed(br#"{"a":1,"a":2}"#, "a").len(), 2);
    }
}
