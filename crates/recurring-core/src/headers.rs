use memchr::{memchr, memchr2};

/// The headers of a reply, in the order in which they came.
///
/// They share one buffer: a reply has about ten, and most are never looked at.
#[derive(Clone, Default)]
pub struct Headers {
    /// Lines of a name, a colon and a value.
    lines: String,
}

impl Headers {
    /// Creates a list with room for names and values of this many bytes together, of so many headers.
    pub fn with_capacity(headers: usize, bytes: usize) -> Self {
        Self { lines: String::with_capacity(headers.saturating_mul(2).saturating_add(bytes)) }
    }

    /// Adds a header. A line break in a value becomes a space; HTTP has none in a header, and no colon in a name: what
    /// has such a name is left out.
    pub fn add(&mut self, name: &str, value: &str) {
        if memchr2(b':', b'\n', name.as_bytes()).is_some() {
            return;
        }
        self.lines.push_str(name);
        self.lines.push(':');
        match memchr(b'\n', value.as_bytes()) {
            None => self.lines.push_str(value),
            Some(_) => self.lines.push_str(&value.replace('\n', " ")),
        }
        self.lines.push('\n');
    }

    /// Returns the first header of this name, in any letter case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let headers = self.lines.split('\n').filter_map(|line| line.split_once(':'));
        headers.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl From<Vec<(String, String)>> for Headers {
    fn from(headers: Vec<(String, String)>) -> Self {
        let bytes = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let mut found = Self::with_capacity(headers.len(), bytes);
        for (name, value) in headers {
            found.add(&name, &value);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_header_of_a_name_is_found_in_any_case() {
        let mut headers = Headers::with_capacity(4, 40);
        headers.add("Location", "https://shop.example/a: b");
        headers.add("X-Key", "one\ntwo");
        headers.add("x-key", "three");
        headers.add("odd: name\nX-Odd", "four");
        assert_eq!(headers.get("location"), Some("https://shop.example/a: b"));
        assert_eq!(headers.get("x-key"), Some("one two"));
        for none in ["", "x", "two", "X-Odd", "odd", "b"] {
            assert_eq!(headers.get(none), None, "{none}");
        }
        let listed = Headers::from(vec![("A".to_owned(), String::new()), ("B".to_owned(), " x ".to_owned())]);
        assert_eq!((listed.get("a"), listed.get("b")), (Some(""), Some(" x ")));
    }
}
