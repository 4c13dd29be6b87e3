//! The documented members of emspay's requests.

use crate::members::CallMembers;
use crate::members::Treatment::{NotPlayed, NotPlayedUnlessEmpty, Played, WithoutEffect};

pub(crate) const MEMBERS: &[CallMembers] = &[
    (
        "create-order",
        &[
            ("merchant_order_id", Played),
            ("amount", Played),
            ("currency", Played),
            ("description", Played),
            ("return_url", Played),
            ("failure_url", Played),
            ("webhook_url", Played),
            ("expiration_period", Played),
            ("capture_mode", Played),
            ("extra", WithoutEffect),
            ("customer", WithoutEffect),
            ("client", WithoutEffect),
            ("order_lines", WithoutEffect),
            ("payment_methods", NotPlayedUnlessEmpty),
            ("transactions", Played),
            ("transactions[].payment_method", Played),
            ("transactions[].capture_mode", Played),
            ("transactions[].amount", NotPlayed),
            ("transactions[].currency", NotPlayed),
            ("transactions[].expiration_period", NotPlayed),
            ("transactions[].payment_method_details", Played),
            ("transactions[].payment_method_details.recurring_type", Played),
            ("transactions[].payment_method_details.vault_token", Played),
        ],
    ),
    (
        "update-order",
        &[
            ("merchant_order_id", Played),
            ("description", Played),
            ("return_url", Played),
            ("failure_url", Played),
            ("webhook_url", Played),
            ("amount", Played),
            ("currency", Played),
            ("extra", WithoutEffect),
            ("customer", WithoutEffect),
            ("order_lines", WithoutEffect),
            ("transactions", Played),
        ],
    ),
    (
        "refund-order",
        &[("amount", Played), ("currency", Played), ("description", Played), ("order_lines", WithoutEffect)],
    ),
    ("capture-transaction", &[("amount", Played), ("description", WithoutEffect)]),
    ("void-transaction", &[("amount", Played), ("description", WithoutEffect)]),
];
