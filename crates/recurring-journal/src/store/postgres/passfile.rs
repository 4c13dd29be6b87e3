//! The file of `PGPASSFILE`: a line `host:port:database:user:password` for each place, the first that fits.

use std::path::Path;

use recurring_core::Secret;

use crate::error::StoreError;

/// What a line is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password for a place; `None` when no line is for it.
pub(super) fn password(path: &Path, place: &Place<'_>) -> Result<Option<Secret>, StoreError> {
    let unusable = |why: &str| {
        StoreError::Address(format!("needs the file of PGPASSFILE ({}), which {why}", path.display()))
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = path
            .metadata()
            .map_err(|error| unusable(&format!("cannot be read: {error}")))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(unusable("other users can read: run chmod 600 on it"));
        }
    }
    Ok(find(&text, place))
}

fn find(text: &str, place: &Place<'_>) -> Option<Secret> {
    let port = place.port.to_string();
    let wanted = [place.host, &port, place.database, place.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, known) = fields.split_last()?;
        let fits = known.len() == wanted.len()
            && known.iter().zip(wanted).all(|(known, wanted)| known == "*" || known == wanted);
        fits.then(|| Secret::new(password.as_str()))
    })
}

/// The parts between the colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        let next = match character {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => rest.next(),
            other => Some(other),
        };
        if let (Some(field), Some(next)) = (fields.last_mut(), next) {
            field.push(next);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_line_that_fits_has_the_password() {
        let text = "# h:1:d:u:comment\nh:1:d\nh:1:d:other:no\nh:2:*:u:two\\:\\\\x\n*:*:*:*:last\n";
        let password = |host, port, user| {
            let place = Place { host, port, database: "d", user };
            find(text, &place).map(|password| password.expose().to_owned())
        };
        assert_eq!(password("h", 2, "u").as_deref(), Some("two:\\x"));
        assert_eq!(password("h", 1, "other").as_deref(), Some("no"));
        assert_eq!(password("elsewhere", 5432, "u").as_deref(), Some("last"));
        let place = Place { host: "h", port: 1, database: "d", user: "u" };
        assert!(find("h:1:d:u\n", &place).is_none());
    }
}
