//! What the calls about one purchase have in common.

use recurring_core::{ErrorKind, Money, Reply, Secret};
use recurring_gateway::{Class, ErrorExt as _, Method, PreparedRequest, check, check_echo};

use crate::error::{ApiError, Error, FieldError, GENERAL};
use crate::ops::purchase::{Decline, Purchase};
use crate::wire::AmountBody;

/// The suffix of the codes for a purchase whose status does not allow the call: usually, it was done before.
// Assumption(wrong-status-suffix): the codes of all calls end so, as the documented one of a charge does.
const WRONG_STATUS: &str = "_wrong_status";

/// The code of a key that the gateway does not accept.
const AUTHENTICATION_FAILED: &str = "authentication_failed";

/// `POST /purchases/{id}/{call}/`. The identifier is hidden: that of a first payment is the token.
pub(crate) fn request(operation: &'static str, id: &Secret, call: &str) -> Result<PreparedRequest, Error> {
    let segment = check::path_segment("purchase_id", id.expose())?;
    let path = format!("/purchases/{segment}/{call}/");
    Ok(PreparedRequest::new(operation, Class::Write, Method::Post, path).hide(id).hide(&Secret::new(segment)))
}

/// The same with an amount as its body, or with no body when there is none.
pub(crate) fn with_amount(request: PreparedRequest, amount: Option<Money>) -> PreparedRequest {
    match amount.map(Money::minor) {
        Some(amount) => request.json(&AmountBody { amount }),
        None => request,
    }
}

/// Reads a purchase, which must be the one that was asked about.
pub(crate) fn purchase(reply: &Reply, id: &Secret) -> Result<Purchase, Error> {
    let purchase = Purchase::read(reply)?;
    check_echo(reply, &[("id", id.expose(), Some(&purchase.id))])?;
    Ok(purchase.cleared(reply))
}

/// The definite "no" of a 400 with one of these codes. Not when it also says that the status does not allow the call:
/// then it may have been done before.
pub(crate) fn explicit_decline(reply: &Reply, codes: &[&str]) -> Option<Decline> {
    let api = ApiError::read(reply).filter(|api| reply.status() == 400 && !wrong_status(api))?;
    let error = api.find(codes)?;
    Some(Decline { code: error.code.clone(), message: error.message.clone() })
}

/// Reads any other refusal. `proven` says which of the gateway's own errors prove that nothing happened, if the
/// HTTP status fits. The key is looked at before anything else, so its documented refusal proves it, too. Every other
/// refusal may come from further behind, or from a machine in between.
pub(crate) fn failed(reply: &Reply, proven: impl FnOnce(&ApiError) -> bool) -> Error {
    let Some(api) = ApiError::read(reply) else {
        return Error::from_reply(reply.clone(), None);
    };
    let kind = if wrong_status(&api) {
        ErrorKind::Conflict
    } else if refuses_key(reply, &api) || (api.has_codes() && proven(&api)) {
        return Error::from_reply(reply.clone(), Some(api));
    } else {
        Error::from_reply(reply.clone(), None).kind()
    };
    let message = format!("the gateway answered {}: {api}", reply.status());
    Error::unknown(kind, message).with_api(api).with_reply(reply.clone())
}

/// The documented refusal of the key: 401, and nothing but its code. No refusal of a permission is documented.
fn refuses_key(reply: &Reply, api: &ApiError) -> bool {
    let documented =
        |error: &FieldError| error.field == GENERAL && error.code.as_deref() == Some(AUTHENTICATION_FAILED);
    reply.status() == 401 && api.errors.iter().all(documented)
}

/// Whether every entry is about one member of the request.
// Assumption(validation-first): such a refusal is the gateway's validation, before anything else was done.
pub(crate) fn only_about(api: &ApiError, member: &str) -> bool {
    api.errors.iter().all(|error| error.field == member)
}

fn wrong_status(api: &ApiError) -> bool {
    api.errors.iter().any(|error| error.code.as_deref().is_some_and(|code| code.ends_with(WRONG_STATUS)))
}
