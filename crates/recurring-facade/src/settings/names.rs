//! The names of all settings of the gateways.

use crate::ids::ProviderId;

/// The settings of all gateways, which one of a gateway's own overrides. In a file they are above the tables of the
/// gateways, without their prefix.
pub(super) const FOR_ALL: [&str; 2] = ["RECURRING_PROXY_URL", "RECURRING_ROOT_CERTIFICATE_FILE"];
/// What all of them begin with.
pub(super) const PREFIX: &str = "RECURRING_";
pub(super) const PROXY: &str = "_PROXY_URL";
pub(super) const ROOT: &str = "_ROOT_CERTIFICATE_FILE";

/// Whether a variable says how a gateway is reached, and not which one.
pub(super) fn is_network(variable: &str) -> bool {
    variable.ends_with(PROXY) || variable.ends_with(ROOT)
}

/// The variables of one gateway.
pub(crate) struct Names {
    pub(crate) provider: ProviderId,
    /// The table in the file.
    pub(crate) table: &'static str,
    /// What its variables begin with.
    pub(crate) prefix: &'static str,
    pub(crate) variables: &'static [&'static str],
}

/// The variables of all gateways.
pub(crate) const NAMES: &[Names] = &[
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
            "OMNO_PROXY_URL",
            "OMNO_ROOT_CERTIFICATE_FILE",
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
            "NGENIUS_PROXY_URL",
            "NGENIUS_ROOT_CERTIFICATE_FILE",
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
            "TOKENPAY_PROXY_URL",
            "TOKENPAY_ROOT_CERTIFICATE_FILE",
        ],
    },
    Names {
        provider: ProviderId::REVIO,
        table: "revio",
        prefix: "REVIO_",
        variables: &[
            "REVIO_BASE_URL",
            "REVIO_API_KEY",
            "REVIO_BRAND_ID",
            "REVIO_WEBHOOK_PUBLIC_KEY_FILE",
            "REVIO_PROXY_URL",
            "REVIO_ROOT_CERTIFICATE_FILE",
        ],
    },
    Names {
        provider: ProviderId::EMSPAY,
        table: "emspay",
        prefix: "EMSPAY_",
        variables: &["EMSPAY_BASE_URL", "EMSPAY_API_KEY", "EMSPAY_PROXY_URL", "EMSPAY_ROOT_CERTIFICATE_FILE"],
    },
];

/// The names of one gateway.
pub(crate) fn of(provider: &ProviderId) -> impl Iterator<Item = &'static str> {
    let provider = provider.clone();
    let own = NAMES.iter().filter(move |names| names.provider == provider);
    own.flat_map(|names| names.variables).copied()
}

/// Whether a variable says which gateway is called.
pub(crate) fn is_address(variable: &str) -> bool {
    variable.ends_with("_BASE_URL") || variable.ends_with("_TOKEN_URL")
}
