//! The calls of EMS.

use std::sync::LazyLock;

use emspay::{
    CancelOrder, CaptureTransaction, CreateOrder, GetCurrencies, GetOrder, ListOrders, Operation, Order,
    RefundOrder, Secret, UpdateOrder,
};
use recurring_core::Money;

use super::{Call, is_or_open, money, run};
use crate::check::{Allowed, CANARY, answer};

const ORDER: &str = "3da62f95-c934-470c-a8a1-a4123e362501";
const TRANSACTION: &str = "bb6ffac8-09c3-4143-bad0-e4bfd56c8f15";

static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let sent = money(4000, "EUR");
    let given_back = money(1500, "EUR");
    let period = || ListOrders::created_between("2017-11-27T12:00:00+01:00", "2017-11-27T12:00:00.5Z");
    vec![
        call(CreateOrder::first("1", sent), move |order| is_charge(order, "1", sent)),
        call(CreateOrder::recurring("2", sent, Secret::new(CANARY)), move |order| {
            is_charge(order, "2", sent)
        }),
        call(GetOrder::new(ORDER), |order| order.id == ORDER),
        call(CancelOrder::new(ORDER), |order| order.id == ORDER),
        call(RefundOrder::new(ORDER, given_back), move |refund| {
            let settled = refund.outcome().is_definite();
            refund.id != ORDER
                && is_or_open(settled, given_back.minor(), refund.amount)
                && is_or_open(settled, "EUR", refund.currency.as_deref())
                && is_or_open(false, ORDER, refund.refund_of_order_id.as_deref())
        }),
        call(UpdateOrder::new(ORDER).with_description("Gold plan"), |order| order.id == ORDER),
        call(CaptureTransaction::new(ORDER, TRANSACTION), |()| true),
        call(period(), |_| true),
        call(GetCurrencies::new(), |_| true),
    ]
});

pub(crate) fn read(bytes: &[u8]) {
    run(&CALLS, bytes);
}

fn is_charge(order: &Order, reference: &str, sent: Money) -> bool {
    let settled = order.outcome().is_definite();
    is_or_open(settled, sent.minor(), order.amount)
        && is_or_open(settled, sent.currency().code(), order.currency.as_deref())
        && is_or_open(settled, reference, order.merchant_order_id.as_deref())
}

fn call<R>(request: R, agrees: impl Fn(&R::Output) -> bool + Send + Sync + 'static) -> Call
where
    R: Operation<Api = emspay::ApiError> + Send + Sync + 'static,
{
    Box::new(move |reply| answer(reply, Allowed::default(), request.read(reply), &agrees))
}
