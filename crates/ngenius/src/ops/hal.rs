//! What the gateway's answers share as HAL documents: links, embedded lists, identifiers in a long form.

use std::fmt;

use recurring_gateway::{BaseUrl, lenient};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// An address found in a reply. `Debug` shows nothing of it: its query could hold a token.
#[derive(Clone)]
pub(crate) struct Href(String);

impl Href {
    /// The path and query below the client's own base address, if it leads to this operation of this payment or of
    /// one of its captures (of `capture`, where one is named). `None` for any other address, which is not followed: the
    /// gateway names hosts inside its own network too, and a link to another payment would move other money.
    ///
    /// `payment` is the documented path of the payment.
    pub(crate) fn to(
        &self,
        base_url: &BaseUrl,
        payment: &str,
        capture: Option<&str>,
        operation: &str,
    ) -> Option<String> {
        let target = base_url.relative(&self.0)?;
        let path = target.split('?').next()?;
        // Identifiers are UUIDs, whose letter case means nothing.
        let is_own = path.get(..payment.len())?.eq_ignore_ascii_case(payment);
        let below: Vec<&str> = path.get(payment.len()..)?.split('/').collect();
        let leads_there = match below.as_slice() {
            ["", last] => *last == operation,
            ["", "captures", of, last] => {
                *last == operation
                    && !of.is_empty()
                    && capture.is_none_or(|capture| of.eq_ignore_ascii_case(capture))
            }
            _ => false,
        };
        (is_own && leads_there).then_some(target)
    }

    /// The segment of the path that follows the last one of these names. Only reads the address: nothing is sent
    /// there.
    pub(crate) fn segment_after(&self, names: &[&str]) -> Option<String> {
        let path = self.0.split(['?', '#']).next()?;
        let mut segments = path.rsplit('/').filter(|segment| !segment.is_empty());
        let mut following = segments.next()?;
        for segment in segments {
            if names.contains(&segment) {
                return Some(following.to_owned());
            }
            following = segment;
        }
        None
    }
}

impl fmt::Debug for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Href(..)")
    }
}

/// The links that this crate follows or reads. All others are passed over.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Links {
    #[serde(rename = "self", default, deserialize_with = "href")]
    pub(crate) itself: Option<Href>,
    #[serde(rename = "cnp:cancel", default, deserialize_with = "href")]
    pub(crate) cancel: Option<Href>,
    #[serde(rename = "cnp:refund", default, deserialize_with = "href")]
    pub(crate) refund: Option<Href>,
    #[serde(rename = "payment:saved-card", default, deserialize_with = "href")]
    pub(crate) saved_card: Option<Href>,
}

impl Links {
    pub(crate) const NONE: Self = Self { itself: None, cancel: None, refund: None, saved_card: None };

    pub(crate) fn are_none(&self) -> bool {
        [&self.itself, &self.cancel, &self.refund, &self.saved_card].into_iter().all(Option::is_none)
    }
}

/// The member `_links`; none where it is not an object.
pub(crate) fn links<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Links, D::Error> {
    Ok(lenient::object(deserializer)?.unwrap_or_default())
}

fn href<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Href>, D::Error> {
    #[derive(Deserialize)]
    struct Link {
        #[serde(default, deserialize_with = "lenient::address")]
        href: Option<String>,
    }
    let link: Option<Link> = lenient::object(deserializer)?;
    Ok(link.and_then(|link| link.href).filter(|href| !href.is_empty()).map(Href))
}

/// A list under `_embedded`. An entry that cannot be read fails the whole answer, since leaving it out could hide
/// money that moved; an object in place of the list is one entry, as HAL allows.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?;
    let entries: Vec<&RawValue> = if json.get() == "null" {
        Vec::new()
    } else if lenient::is_object(json.get().as_bytes()) {
        vec![json]
    } else {
        serde_json::from_str(json.get()).map_err(D::Error::custom)?
    };
    // As large as it must be: one that grows takes up to twice as much.
    let mut list = Vec::with_capacity(entries.len());
    for entry in entries {
        list.push(lenient::parse_object(entry).map_err(D::Error::custom)?);
    }
    Ok(list)
}

/// The reference that was given, or the end of the identifier in its long form.
pub(crate) fn reference(given: Option<String>, id: Option<&str>, prefix: &str) -> Option<String> {
    let from_id = || id.and_then(|id| id.strip_prefix(prefix)).map(str::to_owned);
    given.filter(|text| !text.is_empty()).or_else(from_id).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_from_the_identifier_when_it_is_missing() {
        let of = |given: Option<&str>, id| reference(given.map(str::to_owned), id, "urn:payment:");
        assert_eq!(of(Some("a"), Some("urn:payment:b")).as_deref(), Some("a"));
        assert_eq!(of(None, Some("urn:payment:b")).as_deref(), Some("b"));
        assert_eq!(of(Some(""), Some("urn:payment:b")).as_deref(), Some("b"));
        assert_eq!(of(None, Some("urn:order:b")), None);
        assert_eq!(of(None, Some("urn:payment:")), None);
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn a_segment_is_the_one_after_the_last_of_the_names() {
        let after = |href: &str| Href(href.to_owned()).segment_after(&["captures"]);
        assert_eq!(after("https://a.example/payments/p/captures/c").as_deref(), Some("c"));
        assert_eq!(
            after("https://a.example/payments/p/captures/c/refund?x=/captures/d").as_deref(),
            Some("c")
        );
        assert_eq!(after("/captures/a/captures/b/").as_deref(), Some("b"));
        for none in ["https://a.example/payments/p/captures", "captures/", "", "/", "https://a.example/p"] {
            assert_eq!(after(none), None, "{none}");
        }
    }

    #[test]
    fn link_elsewhere_is_not_followed() {
        let base = BaseUrl::parse("base_url", "https://api.example").expect("an address");
        let payment = "/transactions/outlets/o1/orders/r1/payments/p1";
        let to = |href: &str, capture| Href(href.to_owned()).to(&base, payment, capture, "refund");
        for own in ["/refund", "/refund?x=1", "/captures/c1/refund", "/captures/C1/refund"] {
            let href = format!("https://api.example{payment}{own}");
            assert_eq!(to(&href, Some("c1")), Some(format!("{payment}{own}")), "{own}");
        }
        let upper = format!("https://api.example{}", payment.replace("p1", "P1/refund"));
        assert!(to(&upper, None).is_some());
        assert!(to(&format!("https://api.example{payment}/captures/c2/refund"), None).is_some());
        for elsewhere in [
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p2/refund",
            "https://api.example/transactions/outlets/o1/orders/r2/payments/p1/refund",
            "https://api.example/transactions/outlets/o2/orders/r1/payments/p1/refund",
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p1/cancel",
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p1/captures/c2/refund",
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p1/captures//refund",
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p1/../p2/refund",
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p1/%2e%2e/p2/refund",
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p1",
            "https://api.example/transactions/outlets/o1/orders/r1/payments/p12/refund",
            "https://api.example/refund",
            "https://other.example/transactions/outlets/o1/orders/r1/payments/p1/refund",
            "http://api.example/transactions/outlets/o1/orders/r1/payments/p1/refund",
            "/transactions/outlets/o1/orders/r1/payments/p1/refund",
        ] {
            assert_eq!(to(elsewhere, Some("c1")), None, "{elsewhere}");
        }
    }

    #[test]
    fn an_odd_link_is_none() {
        for odd in [
            "7",
            "null",
            "[]",
            r#""text""#,
            "{}",
            r#"{"self":7}"#,
            r#"{"self":{"href":null}}"#,
            r#"{"self":[{"href":"https://a.example"}]}"#,
        ] {
            let links = links(&mut serde_json::Deserializer::from_str(odd)).expect(odd);
            assert!(links.itself.is_none(), "{odd}");
        }
        let json = r#"{"self":{"href":"https://a.example/hunter2?token=hunter2"},"curies":[7]}"#;
        let links = links(&mut serde_json::Deserializer::from_str(json)).expect("links");
        assert!(links.itself.is_some());
        assert!(!format!("{links:?}").contains("hunter2"));
    }
}
