//! What may be shown of a request. Everything is hidden that is not known to be harmless: a value is shown because the
//! name of its member or header is in a list here, never because it does not look like a secret.

use crate::answer::Answer;
use crate::request::{Request, form};
use serde_json::{Map, Value};

/// In the place of what is not shown.
pub(crate) const HIDDEN: &str = "•••";
/// Where a text is cut, in bytes.
const LONGEST: usize = 16 * 1024;
/// A card number has 12 to 19 digits; so does nothing that is worth showing.
const DIGITS_OF_A_CARD: usize = 12;

/// Headers with harmless values.
const HEADERS: [&str; 6] = ["accept", "content-length", "content-type", "host", "location", "user-agent"];

/// Members and fields with harmless values, in small letters, sorted: what is paid, how it went, and the merchant's own
/// reference. No name, no address, no id of the gateway's (at some gateways an id is the token), no key.
const MEMBERS: [&str; 80] = [
    "action",
    "amount",
    "balance",
    "brand",
    "captured",
    "cardbrand",
    "cardtype",
    "channel",
    "code",
    "completed",
    "country",
    "created",
    "created_on",
    "createdat",
    "createdatetime",
    "createtime",
    "credit_debit",
    "currency",
    "currencycode",
    "debt",
    "discount",
    "domain",
    "error",
    "error_code",
    "errorcode",
    "event",
    "event_type",
    "eventname",
    "expires_in",
    "fee_amount",
    "force_recurring",
    "frequency",
    "grant_type",
    "isrecurring",
    "issued",
    "kind",
    "language",
    "last_transaction_added",
    "localizedmessage",
    "merchant_order_id",
    "merchantorderreference",
    "merchantreference",
    "message",
    "modified",
    "net_amount",
    "netamount",
    "nextpaymenton",
    "orderid",
    "paid_on",
    "payment_method",
    "payment_method_brand",
    "payment_type",
    "pending_amount",
    "platform",
    "price",
    "processing_time",
    "product",
    "product_type",
    "quantity",
    "reason",
    "recurring",
    "recurring_type",
    "reference",
    "refund_availability",
    "refundable_amount",
    "remote_paid_on",
    "responsecode",
    "starttime",
    "state",
    "status",
    "tax_percent",
    "timestamp",
    "timezone",
    "token_type",
    "total",
    "type",
    "updated_on",
    "updatedatetime",
    "updatetime",
    "viewed_on",
];

/// The head of the request that is worth showing, and its body.
pub(crate) fn request(request: &Request) -> String {
    let mut text = String::new();
    for (name, value) in request.headers() {
        header(&mut text, name.as_str(), value.to_str().unwrap_or(HIDDEN));
    }
    text.push('\n');
    text.push_str(&body(request.header("content-type").unwrap_or_default(), &request.body));
    cut(text)
}

/// The same for an answer.
pub(crate) fn reply(answer: &Answer) -> String {
    let mut text = String::new();
    header(&mut text, "content-type", answer.content_type());
    if let Some(to) = answer.location() {
        header(&mut text, "location", to);
    }
    text.push('\n');
    text.push_str(&body(answer.content_type(), answer.body().as_bytes()));
    cut(text)
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

/// The path with what looks like an id shortened: at some gateways an id is a token.
pub(crate) fn path(path: &str) -> String {
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
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

/// Short words and numbers stay, an id keeps its first four characters.
pub(crate) fn segment(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    match (plain, text.len()) {
        (true, ..=24) if digits <= 2 || digits == text.len() && digits < 8 => text.to_owned(),
        (true, 16..) if digits < text.len() => {
            format!("{}{HIDDEN}", text.chars().take(4).collect::<String>())
        }
        _ => HIDDEN.to_owned(),
    }
}

/// A merchant's own reference.
pub(crate) fn reference(text: &str) -> String {
    without_digits(text)
}

/// A body, by its type; what cannot be read is not shown.
pub(crate) fn body(content_type: &str, body: &[u8]) -> String {
    if body.is_empty() {
        return "(no body)".to_owned();
    }
    let unread = || format!("({} bytes, not shown)", body.len());
    let Ok(text) = std::str::from_utf8(body) else { return unread() };
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let pairs = form(text).into_iter().map(|(name, value)| {
            let shown = if harmless(&name) { without_digits(&value) } else { HIDDEN.to_owned() };
            format!("{}={shown}", member(&name))
        });
        return pairs.collect::<Vec<_>>().join("\n");
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
                let masked = masked.unwrap_or_else(|| json(value, harmless(name) || amount));
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

/// Whether the value of this member, field or parameter may be shown as it is.
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

fn harmless(name: &str) -> bool {
    // Asked for every member of every call.
    let small = || name.bytes().map(|byte| byte.to_ascii_lowercase());
    MEMBERS.binary_search_by(|known| known.bytes().cmp(small())).is_ok()
}

/// The name of a member, unless it could be something else in its place.
fn member(name: &str) -> String {
    if is_plain_member(name) { name.to_owned() } else { HIDDEN.to_owned() }
}

/// Hides the whole text when it could hold a card number.
fn without_digits(text: &str) -> String {
    if holds_a_card(text) { HIDDEN.to_owned() } else { text.to_owned() }
}

/// Whether there is a run of digits as long as a card number, however it is grouped.
fn holds_a_card(text: &str) -> bool {
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

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n(cut here)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, Method, Uri};

    const CARD: &str = "4111111111111111";

    #[test]
    fn list_of_members_is_sorted() {
        assert!(MEMBERS.is_sorted());
    }

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
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer sandbox_key"),
            ("x-signature", "c2ln"),
            ("x-4111111111111111", "1"),
            ("content-type", "application/json"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let request = Request::new(Method::POST, &Uri::from_static("/"), headers, Vec::new()).unwrap();
        let shown = super::request(&request);
        assert!(shown.contains("authorization: Bearer •••\n") && shown.contains("x-signature: •••\n"));
        assert!(shown.contains("content-type: application/json\n") && shown.contains("•••: •••\n"));
        assert!(!shown.contains("sandbox_key") && !shown.contains("c2ln") && !shown.contains("4111"));
        let moved = reply(&Answer::see_other("http://127.0.0.1:1/paid?token=secret".to_owned()));
        assert!(moved.contains("location: http://127.0.0.1:1/paid\n"), "{moved}");
    }

    #[test]
    fn paths_are_masked() {
        for (given, shown) in [
            (
                "/revio/api/v1/purchases/82e6eb62-90e8-405c-9ec9-d43affba41d2/charge/",
                "/revio/api/v1/purchases/82e6•••/charge/",
            ),
            ("/omno/reporting/payments/0123456789ABCDEF0123456789ABCDEF", "/omno/reporting/payments/0123•••"),
            ("/x/4111111111111111/12345678/1234567", "/x/•••/•••/1234567"),
            ("/tokenpay/tokenization/query-token", "/tokenpay/tokenization/query-token"),
            ("/a%20b", "/•••"),
        ] {
            assert_eq!(path(given), shown);
        }
        assert_eq!(url("http://user:secret@127.0.0.1/x"), HIDDEN);
        assert_eq!(url("http://127.0.0.1:80"), "http://127.0.0.1:80/");
    }

    #[test]
    fn long_text_is_cut() {
        let text = cut("é".repeat(LONGEST));
        assert!(text.len() <= LONGEST + 20 && text.ends_with("é\n(cut here)"));
    }
}
