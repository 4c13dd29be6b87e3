use std::path::PathBuf;

use crate::ids::ProviderId;

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
    /// The file has a name in it that is not a setting.
    #[error("{path}: `{name}` is not a setting; those of {table} are {known}")]
    UnknownName {
        /// Which file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The table that it is in.
        table: String,
        /// The names that the table can have.
        known: String,
    },
    /// A value was set by a name that is not a setting.
    #[error("`{variable}` is not a setting")]
    UnknownVariable {
        /// The name.
        variable: String,
    },
    /// Variables that a gateway needs are not set.
    #[error("{provider} needs {}", .variables.join(", "))]
    Missing {
        /// Which gateway.
        provider: ProviderId,
        /// All variables that are missing.
        variables: Vec<&'static str>,
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
