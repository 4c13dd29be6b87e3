//! JSON as text: the literal text of each number and string is kept, so that a comparison or a variant changes nothing else.

use serde::de::IgnoredAny;

/// A JSON text without its insignificant white space. Scalars and keys keep their literal text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    /// Members in their order; the key with its quotes. A key may occur twice.
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    /// A string with its quotes, a number, `true`, `false` or `null`.
    Scalar(String),
}

/// Removes insignificant white space and nothing else: the text of strings and numbers and the order of keys are kept.
///
/// # Errors
/// What is wrong with the text, when it is not JSON.
pub fn minify(json: &[u8]) -> Result<Vec<u8>, String> {
    Ok(parse(json)?.compact().into_bytes())
}

pub(crate) fn parse(text: &[u8]) -> Result<Json, String> {
    // The real parser judges; the scanner below may then rely on a valid text.
    serde_json::from_slice::<IgnoredAny>(text).map_err(|error| error.to_string())?;
    let text = str::from_utf8(text).map_err(|error| error.to_string())?;
    Scanner { rest: text }.value().ok_or_else(|| "not understood as JSON".to_owned())
}

struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    fn value(&mut self) -> Option<Json> {
        match self.peek()? {
            '{' => {
                let mut members = Vec::new();
                self.items('{', '}', |scanner| {
                    let key = scanner.scalar()?;
                    scanner.take(':').then_some(())?;
                    members.push((key, scanner.value()?));
                    Some(())
                })?;
                Some(Json::Object(members))
            }
            '[' => {
                let mut values = Vec::new();
                self.items('[', ']', |scanner| {
                    values.push(scanner.value()?);
                    Some(())
                })?;
                Some(Json::Array(values))
            }
            _ => self.scalar().map(Json::Scalar),
        }
    }

    fn items(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.take(open).then_some(())?;
        if self.take(close) {
            return Some(());
        }
        loop {
            item(self)?;
            if self.take(close) {
                return Some(());
            }
            self.take(',').then_some(())?;
        }
    }

    fn scalar(&mut self) -> Option<String> {
        let length = if self.peek()? == '"' {
            let mut escaped = false;
            let inside = self.rest.get(1..)?;
            let end = inside.find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            })?;
            end + 2
        } else {
            self.rest.find(|c: char| ",]}: \t\r\n".contains(c)).unwrap_or(self.rest.len())
        };
        let (scalar, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(scalar.to_owned())
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.rest.chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        if self.peek() != Some(expected) {
            return false;
        }
        self.rest = self.rest.strip_prefix(expected).unwrap_or_default();
        true
    }
}

impl Json {
    /// Without white space.
    pub(crate) fn compact(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, None);
        text
    }

    /// One member or value a line, for messages.
    pub(crate) fn indented(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, Some(0));
        text
    }

    fn write(&self, text: &mut String, depth: Option<usize>) {
        let line = |text: &mut String, depth: Option<usize>| {
            if let Some(depth) = depth {
                text.push('\n');
                text.push_str(&"  ".repeat(depth));
            }
        };
        let inner = depth.map(|depth| depth + 1);
        let (open, close, items): (char, char, Vec<(Option<&String>, &Json)>) = match self {
            Json::Scalar(scalar) => return text.push_str(scalar),
            Json::Object(members) => {
                ('{', '}', members.iter().map(|(key, value)| (Some(key), value)).collect())
            }
            Json::Array(values) => ('[', ']', values.iter().map(|value| (None, value)).collect()),
        };
        text.push(open);
        for (index, (key, value)) in items.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            line(text, inner);
            if let Some(key) = key {
                text.push_str(key);
                text.push_str(if depth.is_some() { ": " } else { ":" });
            }
            value.write(text, inner);
        }
        if !items.is_empty() {
            line(text, depth);
        }
        text.push(close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minified(text: &str) -> String {
        String::from_utf8(minify(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn minify_removes_only_insignificant_white_space() {
        assert_eq!(
            minified("{ \"b\" :\t1.50 ,\r\n \"a\": [ ] , \"a\" : { } }\n"),
            r#"{"b":1.50,"a":[],"a":{}}"#
        );
        assert_eq!(minified("[ 1e2 , -0 , true, null , \"\" ]"), r#"[1e2,-0,true,null,""]"#);
        assert_eq!(minified(" 30 "), "30");
    }

    #[test]
    fn strings_keep_their_text() {
        let text = r#"{"a b":" {\"x\" : [1, 2]} \\","u":"\u00e9 \/ é : , ]"}"#;
        assert_eq!(minified(text), text);
    }

    #[test]
    fn invalid_json_is_refused() {
        for text in ["", "{", "{'a':1}", "[1,]", "{} {}", "{\"a\":1", "nul", "\u{feff}{}"] {
            assert!(minify(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(minify(b"\"\xff\"").is_err());
    }
}
