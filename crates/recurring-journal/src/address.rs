use std::fmt;
use std::path::PathBuf;

use recurring_core::Secret;

use crate::error::StoreError;

/// Where a journal is: the one reader of the texts that say so (`RECURRING_JOURNAL`, `--journal`).
///
/// It is strict, since a slip in an address is another journal, which has none of the attempts in the right one: no
/// line end or blank around it (but one line break after that of a database of PostgreSQL is cut), no relative path, no database that is only implied.
#[derive(Clone)]
pub enum Address {
    /// A file of SQLite: `sqlite:/absolute/path`.
    Sqlite(PathBuf),
    /// A database of PostgreSQL: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. It may hold a password.
    Postgres(Secret),
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`StoreError::Address`] with the rule that it breaks. The text itself is not shown.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let refuse = |rule: &str| Err(StoreError::Address(rule.to_owned()));
        if text.is_empty() {
            return refuse(
                "is empty: name a journal as sqlite:/PATH or postgres://USER:PASSWORD@HOST/DATABASE",
            );
        }
        // A secret that is mounted as a file ends with a line break. No name of a database does.
        let text = match text.strip_prefix("postgres") {
            Some(_) => text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)),
            None => text,
        };
        if text.trim() != text || text.chars().any(char::is_control) {
            return refuse("has a blank or a line break in it or at an end: remove it");
        }
        match text.split_once(':') {
            Some(("sqlite", rest)) => {
                let path = PathBuf::from(rest.strip_prefix("//").unwrap_or(rest));
                if rest.contains('?') || rest.contains(":memory:") || rest.starts_with("file:") {
                    return refuse("must be sqlite:/PATH, the path of a file and nothing else");
                }
                if !path.is_absolute() || rest.ends_with('/') {
                    return refuse(
                        "must be sqlite:/PATH with the absolute path of a file: a relative one would be another \
                         journal in another working directory",
                    );
                }
                Ok(Self::Sqlite(path))
            }
            Some(("postgres" | "postgresql", _)) if text.contains(char::is_whitespace) => {
                refuse("has a blank in it: percent-encode it as %20")
            }
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Secret::new(text))),
            _ => refuse("must begin with sqlite:/ or postgres://"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> String {
        match Address::parse(text) {
            Ok(address) => format!("{address:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn address_with_one_meaning_is_read() {
        for (text, read) in [
            ("sqlite:/var/lib/j.db", "Sqlite(\"/var/lib/j.db\")"),
            ("sqlite:///var/lib/j.db", "Sqlite(\"/var/lib/j.db\")"),
            ("sqlite:/my files/j.db", "Sqlite(\"/my files/j.db\")"),
            ("postgres://ann:pw@host/db", "Postgres(..)"),
            ("postgresql://host/db", "Postgres(..)"),
            ("postgres://ann:pw@host/db\n", "Postgres(..)"),
            ("postgres://ann:pw@host/db\r\n", "Postgres(..)"),
        ] {
            assert_eq!(rule(text), read);
        }
    }

    #[test]
    fn address_with_a_slip_is_refused() {
        for (text, says) in [
            ("", "is empty"),
            ("sqlite:/j.db\r", "line break"),
            ("sqlite:/j.db\n", "line break"),
            ("sqlite:/j.db ", "blank"),
            (" sqlite:/j.db", "blank"),
            ("sqlite:/j\u{0}.db", "line break"),
            ("sqlite:/j.db\u{a0}", "blank"),
            ("sqlite:j.db", "absolute"),
            ("sqlite://j.db", "absolute"),
            ("sqlite:", "absolute"),
            ("sqlite:../j.db", "absolute"),
            ("sqlite:/folder/", "absolute"),
            ("sqlite::memory:", "path of a file"),
            ("sqlite:/j.db?mode=memory", "path of a file"),
            ("sqlite:file:/j.db", "path of a file"),
            ("postgres://host/my db", "%20"),
            ("postgres://host/db\n\n", "line break"),
            ("postgres://host/db\r", "line break"),
            ("postgres://host\n/db", "line break"),
            ("mysql://host/db", "must begin"),
            ("/var/lib/j.db", "must begin"),
            ("SQLITE:/j.db", "must begin"),
        ] {
            assert!(rule(text).contains(says), "{text:?}: {}", rule(text));
        }
    }
}
