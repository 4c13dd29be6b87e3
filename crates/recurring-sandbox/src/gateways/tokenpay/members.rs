//! The documented members of tokenpay-signed's requests.

use crate::members::CallMembers;
use crate::members::Treatment::{NotPlayed, NotPlayedUnlessEmpty, Played, WithoutEffect};

pub(crate) const MEMBERS: &[CallMembers] = &[
    (
        "add-token",
        &[
            ("merchantId", Played),
            ("userId", Played),
            ("reason", WithoutEffect),
            ("callbackUrl", Played),
            ("lang", WithoutEffect),
            ("allowedCardType", NotPlayedUnlessEmpty),
            ("issuingCountryCode", NotPlayedUnlessEmpty),
        ],
    ),
    ("query-token", &[("merchantId", Played), ("userId", Played)]),
    ("delete-token", &[("merchantId", Played), ("userId", Played), ("tokenId", Played)]),
    (
        "sale",
        &[
            ("merchantId", Played),
            ("userId", Played),
            ("tokenId", Played),
            ("amount", Played),
            ("merchantReference", Played),
            ("isRecurring", Played),
            ("callbackUrl", Played),
            ("lineItems", Played),
            ("email", WithoutEffect),
            ("expiryTime", WithoutEffect),
        ],
    ),
    (
        "recurring",
        &[
            ("merchantId", Played),
            ("userId", Played),
            ("tokenId", Played),
            ("reason", Played),
            ("amount", Played),
            ("merchantReference", Played),
            ("parentOrderId", Played),
            ("callbackUrl", Played),
        ],
    ),
    (
        "create-checkout",
        &[
            ("merchantId", Played),
            ("amount", Played),
            ("merchantReference", Played),
            ("callbackUrl", Played),
            ("isRecurring", Played),
            ("lineItems", Played),
            ("expiryTime", WithoutEffect),
            ("showLang", WithoutEffect),
            ("showPoweredBy", WithoutEffect),
            ("paymentMethods", WithoutEffect),
        ],
    ),
    (
        "recurring-checkout",
        &[
            ("merchantId", Played),
            ("amount", Played),
            ("merchantReference", Played),
            ("parentOrderId", Played),
            ("callbackUrl", Played),
        ],
    ),
    ("query-order", &[("merchantId", Played), ("orderId", Played), ("merchantReference", Played)]),
    (
        "void-order",
        &[("merchantId", Played), ("orderId", Played), ("merchantReference", Played), ("amount", NotPlayed)],
    ),
    (
        "refund-order",
        &[("merchantId", Played), ("orderId", Played), ("merchantReference", Played), ("amount", Played)],
    ),
];
