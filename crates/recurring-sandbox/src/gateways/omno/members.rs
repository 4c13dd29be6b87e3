//! The documented members of omno's requests.

use crate::members::CallMembers;
use crate::members::Treatment::{NotPlayed, Played, WithoutEffect};

pub(crate) const MEMBERS: &[CallMembers] = &[(
    "create-payment",
    &[
        ("amount", Played),
        ("currency", Played),
        ("hookUrl", Played),
        ("callback", Played),
        ("callbackFail", Played),
        ("billing", Played),
        ("billing.firstName", Played),
        ("billing.lastName", Played),
        ("billing.address1", Played),
        ("billing.city", Played),
        ("billing.state", Played),
        ("billing.country", Played),
        ("billing.postalCode", Played),
        ("billing.phone", Played),
        ("billing.email", Played),
        ("billing.externalUserId", Played),
        ("billing.dateOfBirth", WithoutEffect),
        ("lang", WithoutEffect),
        ("orderId", Played),
        ("cardToken", Played),
        ("merchantTransactionId", WithoutEffect),
        ("cvv", NotPlayed),
    ],
)];
