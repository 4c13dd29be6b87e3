use recurring_core::{GatewayTime, Reply};
use recurring_gateway::lenient;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ops::amount::Amount;
use crate::ops::hal;
use crate::ops::payment::Payment;
use crate::status::Action;

/// An order as the gateway reports it. An order of a recurring payment holds one entry in `payments` for each charge of
/// the schedule.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Order {
    /// The gateway's identifier in its long form, `urn:order:` and the reference.
    #[serde(rename(deserialize = "_id"), default, deserialize_with = "lenient::id")]
    pub id: Option<String>,
    /// The gateway's reference; taken from `id` where the gateway leaves it out. Always there in an order that was
    /// read through [`Client::get_order`](crate::Client::get_order).
    #[serde(default, deserialize_with = "lenient::id")]
    pub reference: Option<String>,
    /// The gateway's `type`, such as `RECURRING`.
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub order_type: Option<String>,
    /// What is done with the card.
    #[serde(default)]
    pub action: Action,
    /// The amount of one payment.
    #[serde(default, deserialize_with = "lenient::object")]
    pub amount: Option<Amount>,
    /// The outlet it belongs to.
    #[serde(default, deserialize_with = "lenient::id")]
    pub outlet_id: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::time")]
    pub create_date_time: Option<GatewayTime>,
    /// The customer's e-mail address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email_address: Option<String>,
    /// Your own name for it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub merchant_order_reference: Option<String>,
    /// Every payment, in the gateway's order. Look at all of them: the first does not show what became of the later
    /// ones.
    #[serde(rename(deserialize = "_embedded"), default, deserialize_with = "payments")]
    pub payments: Vec<Payment>,
}

impl Order {
    /// Fills the reference where the gateway gives it in its long form only.
    pub(crate) fn named(mut self) -> Self {
        self.reference = hal::reference(self.reference, self.id.as_deref(), "urn:order:");
        self
    }

    /// Fills the reference, and clears the texts that quote others of the secrets of the request.
    pub(crate) fn cleared(self, reply: &Reply) -> Self {
        let mut order = self.named();
        order.payments = order.payments.into_iter().map(|payment| payment.cleared(reply)).collect();
        order
    }
}

/// The entries of `_embedded.payment`. One that cannot be read fails the whole answer, since leaving it out could
/// hide a charge.
pub(crate) fn payments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Payment>, D::Error> {
    #[derive(Deserialize)]
    struct Embedded {
        #[serde(default, deserialize_with = "hal::list")]
        payment: Vec<Payment>,
    }
    let embedded: Option<Embedded> = lenient::object(deserializer)?;
    Ok(embedded.map_or_else(Vec::new, |embedded| embedded.payment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Order, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn no_payment_is_ever_lost() {
        let states = |json: &str| -> Vec<String> {
            let order = read(json).expect(json);
            order.payments.iter().map(|payment| payment.state.to_string()).collect()
        };
        let many = r#"{"_embedded":{"payment":[{"state":"CAPTURED"},{"state":"FAILED"},{}]}}"#;
        assert_eq!(states(many), ["CAPTURED", "FAILED", ""]);
        assert_eq!(states(r#"{"_embedded":{"payment":{"state":"CAPTURED"}}}"#), ["CAPTURED"]);
        for none in
            ["{}", r#"{"_embedded":null}"#, r#"{"_embedded":{}}"#, r#"{"_embedded":{"payment":null}}"#]
        {
            assert!(states(none).is_empty(), "{none}");
        }
        for odd in ["[{},7]", "[null]", "[[]]", "7", r#""text""#] {
            assert!(read(&format!(r#"{{"_embedded":{{"payment":{odd}}}}}"#)).is_err(), "{odd}");
        }
    }
}
