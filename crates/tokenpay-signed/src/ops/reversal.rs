use recurring_core::{ErrorKind, Money, Outcome, Reply};
use recurring_gateway::{ErrorExt as _, ReplyExt as _, check_echo, lenient, require_echo};
use serde::{Deserialize, Serialize};

use crate::error::{Error, SUCCESS, read_order};
use crate::ops::order::{Order, Transaction, comparable, plain_amount};
use crate::ops::order_key::OrderKey;
use crate::status::{self, GivingBack, OrderStatus};

/// The answer to a void or a refund. Only the response code is certain to be there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Reversal {
    /// `0000` is success; no other code is public.
    #[serde(deserialize_with = "lenient::required_text")]
    pub response_code: String,
    /// The gateway's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: Option<String>,
    /// The order, as it is afterwards.
    #[serde(default, deserialize_with = "lenient::object")]
    pub order: Option<Order>,
    /// The void or the refund itself.
    #[serde(default, deserialize_with = "lenient::object")]
    pub transaction: Option<Transaction>,
    #[serde(skip)]
    asked: GivingBack,
}

impl Reversal {
    /// Returns whether the money goes back. Assumption(money-back-outcome): read from the statuses as below; see
    /// SOURCES.md.
    ///
    /// - `Paid`: code `0000`, and the order is `VOIDED` or `REFUNDED`, or, after a refund,
    ///   `PARTIALLY_REFUNDED`.
    /// - `Declined`: the order is still paid, and the void or refund itself is `DECLINED`.
    /// - `Pending`: everything else, also code `0000` without an order. Read the order again; do not ask for the
    ///   money a second time.
    pub fn outcome(&self) -> Outcome {
        let order = self.order.as_ref().map(|order| &order.status);
        let transaction = self.transaction.as_ref().map(|transaction| {
            (transaction.transaction_type.as_deref().unwrap_or_default(), &transaction.status)
        });
        status::given_back(self.response_code == SUCCESS, self.asked, order, transaction)
    }

    /// Reads the answer about the order of this name; `amount` is that of a refund.
    pub(crate) fn read(
        reply: &Reply,
        asked: GivingBack,
        key: &OrderKey,
        amount: Option<Money>,
    ) -> Result<Self, Error> {
        let mut answer = match read_order(reply, |answer: &Self| &answer.response_code) {
            Ok(answer) => Self { asked, ..answer },
            Err(error) => Self::declined(reply, asked).ok_or(error)?,
        };
        let (name, sent) = key.echo();
        let order = answer.order.as_ref();
        let came_back = match key {
            OrderKey::OrderId(_) => order.map(|order| order.id.as_str()),
            OrderKey::MerchantReference(_) => order.and_then(|order| order.merchant_reference.as_deref()),
        };
        let check = if answer.outcome().is_definite() { require_echo } else { check_echo };
        check(reply, &[(name, &sent, came_back)])?;
        if let Some(amount) = amount {
            check(
                reply,
                &[("currency", amount.currency().code(), order.and_then(|order| order.currency.as_deref()))],
            )?;
            answer.check_part(reply, amount)?;
            let (sent, currency) = (amount.to_decimal(), amount.currency().code());
            let plain = plain_amount(&sent);
            // The amount of the order is that of the charge; only a transaction that is the refund repeats ours.
            let refund = answer.transaction.as_ref().filter(|transaction| transaction.is("refund"));
            let refunded = refund.and_then(|refund| refund.amount.as_deref());
            let transaction = answer.transaction.as_ref();
            check_echo(
                reply,
                &[
                    ("transaction.amount", &sent, refunded.map(|text| comparable(&sent, plain, text))),
                    (
                        "transaction.currency",
                        currency,
                        transaction.and_then(|transaction| transaction.currency.as_deref()),
                    ),
                ],
            )?;
        }
        answer.message = answer.message.map(|text| reply.shown(text));
        Ok(answer)
    }

    /// The status of the order must fit what was asked back: all of it or a part.
    fn check_part(&self, reply: &Reply, asked: Money) -> Result<(), Error> {
        let Some(order) = &self.order else { return Ok(()) };
        let Some(text) = order.amount.as_deref() else { return Ok(()) };
        let all = Money::parse(text, asked.currency()).map(Money::minor);
        let fits = match (&order.status, all) {
            (OrderStatus::PartiallyRefunded, Ok(all)) => asked.minor() < all,
            (OrderStatus::Refunded, Ok(all)) => asked.minor() == all,
            (_, Ok(_)) => true,
            (_, Err(_)) => false,
        };
        if fits {
            return Ok(());
        }
        let message =
            format!("the order is `{}`, which does not fit the `amount` that was asked back", order.status);
        Err(Error::unknown(ErrorKind::Protocol, reply.shown(&message)).with_reply(reply.clone()))
    }

    /// Reads an explicit decline, which may come with another response code than `0000`.
    fn declined(reply: &Reply, asked: GivingBack) -> Option<Self> {
        let readable = matches!(reply.status(), 200..=299 | 400 | 402 | 403 | 422);
        let answer: Self = readable.then(|| reply.object().ok()).flatten()?;
        let answer = Self { asked, ..answer };
        (answer.outcome() == Outcome::Declined).then_some(answer)
    }
}
