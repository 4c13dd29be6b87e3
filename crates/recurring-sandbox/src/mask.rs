//! What may be shown of a request. Everything is hidden that is not known to be harmless: a value is shown because the
//! name of its member or header is in a list here, never because it does not look like a secret.

mod names;

use crate::request::form;
use names::{harmless, is_address, visible};
use serde_json::{Map, Value};

/// In the place of what is not shown.
pub(crate) const HIDDEN: &str = "•••";
/// In the place of a body that was not sent.
pub(crate) const NO_BODY: &str = "(no body)";
/// A card number has 12 to 19 digits; so does nothing that is worth showing.
const DIGITS_OF_A_CARD: usize = 12;

/// Headers with harmless values.
const HEADERS: [&str; 10] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "host",
    "location",
    "user-agent",
];

/// A request or a reply as it travelled, with its secrets hidden: the line of the request, the head, an empty line, and the
/// body.
pub(crate) fn message(text: &str) -> String {
    let (head, content) = text.split_once("\n\n").unwrap_or((text, ""));
    let (mut shown, mut content_type) = (String::new(), "");
    for line in head.lines() {
        match line.split_once(": ") {
            Some((name, value)) => {
                header(&mut shown, name, value);
                content_type = if name == "content-type" { value } else { content_type };
            }
            None => shown.push_str(&format!("{}\n", first_line(line))),
        }
    }
    shown.push('\n');
    shown.push_str(&body(content_type, content.as_bytes()));
    shown
}

/// `POST /path?name=value`
fn first_line(line: &str) -> String {
    let (method, target) = line.split_once(' ').unwrap_or(("", line));
    let (at, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs: Vec<String> = form(query).into_iter().map(|(name, value)| pair(&name, &value)).collect();
    let mark = if pairs.is_empty() { "" } else { "?" };
    format!("{method} {}{mark}{}", path(at), pairs.join("&"))
}

fn pair(name: &str, value: &str) -> String {
    let shown = if visible(name) { without_digits(value) } else { HIDDEN.to_owned() };
    format!("{}={shown}", member(name))
}

fn header(text: &mut String, name: &str, value: &str) {
    let scheme = || value.split_once(' ').filter(|(scheme, _)| ["Basic", "Bearer"].contains(scheme));
    let shown = match name {
        "location" => url(value),
        name if HEADERS.contains(&name) => without_digits(value),
        "authorization" => scheme().map_or(HIDDEN.to_owned(), |(scheme, _)| format!("{scheme} {HIDDEN}")),
        _ => HIDDEN.to_owned(),
    };
    text.push_str(&format!("{}: {shown}\n", member(name)));
}

/// The path, without what could be a card number.
pub(crate) fn path(path: &str) -> String {
    path.split('/').map(without_digits).collect::<Vec<_>>().join("/")
}

/// An address without its query, its path as [`path`] shows it.
pub(crate) fn url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) if matches!(scheme, "http" | "https") && !rest.contains('@') => {
            let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
            format!("{scheme}://{host}/{}", path(rest))
        }
        _ => HIDDEN.to_owned(),
    }
}

/// A merchant's own reference, or an id.
pub(crate) fn reference(text: &str) -> String {
    without_digits(text)
}

/// The beginning of a secret, so that two of them can be told apart.
pub(crate) fn secret(text: &str) -> String {
    let start = if text.len() >= 16 { text.chars().take(4).collect() } else { String::new() };
    format!("{start}{HIDDEN}")
}

/// A body, by its type; what cannot be read is not shown.
pub(crate) fn body(content_type: &str, body: &[u8]) -> String {
    if body.is_empty() {
        return NO_BODY.to_owned();
    }
    let unread = || format!("({} bytes, not shown)", body.len());
    let Ok(text) = std::str::from_utf8(body) else { return unread() };
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return form(text).iter().map(|(name, value)| pair(name, value)).collect::<Vec<_>>().join("\n");
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => {
            serde_json::to_string_pretty(&json(&value, false)).unwrap_or_else(|_| unread())
        }
        _ => unread(),
    }
}

/// `shown`: whether the member that holds this value is harmless.
fn json(value: &Value, shown: bool) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Array(items) => items.iter().map(|item| json(item, shown)).collect(),
        Value::Object(members) => {
            let masked = members.iter().map(|(name, value)| {
                // ngenius writes an amount as {currencyCode, value}.
                let amount = name == "value" && value.is_number() && members.contains_key("currencyCode");
                let masked = if name == "request" { signed(value) } else { None };
                let masked = masked.or_else(|| address(name, value));
                let masked = masked.unwrap_or_else(|| json(value, visible(name) || amount));
                (member(name), masked)
            });
            Value::Object(masked.collect::<Map<_, _>>())
        }
        Value::Number(number) if shown && number.to_string().len() < DIGITS_OF_A_CARD => value.clone(),
        Value::String(text) if shown => Value::String(without_digits(text)),
        Value::Number(_) | Value::String(_) => HIDDEN.into(),
    }
}

/// The signed text of tokenpay-signed is JSON inside a text.
fn signed(value: &Value) -> Option<Value> {
    match serde_json::from_str::<Value>(value.as_str()?) {
        Ok(inner @ Value::Object(_)) => Some(json(&inner, false)),
        _ => None,
    }
}

/// The value of a member that holds an address.
fn address(name: &str, value: &Value) -> Option<Value> {
    is_address(name).then(|| value.as_str().filter(|text| !text.is_empty()))?.map(|text| {
        // Source: emspay prints one of its addresses without a scheme.
        let bare = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let shown = url(&bare);
        if text == bare { shown.into() } else { shown.trim_start_matches("http://").into() }
    })
}

/// Whether the value of this member, field or parameter may be recorded as it is.
pub(crate) fn shown(name: &str, value: &str) -> bool {
    harmless(name) && !holds_a_card(value)
}

/// Whether the name of a member is one, and nothing else in its place.
pub(crate) fn is_plain_member(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    plain && !name.is_empty() && digits <= 2 && name.len() <= 40
}

/// Whether this is a list of media types, as in `Accept`, and nothing else in its place.
pub(crate) fn is_media_type(value: &str) -> bool {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.*;=, ".contains(&byte));
    plain && value.contains('/') && value.len() <= 120 && !holds_a_card(value)
}

/// The name of a member, unless it could be something else in its place.
fn member(name: &str) -> String {
    if is_plain_member(name) { name.to_owned() } else { HIDDEN.to_owned() }
}

/// Hides the whole text when it could hold a card number.
fn without_digits(text: &str) -> String {
    if holds_a_card(text) { HIDDEN.to_owned() } else { text.to_owned() }
}

/// Whether there is a run of digits as long as a card number, however it is grouped. A UUID is none, whatever it is made of,
/// and neither are 32 hexadecimal digits.
fn holds_a_card(text: &str) -> bool {
    let mut words =
        text.split(|one: char| !one.is_ascii_alphanumeric() && one != '-').filter(|word| is_id(word));
    match words.next() {
        None => holds_a_long_number(text),
        Some(id) => holds_a_long_number(&text.replace(id, "id")),
    }
}

fn is_id(word: &str) -> bool {
    let hex = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<&str> = word.split('-').collect();
    match parts.as_slice() {
        [whole] => hex(whole, 32),
        [a, b, c, d, e] => {
            [(a, 8), (b, 4), (c, 4), (d, 4), (e, 12)].iter().all(|(part, length)| hex(part, *length))
        }
        _ => false,
    }
}

fn holds_a_long_number(text: &str) -> bool {
    let mut run = 0;
    text.chars().any(|character| {
        match character {
            '0'..='9' => run += 1,
            ' ' | '-' | '.' => {}
            _ => run = 0,
        }
        run >= DIGITS_OF_A_CARD
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    const CARD: &str = "4111111111111111";

    #[test]
    fn unknown_members_are_hidden() {
        let text = r#"{"amount":4000,"pan":"4111111111111111","cvv":123,"number":4111111111111111,"ok":true,
            "customer":{"email":"a@b.example"},"vault_token":"tok_secret","reference":"order-7","4111111111111111":1,
            "status":"4111 1111 1111 1111","type":["sale",{"secret":"s3cr3t"}],"currencyCode":"AED","value":4.5}"#;
        let shown = body("application/json; charset=utf-8", text.as_bytes());
        for secret in ["4111", "123", "a@b", "tok_", "s3cr3t"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        for harmless in
            ["\"amount\": 4000", "order-7", "\"sale\"", "\"value\": 4.5", "\"ok\": true", "\"pan\": \"•••\""]
        {
            assert!(shown.contains(harmless), "{harmless}: {shown}");
        }
    }

    #[test]
    fn signed_text_is_masked_inside() {
        let text = r#"{"request":"{\"tokenId\":\"436\",\"amount\":30}","signature":"c2lnbmF0dXJl"}"#;
        let shown = body("application/json", text.as_bytes());
        assert!(shown.contains("\"amount\": 30") && shown.contains("\"tokenId\": \"•••\""), "{shown}");
        assert!(!shown.contains("436") && !shown.contains("c2lnb"));
        assert!(!body("", br#"{"request":"no json 436"}"#).contains("436"));
    }

    #[test]
    fn forms_and_unreadable_bodies_are_masked() {
        let shown =
            body("application/x-www-form-urlencoded", b"card_number=4111111111111111&cvc=123&action=pay");
        assert_eq!(shown, "card_number=•••\ncvc=•••\naction=pay");
        assert_eq!(body("application/x-www-form-urlencoded", CARD.as_bytes()), "•••=•••");
        for text in [CARD, "\"4111111111111111\"", "{", "<p>4111111111111111</p>"] {
            assert_eq!(
                body("application/json", text.as_bytes()),
                format!("({} bytes, not shown)", text.len())
            );
        }
        assert_eq!(body("", b"\xff"), "(1 bytes, not shown)");
        assert_eq!(body("", b""), "(no body)");
    }

    #[test]
    fn headers_are_masked() {
        let text = "POST /x?currency=EUR&token=s3cr3t\nauthorization: Bearer sandbox_key\nx-signature: c2ln\n\
            x-4111111111111111: 1\ncontent-type: application/json\n\n";
        let shown = message(text);
        assert!(shown.starts_with("POST /x?currency=EUR&token=•••\n"), "{shown}");
        assert!(shown.contains("authorization: Bearer •••\n") && shown.contains("x-signature: •••\n"));
        assert!(shown.contains("content-type: application/json\n") && shown.contains("•••: •••\n"));
        assert!(!shown.contains("sandbox_key") && !shown.contains("c2ln") && !shown.contains("4111"));
        let moved = message("location: http://127.0.0.1:1/paid?token=secret\n\n");
        assert!(moved.contains("location: http://127.0.0.1:1/paid\n"), "{moved}");
    }

    #[test]
    fn ids_and_addresses_are_shown_in_full() {
        // Its digits alone would be as long as a card number.
        let id = "41111111-1111-4111-8111-111111111111";
        let text = format!(
            r#"{{"id":"{id}","orderId":"{id}","checkout_url":"http://127.0.0.1:1/pay/revio/{id}?k=s3cr3t",
                "payment_url":"127.0.0.1:1/pay/emspay/{id}/?x=s3cr3t","href":"http://u:s3cr3t@h/","vault_token":"{id}"}}"#
        );
        let shown = body("application/json", text.as_bytes());
        for whole in [
            format!("\"id\": \"{id}\""),
            format!("\"checkout_url\": \"http://127.0.0.1:1/pay/revio/{id}\""),
            format!("\"payment_url\": \"127.0.0.1:1/pay/emspay/{id}/\""),
            "\"vault_token\": \"•••\"".to_owned(),
            "\"href\": \"•••\"".to_owned(),
        ] {
            assert!(shown.contains(&whole), "{whole}: {shown}");
        }
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }

    #[test]
    fn paths_are_shown_without_card_numbers() {
        for (given, shown) in [
            (
                "/revio/api/v1/purchases/82e6eb62-90e8-405c-9ec9-d43affba41d2/charge/",
                "/revio/api/v1/purchases/82e6eb62-90e8-405c-9ec9-d43affba41d2/charge/",
            ),
            (
                "/omno/reporting/payments/01234567890123456789012345678901",
                "/omno/reporting/payments/01234567890123456789012345678901",
            ),
            ("/x/4111111111111111/4111-1111-1111-1111/12345678", "/x/•••/•••/12345678"),
            ("/x/82e6eb62-90e8-405c-9ec9-d43affba41d2:4111111111111111", "/x/•••"),
            ("/a%20b", "/a%20b"),
        ] {
            assert_eq!(path(given), shown);
        }
        assert_eq!(url("http://user:secret@127.0.0.1/x"), HIDDEN);
        assert_eq!(url("http://127.0.0.1:80"), "http://127.0.0.1:80/");
        assert_eq!((secret("436").as_str(), secret("0123456789abcdef").as_str()), ("•••", "0123•••"));
    }
}
