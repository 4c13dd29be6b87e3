//! Bytes that a gateway could send by mistake. Each gateway's `tests/properties.rs` takes this file in by its path, so
//! that `recurring-fixtures` itself needs no generator of random values.

use proptest::prelude::*;
use recurring_fixtures::Case;

/// Every answer that is stored for a gateway, changed or cut; and bytes and JSON-like text out of nothing.
pub(crate) fn odd_bytes(provider: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let stored: Vec<Vec<u8>> =
        Case::all(provider).iter().filter(|case| case.has_response_body()).map(Case::response_body).collect();
    let changed = (prop::sample::select(stored), any::<prop::sample::Index>(), any::<u8>(), any::<bool>())
        .prop_map(|(mut body, at, byte, cut)| {
            let at = at.index(body.len());
            if cut {
                body.truncate(at);
            } else if let Some(place) = body.get_mut(at) {
                *place = byte;
            }
            body
        });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "[\\[\\]{}\":,a-z0-9. -]*".prop_map(String::into_bytes),
        changed
    ]
}
