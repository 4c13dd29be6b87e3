//! What must hold for every answer, whatever its bytes.

use std::fmt::{Debug, Display};

use recurring_core::{Effect, Error, Proof, Reply, Secret};

use crate::MEMORY;

/// A secret of the request, which a gateway may quote in any place. The dictionary has it.
pub(crate) const CANARY: &str = "canary-5f0c2a91";

/// Times the size of the input that a reader may hold, beside what every call takes.
const MEMORY_BOUND: usize = 10;
const MEMORY_OF_A_CALL: usize = 256 * 1024;

/// The statuses by which a gateway can refuse a request in its own shape.
const REFUSALS: [u16; 8] = [400, 401, 403, 405, 406, 413, 415, 422];

/// The statuses that are tried: successes, refusals, and those that prove nothing.
const STATUSES: [u16; 16] = [200, 201, 204, 400, 401, 402, 403, 404, 408, 409, 422, 429, 302, 500, 503, 100];

/// Runs a reader, and stops when it holds more memory than its input allows.
pub(crate) fn memory(input: usize, run: impl FnOnce()) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    run();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let bound = input.saturating_mul(MEMORY_BOUND).saturating_add(MEMORY_OF_A_CALL);
    assert!(peak <= bound, "{peak} bytes were held for an input of {input}");
}

/// Splits an input into the number of a call and a reply: one byte for each of call and status, then the body.
pub(crate) fn reply(bytes: &[u8]) -> Option<(usize, Reply)> {
    let [call, status, body @ ..] = bytes else { return None };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    let reply = Reply::new(status, headers, body.to_vec()).hiding(vec![Secret::new(CANARY)]);
    Some((usize::from(*call), reply))
}

/// What an answer may be.
#[derive(Clone, Copy, Default)]
pub(crate) struct Allowed {
    /// The gateway declines with a status that is not a success.
    pub(crate) declines_with_any_status: bool,
    /// The gateway refuses in its own shape with a success or any 4xx.
    pub(crate) refuses_with_any_status: bool,
}

/// Checks an answer: an error claims no more than its status proves and shows no secret; what is read came with a
/// success, and `agrees` says whether it is about the request.
pub(crate) fn answer<T, A: Debug + Display>(
    reply: &Reply,
    allowed: Allowed,
    read: Result<T, Error<A>>,
    agrees: impl FnOnce(&T) -> bool,
) {
    match read {
        Ok(value) => {
            assert!(reply.is_success() || allowed.declines_with_any_status, "Ok from {}", reply.status());
            assert!(agrees(&value), "the answer is about another payment");
        }
        Err(error) => {
            if let Effect::NotApplied(proof) = error.effect() {
                assert_eq!(proof, Proof::Refused, "what was received is neither local nor unsent: {error}");
                let refused = REFUSALS.contains(&reply.status());
                assert!(refused || allowed.refuses_with_any_status, "refused by {}", reply.status());
            }
            if holds_canary(reply.body()) {
                hides(&error);
            }
        }
    }
}

/// Writing an error costs more than reading a reply, so it is done where there is something to find.
fn holds_canary(body: &[u8]) -> bool {
    body.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}

/// Checks that an error shows no secret of the request.
pub(crate) fn hides<E: Debug + Display>(error: &E) {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(CANARY), "a secret is shown");
}
