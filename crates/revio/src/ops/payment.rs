use recurring_core::{Currency, GatewayTime, Money, Reply, Secret};
use recurring_gateway::{check_echo, lenient, number_echo};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ops::amounts;
use crate::ops::purchase::PurchasePayment;
use crate::wire;

/// A movement of money that belongs to a purchase, such as a refund. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Payment {
    /// The gateway's identifier of this movement; not that of the purchase.
    #[serde(deserialize_with = "lenient::required_id")]
    pub id: String,
    /// How much, and which way.
    #[serde(default, deserialize_with = "lenient::object")]
    pub payment: Option<PurchasePayment>,
    /// What it belongs to: the purchase that was refunded.
    #[serde(default, deserialize_with = "lenient::object")]
    pub related_to: Option<RelatedTo>,
    /// Your own name for the purchase.
    #[serde(default, deserialize_with = "wire::text")]
    pub reference: Option<String>,
    /// Your brand.
    #[serde(default, deserialize_with = "wire::id")]
    pub brand_id: Option<String>,
    /// When it was made, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_on: Option<GatewayTime>,
    /// When it last changed, in seconds since 1970.
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_on: Option<GatewayTime>,
    /// Whether it was made with a test key.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_test: Option<bool>,
}

/// What a [`Payment`] belongs to.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct RelatedTo {
    /// What it is, such as `purchase` (`type` on the wire).
    #[serde(default, rename = "type", deserialize_with = "wire::text")]
    pub object_type: Option<String>,
    /// Its identifier. Hidden, since that of a purchase which saved the card is the token.
    #[serde(default, deserialize_with = "lenient::secret")]
    #[serde(skip_serializing)]
    pub id: Option<Secret>,
}

impl Payment {
    /// Returns the identifier of the purchase that it belongs to, if it names one. **A secret** if that purchase
    /// saved the card.
    pub fn purchase_id(&self) -> Option<&str> {
        let related = self.related_to.as_ref()?;
        let purchase = related.object_type.as_deref().is_none_or(|kind| kind == "purchase");
        related.id.as_ref().filter(|_| purchase).map(Secret::expose).filter(|id| lenient::is_id(id))
    }

    /// Checks that this refund, which is done, is the one that was meant: it names its purchase, amount and currency.
    /// Without an `amount`, the one it names is taken.
    pub(crate) fn check(
        &self,
        reply: &Reply,
        purchase_id: &Secret,
        amount: Option<Money>,
    ) -> Result<(), Error> {
        let Some(purchase) = self.purchase_id() else { return Err(amounts::unproven(reply, "related_to")) };
        check_echo(reply, &[("related_to", purchase_id.expose(), Some(purchase))])?;
        let payment = self.payment.as_ref();
        let Some(moved) = payment.and_then(|payment| payment.amount) else {
            return Err(amounts::unproven(reply, "amount"));
        };
        let Some(currency) = payment.and_then(|payment| payment.currency.as_deref()) else {
            return Err(amounts::unproven(reply, "currency"));
        };
        let Some(meant) = amount else { return Ok(()) };
        check_echo(
            reply,
            &[
                number_echo("amount", meant.minor(), Some(moved)),
                ("currency", Currency::code(meant.currency()), Some(currency)),
            ],
        )
    }
}
