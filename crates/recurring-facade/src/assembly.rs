//! The gateways that the settings describe.

use std::sync::Arc;

use crate::facade::Facade;
use crate::ids::ProviderId;
use crate::provider::Provider;
use crate::settings::{NAMES, Settings, SettingsError};

impl Settings {
    /// Creates a facade of every gateway for which something is set. For every other one it knows what is missing.
    ///
    /// # Errors
    /// When one of them lacks a value, or has one that cannot work. Which gateway is called is never a default: its
    /// `.._BASE_URL` must be set.
    pub fn facade(&self) -> Result<Facade, SettingsError> {
        let mut facade = Facade::new();
        for id in ProviderId::ALL {
            match provider(self, id) {
                Ok(known) if self.mentions(id) => facade.add(known),
                Err(error) if self.mentions(id) => return Err(error),
                Ok(_) => {}
                Err(SettingsError::Missing { provider, variables }) => {
                    let are = if variables.len() == 1 { "is" } else { "are" };
                    facade.add_missing(provider, format!("{} {are} not set", variables.join(", ")));
                }
                Err(error) => facade.add_missing(id.clone(), error.to_string()),
            }
        }
        Ok(facade)
    }

    /// Creates a facade of one gateway alone, whatever is wrong with the settings of the others.
    ///
    /// # Errors
    /// When it lacks a value, or has one that cannot work.
    pub fn facade_of(&self, id: &ProviderId) -> Result<Facade, SettingsError> {
        let mut facade = Facade::new();
        facade.add(provider(self, id)?);
        Ok(facade)
    }

    /// Creates a facade of every gateway of this program, at an address that does not exist: for showing what each can do.
    /// Whatever is called through it fails before anything is sent.
    ///
    /// # Errors
    /// None that can be foreseen; those of [`Settings::facade`].
    pub fn unreachable() -> Result<Facade, SettingsError> {
        let mut settings = Self::new();
        let any_text = |variable: &&&str| {
            !["_FILE", "_CURRENCY", "_PROXY_URL"].iter().any(|end| variable.ends_with(end))
        };
        for variable in NAMES.iter().flat_map(|names| names.variables).filter(any_text) {
            let value =
                if variable.ends_with("_URL") { "https://unreachable.invalid" } else { "unreachable" };
            settings = settings.set(variable, value)?;
        }
        let mut facade = Facade::new();
        for id in ProviderId::ALL {
            match provider_without_key(&settings, id) {
                Ok(provider) => facade.add(provider),
                Err(SettingsError::NotBuilt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(facade)
    }
}

fn provider_without_key(settings: &Settings, id: &ProviderId) -> Result<Arc<dyn Provider>, SettingsError> {
    #[cfg(feature = "tokenpay-signed")]
    if *id == ProviderId::TOKENPAY_SIGNED {
        return crate::adapters::tokenpay_signed::setup::without_key(settings);
    }
    provider(settings, id)
}

/// The gateway, or all that is missing for it.
fn provider(settings: &Settings, id: &ProviderId) -> Result<Arc<dyn Provider>, SettingsError> {
    built(settings, id).map_err(|error| match error {
        SettingsError::Missing { provider, mut variables } => {
            let first = variables.clone();
            variables.extend(settings.missing(&provider).into_iter().filter(|name| !first.contains(name)));
            SettingsError::Missing { provider, variables }
        }
        error => error,
    })
}

fn built(settings: &Settings, id: &ProviderId) -> Result<Arc<dyn Provider>, SettingsError> {
    match id.as_str() {
        #[cfg(feature = "omno")]
        "omno" => crate::adapters::omno::from_settings(settings),
        #[cfg(feature = "ngenius")]
        "ngenius" => crate::adapters::ngenius::from_settings(settings),
        #[cfg(feature = "tokenpay-signed")]
        "tokenpay-signed" => crate::adapters::tokenpay_signed::setup::from_settings(settings),
        #[cfg(feature = "revio")]
        "revio" => crate::adapters::revio::from_settings(settings),
        #[cfg(feature = "emspay")]
        "emspay" => crate::adapters::emspay::from_settings(settings),
        _ => Err(SettingsError::NotBuilt { provider: id.clone() }),
    }
}

#[cfg(all(
    test,
    feature = "emspay",
    feature = "ngenius",
    feature = "omno",
    feature = "revio",
    feature = "tokenpay-signed"
))]
mod tests {
    use super::*;
    use crate::provider_tables;

    /// Lists what a new gateway still lacks in this crate.
    #[test]
    fn every_gateway_is_complete() {
        let facade = Settings::unreachable().expect("a facade");
        let mut missing = Vec::new();
        for id in ProviderId::ALL {
            if !NAMES.iter().any(|names| names.provider == *id) {
                missing.push(format!("{id}: its variables in src/settings/names.rs"));
            }
            match facade.provider(id) {
                Ok(provider) if provider.capabilities().operations().next().is_none() => {
                    missing.push(format!("{id}: its operations in src/capabilities.rs"));
                }
                Ok(_) => {}
                Err(_) => missing.push(format!("{id}: its adapter in `built` of src/assembly.rs")),
            }
            if !provider_tables().iter().any(|tables| tables.provider == *id) {
                missing.push(format!("{id}: its outcomes in src/tables.rs"));
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }
}
