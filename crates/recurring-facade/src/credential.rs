use std::fmt;

use recurring_core::{AttemptId, Currency, GatewayTime, Money, Secret};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::customer::Billing;
use crate::ids::ProviderId;

/// Who schedules the payments. Only a stored credential can be charged: "our timer and their scheduler both charged"
/// does not compile.
#[derive(Debug, Clone)]
pub enum Agreement {
    /// You charge it when a payment is due.
    ChargeOnDemand(StoredCredential),
    /// The gateway charges by itself; there is nothing for you to charge.
    GatewayScheduled(ScheduleRef),
}

/// Which kind it is, its gateway, and the reference of a schedule. A stored credential is a secret, and left out: serialize
/// it on its own to store it.
impl Serialize for Agreement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, provider, order_reference) = match self {
            Self::ChargeOnDemand(credential) => ("charge_on_demand", credential.provider(), None),
            Self::GatewayScheduled(schedule) => {
                ("gateway_scheduled", schedule.provider.clone(), Some(&schedule.order_reference))
            }
        };
        let mut object = serializer.serialize_struct("Agreement", 3)?;
        object.serialize_field("kind", kind)?;
        object.serialize_field("provider", &provider)?;
        object.serialize_field("order_reference", &order_reference)?;
        object.end()
    }
}

/// A schedule that the gateway runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRef {
    /// Which gateway.
    pub provider: ProviderId,
    /// The gateway's reference of the order that holds the charges.
    pub order_reference: String,
}

/// What a later payment is made with.
///
/// It holds tokens that can move money: it can be serialized **on purpose**, for you to store it encrypted, and
/// its `Debug` shows none of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "provider")]
#[non_exhaustive]
pub enum StoredCredential {
    /// EMS Online.
    #[serde(rename = "emspay")]
    Emspay(EmspayCredential),
    /// Revio.
    #[serde(rename = "revio")]
    Revio(RevioCredential),
    /// The signed tokenization gateway.
    #[serde(rename = "tokenpay-signed")]
    TokenpaySigned(TokenpayCredential),
    /// Omno.
    #[serde(rename = "omno")]
    Omno(Box<OmnoCredential>),
    /// A gateway of your own.
    #[serde(rename = "other")]
    Other(OtherCredential),
}

impl StoredCredential {
    /// The gateway it belongs to.
    pub fn provider(&self) -> ProviderId {
        match self {
            Self::Emspay(_) => ProviderId::EMSPAY,
            Self::Revio(_) => ProviderId::REVIO,
            Self::TokenpaySigned(_) => ProviderId::TOKENPAY_SIGNED,
            Self::Omno(_) => ProviderId::OMNO,
            Self::Other(other) => other.gateway.clone(),
        }
    }
}

/// What a gateway of your own stores, or keeps until the customer comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OtherCredential {
    /// Which gateway.
    pub gateway: ProviderId,
    /// Whatever its provider needs, as text.
    #[serde(with = "exposed")]
    pub data: Secret,
}

impl OtherCredential {
    /// Takes the gateway, and whatever its [`Provider`](crate::Provider) needs, as text.
    pub fn new(gateway: ProviderId, data: impl Into<Secret>) -> Self {
        Self { gateway, data: data.into() }
    }
}

/// A series at EMS Online.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmspayCredential {
    /// The token of the first payment.
    #[serde(with = "exposed")]
    pub vault_token: Secret,
    /// The amount of the first payment in minor units; every later one must be the same. Not checked if missing; a charge
    /// with this member and without `currency`, or the other way round, is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_amount_minor: Option<i64>,
    /// The currency of the first payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// When the first transaction was created; a series lasts one year. A date, and a time without a zone, is read as the
    /// earliest moment that it can mean (UTC+14); a charge with any other text is refused. Not checked if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_created: Option<GatewayTime>,
}

/// A token of a Revio client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevioCredential {
    /// The gateway's identifier of the client.
    pub client_id: String,
    /// The token: the identifier of the first purchase.
    #[serde(with = "exposed")]
    pub recurring_token: Secret,
}

/// A token of the signed tokenization gateway, with the sale that later payments refer to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenpayCredential {
    /// Your identifier of the customer.
    pub user_id: String,
    /// The token.
    #[serde(with = "exposed")]
    pub token_id: Secret,
    /// The order of the first sale.
    pub parent_order_id: i64,
    /// The currency of the account on which the first sale was made. A charge in another one is refused before it is
    /// sent; not compared if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

/// A saved card at Omno, and the billing details that every payment there repeats.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OmnoCredential {
    /// The gateway's identifier of the customer.
    pub customer_id: String,
    /// The token of the card.
    #[serde(with = "exposed")]
    pub card_token: Secret,
    /// The billing details.
    pub billing: Billing,
}

/// What to keep between sending the customer to the page and the customer's return. Store it as you store a
/// credential: it may name tokens that the customer had before.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "provider")]
#[non_exhaustive]
pub enum PendingEnrolment {
    /// EMS Online.
    #[serde(rename = "emspay")]
    Emspay {
        /// The first order.
        order_id: String,
    },
    /// Revio.
    #[serde(rename = "revio")]
    Revio {
        /// The gateway's identifier of the client.
        client_id: String,
        /// The first purchase.
        purchase_id: String,
    },
    /// The signed tokenization gateway. The first payment is made by `resume`.
    #[serde(rename = "tokenpay-signed")]
    TokenpaySigned {
        /// The attempt, which becomes the sale's reference.
        attempt: AttemptId,
        /// Your identifier of the customer.
        user_id: String,
        /// The amount of the first payment in minor units.
        amount_minor: i64,
        /// Its currency.
        currency: Currency,
        /// The tokens that the customer had before: the new one is the one that is not among them.
        known_tokens: Vec<KnownToken>,
        /// Where the gateway reports what happens to the first payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notification_url: Option<String>,
    },
    /// Omno.
    #[serde(rename = "omno")]
    Omno {
        /// The first payment.
        payment_id: String,
        /// Your identifier of the customer, under which the gateway saves the card.
        customer_id: String,
        /// The billing details.
        billing: Billing,
    },
    /// A gateway of your own.
    #[serde(rename = "other")]
    Other(OtherCredential),
}

/// A token that a customer had before. `Debug` does not show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownToken(#[serde(with = "exposed")] pub Secret);

impl PendingEnrolment {
    /// The gateway it belongs to.
    pub fn provider(&self) -> ProviderId {
        match self {
            Self::Emspay { .. } => ProviderId::EMSPAY,
            Self::Revio { .. } => ProviderId::REVIO,
            Self::TokenpaySigned { .. } => ProviderId::TOKENPAY_SIGNED,
            Self::Omno { .. } => ProviderId::OMNO,
            Self::Other(other) => other.gateway.clone(),
        }
    }
}

impl fmt::Display for ScheduleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.provider, self.order_reference)
    }
}

impl EmspayCredential {
    /// The amount of the first payment, when it is known.
    pub fn first_amount(&self) -> Option<Money> {
        Money::from_minor(self.first_amount_minor?, self.currency?).ok()
    }
}

/// Writes a secret out in full, and reads it as text or number. Only for what is stored on purpose.
mod exposed {
    use recurring_core::Secret;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Secret;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a token as text or number")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Secret, E> {
                Ok(Secret::new(number.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}
