use recurring_core::{DeclineReason, GatewayTime, Outcome, Reply, Secret};
use recurring_gateway::lenient;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ops::amount::Amount;
use crate::ops::capture::{Capture, Refund, clear};
use crate::ops::hal::{self, Links};
use crate::status::{self, PaymentState};

/// One payment of an order: one charge of the card.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(from = "Members", rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Payment {
    /// The gateway's identifier in its long form, `urn:payment:` and the reference.
    pub id: Option<String>,
    /// The gateway's reference; taken from `id` where the gateway leaves it out.
    pub reference: Option<String>,
    /// Its status; see [`Payment::outcome`].
    pub state: PaymentState,
    /// The amount.
    pub amount: Option<Amount>,
    /// When it last changed.
    pub update_date_time: Option<GatewayTime>,
    /// The outlet it belongs to.
    pub outlet_id: Option<String>,
    /// The order it belongs to.
    pub order_reference: Option<String>,
    /// The card, masked.
    pub payment_method: Option<PaymentMethod>,
    /// The card as the gateway keeps it for later payments; only where that is enabled for the account.
    pub saved_card: Option<SavedCard>,
    /// What the issuer answered.
    pub auth_response: Option<AuthResponse>,
    /// Every capture, in the gateway's order.
    pub captures: Vec<Capture>,
    /// Every refund, in the gateway's order.
    pub refunds: Vec<Refund>,
    /// In a place of their own, and only where there are any: an order may hold thousands of payments.
    #[serde(skip_serializing)]
    links: Option<Box<Links>>,
}

/// A payment member for member as it is on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(rename = "_id", default, deserialize_with = "lenient::id")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::id")]
    reference: Option<String>,
    #[serde(default)]
    state: PaymentState,
    #[serde(default, deserialize_with = "lenient::object")]
    amount: Option<Amount>,
    #[serde(default, deserialize_with = "lenient::time")]
    update_date_time: Option<GatewayTime>,
    #[serde(default, deserialize_with = "lenient::id")]
    outlet_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::id")]
    order_reference: Option<String>,
    #[serde(default, deserialize_with = "lenient::object")]
    payment_method: Option<PaymentMethod>,
    #[serde(default, deserialize_with = "lenient::object")]
    saved_card: Option<SavedCard>,
    #[serde(default, deserialize_with = "lenient::object")]
    auth_response: Option<AuthResponse>,
    #[serde(rename = "_embedded", default, deserialize_with = "lenient::object")]
    embedded: Option<Embedded>,
    #[serde(rename = "_links", default, deserialize_with = "hal::links")]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Embedded {
    #[serde(rename = "cnp:capture", default, deserialize_with = "hal::list")]
    captures: Vec<Capture>,
    #[serde(rename = "cnp:refund", default, deserialize_with = "hal::list")]
    refunds: Vec<Refund>,
}

impl From<Members> for Payment {
    fn from(members: Members) -> Self {
        let embedded = members.embedded.unwrap_or_default();
        Self {
            reference: hal::reference(members.reference, members.id.as_deref(), "urn:payment:"),
            id: members.id,
            state: members.state,
            amount: members.amount,
            update_date_time: members.update_date_time,
            outlet_id: members.outlet_id,
            order_reference: members.order_reference,
            payment_method: members.payment_method,
            saved_card: members.saved_card,
            auth_response: members.auth_response,
            captures: embedded.captures,
            refunds: embedded.refunds,
            links: (!members.links.are_none()).then(|| Box::new(members.links)),
        }
    }
}

/// What the issuer answered to a payment.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuthResponse {
    /// The issuer's code for the authorization.
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

impl Payment {
    /// Returns what the payment's state means for the money. Every unknown state is `Pending`.
    ///
    /// | states | outcome |
    /// | --- | --- |
    /// | `CAPTURED`, `PURCHASED`, `PARTIALLY_CAPTURED` | `Paid` |
    /// | `AUTHORISED` | `Authorized`: held, and not taken |
    /// | `PARTIALLY_REFUNDED`, `REFUNDED` | `Paid`: it was taken, and given back later |
    /// | `FAILED`, `PARTIAL_AUTH_DECLINED` | `Declined` |
    /// | `REVERSED` | `Canceled`: the hold was released, no money was kept |
    /// | `AWAIT_3DS` | `ActionRequired` |
    /// | `STARTED`, `POST_AUTH_REVIEW`, `AWAITING_PARTIAL_AUTH_APPROVAL` | `Pending` |
    /// | `VERIFIED`, `PARTIALLY_AUTHORISED` | `Pending`: neither proves that the amount can be taken |
    pub fn outcome(&self) -> Outcome {
        status::payment_outcome(&self.state)
    }

    /// Returns why the payment was refused: there exactly when [`outcome`](Self::outcome) is `Declined`.
    ///
    /// Assumption(decline-codes): `auth_response.result_code` is a response code of the card networks, and where it
    /// is none of those the words of `result_message` say it; see SOURCES.md. The gateway's own code and words stay
    /// in `auth_response`. A reversed payment was not refused by the bank.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        let answer = self.auth_response.as_ref();
        let by_code = || answer?.result_code.as_deref().and_then(DeclineReason::from_response_code);
        let by_words = || answer?.result_message.as_deref().and_then(DeclineReason::from_words);
        (self.outcome() == Outcome::Declined)
            .then(|| by_code().or_else(by_words).unwrap_or(DeclineReason::Other))
    }

    /// The links that this crate follows or reads.
    pub(crate) fn links(&self) -> &Links {
        const NONE: &Links = &Links::NONE;
        self.links.as_deref().unwrap_or(NONE)
    }

    /// Clears the texts that quote others of the secrets of the request.
    pub(crate) fn cleared(mut self, reply: &Reply) -> Self {
        self.state = self.state.cleared(reply);
        if let Some(answer) = &mut self.auth_response {
            clear(&mut answer.result_message, reply);
        }
        for capture in &mut self.captures {
            clear(&mut capture.state, reply);
        }
        for refund in &mut self.refunds {
            clear(&mut refund.state, reply);
        }
        self
    }
}

/// The card of a payment, masked.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentMethod {
    /// The expiry date of the card, `YYYY-MM`.
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

/// A card that the gateway keeps, and its token.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SavedCard {
    /// The masked card number. `None` also where the gateway does not mask it: a whole number is not kept.
    #[serde(default, deserialize_with = "masked")]
    pub masked_pan: Option<String>,
    /// The expiry date of the card, `YYYY-MM`.
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
    #[serde(skip_serializing)]
    pub card_token: Option<Secret>,
    /// Whether the security code has to be asked for again.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub recapture_csc: Option<bool>,
}

impl SavedCard {
    /// Creates a card as it was kept from an earlier payment: its token, its expiry date (`YYYY-MM`) and the name on
    /// it. Set `recapture_csc` to what the gateway said with it.
    pub fn new(
        card_token: impl Into<Secret>,
        expiry: impl Into<String>,
        cardholder_name: impl Into<String>,
    ) -> Self {
        Self {
            masked_pan: None,
            expiry: Some(expiry.into()),
            cardholder_name: Some(cardholder_name.into()),
            scheme: None,
            card_token: Some(card_token.into()),
            recapture_csc: None,
        }
    }
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

    #[test]
    fn a_whole_card_number_is_not_kept() {
        let pan = |pan: &str| {
            let json = format!(r#"{{"paymentMethod":{{"pan":{pan}}}}}"#);
            let payment: Payment = serde_json::from_str(&json).expect("a payment");
            payment.payment_method.and_then(|card| card.pan)
        };
        assert_eq!(pan(r#""401200******1112""#).as_deref(), Some("401200******1112"));
        assert_eq!(pan(r#""1112""#).as_deref(), Some("1112"));
        for whole in [r#""4012001037141112""#, "4012001037141112", r#""4012 0010 3714 1112""#] {
            assert_eq!(pan(whole), None, "{whole}");
        }
    }

    #[test]
    fn no_capture_and_no_refund_is_ever_lost() {
        let read = |json: &str| serde_json::from_str::<Payment>(json);
        let counts = |json: &str| {
            let payment = read(json).expect(json);
            (payment.captures.len(), payment.refunds.len())
        };
        assert_eq!(counts(r#"{"_embedded":{"cnp:capture":[{},{}],"cnp:refund":[{"state":7}]}}"#), (2, 1));
        assert_eq!(counts(r#"{"_embedded":{"cnp:capture":{},"cnp:refund":{}}}"#), (1, 1));
        for none in ["{}", r#"{"_embedded":7}"#, r#"{"_embedded":{"cnp:capture":null}}"#] {
            assert_eq!(counts(none), (0, 0), "{none}");
        }
        for odd in ["[{},7]", "[null]", "[[]]", "7", r#""text""#] {
            for list in ["cnp:capture", "cnp:refund"] {
                assert!(read(&format!(r#"{{"_embedded":{{"{list}":{odd}}}}}"#)).is_err(), "{list} {odd}");
            }
        }
    }

    #[test]
    fn a_reason_is_there_exactly_when_the_payment_was_declined() {
        let reason = |state: &str, code: &str, words: &str| {
            let answer = format!(r#"{{"resultCode":"{code}","resultMessage":"{words}"}}"#);
            let json = format!(r#"{{"state":"{state}","authResponse":{answer}}}"#);
            serde_json::from_str::<Payment>(&json).expect("a payment").decline_reason()
        };
        for (code, words, expected) in [
            ("51", "", DeclineReason::InsufficientFunds),
            ("54", "Not sufficient funds", DeclineReason::ExpiredCard),
            ("", "EXPIRED CARD", DeclineReason::ExpiredCard),
            ("declined", "Do not honor", DeclineReason::DoNotHonour),
            ("00", "Successful approval", DeclineReason::Other),
            ("57", "Not permitted", DeclineReason::InvalidCredential),
            ("94", "Duplicate", DeclineReason::Other),
            ("", "", DeclineReason::Other),
        ] {
            assert_eq!(reason("FAILED", code, words), Some(expected), "{code} {words}");
        }
        assert_eq!(reason("REVERSED", "51", "Not sufficient funds"), None);
        for state in PaymentState::KNOWN.iter().chain(&["UNHEARD_OF"]) {
            let declined = status::payment_outcome(&PaymentState::from(*state)) == Outcome::Declined;
            assert_eq!(reason(state, "51", "").is_some(), declined, "{state}");
        }
        let bare: Payment = serde_json::from_str(r#"{"state":"FAILED"}"#).expect("a payment");
        assert_eq!(bare.decline_reason(), Some(DeclineReason::Other));
    }
}
