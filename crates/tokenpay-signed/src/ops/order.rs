use recurring_core::{Decimal, DeclineReason, ErrorKind, GatewayTime, Money, Outcome, Reply};
use recurring_gateway::{ErrorExt as _, ReplyExt as _, check_echo, lenient, require_echo};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, SUCCESS, read_order};
use crate::ops::order_key::OrderKey;
use crate::status::{self, GivenBack, OrderStatus, TransactionStatus};

/// The answer to a charge, or to a look-up of an order. Only the response code and the order are certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct TokenOrder {
    /// `0000` is success; no other code is public.
    #[serde(deserialize_with = "lenient::required_text")]
    pub response_code: String,
    /// The gateway's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// What was ordered, and its status.
    pub order: Order,
    /// The payment of the order.
    #[serde(default, deserialize_with = "lenient::object")]
    pub transaction: Option<Transaction>,
}

/// An order of the gateway. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Order {
    /// The gateway's identifier, digit for digit; `5803.0` is `5803`.
    #[serde(deserialize_with = "whole_number")]
    pub id: String,
    /// The merchant that owns the order.
    #[serde(default, deserialize_with = "lenient::id")]
    pub merchant_id: Option<String>,
    /// Your own name for the charge.
    #[serde(default, deserialize_with = "lenient::text")]
    pub merchant_reference: Option<String>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Major units, the literal text: `30`, `50.00`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub amount: Option<String>,
    /// Major units, the literal text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub net_amount: Option<String>,
    /// The brand of the card, such as `VISA`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub card_type: Option<String>,
    /// The customer's address, if it is known.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::time")]
    pub create_time: Option<GatewayTime>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::time")]
    pub update_time: Option<GatewayTime>,
    /// Its status; see [`TokenOrder::outcome`].
    #[serde(default)]
    pub status: OrderStatus,
    /// Whether it belongs to a series.
    #[serde(default, deserialize_with = "lenient::boolean")]
    pub recurring: Option<bool>,
}

/// The payment of an order.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Transaction {
    /// The gateway's identifier.
    #[serde(default, deserialize_with = "lenient::id")]
    pub id: Option<String>,
    /// The merchant that owns the transaction.
    #[serde(default, deserialize_with = "lenient::id")]
    pub merchant_id: Option<String>,
    /// What it is, such as `SALE`.
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub transaction_type: Option<String>,
    /// Major units, the literal text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub amount: Option<String>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Its status.
    #[serde(default)]
    pub status: TransactionStatus,
    /// The masked card number. Opaque: its form is not defined.
    #[serde(default, deserialize_with = "lenient::text")]
    pub masked_pan: Option<String>,
    /// The system trace audit number: what the bank knows the payment by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub stan: Option<String>,
}

impl Order {
    /// Returns the identifier as later charges name it, see [`Recurring::new`](crate::Recurring::new). `None` when the
    /// gateway gave something else than a number.
    pub fn parent_order_id(&self) -> Option<i64> {
        self.id.parse().ok()
    }
}

impl Transaction {
    /// Whether it is a void or a refund.
    fn gives_back(&self) -> bool {
        self.is("refund") || self.is("void")
    }

    /// Whether its type names this kind, in any letter case.
    // Assumption(transaction-types): no document lists the types; those of a void and a refund name them.
    pub(crate) fn is(&self, kind: &str) -> bool {
        let names = |text: &str| {
            text.as_bytes().windows(kind.len()).any(|part| part.eq_ignore_ascii_case(kind.as_bytes()))
        };
        self.transaction_type.as_deref().is_some_and(names)
    }
}

impl TokenOrder {
    /// Returns what the answer to a charge means for the money. `PROCESSING`, every unknown status, and an order and a
    /// transaction that contradict each other are `Pending`; so is money that was taken and given back.
    pub fn outcome(&self) -> Outcome {
        let transaction = self.transaction.as_ref().map(|transaction| &transaction.status);
        status::outcome(self.response_code == SUCCESS, &self.order.status, transaction)
    }

    /// Returns what became of the charge, for an order that was looked up: whether the customer's money was taken, also
    /// where it was given back later.
    ///
    /// It differs from [`outcome`](Self::outcome) in one thing. `REFUNDED` and `PARTIALLY_REFUNDED` are `Paid` here,
    /// and `VOIDED` is `Canceled`: after a lost answer they prove that the charge went through, so it must not be
    /// made again. **See [`refunded`](Self::refunded) before goods are sent**: the money may be back with the
    /// customer.
    pub fn charge_outcome(&self) -> Outcome {
        let transaction = self.transaction.as_ref().map(|transaction| &transaction.status);
        status::charge_outcome(self.response_code == SUCCESS, &self.order.status, transaction)
    }

    /// Returns how much of the money was given back, as far as the gateway says.
    pub fn refunded(&self) -> Option<GivenBack> {
        let transaction = self.transaction.as_ref().map(|transaction| &transaction.status);
        status::refunded(&self.order.status, transaction)
    }

    /// Returns why the gateway declined it: `Some` exactly when the outcome is `Declined`.
    ///
    /// Assumption(decline-words): the words of [`message`](Self::message) say it; see SOURCES.md. Words that are not
    /// known are [`DeclineReason::Other`].
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        let words = self.message.as_deref().unwrap_or_default();
        (self.outcome() == Outcome::Declined)
            .then(|| DeclineReason::from_words(words).unwrap_or(DeclineReason::Other))
    }

    /// Reads the answer to a look-up of the order of this name. It must name the order: an order without a name
    /// proves nothing about the charge that was lost.
    pub(crate) fn read_again(reply: &Reply, key: &OrderKey) -> Result<Self, Error> {
        let answer = match read_order(reply, |answer: &Self| &answer.response_code) {
            Ok(answer) => answer,
            Err(error) => Self::declined(reply).ok_or(error)?,
        };
        let (name, sent) = key.echo();
        let came_back = match key {
            OrderKey::OrderId(_) => Some(answer.order.id.as_str()),
            OrderKey::MerchantReference(_) => answer.order.merchant_reference.as_deref(),
        };
        if came_back.is_none() {
            let message = format!("the reply does not say the `{name}` of its order");
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        check_echo(reply, &[(name, &sent, came_back)])?;
        answer.check_contradiction(reply)?;
        Ok(Self { message: answer.message.map(|text| reply.shown(text)), ..answer })
    }

    /// The answer must agree with itself: an order against its transaction. The transaction of a void or a refund has
    /// an amount and a status of its own.
    fn check_contradiction(&self, reply: &Reply) -> Result<(), Error> {
        let Some(transaction) = self.transaction.as_ref().filter(|transaction| !transaction.gives_back())
        else {
            return Ok(());
        };
        let differ = |one: &Option<String>, other: &Option<String>| {
            one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other)
        };
        let amounts = [&self.order.amount, &transaction.amount].map(|text| text.as_deref().map(plain_amount));
        let member =
            if amounts.contains(&Some(None)) || matches!(amounts, [Some(one), Some(other)] if one != other) {
                Some("amount")
            } else if differ(&self.order.currency, &transaction.currency) {
                Some("currency")
            } else if differ(&self.order.merchant_id, &transaction.merchant_id) {
                Some("merchantId")
            } else {
                status::contradict(&self.order.status, Some(&transaction.status)).then_some("status")
            };
        match member {
            None => Ok(()),
            Some(member) => Err(contradicted(reply, member)),
        }
    }

    /// Reads the answer to a charge of this amount and reference.
    pub(crate) fn read(reply: &Reply, amount: Money, merchant_reference: &str) -> Result<Self, Error> {
        let mut answer = match read_order(reply, |answer: &Self| &answer.response_code) {
            Ok(answer) => answer,
            Err(error) => Self::declined(reply).ok_or(error)?,
        };
        let transaction = answer.transaction.as_ref();
        let sent = Decimal::shortest(amount);
        let sent = sent.as_str();
        let plain = plain_amount(sent);
        let currency = amount.currency().code();
        let order_amount = answer.order.amount.as_deref();
        let transaction_amount = transaction.and_then(|transaction| transaction.amount.as_deref());
        let echo = [
            ("amount", sent, order_amount.map(|text| comparable(sent, plain, text))),
            ("currency", currency, answer.order.currency.as_deref()),
            ("merchantReference", merchant_reference, answer.order.merchant_reference.as_deref()),
        ];
        match answer.outcome() {
            // It may be the answer to another call, unless it names this charge.
            outcome if outcome.is_definite() => require_echo(reply, &echo)?,
            _ => check_echo(reply, &echo)?,
        }
        check_echo(
            reply,
            &[
                ("transaction.amount", sent, transaction_amount.map(|text| comparable(sent, plain, text))),
                (
                    "transaction.currency",
                    currency,
                    transaction.and_then(|transaction| transaction.currency.as_deref()),
                ),
            ],
        )?;
        if transaction.is_some_and(Transaction::gives_back) {
            return Err(contradicted(reply, "type"));
        }
        answer.check_contradiction(reply)?;
        answer.message = answer.message.map(|text| reply.shown(text));
        Ok(answer)
    }

    /// Reads an explicit decline of the payment, which comes with another response code than `0000`, perhaps with a
    /// status that says so too.
    fn declined(reply: &Reply) -> Option<Self> {
        let readable = matches!(reply.status(), 200..=299 | 400 | 402 | 403 | 422);
        let answer: Self = readable.then(|| reply.object().ok()).flatten()?;
        (answer.outcome() == Outcome::Declined).then_some(answer)
    }
}

fn contradicted(reply: &Reply, member: &str) -> Error {
    let message = format!("the order and its transaction contradict each other in `{member}`");
    Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone())
}

/// An amount without the zeros that mean nothing; `None` when it is not a plain number.
pub(crate) fn plain_amount(text: &str) -> Option<&str> {
    if !Decimal::is_plain(text) {
        return None;
    }
    let text = text.trim_start_matches('0');
    let has_point = text.bytes().any(|byte| byte == b'.');
    Some(if has_point { text.trim_end_matches('0').trim_end_matches('.') } else { text })
}

/// An identifier that must be there. Written as a number with a fraction of zeros it is a whole number all the same.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = lenient::required_text(deserializer)?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    Ok(match text.split_once('.') {
        Some((whole, zeros)) if digits(whole) && zeros.bytes().all(|byte| byte == b'0') => whole.to_owned(),
        _ => text,
    })
}

/// `30`, `30.00` and `30.0` are the same amount: all become the text that was sent, whose
/// [`plain_amount`] is `plain`. Any other text stays what it is.
pub(crate) fn comparable<'a>(sent: &'a str, plain: Option<&str>, text: &'a str) -> &'a str {
    if plain.is_some() && plain_amount(text) == plain { sent } else { text }
}
