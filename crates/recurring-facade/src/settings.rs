//! Gateways from the environment and from a TOML file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use recurring_core::{HttpOptions, Secret};

use crate::facade::Facade;
use crate::ids::ProviderId;
use crate::provider::Provider;

/// The variables of one gateway.
struct Names {
    provider: ProviderId,
    /// The table in the file.
    table: &'static str,
    /// What its variables begin with.
    prefix: &'static str,
    variables: &'static [&'static str],
}

const NAMES: [Names; 5] = [
    Names {
        provider: ProviderId::OMNO,
        table: "omno",
        prefix: "OMNO_",
        variables: &[
            "OMNO_BASE_URL",
            "OMNO_TOKEN_URL",
            "OMNO_CLIENT_ID",
            "OMNO_CLIENT_SECRET",
            "OMNO_BEARER_TOKEN",
            "OMNO_HOOK_URL",
            "OMNO_CALLBACK_URL",
            "OMNO_CALLBACK_FAIL_URL",
        ],
    },
    Names {
        provider: ProviderId::NGENIUS,
        table: "ngenius",
        prefix: "NGENIUS_",
        variables: &[
            "NGENIUS_BASE_URL",
            "NGENIUS_API_KEY",
            "NGENIUS_OUTLET",
            "NGENIUS_REALM",
            "NGENIUS_WEBHOOK_HEADER",
            "NGENIUS_WEBHOOK_SECRET",
        ],
    },
    Names {
        provider: ProviderId::TOKENPAY_SIGNED,
        table: "tokenpay-signed",
        prefix: "TOKENPAY_",
        variables: &[
            "TOKENPAY_BASE_URL",
            "TOKENPAY_MERCHANT_ID",
            "TOKENPAY_CURRENCY",
            "TOKENPAY_PRIVATE_KEY_FILE",
            "TOKENPAY_GATEWAY_PUBLIC_KEY_FILE",
        ],
    },
    Names {
        provider: ProviderId::REVIO,
        table: "revio",
        prefix: "REVIO_",
        variables: &["REVIO_BASE_URL", "REVIO_API_KEY", "REVIO_BRAND_ID", "REVIO_WEBHOOK_PUBLIC_KEY_FILE"],
    },
    Names {
        provider: ProviderId::EMSPAY,
        table: "emspay",
        prefix: "EMSPAY_",
        variables: &["EMSPAY_BASE_URL", "EMSPAY_API_KEY"],
    },
];

/// What belongs to no gateway: in a file it stands above the tables.
const GENERAL: [(&str, &str); 3] = [
    ("journal", "RECURRING_JOURNAL"),
    ("journal_key", "RECURRING_JOURNAL_KEY"),
    ("journal_id", "RECURRING_JOURNAL_ID"),
];

/// What is wrong with the settings. Never quotes a value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("{path}: {problem}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// The file has something in it that no gateway knows.
    #[error("{path}: `{name}` is not a setting; those of {table} are {known}")]
    UnknownName {
        /// Which file.
        path: PathBuf,
        /// The name that nobody knows.
        name: String,
        /// Where it stands.
        table: String,
        /// What could be meant.
        known: String,
    },
    /// A variable that a gateway needs is not set.
    #[error("{provider} needs {variable}")]
    Missing {
        /// Which gateway.
        provider: ProviderId,
        /// The variable, or the choice of variables.
        variable: &'static str,
    },
    /// A client cannot be set up from these values.
    #[error("{provider}: {problem}")]
    Unusable {
        /// Which gateway.
        provider: ProviderId,
        /// The rule that is broken.
        problem: String,
    },
    /// This program was built without the gateway.
    #[error("{provider} is not part of this program: switch on the feature `{provider}`")]
    NotBuilt {
        /// Which gateway.
        provider: ProviderId,
    },
}

/// The values for all gateways, by the name of their environment variable. `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, Secret>,
    timeout: Option<Duration>,
}

impl Settings {
    /// No settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the file that `RECURRING_CONFIG` names, if it is set, and then the environment, which wins.
    ///
    /// # Errors
    /// When the file cannot be read or has an unknown name in it.
    pub fn from_environment() -> Result<Self, SettingsError> {
        let file = std::env::var_os("RECURRING_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::from_file_and_environment(file.as_deref())
    }

    /// Reads a TOML file, if one is given, and then the environment, which wins.
    ///
    /// An empty variable counts as not set, but for the gateways' addresses: what was meant by an empty one is not
    /// known, and the default would be the live gateway. That is an error once the gateway is used.
    ///
    /// # Errors
    /// When the file cannot be read or has an unknown name in it.
    pub fn from_file_and_environment(file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut settings = match file {
            Some(path) => Self::from_file(path)?,
            None => Self::new(),
        };
        let general = GENERAL.iter().map(|(_, variable)| variable);
        for variable in NAMES.iter().flat_map(|names| names.variables).chain(general) {
            match std::env::var(variable) {
                Ok(value) if !value.is_empty() => settings = settings.set(*variable, value),
                Err(std::env::VarError::NotPresent) => {}
                // Kept as it is, for the client to refuse.
                Ok(_) | Err(_) if is_address(variable) && settings.get(variable).is_none() => {
                    settings = settings.set(*variable, String::new());
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(settings)
    }

    /// Reads a TOML file: a table for each gateway, with the names of the variables in lower case, with or
    /// without the gateway's own prefix: `[emspay]`, `api_key = ".."`. Above the tables, `journal`, `journal_key` and
    /// `journal_id`. A relative path in `journal = "sqlite:journal.db"` begins at the folder of the file.
    ///
    /// # Errors
    /// When the file cannot be read or has an unknown name in it.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |problem: String| SettingsError::File { path: path.to_owned(), problem };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        // The parser's own message quotes the line, which may hold a key.
        let file: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |before| before.lines().count().max(1));
            unreadable(format!("not TOML at line {line}"))
        })?;
        let mut settings = Self::new();
        for (table, entries) in &file {
            let unknown = |name: &str, of: &str, known: String| SettingsError::UnknownName {
                path: path.to_owned(),
                name: name.to_owned(),
                table: of.to_owned(),
                known,
            };
            if let Some((_, variable)) = GENERAL.iter().find(|(name, _)| name == table) {
                let text = entries.as_str().ok_or_else(|| unreadable(format!("`{table}` must be a text")))?;
                let value = match *variable {
                    "RECURRING_JOURNAL" => {
                        beside(path, text).map_err(|error| unreadable(error.to_string()))?
                    }
                    _ => text.to_owned(),
                };
                settings = settings.set(*variable, value);
                continue;
            }
            let Some(names) = NAMES.iter().find(|names| names.table == table) else {
                let tables = NAMES.iter().map(|names| names.table);
                let known: Vec<_> = GENERAL.iter().map(|(name, _)| *name).chain(tables).collect();
                return Err(unknown(table, "the file", known.join(", ")));
            };
            let entries =
                entries.as_table().ok_or_else(|| unreadable(format!("`{table}` must be a table")))?;
            for (name, value) in entries {
                let upper = name.to_ascii_uppercase();
                let variable =
                    if upper.starts_with(names.prefix) { upper } else { format!("{}{upper}", names.prefix) };
                if !names.variables.contains(&variable.as_str()) {
                    return Err(unknown(name, table, names.variables.join(", ").to_ascii_lowercase()));
                }
                let value = match value {
                    toml::Value::String(text) => text.clone(),
                    toml::Value::Integer(number) => number.to_string(),
                    _ => return Err(unreadable(format!("`{table}.{name}` must be a text"))),
                };
                settings = settings.set(variable, value);
            }
        }
        Ok(settings)
    }

    /// Sets one value by the name of its environment variable, such as `EMSPAY_API_KEY`.
    #[must_use]
    pub fn set(mut self, variable: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.values.insert(variable.into(), value.into());
        self
    }

    /// The longest that one send may take, for every gateway. Without it, each gateway's own default holds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The address of the journal: `RECURRING_JOURNAL`, or `journal` in the file. It may hold a password.
    pub fn journal(&self) -> Option<&Secret> {
        self.get("RECURRING_JOURNAL")
    }

    /// The identity of the journal, so that no other one is taken for it: `RECURRING_JOURNAL_ID`, or `journal_id` in the
    /// file.
    pub fn journal_id(&self) -> Option<&str> {
        self.get("RECURRING_JOURNAL_ID").map(Secret::expose)
    }

    /// The key under which the journal keeps stored credentials: `RECURRING_JOURNAL_KEY`, or `journal_key` in the file.
    pub fn journal_key(&self) -> Option<&Secret> {
        self.get("RECURRING_JOURNAL_KEY")
    }

    /// Whether anything is set for this gateway.
    pub fn mentions(&self, provider: &ProviderId) -> bool {
        NAMES
            .iter()
            .filter(|names| names.provider == *provider)
            .flat_map(|names| names.variables)
            .any(|variable| self.get(variable).is_some_and(|value| !value.expose().is_empty()))
    }

    /// A facade of every gateway for which something is set. For every other one it knows what is missing.
    ///
    /// # Errors
    /// When one of them lacks a value, or has one that cannot work.
    pub fn facade(&self) -> Result<Facade, SettingsError> {
        let mut facade = Facade::new();
        for provider in ProviderId::ALL {
            match self.provider(provider) {
                Ok(known) if self.mentions(provider) => facade.add(known),
                Err(error) if self.mentions(provider) => return Err(error),
                Ok(_) => {}
                Err(SettingsError::Missing { provider, variable }) => {
                    facade.add_missing(provider, format!("{variable} is not set"));
                }
                Err(error) => facade.add_missing(provider.clone(), error.to_string()),
            }
        }
        Ok(facade)
    }

    /// A facade of one gateway alone, whatever is wrong with the settings of the others.
    ///
    /// # Errors
    /// When it lacks a value, or has one that cannot work.
    pub fn facade_of(&self, provider: &ProviderId) -> Result<Facade, SettingsError> {
        let mut facade = Facade::new();
        facade.add(self.provider(provider)?);
        Ok(facade)
    }

    /// Every gateway of this program, pointed at an address that does not exist: for showing what each can do.
    /// Whatever is called through it fails before anything is sent.
    ///
    /// # Errors
    /// None that can be foreseen; those of [`Settings::facade`].
    pub fn unreachable() -> Result<Facade, SettingsError> {
        let mut settings = Self::new();
        let any_text = |variable: &&&str| !variable.ends_with("_FILE") && !variable.ends_with("_CURRENCY");
        for variable in NAMES.iter().flat_map(|names| names.variables).filter(any_text) {
            let value =
                if variable.ends_with("_URL") { "https://unreachable.invalid" } else { "unreachable" };
            settings = settings.set(*variable, value);
        }
        let mut facade = Facade::new();
        for id in ProviderId::ALL {
            match settings.provider_without_key(id) {
                Ok(provider) => facade.add(provider),
                Err(SettingsError::NotBuilt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(facade)
    }

    fn provider_without_key(&self, provider: &ProviderId) -> Result<Arc<dyn Provider>, SettingsError> {
        #[cfg(feature = "tokenpay-signed")]
        if *provider == ProviderId::TOKENPAY_SIGNED {
            return crate::adapters::tokenpay_signed::without_key(self);
        }
        self.provider(provider)
    }

    fn provider(&self, provider: &ProviderId) -> Result<Arc<dyn Provider>, SettingsError> {
        match provider.as_str() {
            #[cfg(feature = "omno")]
            "omno" => crate::adapters::omno::from_settings(self),
            #[cfg(feature = "ngenius")]
            "ngenius" => crate::adapters::ngenius::from_settings(self),
            #[cfg(feature = "tokenpay-signed")]
            "tokenpay-signed" => crate::adapters::tokenpay_signed::from_settings(self),
            #[cfg(feature = "revio")]
            "revio" => crate::adapters::revio::from_settings(self),
            #[cfg(feature = "emspay")]
            "emspay" => crate::adapters::emspay::from_settings(self),
            _ => Err(SettingsError::NotBuilt { provider: provider.clone() }),
        }
    }

    /// A value that may be missing.
    pub(crate) fn get(&self, variable: &'static str) -> Option<&Secret> {
        self.values.get(variable)
    }

    /// A value as text that is not secret, such as an address.
    pub(crate) fn text(&self, variable: &'static str) -> Option<String> {
        self.get(variable).map(|value| value.expose().to_owned())
    }

    /// A value that must be there.
    pub(crate) fn need(
        &self,
        provider: ProviderId,
        variable: &'static str,
    ) -> Result<&Secret, SettingsError> {
        self.get(variable).ok_or(SettingsError::Missing { provider, variable })
    }

    /// The gateway's own defaults with the time-out of these settings.
    pub(crate) fn http(&self, defaults: HttpOptions) -> HttpOptions {
        match self.timeout {
            Some(timeout) => {
                // Connecting must be shorter than the whole, and has no reason to be much shorter.
                let connect = defaults.get_connect_timeout().min(timeout - timeout / 10);
                defaults.timeout(timeout).connect_timeout(connect)
            }
            None => defaults,
        }
    }
}

/// The address of a journal as it stands in a settings file, with a relative path made absolute: it begins at the folder
/// of that file, and is the same journal from every working directory. What is not a plain relative path stays as it is,
/// for the journal to accept or refuse.
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

/// Whether a variable says which gateway is called.
fn is_address(variable: &str) -> bool {
    variable.ends_with("_BASE_URL") || variable.ends_with("_TOKEN_URL")
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("variables", &self.values.keys().collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests;
