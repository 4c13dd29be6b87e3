use recurring_gateway::lenient;
use serde::{Deserialize, Deserializer, Serialize};

use crate::wire;

/// The card of a purchase: its brand and its expiry date, where the gateway names them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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
}

impl PurchaseCard {
    /// Returns the expiry date as `MM/YY`. `None` where it is not named, or not a month of a year with two or four digits.
    pub fn expiry(&self) -> Option<String> {
        let (month, year) = self.expiry_month.zip(self.expiry_year)?;
        let is_date = (1..=12).contains(&month) && ((0..100).contains(&year) || (2000..2100).contains(&year));
        is_date.then(|| format!("{month:02}/{:02}", year % 100))
    }

    /// Reads it; an empty object, which is there before a card was used, is none.
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let card: Option<Self> = lenient::object(deserializer)?;
        Ok(card
            .filter(|card| card.brand.is_some() || card.expiry_month.is_some() || card.expiry_year.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use crate::Purchase;

    fn expiry(extra: &str) -> Option<String> {
        let json = format!(r#"{{"id":"p","status":"paid","transaction_data":{{"extra":{extra}}}}}"#);
        let purchase: Purchase = serde_json::from_str(&json).expect("a purchase");
        purchase.transaction_data.and_then(|data| data.card).and_then(|card| card.expiry())
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
