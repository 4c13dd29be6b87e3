use recurring_core::{GatewayTime, Outcome, Reply, Secret, lenient};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::status::{self, Action, PaymentState};

/// An order as the gateway tells it (public documentation). An order of a recurring payment holds one entry in
/// `payments` for each charge of the schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Order {
    /// The gateway's identifier in its long form, `urn:order:` and the reference.
    #[serde(rename = "_id", default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// The gateway's reference; taken from `id` where the gateway leaves it out. Always there in an order that was
    /// read through [`Client::get_order`](crate::Client::get_order).
    #[serde(default, deserialize_with = "lenient::text")]
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
    #[serde(default, deserialize_with = "lenient::text")]
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
    /// Every payment, in the gateway's order. Look at all of them: the first says nothing of the later ones.
    #[serde(rename = "_embedded", default, deserialize_with = "payments")]
    pub payments: Vec<Payment>,
}

/// An amount of money as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Amount {
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<String>,
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub value: Option<i64>,
}

/// One payment of an order: one charge of the card (public documentation).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Payment {
    /// The gateway's identifier in its long form, `urn:payment:` and the reference.
    #[serde(rename = "_id", default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// The gateway's reference; taken from `id` where the gateway leaves it out.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reference: Option<String>,
    /// Where it stands; see [`Payment::outcome`].
    #[serde(default)]
    pub state: PaymentState,
    /// The amount.
    #[serde(default, deserialize_with = "lenient::object")]
    pub amount: Option<Amount>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub update_date_time: Option<GatewayTime>,
    /// The card, masked.
    #[serde(default, deserialize_with = "lenient::object")]
    pub payment_method: Option<PaymentMethod>,
    /// The card as the gateway keeps it for later payments; only where that is enabled for the account.
    #[serde(default, deserialize_with = "lenient::object")]
    pub saved_card: Option<SavedCard>,
    /// What the issuer answered.
    #[serde(default, deserialize_with = "lenient::object")]
    pub auth_response: Option<AuthResponse>,
}

/// The card of a payment, masked.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentMethod {
    /// The end of the card's life, `YYYY-MM`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expiry: Option<String>,
    /// The name on the card.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cardholder_name: Option<String>,
    /// The scheme, such as `VISA`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The masked card number. `None` also where the gateway does not mask it: a whole number is not kept.
    #[serde(default, deserialize_with = "masked")]
    pub pan: Option<String>,
}

/// A card that the gateway keeps, and the token that stands for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SavedCard {
    /// The masked card number. `None` also where the gateway does not mask it: a whole number is not kept.
    #[serde(default, deserialize_with = "masked")]
    pub masked_pan: Option<String>,
    /// The end of the card's life, `YYYY-MM`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expiry: Option<String>,
    /// The name on the card.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cardholder_name: Option<String>,
    /// The scheme, such as `VISA`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub scheme: Option<String>,
    /// The token that pays with this card.
    #[serde(default, deserialize_with = "lenient::secret")]
    pub card_token: Option<Secret>,
    /// Whether the security code has to be asked for again.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub recapture_csc: Option<bool>,
}

/// What the issuer answered to a payment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuthResponse {
    /// The issuer's code for the authorisation.
    #[serde(default, deserialize_with = "lenient::text")]
    pub authorization_code: Option<String>,
    /// Whether it was granted. The payment's own state decides about the money.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub success: Option<bool>,
    /// The code of the answer, such as `00` or `51`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub result_code: Option<String>,
    /// The answer in words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub result_message: Option<String>,
    /// The retrieval reference number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub rrn: Option<String>,
    /// The acquirer's number of the merchant.
    #[serde(default, deserialize_with = "lenient::text")]
    pub mid: Option<String>,
}

impl Order {
    /// Fills the references that the gateway gives in their long form only, and clears the texts that quote others
    /// of the secrets of the request.
    pub(crate) fn cleared(mut self, reply: &Reply) -> Self {
        self.reference = reference(self.reference, self.id.as_deref(), "urn:order:");
        for payment in &mut self.payments {
            payment.reference = reference(payment.reference.take(), payment.id.as_deref(), "urn:payment:");
            if let PaymentState::Other(text) = &mut payment.state {
                *text = reply.shown(text);
            }
            if let Some(answer) = &mut payment.auth_response {
                answer.result_message = answer.result_message.take().map(|text| reply.shown(&text));
            }
        }
        self
    }
}

impl Payment {
    /// What the payment's state means for the money. Every state nobody has seen yet is `Pending`.
    ///
    /// | states | outcome |
    /// | --- | --- |
    /// | `AUTHORISED`, `CAPTURED`, `PURCHASED`, `PARTIALLY_CAPTURED` | `Approved` |
    /// | `PARTIALLY_REFUNDED`, `REFUNDED` | `Approved`: it was taken, and given back later |
    /// | `FAILED`, `PARTIAL_AUTH_DECLINED` | `Declined` |
    /// | `REVERSED` | `Declined`: the hold was let go, no money was kept |
    /// | `AWAIT_3DS` | `CustomerNeeded` |
    /// | `STARTED`, `POST_AUTH_REVIEW`, `AWAITING_PARTIAL_AUTH_APPROVAL` | `Pending` |
    /// | `VERIFIED`, `PARTIALLY_AUTHORISED` | `Pending`: neither proves that the amount can be taken |
    pub fn outcome(&self) -> Outcome {
        status::payment_outcome(&self.state)
    }
}

fn reference(given: Option<String>, id: Option<&str>, prefix: &str) -> Option<String> {
    let from_id = || id.and_then(|id| id.strip_prefix(prefix)).map(str::to_owned);
    given.filter(|text| !text.is_empty()).or_else(from_id).filter(|text| !text.is_empty())
}

/// The entries of `_embedded.payment`. One that cannot be read fails the whole answer, since leaving it out could
/// hide a charge; an object in place of the list is one payment, as HAL allows.
fn payments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Payment>, D::Error> {
    #[derive(Deserialize)]
    struct Embedded {
        #[serde(default)]
        payment: Option<Box<RawValue>>,
    }

    let Some(Embedded { payment: Some(json) }) = lenient::object(deserializer)? else {
        return Ok(Vec::new());
    };
    let read = match json.get().as_bytes().first() {
        Some(b'{') => serde_json::from_str(json.get()).map(|payment| vec![payment]),
        _ => serde_json::from_str(json.get()),
    };
    read.map_err(serde::de::Error::custom)
}

/// A card number with something in it that masks it.
fn masked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let whole = |text: &str| {
        text.len() >= 12 && text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || c == '-')
    };
    Ok(lenient::text(deserializer)?.filter(|text| !whole(text)))
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
        for odd in ["[{},7]", "[null]", "7", r#""text""#] {
            assert!(read(&format!(r#"{{"_embedded":{{"payment":{odd}}}}}"#)).is_err(), "{odd}");
        }
    }

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
    fn a_whole_card_number_is_not_kept() {
        let pan = |pan: &str| {
            let json = format!(r#"{{"_embedded":{{"payment":[{{"paymentMethod":{{"pan":{pan}}}}}]}}}}"#);
            let mut order = read(&json).expect("an order");
            order.payments.pop().and_then(|payment| payment.payment_method).and_then(|card| card.pan)
        };
        assert_eq!(pan(r#""401200******1112""#).as_deref(), Some("401200******1112"));
        assert_eq!(pan(r#""1112""#).as_deref(), Some("1112"));
        for whole in [r#""4012001037141112""#, "4012001037141112", r#""4012 0010 3714 1112""#] {
            assert_eq!(pan(whole), None, "{whole}");
        }
    }
}
