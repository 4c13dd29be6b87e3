use recurring_core::{GatewayTime, Reply};
use recurring_gateway::lenient;
use serde::{Deserialize, Serialize};

use crate::ops::amount::Amount;
use crate::ops::hal::{self, Links};

/// One capture of a payment: money that was taken of what is held.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(from = "Members", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Capture {
    /// The gateway's reference; taken from its identifier or its links where the gateway leaves it out.
    pub reference: Option<String>,
    /// The gateway's word for its state, such as `SUCCESS`. Its values are documented nowhere: the payment's
    /// own state decides about the money.
    pub state: Option<String>,
    /// The amount.
    pub amount: Option<Amount>,
    /// When it was made.
    pub created_time: Option<GatewayTime>,
    #[serde(skip_serializing)]
    pub(crate) links: Links,
}

/// One refund of a payment.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(from = "Members", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Refund {
    /// The gateway's reference; taken from its identifier or its own link where the gateway leaves it out.
    pub reference: Option<String>,
    /// The gateway's word for its state, such as `SUCCESS`. Its values are documented nowhere: the payment's
    /// own state decides about the money.
    pub state: Option<String>,
    /// The amount.
    pub amount: Option<Amount>,
    /// When it was made.
    pub created_time: Option<GatewayTime>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(rename = "_id", default, deserialize_with = "lenient::id")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::id")]
    reference: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    state: Option<String>,
    #[serde(default, deserialize_with = "lenient::object")]
    amount: Option<Amount>,
    #[serde(default, deserialize_with = "lenient::time")]
    created_time: Option<GatewayTime>,
    #[serde(rename = "_links", default, deserialize_with = "hal::links")]
    links: Links,
}

impl From<Members> for Capture {
    fn from(members: Members) -> Self {
        let links = [&members.links.itself, &members.links.refund];
        let linked = links.into_iter().flatten().find_map(|link| link.segment_after(&["captures"]));
        Self {
            reference: hal::reference(members.reference, members.id.as_deref(), "urn:capture:").or(linked),
            state: members.state,
            amount: members.amount,
            created_time: members.created_time,
            links: members.links,
        }
    }
}

impl From<Members> for Refund {
    fn from(members: Members) -> Self {
        let own = members.links.itself.as_ref();
        let linked = own.and_then(|link| link.segment_after(&["refund", "refunds"]));
        Self {
            reference: hal::reference(members.reference, members.id.as_deref(), "urn:refund:").or(linked),
            state: members.state,
            amount: members.amount,
            created_time: members.created_time,
        }
    }
}

/// Clears a text of the secrets of the request.
pub(crate) fn clear(text: &mut Option<String>, reply: &Reply) {
    *text = text.take().map(|text| reply.shown(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_wherever_the_gateway_puts_it() {
        let capture = |json: &str| serde_json::from_str::<Capture>(json).expect(json).reference;
        let refund = |json: &str| serde_json::from_str::<Refund>(json).expect(json).reference;
        let link = |name: &str, path: &str| {
            format!(r#"{{"_links":{{"{name}":{{"href":"http://transaction-service/payments/p/{path}"}}}}}}"#)
        };
        for (json, expected) in [
            (r#"{"reference":"c","_id":"urn:capture:d"}"#.to_owned(), Some("c")),
            (r#"{"_id":"urn:capture:c"}"#.to_owned(), Some("c")),
            (link("self", "captures/c"), Some("c")),
            (link("cnp:refund", "captures/c/refund"), Some("c")),
            (link("self", ""), None),
            ("{}".to_owned(), None),
        ] {
            assert_eq!(capture(&json).as_deref(), expected, "{json}");
        }
        for (json, expected) in [
            (r#"{"_id":"urn:refund:r"}"#.to_owned(), Some("r")),
            (link("self", "captures/c/refund/r"), Some("r")),
            (link("self", "refunds/r"), Some("r")),
            (link("self", "captures/c/refund"), None),
            ("{}".to_owned(), None),
        ] {
            assert_eq!(refund(&json).as_deref(), expected, "{json}");
        }
    }
}
