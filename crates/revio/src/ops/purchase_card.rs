use recurring_gateway::lenient;
use serde::{Deserialize, Deserializer, Serialize};

use crate::wire;

/// The card of a purchase: its brand, its expiry date and the country of its issuer, where the gateway names them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[non_exhaustive]
pub struct PurchaseCard {
    /// The brand, such as `visa`.
    #[serde(default, rename = "card_brand", deserialize_with = "wire::text")]
    pub brand: Option<String>,
    /// The month in which it expires, 1 to 12.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub expiry_month: Option<i64>,
    /// The year in which it expires, with two digits.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub expiry_year: Option<i64>,
    /// The country of its issuer (ISO 3166, two letters), such as `GB`.
    #[serde(default, rename = "card_issuer_country", deserialize_with = "wire::text")]
    pub issuer_country: Option<String>,
}

impl PurchaseCard {
    /// Returns the expiry date as `MM/YY`. `None` where it is not named, or not a month of a year with two or four digits.
    pub fn expiry(&self) -> Option<String> {
        let (month, year) = self.expiry_month.zip(self.expiry_year)?;
        let is_date = (1..=12).contains(&month) && ((0..100).contains(&year) || (2000..2100).contains(&year));
        is_date.then(|| format!("{month:02}/{:02}", year % 100))
    }

    /// Reads it. Before a card was used, the object is there without these members: then there is none.
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let card: Option<Self> = lenient::object(deserializer)?;
        Ok(card.filter(|card| *card != Self::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::PurchaseCard;
    use crate::Purchase;

    fn card(extra: &str) -> Option<PurchaseCard> {
        let json = format!(r#"{{"id":"p","status":"paid","transaction_data":{{"extra":{extra}}}}}"#);
        let purchase: Purchase = serde_json::from_str(&json).expect("a purchase");
        purchase.transaction_data.and_then(|data| data.card)
    }

    fn expiry(extra: &str) -> Option<String> {
        card(extra).and_then(|card| card.expiry())
    }

    #[test]
    fn card_names_brand_and_country_of_issuer() {
        let extra = r#"{"card_brand":"visa","card_issuer_country":"GB","masked_pan":"424242******4242"}"#;
        let named = card(extra).expect("a card");
        assert_eq!((named.brand.as_deref(), named.issuer_country.as_deref()), (Some("visa"), Some("GB")));
        assert_eq!(card(r#"{"masked_pan":"424242******4242"}"#), None);
    }

    #[test]
    fn expiry_is_read_from_numbers_and_text() {
        for (extra, expected) in [
            (r#"{"card_brand":"visa","expiry_month":4,"expiry_year":31}"#, Some("04/31")),
            (r#"{"expiry_month":"04","expiry_year":"31"}"#, Some("04/31")),
            (r#"{"expiry_month":12,"expiry_year":2031}"#, Some("12/31")),
            (r#"{"expiry_month":13,"expiry_year":31}"#, None),
            (r#"{"expiry_month":4}"#, None),
            ("{}", None),
            ("null", None),
            ("7", None),
            ("[]", None),
        ] {
            assert_eq!(expiry(extra).as_deref(), expected, "{extra}");
        }
    }
}
