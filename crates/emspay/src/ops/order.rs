use recurring_core::{DeclineReason, GatewayTime, Outcome, Reply, Secret};
use recurring_gateway::{check, lenient};
use serde::{Deserialize, Serialize};

use crate::decline;
use crate::error::{Error, read_object};
use crate::ops::evidence::{self, Whole};
use crate::ops::transaction::{CardDetails, Transaction, clear_words};
use crate::status::{self, OrderStatus, RecurringType, TransactionStatus};

/// An order as the gateway reports it. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Order {
    /// The gateway's identifier.
    #[serde(deserialize_with = "lenient::required_id")]
    pub id: String,
    /// Its status; see [`Order::outcome`].
    #[serde(default)]
    pub status: OrderStatus,
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub amount: Option<i64>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Your own name for it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub merchant_order_id: Option<String>,
    /// What the customer reads.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::time")]
    pub created: Option<GatewayTime>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub modified: Option<GatewayTime>,
    /// When it was paid.
    #[serde(default, deserialize_with = "lenient::time")]
    pub completed: Option<GatewayTime>,
    /// When its newest transaction was added.
    #[serde(default, deserialize_with = "lenient::time")]
    pub last_transaction_added: Option<GatewayTime>,
    /// The gateway's identifier of the merchant.
    #[serde(default, deserialize_with = "lenient::id")]
    pub merchant_id: Option<String>,
    /// The gateway's identifier of the merchant's project.
    #[serde(default, deserialize_with = "lenient::id")]
    pub project_id: Option<String>,
    /// The gateway's page of the order, on which the customer chooses how to pay.
    #[serde(default, deserialize_with = "lenient::address")]
    pub order_url: Option<String>,
    /// Flags such as `is-test`, `has-refunds`.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub flags: Vec<String>,
    /// The order that this one refunds.
    #[serde(default, deserialize_with = "lenient::id")]
    pub refund_of_order_id: Option<String>,
    /// The order that this one belongs to.
    #[serde(default, deserialize_with = "lenient::id")]
    pub related_order_id: Option<String>,
    /// The payments of the order, as the gateway lists them. An order may have none.
    #[serde(default, deserialize_with = "lenient::list")]
    pub transactions: Vec<Transaction>,
}

impl Order {
    /// Reads an answer that is one order.
    pub(crate) fn read(reply: &Reply) -> Result<Self, Error> {
        let order: Self = read_object(reply)?;
        evidence::check(reply, &order.whole())?;
        Ok(order.cleared(reply))
    }

    /// Returns what the order's status means for the money; [held](Self::is_held) money is `Authorized`.
    /// `processing`, every new status, and an order that contradicts its transactions are `Pending`.
    pub fn outcome(&self) -> Outcome {
        match self.contradiction() {
            Some(_) => Outcome::Pending,
            None if self.is_held() => Outcome::Authorized,
            None => status::outcome(&self.status, self.payment_address().is_some()),
        }
    }

    /// Returns whether a transaction was accepted and waits for a [capture](crate::CaptureTransaction): its money is
    /// held, and was not taken.
    // Assumption(held-by-is-capturable): `is_capturable` says so; the documents name the member and do not explain
    // it.
    // Assumption(has-captures-flag): an order whose money was captured has the flag `has-captures`.
    pub fn is_held(&self) -> bool {
        let held = |transaction: &Transaction| {
            let accepted = matches!(
                (&self.status, &transaction.status),
                (OrderStatus::Completed, TransactionStatus::Completed | TransactionStatus::Accepted)
                    | (OrderStatus::Processing, TransactionStatus::Accepted)
            );
            accepted && transaction.is_capturable == Some(true)
        };
        !self.flags.iter().any(|flag| flag == "has-captures") && self.transactions.iter().any(held)
    }

    /// Returns the member in which the order and its transactions contradict each other: an amount, a currency, a
    /// place in the series, a token or a status. Such an order proves nothing. Only
    /// [`Client::list_orders`](crate::Client::list_orders) answers one; the other calls fail with the effect
    /// `Unknown`.
    pub fn contradiction(&self) -> Option<&'static str> {
        self.whole().contradiction()
    }

    /// Returns whether the order says that it is a test: no money moves, whatever its status.
    pub fn is_test(&self) -> bool {
        self.flags.iter().any(|flag| flag == "is-test")
    }

    /// Returns whether some of the money was given back. The gateway does not say how much.
    pub fn has_refunds(&self) -> bool {
        self.flags.iter().any(|flag| flag == "has-refunds")
    }

    /// Returns whether the order is a refund of another one.
    pub fn is_refund(&self) -> bool {
        self.refund_of_order_id.is_some() || self.flags.iter().any(|flag| flag == "is-refund")
    }

    fn whole(&self) -> Whole<'_> {
        Whole {
            status: &self.status,
            amount: self.amount,
            currency: self.currency.as_deref(),
            transactions: &self.transactions,
        }
    }

    /// Returns the place in the series that the transactions name, if they name one.
    pub fn recurring_type(&self) -> Option<&RecurringType> {
        self.cards()
            .map(|card| &card.recurring_type)
            .find(|kind| matches!(kind, RecurringType::First | RecurringType::Recurring))
    }

    /// Returns why the payment was refused: `Some` exactly when the outcome is `Declined`.
    ///
    /// Assumption(decline-words): the words of the newest transaction that has any say it; see SOURCES.md.
    /// [`Transaction::reason`] and [`Transaction::customer_message`] keep them.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        (self.outcome() == Outcome::Declined).then(|| decline::reason(&self.transactions))
    }

    /// Returns the token for later payments, once the customer has paid.
    pub fn vault_token(&self) -> Option<&Secret> {
        self.cards().find_map(|card| card.vault_token.as_ref())
    }

    /// Returns the card of the newest transaction that names one.
    pub fn card(&self) -> Option<&CardDetails> {
        self.cards().next()
    }

    fn cards(&self) -> impl Iterator<Item = &CardDetails> {
        self.transactions.iter().rev().filter_map(|transaction| transaction.payment_method_details.as_ref())
    }

    /// Returns the page to send the customer to, as a whole `https` address: that of the newest payment, or of an
    /// order without any, on which the customer chooses how to pay.
    ///
    /// The gateway leaves the scheme out; `https` is put in front. Only an address on this machine (a sandbox) gets
    /// or keeps plain `http`; any other address that is not `https` is `None`.
    pub fn payment_address(&self) -> Option<String> {
        self.transactions
            .iter()
            .rev()
            .find_map(|transaction| whole_address(transaction.payment_url.as_deref()?))
            .or_else(|| whole_address(self.order_url.as_deref().filter(|_| self.transactions.is_empty())?))
    }

    /// Clears the texts that quote the gateway's words of the secrets of the request and of the order's own tokens.
    pub(crate) fn cleared(mut self, reply: &Reply) -> Self {
        clear_words(&mut self.transactions, reply);
        self
    }
}

fn whole_address(text: &str) -> Option<String> {
    if text.contains("://") {
        return check::page_address(text);
    }
    let text = text.strip_prefix("//").unwrap_or(text);
    // Plain http passes the rule on this machine only, so everything else becomes https.
    check::page_address(&format!("http://{text}")).or_else(|| check::page_address(&format!("https://{text}")))
}

#[cfg(test)]
mod tests {
    use super::whole_address;

    #[test]
    fn a_page_is_https_unless_it_is_on_this_machine() {
        let cases = [
            ("api.online.emspay.eu/pay/3da6/?a=b", Some("https://api.online.emspay.eu/pay/3da6/?a=b")),
            ("https://api.online.emspay.eu/pay/", Some("https://api.online.emspay.eu/pay/")),
            ("127.0.0.1:8080/pay/1", Some("http://127.0.0.1:8080/pay/1")),
            ("http://127.0.0.1:8080/pay/1", Some("http://127.0.0.1:8080/pay/1")),
            ("//api.online.emspay.eu/pay/", Some("https://api.online.emspay.eu/pay/")),
            ("////api.online.emspay.eu/pay/", None),
            ("http://api.online.emspay.eu/pay/", None),
            ("javascript://x", None),
            ("user:password@evil.example/pay", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(whole_address(text).as_deref(), expected, "{text}");
        }
    }
}
