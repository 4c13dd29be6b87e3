use recurring_core::{DeclineReason, Outcome};
use serde::Serialize;

use crate::ids::ProviderId;

/// What one gateway's words mean, as the code reads them: for documentation.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ProviderTables {
    /// Which gateway.
    pub provider: ProviderId,
    /// What it says of a payment, and the outcome.
    pub outcomes: Vec<(String, Outcome)>,
    /// The gateway's own codes for a refused payment. Empty where there are none, or none that are public: then the
    /// codes of the card networks and the usual words are read ([`DeclineReason::RESPONSE_CODES`],
    /// [`DeclineReason::WORDS`]).
    pub declines: Vec<(String, DeclineReason)>,
}

/// The tables of every gateway of this program. They are computed by the mappings themselves.
pub fn provider_tables() -> Vec<ProviderTables> {
    vec![
        #[cfg(feature = "omno")]
        table(ProviderId::OMNO, omno::documented_outcomes()),
        #[cfg(feature = "ngenius")]
        table(ProviderId::NGENIUS, ngenius::documented_outcomes()),
        #[cfg(feature = "tokenpay-signed")]
        table(ProviderId::TOKENPAY_SIGNED, tokenpay_signed::documented_outcomes()),
        #[cfg(feature = "revio")]
        ProviderTables {
            declines: revio::documented_declines(),
            ..table(ProviderId::REVIO, revio::documented_outcomes())
        },
        #[cfg(feature = "emspay")]
        table(ProviderId::EMSPAY, emspay::documented_outcomes()),
    ]
}

#[cfg(any(
    feature = "omno",
    feature = "ngenius",
    feature = "tokenpay-signed",
    feature = "revio",
    feature = "emspay"
))]
fn table(provider: ProviderId, outcomes: Vec<(String, Outcome)>) -> ProviderTables {
    ProviderTables { provider, outcomes, declines: Vec::new() }
}
