//! The calls of N-Genius.

use std::sync::LazyLock;

use ngenius::{
    AtOutlet, CapturePayment, Card, CreateRecurringPayment, Environment, Frequency, GetOrder, Operation,
    Order, Outlet, PayWithSavedCard, Payment, PaymentState, RefundPayment, Reply, SavedCard, VoidPayment,
};
use recurring_core::Money;

use super::{Call, is_or_open, money, run};
use crate::check::{Allowed, CANARY, answer};

const OUTLET: &str = "5edab6d7-5946-43f4-b8c7-06b29c272bdd";
const ORDER: &str = "5787d6d7-765f-4716-b19f-0b6482aa802d";
const PAYMENT: &str = "00000000-0000-4000-8000-0000000000b1";

const TWO_PAYMENTS: &str = include_str!("../../../../fixtures/ngenius/get-order/two-payments/response.json");
const STARTED: &str = include_str!("../../../../fixtures/ngenius/get-order/started/response.json");

static HERE: LazyLock<Outlet> =
    LazyLock::new(|| Outlet::new(&Environment::UaeSandbox, OUTLET).expect("an outlet"));

static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let (whole, part, half) = (money(150, "AED"), money(100, "AED"), money(50, "AED"));
    let card = Card::new("4012001037141112", "2025-04", "123", "Test Customer").expect("a card");
    let captured = order(TWO_PAYMENTS);
    let captured = captured.payments.first().expect("a payment");
    let saved = SavedCard::new(CANARY, "2025-04", "Test Customer");
    vec![
        call(CreateRecurringPayment::new(whole, Frequency::Monthly, "a@b.example", card), |_| true),
        call(GetOrder::new(ORDER), |order| names(ORDER, order.reference.as_deref())),
        call(CapturePayment::new(ORDER, PAYMENT, part), move |payment| {
            let mut captures = payment.captures.iter().filter_map(|capture| capture.amount.as_ref()?.money());
            let taken = matches!(payment.state, PaymentState::Captured | PaymentState::PartiallyCaptured);
            let whole = payment.state == PaymentState::Captured && amount(payment) == Some(part);
            is_ours(payment) && (!taken || whole || captures.any(|capture| capture == part))
        }),
        call(VoidPayment::new(ORDER, PAYMENT), is_ours),
        call(RefundPayment::of(captured, ORDER, half).expect("a refund"), move |payment| {
            let mut refunds = payment.refunds.iter().filter_map(|refund| refund.amount.as_ref()?.money());
            let part = payment.state == PaymentState::PartiallyRefunded;
            is_ours(payment) && (!part || refunds.any(|refund| refund == half))
        }),
        call(PayWithSavedCard::new(&order(STARTED), &saved, whole).expect("a payment"), move |payment| {
            is_ours(payment) && is_or_open(payment.outcome().went_through(), whole, amount(payment))
        }),
    ]
});

pub(crate) fn read(bytes: &[u8]) {
    run(&CALLS, bytes);
}

fn order(body: &str) -> Order {
    let reply = Reply::new(200, Vec::new(), body.into());
    HERE.operation(&GetOrder::new(ORDER)).read(&reply).expect("an order")
}

fn amount(payment: &Payment) -> Option<Money> {
    payment.amount.as_ref()?.money()
}

fn is_ours(payment: &Payment) -> bool {
    names(PAYMENT, payment.reference.as_deref()) && names(ORDER, payment.order_reference.as_deref())
}

/// A reference is a UUID, whose digits are the same in both cases (RFC 9562, section 4).
fn names(sent: &str, named: Option<&str>) -> bool {
    named.is_none_or(|named| named.eq_ignore_ascii_case(sent))
}

fn call<R, T>(request: R, agrees: impl Fn(&T) -> bool + Send + Sync + 'static) -> Call
where
    R: Send + Sync + 'static,
    for<'a> AtOutlet<'a, R>: Operation<Api = ngenius::ApiError, Output = T>,
{
    Box::new(move |reply| answer(reply, Allowed::default(), HERE.operation(&request).read(reply), &agrees))
}
