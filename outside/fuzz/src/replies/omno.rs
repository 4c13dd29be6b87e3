//! The calls of omno.

use std::sync::LazyLock;

use omno::{Addresses, Billing, CreatePayment, CreatedPayment, GetPayment, ListCards, Operation, Secret};
use recurring_core::{Currency, Money};

use super::{Call, is_or_open, money, run};
use crate::check::{Allowed, CANARY, answer};

const PAYMENT: &str = "0123456789ABCDEF0123456789ABCDEF";

static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let sent = money(4999, "EUR");
    let payment =
        |order| CreatePayment::new(sent, Billing::default(), Addresses::default()).with_order_id(order);
    vec![
        call(payment("attempt-0001"), move |created| is_charge(created, "attempt-0001", sent)),
        call(payment("attempt-0002").with_card_token(Secret::new(CANARY)), move |created| {
            is_charge(created, "attempt-0002", sent)
        }),
        call(GetPayment::new(PAYMENT), |payment| {
            let form = |id: &str| id.replace('-', "").to_ascii_uppercase();
            is_or_open(payment.outcome().is_definite(), PAYMENT.to_owned(), payment.id.as_deref().map(form))
        }),
        call(ListCards::new("customer_id"), |_| true),
    ]
});

pub(crate) fn read(bytes: &[u8]) {
    run(&CALLS, bytes);
}

fn is_charge(created: &CreatedPayment, order: &str, sent: Money) -> bool {
    let settled = created.outcome().is_definite();
    let euro = |text: &str| Money::parse(text, Currency::from_code("EUR").expect("EUR")).ok();
    let currency = created.currency.as_deref().map(str::to_ascii_uppercase);
    is_or_open(settled, Some(sent), created.amount.as_deref().map(euro))
        && is_or_open(settled, sent.currency().code(), currency.as_deref())
        && is_or_open(settled, order, created.order_id.as_deref())
}

fn call<R>(request: R, agrees: impl Fn(&R::Output) -> bool + Send + Sync + 'static) -> Call
where
    R: Operation<Api = omno::ApiError> + Send + Sync + 'static,
{
    Box::new(move |reply| answer(reply, Allowed::default(), request.read(reply), &agrees))
}
