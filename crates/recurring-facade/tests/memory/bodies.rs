//! Bodies of 1 MB that cost the most.

use std::collections::BTreeMap;

use recurring_fixtures::variants;
use serde_json::{Value, json};

const SIZE: usize = 1_000_000;

/// As many parts as make 1 MB, as a list.
fn list(part: &str) -> String {
    format!("[{}]", vec![part; SIZE / (part.len() + 1)].join(","))
}

/// Every body, with a name, after the shape of a good one.
pub(crate) fn of(good: &[u8]) -> Vec<(String, Vec<u8>)> {
    let objects = list("{}");
    // As many as an answer with a list may have.
    let allowed = format!("[{}{}]", vec!["{}"; SIZE / 110 + 900].join(","), " ".repeat(SIZE));
    let members: String = (0..SIZE / 11).map(|number| format!("\"{number:05}\":\"\",")).collect();
    let members = members.trim_end_matches(',');
    let mut all: Vec<(String, String)> = [
        ("list of {}", objects.clone()),
        ("list of []", list("[]")),
        ("list of 1", list("1")),
        ("list of texts", list("\"\"")),
        ("nested lists", "[".repeat(SIZE)),
        ("nested objects", "{\"a\":".repeat(SIZE / 5)),
        ("many members", format!("{{{members}}}")),
        ("one text", format!("{{\"id\":\"{}\"}}", "x".repeat(SIZE))),
        ("one text with escapes", format!("{{\"id\":\"{}\"}}", "\\n".repeat(SIZE / 2))),
    ]
    .into_iter()
    .map(|(name, body)| (name.to_owned(), body))
    .collect();
    for (member, value) in members_of(good) {
        let mut fillers = vec![("text", format!("\"{}\"", "x".repeat(SIZE)))];
        if value.is_array() || value.is_object() {
            fillers.push(("list of {}", objects.clone()));
            fillers.push(("list of {} that passes", allowed.clone()));
            fillers.push(("list of texts", list("\"\"")));
            fillers.push(("many members", format!("{{{members}}}")));
        }
        if let Some(entry) = value.as_array().and_then(|entries| entries.first()) {
            fillers.push(("list of its own entries", list(&entry.to_string())));
        }
        for (what, filler) in fillers {
            all.push((format!("`{member}`: {what}"), with(good, &member, &filler)));
        }
    }
    if let Ok(Value::Array(entries)) = serde_json::from_slice(good) {
        let entry = entries.first().map(Value::to_string).unwrap_or_default();
        all.push(("list of its own entries".to_owned(), list(&entry)));
    }
    all.extend(long_token(good).map(|body| ("long token, quoted perhaps".to_owned(), body)));
    all.into_iter().map(|(name, body)| (name, body.into_bytes())).collect()
}

/// The good body with a token of 1 MB, and texts in which a form of it could be.
fn long_token(good: &[u8]) -> Option<String> {
    const TEXTS: [&str; 6] =
        ["cardholder", "cardBrand", "customer_message", "description", "issuer_country", "reason"];
    let mut value: Value = serde_json::from_slice(good).ok()?;
    let mut found = BTreeMap::new();
    walk(&value, &mut found);
    let names = found.iter().filter(|(_, value)| value.is_string()).map(|(name, _)| name.clone());
    let token = names.clone().find(|name| name.to_lowercase().contains("token"));
    let token = token.or_else(|| names.into_iter().find(|name| name == "id"))?;
    rename(&mut value, &mut |name, text| match name {
        name if name == token => "-".repeat(SIZE),
        name if TEXTS.contains(&name) => format!("{text} %"),
        _ => text.to_owned(),
    });
    Some(value.to_string())
}

/// Changes every text by its member's name.
fn rename(value: &mut Value, change: &mut impl FnMut(&str, &str) -> String) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let Value::String(text) = value {
                    *text = change(name, text);
                }
                rename(value, change);
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| rename(entry, change)),
        _ => {}
    }
}

/// The good body with a member replaced at its first place by a text of JSON.
fn with(good: &[u8], member: &str, filler: &str) -> String {
    let marked = variants::with_member_replaced(good, member, json!("@@"));
    let marked = marked.into_iter().next().expect("the member");
    String::from_utf8(marked).expect("text").replacen("\"@@\"", filler, 1)
}

/// The lists and objects among the members at any depth, and one text.
fn members_of(good: &[u8]) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    if let Ok(value) = serde_json::from_slice::<Value>(good) {
        walk(&value, &mut found);
    }
    let text = found.iter().find(|(_, value)| value.is_string()).map(|(name, _)| name.clone());
    found.retain(|name, value| value.is_array() || value.is_object() || Some(name) == text.as_ref());
    found
}

fn walk(value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.entry(name.clone()).or_insert_with(|| value.clone());
                walk(value, found);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| walk(entry, found)),
        _ => {}
    }
}
