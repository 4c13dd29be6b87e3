use recurring_core::{GatewayTime, Reply, Secret};
use recurring_gateway::{ReplyExt as _, lenient};
use serde::{Deserialize, Serialize};

use crate::status::{RecurringType, TransactionStatus};

/// One payment of an order.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Transaction {
    /// The gateway's identifier.
    #[serde(default, deserialize_with = "lenient::id")]
    pub id: Option<String>,
    /// Its status. The order's own status decides about the money.
    #[serde(default)]
    pub status: TransactionStatus,
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub amount: Option<i64>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// When it was created. The clock of a series starts here.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created: Option<GatewayTime>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub modified: Option<GatewayTime>,
    /// How it is paid, such as `credit-card`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub payment_method: Option<String>,
    /// The brand of the card, such as `visa`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub payment_method_brand: Option<String>,
    /// The card and the token.
    #[serde(default, deserialize_with = "lenient::object")]
    pub payment_method_details: Option<CardDetails>,
    /// The page on which the customer pays, as the gateway wrote it: often without a scheme. See
    /// [`Order::payment_address`](crate::Order::payment_address).
    #[serde(default, deserialize_with = "lenient::address")]
    pub payment_url: Option<String>,
    /// Why it failed, in the gateway's words for the merchant.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reason: Option<String>,
    /// Why it failed, in words for the customer.
    #[serde(default, deserialize_with = "lenient::text")]
    pub customer_message: Option<String>,
    /// How long the customer may take, an ISO 8601 duration as the gateway wrote it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expiration_period: Option<String>,
    /// Whether it waits for a capture.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub is_capturable: Option<bool>,
    /// Whether money goes in or out, such as `credit`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub credit_debit: Option<String>,
}

/// The card of a transaction, and its token.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct CardDetails {
    /// The place in the series.
    #[serde(default)]
    pub recurring_type: RecurringType,
    /// The token for later payments; only in an order that was read after the customer had paid.
    #[serde(default, deserialize_with = "lenient::secret")]
    #[serde(skip_serializing)]
    pub vault_token: Option<Secret>,
    /// The identifier of the first order's *transaction*.
    #[serde(default, deserialize_with = "lenient::id")]
    pub first_authorised_transaction_id: Option<String>,
    /// The expiry date of the card, `MMYYYY`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_expiry: Option<String>,
    /// The name on the card.
    #[serde(default, deserialize_with = "lenient::text")]
    pub cardholder_name: Option<String>,
    /// The masked card number. Opaque: its form is not defined.
    #[serde(default, deserialize_with = "lenient::text")]
    pub truncated_pan: Option<String>,
    /// Whether the issuer bears the risk of a dispute.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub liability_shift: Option<bool>,
}

/// Clears the texts that quote the gateway's words of the secrets of the request and of the tokens of the transactions.
pub(crate) fn clear_words(transactions: &mut [Transaction], reply: &Reply) {
    let cards = transactions.iter().filter_map(|transaction| transaction.payment_method_details.as_ref());
    let tokens: Vec<Secret> = cards.filter_map(|card| card.vault_token.clone()).collect();
    for transaction in transactions {
        for text in [&mut transaction.reason, &mut transaction.customer_message] {
            *text = text.take().map(|text| {
                let hide = |text: String, token: &Secret| text.replace(token.expose(), "[redacted]");
                reply.shown_without(&tokens, &tokens.iter().fold(text, hide))
            });
        }
    }
}
