use std::cell::LazyCell;
use std::ops::Range;

use memchr::{memchr2, memmem};
use recurring_core::{Secret, SecretForms, SecretStarts};

/// A shorter form may be part of an identifier or amount by chance.
pub(crate) const SHORTEST_FORM: usize = 8;

/// A secret, and the members in which the gateway returns it by its own design.
pub(crate) type Guarded<'a> = (&'a Secret, &'static [&'static str]);

/// Returns a JSON body without these secrets, each of which may be the whole value of members of the names beside it.
/// Names of members stay: they are not shown without being cleared.
pub(crate) fn clear<'a>(body: Vec<u8>, guarded: impl Iterator<Item = Guarded<'a>> + Clone) -> Vec<u8> {
    let starts = SecretStarts::of(guarded.clone().map(|(secret, _)| secret), SHORTEST_FORM);
    if !starts.may_be_in(&body, &returned(&body, guarded.clone())) {
        return body;
    }
    let cleared = std::str::from_utf8(&body).ok().and_then(|json| without(json, &starts, guarded));
    cleared.map_or(body, String::into_bytes)
}

/// Where the gateway returns a secret by its own design, as the whole value of a member of that name. A secret that JSON
/// cannot hold as it is, is not looked for; a body with an escape is read value by value anyway.
fn returned<'a>(body: &[u8], guarded: impl Iterator<Item = Guarded<'a>>) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    for (secret, names) in guarded.filter(|(_, names)| !names.is_empty()) {
        let secret = secret.expose().as_bytes();
        if secret.is_empty() || memchr2(b'"', b'\\', secret).is_some() {
            continue;
        }
        // Its beginning is found at less cost than the whole of it.
        let begin = secret.get(..4).unwrap_or(secret);
        let found = memmem::find_iter(body, begin).map(|at| at..at.saturating_add(secret.len()));
        let whole = |place: &Range<usize>| body.get(place.clone()) == Some(secret);
        places.extend(found.filter(|place| whole(place) && is_value_of(body, place, names)));
    }
    places
}

/// Whether a place in a JSON text without escapes is the whole value of a member of one of these names.
fn is_value_of(body: &[u8], place: &Range<usize>, names: &[&str]) -> bool {
    let name_before = || {
        let before = body.get(..place.start)?.strip_suffix(b"\"")?.trim_ascii_end();
        before.strip_suffix(b":")?.trim_ascii_end().strip_suffix(b"\"")
    };
    body.get(place.end) == Some(&b'"')
        && name_before().is_some_and(|before| {
            let ends_with =
                |name: &str| before.strip_suffix(name.as_bytes()).is_some_and(|rest| rest.ends_with(b"\""));
            names.iter().any(|name| ends_with(name))
        })
}

/// The JSON text without the forms of the guarded secrets; `None` when it has none of them.
fn without<'a>(
    json: &str,
    starts: &SecretStarts,
    guarded: impl Iterator<Item = Guarded<'a>> + Clone,
) -> Option<String> {
    // Derived for the first value that may hold one: there are thousands.
    let forms = LazyCell::new(|| {
        let secrets: Vec<Secret> = guarded.clone().map(|(secret, _)| secret.clone()).collect();
        SecretForms::of(&secrets).at_least(SHORTEST_FORM)
    });
    // An entry of a list is not the value of a member, whatever member came before it.
    let kept = |before: &str, name: &str, value: &str| {
        before.trim_end().ends_with(':')
            && guarded.clone().any(|(secret, names)| names.contains(&name) && secret.expose() == value)
    };
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
        } else if starts.may_be_in(value.as_bytes(), &[])
            && !kept(json.get(..token.start)?, &name, &value)
            && forms.are_in(&value)
        {
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
    use crate::request::{Class, Method, PreparedRequest};

    fn cleared(body: &str) -> String {
        let request = PreparedRequest::new("charge", Class::Write, Method::Post, "/")
            .secret_header("Authorization", "Bearer hunter/22")
            .guard(&Secret::new("token-0815"), &["card_token"])
            .guard(&Secret::new("4012001037141112"), &[])
            .hide(&Secret::new("kept-4711"));
        String::from_utf8(clear(body.as_bytes().to_vec(), request.guarded())).expect("text")
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
    fn secret_is_kept_only_as_the_value_of_its_member() {
        let kept = r#"{"card_token" : "token-0815"}"#;
        assert_eq!(cleared(kept), kept);
        for (body, expected) in [
            (r#"{"x_card_token":"token-0815"}"#, r#"{"x_card_token":"[redacted]"}"#),
            (r#"{"card_token":"token-0815 "}"#, r#"{"card_token":"[redacted] "}"#),
            (
                r#"{"a":"card_token","token-0815":"token-0815"}"#,
                r#"{"a":"card_token","token-0815":"[redacted]"}"#,
            ),
            (r#"{"a":"\"card_token\":\"token-0815\""}"#, r#"{"a":"\"card_token\":\"[redacted]\""}"#),
        ] {
            assert_eq!(cleared(body), expected);
            assert_eq!(cleared(&format!("[{kept},{body}]")), format!("[{kept},{expected}]"));
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
        assert_eq!(clear(b"\xffhunter/22".to_vec(), request.guarded()), b"\xffhunter/22");
    }

    /// A secret that does not begin like the name of its member: only then is a body left without reading each value.
    #[test]
    fn secret_in_another_member_is_cleared() {
        let request = PreparedRequest::new("charge", Class::Write, Method::Post, "/")
            .guard(&Secret::new("vlt-08154711"), &["card_token"]);
        let kept = r#"{"card_token":"vlt-08154711"}"#;
        for (body, expected) in [
            (kept.to_owned(), kept.to_owned()),
            (r#"{"id":"vlt-08154711"}"#.to_owned(), r#"{"id":"[redacted]"}"#.to_owned()),
            (r#"{"x_card_token":"vlt-08154711"}"#.to_owned(), r#"{"x_card_token":"[redacted]"}"#.to_owned()),
            (format!(r#"[{kept},"vlt-08154711"]"#), format!(r#"[{kept},"[redacted]"]"#)),
            (format!(r#"[{kept},"a vlt-08154711"]"#), format!(r#"[{kept},"a [redacted]"]"#)),
            (r#"{"card_token":["vlt-08154711"]}"#.to_owned(), r#"{"card_token":["[redacted]"]}"#.to_owned()),
        ] {
            assert_eq!(clear(body.clone().into_bytes(), request.guarded()), expected.as_bytes(), "{body}");
        }
    }

    #[test]
    fn place_of_a_returned_secret_is_the_whole_value() {
        const NAMES: &[&str] = &["card_token", "vault"];
        let secret = Secret::new("vlt-08154711");
        let places = |secret: &Secret, names: &'static [&'static str], body: &str| {
            returned(body.as_bytes(), std::iter::once((secret, names)))
        };
        for (body, starts) in [
            (r#"{"card_token":"vlt-08154711"}"#, vec![15]),
            (r#"{"card_token" : "vlt-08154711"}"#, vec![17]),
            (r#"{"vault":"vlt-08154711","card_token":"vlt-08154711"}"#, vec![10, 38]),
            (r#"{"card_token":"vlt-08154712"}"#, vec![]),
            (r#"{"card_token":"vlt-08154711 "}"#, vec![]),
            (r#"{"card_token":" vlt-08154711"}"#, vec![]),
            (r#"{"x_card_token":"vlt-08154711"}"#, vec![]),
            (r#"{"id":"vlt-08154711"}"#, vec![]),
            (r#"["card_token","vlt-08154711"]"#, vec![]),
        ] {
            let expected: Vec<_> = starts.into_iter().map(|start| start..start + 12).collect();
            assert_eq!(places(&secret, NAMES, body), expected, "{body}");
            assert_eq!(places(&secret, &[], body), [], "{body}");
        }
        // What is empty, or cannot be in JSON as it is, is not looked for.
        for (secret, body) in [("", r#"{"vault":""}"#), ("a\"b", r#"{"vault":"a"b"}"#)] {
            assert_eq!(places(&Secret::new(secret), NAMES, body), [], "{body}");
        }
    }
}
