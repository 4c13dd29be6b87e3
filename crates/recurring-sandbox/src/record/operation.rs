//! Which operation of a gateway a call is, by the names of the folders in `fixtures/`.

use crate::request::Request;

/// Method, path on the gateway's own host, and the operation; `*` is one part that the caller chose.
type Row = (&'static str, &'static str, &'static str);

const EMSPAY: &[Row] = &[
    ("POST", "v1/orders", "create-order"),
    ("GET", "v1/orders", "list-orders"),
    ("GET", "v1/orders/*", "get-order"),
    ("PUT", "v1/orders/*", "update-order"),
    ("DELETE", "v1/orders/*", "cancel-order"),
    ("POST", "v1/orders/*/refunds", "refund-order"),
    ("POST", "v1/orders/*/transactions/*/captures", "capture-transaction"),
    ("GET", "v1/merchants/self/projects/self/currencies", "get-currencies"),
];
const REVIO: &[Row] = &[
    ("POST", "api/v1/clients", "create-client"),
    ("GET", "api/v1/clients/*", "get-client"),
    ("PUT", "api/v1/clients/*", "update-client"),
    ("PATCH", "api/v1/clients/*", "change-client"),
    ("DELETE", "api/v1/clients/*", "delete-client"),
    ("GET", "api/v1/clients/*/recurring_tokens", "list-recurring-tokens"),
    ("DELETE", "api/v1/clients/*/recurring_tokens/*", "delete-recurring-token"),
    ("POST", "api/v1/purchases", "create-purchase"),
    ("GET", "api/v1/purchases/*", "get-purchase"),
    ("POST", "api/v1/purchases/*/charge", "charge-purchase"),
    ("POST", "api/v1/purchases/*/capture", "capture-purchase"),
    ("POST", "api/v1/purchases/*/release", "release-purchase"),
    ("POST", "api/v1/purchases/*/cancel", "cancel-purchase"),
    ("POST", "api/v1/purchases/*/refund", "refund-purchase"),
    ("POST", "api/v1/purchases/*/delete_recurring_token", "delete-purchase-recurring-token"),
    ("GET", "api/v1/payment_methods", "payment-methods"),
    ("GET", "api/v1/public_key", "public-key"),
];
const NGENIUS: &[Row] = &[
    ("POST", "identity/auth/access-token", "access-token"),
    ("POST", "recurring-payment/outlets/*/orders", "create-recurring-payment"),
    ("POST", "transactions/outlets/*/orders", "create-order"),
    ("GET", "transactions/outlets/*/orders/*", "get-order"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/captures", "capture-payment"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/captures/*/refund", "refund-payment"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/refund", "refund-payment"),
    ("POST", "transactions/outlets/*/orders/*/payments/*/cancel", "refund-payment"),
    ("PUT", "transactions/outlets/*/orders/*/payments/*/cancel", "void-payment"),
    ("PUT", "transactions/outlets/*/orders/*/payments/*/saved-card", "pay-with-saved-card"),
];
const OMNO: &[Row] = &[
    ("POST", "realms/omno/protocol/openid-connect/token", "token"),
    ("GET", "transaction/customer/*/cards", "list-cards"),
    ("POST", "transaction/create", "create-payment"),
    ("GET", "reporting/payments/*", "get-payment"),
];
const TOKENPAY: &[Row] = &[
    ("POST", "tokenization/add-token", "add-token"),
    ("POST", "tokenization/query-token", "query-token"),
    ("POST", "tokenization/delete-token", "delete-token"),
    ("POST", "tokenization/sale", "sale"),
    ("POST", "tokenization/recurring", "recurring"),
    ("POST", "hosted-checkout/query", "query-order"),
    ("POST", "hosted-checkout/void", "void-order"),
    ("POST", "hosted-checkout/refund", "refund-order"),
];

/// A call taken apart: its operation, and the parts of its path on the gateway's own host.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) segments: Vec<Segment>,
    pub(crate) slash: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// The gateway's own word.
    Word(&'static str),
    /// What the caller put there.
    Given(String),
}

/// The operation; `other` for a call that no gateway documents.
pub(crate) fn of(gateway: &str, request: &Request) -> Operation {
    let rows = match gateway {
        "emspay" => EMSPAY,
        "revio" => REVIO,
        "ngenius" => NGENIUS,
        "omno" => OMNO,
        "tokenpay-signed" => TOKENPAY,
        _ => &[],
    };
    // The first part is the sandbox's: the gateway has a host of its own.
    let path = request.segments_after(1);
    let fits = |row: &&Row| {
        let pattern = row.1.split('/');
        request.method.as_str() == row.0
            && pattern.clone().count() == path.len()
            && pattern.zip(&path).all(|(part, given)| part == "*" || part == *given)
    };
    let given = |part: &&str| Segment::Given((*part).to_owned());
    let (name, segments) = match rows.iter().find(fits) {
        Some((_, pattern, name)) => {
            let parts = pattern.split('/').zip(&path);
            (
                *name,
                parts
                    .map(|(part, path)| if part == "*" { given(path) } else { Segment::Word(part) })
                    .collect(),
            )
        }
        None => ("other", path.iter().map(given).collect()),
    };
    Operation { name, segments, slash: request.slash }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, Method, Uri};

    fn request(method: Method, path: &'static str) -> Request {
        Request::new(method, &Uri::from_static(path), HeaderMap::new(), Vec::new()).unwrap()
    }

    #[test]
    fn chosen_parts_of_path_differ_from_gateway_words() {
        let found = of("revio", &request(Method::POST, "/revio/api/v1/purchases/charge/charge/"));
        assert_eq!((found.name, found.slash), ("charge-purchase", true));
        assert_eq!(found.segments[3], Segment::Given("charge".to_owned()));
        assert_eq!(found.segments[4], Segment::Word("charge"));
        let found = of("revio", &request(Method::POST, "/revio/api/v1/secret"));
        assert_eq!(found.name, "other");
        assert!(found.segments.iter().all(|segment| matches!(segment, Segment::Given(_))));
        assert_eq!(of("omno", &request(Method::GET, "/omno/transaction/create")).name, "other");
    }
}
