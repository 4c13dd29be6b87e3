//! What is set for each gateway, in the environment and in a TOML file.

mod error;
mod missing;
mod names;
mod network;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use recurring_core::{Secret, Tls};

pub use self::error::SettingsError;
pub(crate) use self::names::NAMES;

use crate::ids::ProviderId;

/// The settings of all gateways, by the names of their environment variables. `Debug` shows the names only.
///
/// A program may have settings of its own in the same file and environment, see [`with_general`](Self::with_general):
///
/// ```no_run
/// use recurring_facade::Settings;
///
/// # fn main() -> Result<(), recurring_facade::SettingsError> {
/// let settings = Settings::new().with_general(["price_list"]).read()?;
/// let facade = settings.facade()?;
/// let prices = settings.general("price_list").map(|setting| setting.value().expose());
/// # let _ = (facade, prices);
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, Secret>,
    general: Vec<(Cow<'static, str>, Option<GeneralSetting>)>,
    timeout: Option<Duration>,
    tls: Tls,
}

/// A setting of the program itself, which belongs to no gateway. `Debug` does not show its value.
#[derive(Debug, Clone)]
pub struct GeneralSetting {
    value: Secret,
    file: Option<PathBuf>,
}

impl GeneralSetting {
    /// Returns its value.
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// Returns the file that it comes from; `None` when it comes from the environment. A relative path in a file is
    /// best read from the folder of that file.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl Settings {
    /// Creates settings in which nothing is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds settings of the program itself, by their names in a file, such as `price_list`. There they are above the
    /// tables of the gateways; in the environment it is `RECURRING_PRICE_LIST`. Their values must be texts. Without it, such a
    /// name in a file is refused.
    #[must_use]
    pub fn with_general<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.general.extend(names.into_iter().map(|name| (name.into(), None)));
        self
    }

    /// Reads the file that `RECURRING_CONFIG` names, if it is set, and then the environment, which wins: see
    /// [`read_from`](Self::read_from).
    ///
    /// # Errors
    /// When the file cannot be read, or has a name in it that is not a setting.
    pub fn from_environment() -> Result<Self, SettingsError> {
        Self::new().read()
    }

    /// Reads a TOML file: see [`read_file`](Self::read_file).
    ///
    /// # Errors
    /// When the file cannot be read, or has a name in it that is not a setting.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        Self::new().read_file(path)
    }

    /// Adds what is in the file that `RECURRING_CONFIG` names, if it is set, and then in the environment, which wins.
    ///
    /// # Errors
    /// Those of [`read_from`](Self::read_from).
    pub fn read(self) -> Result<Self, SettingsError> {
        let file = std::env::var_os("RECURRING_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        self.read_from(file.as_deref())
    }

    /// Adds what is in a TOML file, if one is given, and then in the environment, which wins.
    ///
    /// An empty variable counts as not set, but for the gateways' addresses: what was meant by an empty one is not
    /// known. That is an error once the gateway is used.
    ///
    /// # Errors
    /// When the file cannot be read, or has a name in it that is not a setting.
    pub fn read_from(self, file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut settings = match file {
            Some(path) => self.read_file(path)?,
            None => self,
        };
        for &variable in NAMES.iter().flat_map(|names| names.variables).chain(&names::FOR_ALL) {
            match std::env::var(variable) {
                Ok(value) if !value.is_empty() => settings.put(variable, value),
                Err(std::env::VarError::NotPresent) => {}
                // Kept as it is, for the client to refuse.
                Ok(_) | Err(_) if names::is_address(variable) && settings.get(variable).is_none() => {
                    settings.put(variable, String::new());
                }
                Ok(_) | Err(_) => {}
            }
        }
        for (name, setting) in &mut settings.general {
            match std::env::var(format!("RECURRING_{}", name.to_ascii_uppercase())) {
                Ok(value) if !value.is_empty() => {
                    *setting = Some(GeneralSetting { value: Secret::new(value), file: None });
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(settings)
    }

    /// Adds what is in a TOML file: a table for each gateway, with the names of the variables in lower case, with or
    /// without the gateway's own prefix: `[emspay]`, `api_key = ".."`. Above the tables may be `proxy_url` and
    /// `root_certificate_file`, for all gateways.
    ///
    /// # Errors
    /// When the file cannot be read, or has a name in it that is not a setting.
    pub fn read_file(mut self, path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |problem: String| SettingsError::File { path: path.to_owned(), problem };
        let unknown = |name: &str, of: &str, known: String| SettingsError::UnknownName {
            path: path.to_owned(),
            name: name.to_owned(),
            table: of.to_owned(),
            known,
        };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        // The parser's own message quotes the line, which may hold a key.
        let file: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |before| before.lines().count().max(1));
            unreadable(format!("not TOML at line {line}"))
        })?;
        for (table, entries) in &file {
            if let Some((_, setting)) = self.general.iter_mut().find(|(name, _)| name == table) {
                let text = entries.as_str().ok_or_else(|| unreadable(format!("`{table}` must be a text")))?;
                *setting = Some(GeneralSetting { value: Secret::new(text), file: Some(path.to_owned()) });
                continue;
            }
            let for_all = format!("{}{}", names::PREFIX, table.to_ascii_uppercase());
            if names::FOR_ALL.contains(&for_all.as_str()) {
                let text = entries.as_str().ok_or_else(|| unreadable(format!("`{table}` must be a text")))?;
                self.put(&for_all, text);
                continue;
            }
            let Some(names) = NAMES.iter().find(|names| names.table == table) else {
                let general = self.general.iter().map(|(name, _)| name.as_ref());
                let known: Vec<_> = general.chain(NAMES.iter().map(|names| names.table)).collect();
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
                self.put(&variable, value);
            }
        }
        Ok(self)
    }

    /// Sets one value of a gateway by the name of its environment variable, such as `EMSPAY_API_KEY`, or one of all gateways:
    /// `RECURRING_PROXY_URL`, `RECURRING_ROOT_CERTIFICATE_FILE`.
    ///
    /// # Errors
    /// When the name is not that of a setting of a gateway.
    pub fn set(mut self, variable: &str, value: impl Into<Secret>) -> Result<Self, SettingsError> {
        let of_a_gateway = NAMES.iter().any(|names| names.variables.contains(&variable));
        if !of_a_gateway && !names::FOR_ALL.contains(&variable) {
            return Err(SettingsError::UnknownVariable { variable: variable.to_owned() });
        }
        self.put(variable, value);
        Ok(self)
    }

    /// Sets several values, each as [`set`](Self::set) does.
    ///
    /// # Errors
    /// Those of [`set`](Self::set).
    pub fn set_all<N: AsRef<str>, V: Into<Secret>>(
        self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, SettingsError> {
        variables.into_iter().try_fold(self, |settings, (name, value)| settings.set(name.as_ref(), value))
    }

    fn put(&mut self, variable: &str, value: impl Into<Secret>) {
        self.values.insert(variable.to_owned(), value.into());
    }

    /// Sets the longest that one send may take, for every gateway. Without it, each gateway's own default holds.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the TLS library of every gateway; rustls unless set. Its feature must be switched on.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Returns a setting of the program itself, by its name in a file; `None` when it is not set, or was not named by
    /// [`with_general`](Self::with_general).
    pub fn general(&self, name: &str) -> Option<&GeneralSetting> {
        self.general.iter().find(|(known, _)| known == name).and_then(|(_, setting)| setting.as_ref())
    }

    /// Returns whether anything is set for a gateway.
    pub fn mentions(&self, provider: &ProviderId) -> bool {
        let mut own = names::of(provider).filter(|variable| !names::is_network(variable));
        own.any(|variable| self.get(variable).is_some_and(|value| !value.expose().is_empty()))
    }

    /// Returns the variables of the environment that begin as those of a gateway do and are not settings, such as
    /// `EMSPAY_APIKEY`, each with the names that the gateway has. Another program may use them: they are no error.
    pub fn unknown_variables() -> Vec<(String, &'static [&'static str])> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        unknown(names)
    }

    /// A value that may be missing.
    pub(crate) fn get(&self, variable: &str) -> Option<&Secret> {
        self.values.get(variable)
    }

    /// A value as text that is not secret, such as an address.
    #[cfg(any(feature = "ngenius", feature = "omno", feature = "revio", feature = "tokenpay-signed"))]
    pub(crate) fn text(&self, variable: &'static str) -> Option<String> {
        self.get(variable).map(|value| value.expose().to_owned())
    }

    /// A value that must be there.
    pub(crate) fn need(
        &self,
        provider: ProviderId,
        variable: &'static str,
    ) -> Result<&Secret, SettingsError> {
        self.get(variable).ok_or_else(|| SettingsError::Missing { provider, variables: vec![variable] })
    }
}

fn unknown(names: impl Iterator<Item = String>) -> Vec<(String, &'static [&'static str])> {
    let of = |name: &str| NAMES.iter().find(|names| name.starts_with(names.prefix));
    let unknown = names.filter_map(|name| Some((of(&name)?.variables, name)));
    let unknown = unknown.filter(|(known, name)| !known.contains(&name.as_str()));
    let mut unknown: Vec<_> = unknown.map(|(known, name)| (name, known)).collect();
    unknown.sort_unstable();
    unknown
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("variables", &self.values.keys().collect::<Vec<_>>())
            .field("general", &self.general)
            .field("timeout", &self.timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests;
