//! How the gateways are reached: the time-out, the TLS library, a proxy and a private root certificate.

use std::path::PathBuf;

use recurring_core::HttpOptions;
use recurring_gateway::Transport;

use super::names::{self, FOR_ALL, PROXY, ROOT};
use super::{Settings, SettingsError};
use crate::ids::ProviderId;

impl Settings {
    /// The gateway's own defaults with the time-out, the TLS library, the proxy and the root certificate of these settings.
    pub(crate) fn http(
        &self,
        provider: &ProviderId,
        defaults: HttpOptions,
    ) -> Result<HttpOptions, SettingsError> {
        let mut options = defaults.with_tls(self.tls);
        if let Some(timeout) = self.timeout {
            // Connecting must be shorter than the whole, and has no reason to be much shorter.
            let connect = options.connect_timeout().min(timeout - timeout / 10);
            options = options.with_timeout(timeout).with_connect_timeout(connect);
        }
        let unusable = |variable: &str, rule: &str| SettingsError::Unusable {
            provider: provider.clone(),
            problem: format!("cannot use {variable}: it {rule}"),
        };
        if let Some((variable, proxy)) = self.reach(provider, PROXY) {
            options = options.with_proxy(proxy.clone());
            Transport::new(options.clone()).map_err(|error| unusable(variable, error.rule()))?;
        }
        if let Some((variable, path)) = self.reach(provider, ROOT) {
            let path = PathBuf::from(path.expose());
            let pem = std::fs::read(&path)
                .map_err(|error| SettingsError::File { path, problem: format!("{error} ({variable})") })?;
            options = options.with_root_certificate(pem);
            Transport::new(options.clone()).map_err(|error| unusable(variable, error.rule()))?;
        }
        Ok(options)
    }

    /// The gateway's own setting of this kind, or that of all.
    fn reach(&self, provider: &ProviderId, kind: &str) -> Option<(&'static str, &recurring_core::Secret)> {
        let own = names::of(provider).find(|variable| variable.ends_with(kind));
        let all = FOR_ALL.into_iter().find(|variable| variable.ends_with(kind));
        own.into_iter().chain(all).find_map(|variable| Some((variable, self.get(variable)?)))
    }
}
