//! What the settings say of the journal: beside those of the gateways, in the same file and environment.

use std::path::Path;

use recurring_facade::{Secret, Settings};

use crate::error::CliError;

const ADDRESS: &str = "journal";
const KEY: &str = "journal_key";
const IDENTITY: &str = "journal_id";

/// The names in a file; in the environment it is `RECURRING_JOURNAL` and so on.
pub(crate) const NAMES: [&str; 3] = [ADDRESS, KEY, IDENTITY];

/// The address of the journal, which may hold a password. A relative path in a file begins at the folder of the file.
pub(crate) fn address(settings: &Settings) -> Result<Option<Secret>, CliError> {
    let Some(setting) = settings.general(ADDRESS) else { return Ok(None) };
    match setting.file() {
        None => Ok(Some(setting.value().clone())),
        Some(file) => match beside(file, setting.value().expose()) {
            Ok(address) => Ok(Some(Secret::new(address))),
            Err(error) => {
                let file = file.display();
                Err(CliError::configuration(format!("cannot read {file}: `{ADDRESS}`: {error}")))
            }
        },
    }
}

/// The key under which the journal keeps stored credentials.
pub(crate) fn key(settings: &Settings) -> Option<&Secret> {
    settings.general(KEY).map(|setting| setting.value())
}

/// The identity of the journal, so that no other one is taken for it.
pub(crate) fn identity(settings: &Settings) -> Option<&str> {
    settings.general(IDENTITY).map(|setting| setting.value().expose())
}

/// The address of a journal in a settings file, with a relative path made absolute: it begins at the folder of that file,
/// and is the same journal from every working directory. What is not a plain relative path stays as it is, for the journal
/// to accept or refuse.
fn beside(file: &Path, address: &str) -> std::io::Result<String> {
    let relative = address.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let plain = |path: &&str| {
        !path.is_empty() && path.trim() == *path && !path.contains(':') && Path::new(path).is_relative()
    };
    let Some(relative) = relative.filter(plain) else { return Ok(address.to_owned()) };
    let file = std::path::absolute(file)?;
    let joined = file.with_file_name(relative);
    let joined =
        joined.to_str().ok_or_else(|| std::io::Error::other("its folder must have a name in UTF-8"))?;
    Ok(format!("sqlite:{joined}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journal_path_begins_at_the_folder_of_the_file() {
        let folder = std::env::temp_dir();
        let file = folder.join(format!("recurring-cli-{}-journal-settings.toml", std::process::id()));
        let here = format!("sqlite:{}", folder.join("j.db").display());
        let read = |content: &str| {
            std::fs::write(&file, content).expect("a temporary file");
            Settings::new().with_general(NAMES).read_file(&file).expect(content)
        };
        for (value, expected) in [
            ("sqlite:j.db", here.as_str()),
            ("sqlite://j.db", &here),
            ("sqlite:/var/j.db", "sqlite:/var/j.db"),
            ("postgres://h/d", "postgres://h/d"),
            // What is wrong stays wrong.
            ("sqlite:j.db ", "sqlite:j.db "),
            ("sqlite: j.db", "sqlite: j.db"),
            ("sqlite:", "sqlite:"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("j.db", "j.db"),
        ] {
            let settings = read(&format!("journal = '{value}'\n"));
            let address = address(&settings).expect(value).expect(value);
            assert_eq!(address.expose(), expected, "{value}");
        }
        let settings = read("journal_id = 'one'\njournal_key = 'two'\n");
        assert_eq!((identity(&settings), key(&settings).map(Secret::expose)), (Some("one"), Some("two")));
        std::fs::remove_file(file).expect("removed");
    }
}
