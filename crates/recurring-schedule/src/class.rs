use serde::{Deserialize, Serialize};

/// What a decline means for another try, from the mildest to the strictest: of two, the later one decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeclineClass {
    /// Another try can succeed, such as after insufficient funds.
    Soft,
    /// Not known. It is treated as the strictest soft decline: the limits of every scheme, and 72 hours before the next try.
    Unknown,
    /// Another try cannot succeed before the customer has acted: another card, new card data, or an authentication.
    NeedsCustomer,
    /// Never again with this credential.
    Hard,
}
