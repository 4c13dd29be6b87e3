//! Which operation of a gateway a request is.

use crate::gateway::OperationRow;
use crate::request::Request;

/// A request taken apart: its operation, and the parts of its path on the gateway's own host.
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

/// The operation; `other` for a request that the gateway does not document.
pub(crate) fn of(rows: &[OperationRow], request: &Request) -> Operation {
    // The first part is the sandbox's: the gateway has a host of its own.
    let path = request.segments_after(1);
    let fits = |row: &&OperationRow| {
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

    const REVIO: [OperationRow; 1] = [("POST", "api/v1/purchases/*/charge", "charge-purchase")];
    const OMNO: [OperationRow; 1] = [("POST", "transaction/create", "create-payment")];

    fn request(method: Method, path: &'static str) -> Request {
        Request::new(method, &Uri::from_static(path), HeaderMap::new(), Vec::new()).unwrap()
    }

    #[test]
    fn chosen_parts_of_path_differ_from_gateway_words() {
        let found = of(&REVIO, &request(Method::POST, "/revio/api/v1/purchases/charge/charge/"));
        assert_eq!((found.name, found.slash), ("charge-purchase", true));
        assert_eq!(found.segments[3], Segment::Given("charge".to_owned()));
        assert_eq!(found.segments[4], Segment::Word("charge"));
        let found = of(&REVIO, &request(Method::POST, "/revio/api/v1/secret"));
        assert_eq!(found.name, "other");
        assert!(found.segments.iter().all(|segment| matches!(segment, Segment::Given(_))));
        assert_eq!(of(&OMNO, &request(Method::GET, "/omno/transaction/create")).name, "other");
    }
}
