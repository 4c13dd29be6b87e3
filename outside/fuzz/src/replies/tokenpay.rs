//! The calls of the signed gateway.

use std::sync::LazyLock;

use recurring_core::Money;
use tokenpay_signed::{
    Account, AddToken, Currency, DeleteToken, ForAccount, Operation, OrderKey, QueryOrder, QueryToken,
    Recurring, RefundOrder, Reversal, Sale, TokenId, TokenOrder, VoidOrder,
};

use super::{Call, is_or_open, money, run};
use crate::check::{Allowed, CANARY, answer};

/// The gateway reports a signature that it does not accept with any status, and a decline with some that are no success.
const ALLOWED: Allowed = Allowed { declines_with_any_status: true, refuses_with_any_status: true };

static ACCOUNT: LazyLock<Account> =
    LazyLock::new(|| Account::new("3").with_currency(Currency::from_code("USD").expect("USD")));

static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let (sent, part) = (money(3000, "USD"), money(1000, "USD"));
    let page = || "https://shop.example/a".to_owned();
    let named = |name: &str| OrderKey::MerchantReference(name.to_owned());
    vec![
        call(Recurring::new("user1", CANARY, sent, "merRef1656991803097", 5798), move |order| {
            is_charge(order, "merRef1656991803097", sent)
        }),
        call(Sale::new("user1", CANARY, sent, "merRef0001"), move |order| {
            is_charge(order, "merRef0001", sent)
        }),
        call(AddToken::new("user1", page(), page(), page()), |_| true),
        // One of the gateway's documents says that the letter case of a user means nothing.
        call(QueryToken::new("user1"), |cards| {
            cards.iter().filter_map(|card| card.user_id.as_deref()).all(|user| user.to_lowercase() == "user1")
        }),
        call(DeleteToken::new("user1", TokenId::from(CANARY)), |()| true),
        call(QueryOrder::new(named("merRef0002")), |answer| {
            let named = answer.order.merchant_reference.as_deref();
            is_or_open(answer.outcome().is_definite(), "merRef0002", named)
        }),
        call(VoidOrder::new(OrderKey::OrderId(5803)), |answer| {
            is_or_open(
                answer.outcome().is_definite(),
                "5803",
                answer.order.as_ref().map(|order| order.id.as_str()),
            )
        }),
        call(RefundOrder::new(named("merRef0003"), part), |answer| is_refund(answer, "merRef0003")),
    ]
});

pub(crate) fn read(bytes: &[u8]) {
    run(&CALLS, bytes);
}

fn is_charge(answer: &TokenOrder, reference: &str, sent: Money) -> bool {
    let settled = answer.outcome().is_definite();
    let order = &answer.order;
    let dollars = |text: &str| Money::parse(text, sent.currency()).ok();
    is_or_open(settled, Some(sent), order.amount.as_deref().map(dollars))
        && is_or_open(settled, sent.currency().code(), order.currency.as_deref())
        && is_or_open(settled, reference, order.merchant_reference.as_deref())
}

fn is_refund(answer: &Reversal, reference: &str) -> bool {
    let settled = answer.outcome().is_definite();
    let order = answer.order.as_ref();
    is_or_open(settled, "USD", order.and_then(|order| order.currency.as_deref()))
        && is_or_open(settled, reference, order.and_then(|order| order.merchant_reference.as_deref()))
}

fn call<R, T>(request: R, agrees: impl Fn(&T) -> bool + Send + Sync + 'static) -> Call
where
    R: Send + Sync + 'static,
    for<'a> ForAccount<'a, R>: Operation<Api = tokenpay_signed::ApiError, Output = T>,
{
    Box::new(move |reply| answer(reply, ALLOWED, ACCOUNT.operation(&request).read(reply), &agrees))
}
