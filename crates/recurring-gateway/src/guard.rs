use recurring_core::{Secret, SecretForms};

use crate::request::PreparedRequest;

/// A shorter form may be part of an identifier or amount by chance.
pub(crate) const SHORTEST_FORM: usize = 8;

/// Returns the body of an answer without the [guarded](PreparedRequest::guard) secrets of the request. Names of
/// members stay: they are not shown without being cleared.
pub(crate) fn clear(body: Vec<u8>, request: &PreparedRequest) -> Vec<u8> {
    let guarded: Vec<_> = request.guarded().collect();
    let secrets: Vec<Secret> = guarded.iter().map(|(secret, _)| (*secret).clone()).collect();
    if !SecretForms::may_occur(&body, &secrets) {
        return body;
    }
    let forms = SecretForms::of(&secrets).at_least(SHORTEST_FORM);
    let cleared = std::str::from_utf8(&body).ok().and_then(|json| {
        let kept = |name: &str, value: &str| {
            guarded.iter().any(|(secret, names)| names.contains(&name) && secret.expose() == value)
        };
        without(json, &forms, kept)
    });
    cleared.map_or(body, String::into_bytes)
}

/// The JSON text without the forms; `None` when it has none of them. `kept` says whether a value of the member of this
/// name stays.
fn without(json: &str, forms: &SecretForms, kept: impl Fn(&str, &str) -> bool) -> Option<String> {
    let mut cleared = String::new();
    let mut copied = 0;
    let mut name = String::new();
    let mut at = 0;
    while let Some(token) = next_scalar(json, at) {
        at = token.end;
        let literal = json.get(token.clone())?;
        let value = match literal.strip_prefix('"') {
            Some(_) => serde_json::from_str::<String>(literal).unwrap_or_else(|_| literal.to_owned()),
            None => literal.to_owned(),
        };
        if json.get(at..)?.trim_start().starts_with(':') {
            name = value;
        } else if forms.are_in(&value) && !kept(&name, &value) {
            cleared.push_str(json.get(copied..token.start)?);
            cleared.push_str(&serde_json::to_string(&*forms.clear(&value)).ok()?);
            copied = at;
        }
    }
    (copied > 0).then(|| cleared + json.get(copied..).unwrap_or_default())
}

/// The place of the next text (with its quotes), number or word.
fn next_scalar(json: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let rest = json.as_bytes().get(from..)?;
    let start = from + rest.iter().position(|byte| !b" \t\r\n{}[],:".contains(byte))?;
    let scalar = json.as_bytes().get(start..)?;
    let length = if scalar.first() == Some(&b'"') {
        let mut escaped = false;
        scalar.iter().skip(1).position(|byte| {
            let end = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            end
        })? + 2
    } else {
        scalar.iter().position(|byte| b" \t\r\n{}[],:\"".contains(byte)).unwrap_or(scalar.len())
    };
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Class, Method};

    fn cleared(body: &str) -> String {
        let request = PreparedRequest::new("charge", Class::Write, Method::Post, "/")
            .secret_header("Authorization", "Bearer hunter/22")
            .guard(&Secret::new("token-0815"), &["card_token"])
            .guard(&Secret::new("4012001037141112"), &[])
            .hide(&Secret::new("kept-4711"));
        String::from_utf8(clear(body.as_bytes().to_vec(), &request)).expect("text")
    }

    #[test]
    fn value_with_secret_is_cleared() {
        for (body, expected) in [
            (r#"{"id":"hunter/22"}"#, r#"{"id":"[redacted]"}"#),
            (r#"{ "id" : "x-hunter\/22" , "n":1.50}"#, r#"{ "id" : "x-[redacted]" , "n":1.50}"#),
            (r#"{"id":"\u0068unter/22\""}"#, r#"{"id":"[redacted]\""}"#),
            (r#"["aHVudGVyLzIy",7]"#, r#"["[redacted]",7]"#),
            (
                r#"{"pan":4012001037141112,"a":0.1000000000000000055}"#,
                r#"{"pan":"[redacted]","a":0.1000000000000000055}"#,
            ),
            (
                r#"{"card_token":"token-0815","id":"token-0815"}"#,
                r#"{"card_token":"token-0815","id":"[redacted]"}"#,
            ),
            (r#"{"card_token":"token-0815 hunter/22"}"#, r#"{"card_token":"[redacted] [redacted]"}"#),
        ] {
            assert_eq!(cleared(body), expected);
        }
    }

    #[test]
    fn body_without_guarded_secret_is_unchanged() {
        for body in [
            "",
            r#"{"id":"hunter/2\u00e9","x":"kept-4711"}"#,
            r#"{"hunter/22":1}"#,
            r#"{"a":"cut \"#,
            r#"{"id":"4012","url":"https://a.example/%20"}"#,
        ] {
            assert_eq!(cleared(body), body);
        }
        let request =
            PreparedRequest::new("x", Class::Read, Method::Get, "/").secret_header("a", "hunter/22");
        assert_eq!(clear(b"\xffhunter/22".to_vec(), &request), b"\xffhunter/22");
    }
}
