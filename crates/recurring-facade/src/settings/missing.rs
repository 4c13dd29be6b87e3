//! What must be set for each gateway.

use crate::ids::ProviderId;
use crate::settings::Settings;

impl Settings {
    /// All variables without which a gateway's client cannot be made, and which are not set.
    pub(crate) fn missing(&self, provider: &ProviderId) -> Vec<&'static str> {
        let needed: &[&str] = match provider.as_str() {
            "omno" => return self.missing_for_omno(),
            "ngenius" => &["NGENIUS_BASE_URL", "NGENIUS_API_KEY", "NGENIUS_OUTLET"],
            "tokenpay-signed" => &["TOKENPAY_BASE_URL", "TOKENPAY_MERCHANT_ID", "TOKENPAY_PRIVATE_KEY_FILE"],
            "revio" => &["REVIO_BASE_URL", "REVIO_API_KEY", "REVIO_BRAND_ID"],
            "emspay" => &["EMSPAY_BASE_URL", "EMSPAY_API_KEY"],
            _ => &[],
        };
        self.not_set(needed)
    }

    /// A bearer token stands for the credentials that fetch one, and for the address of the token service.
    fn missing_for_omno(&self) -> Vec<&'static str> {
        let has_token = self.get("OMNO_BEARER_TOKEN").is_some();
        let mut missing = self.not_set(&["OMNO_BASE_URL"]);
        if !has_token {
            missing.extend(self.not_set(&["OMNO_CLIENT_ID", "OMNO_CLIENT_SECRET"]));
            let is_address = self.get("OMNO_BASE_URL").is_some_and(|url| url.expose() != "live");
            if is_address {
                missing.extend(self.not_set(&["OMNO_TOKEN_URL"]));
            }
        }
        missing
    }

    fn not_set(&self, needed: &[&'static str]) -> Vec<&'static str> {
        needed.iter().copied().filter(|variable| self.get(variable).is_none()).collect()
    }
}
