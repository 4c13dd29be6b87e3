//! The calls of Revio.

use std::sync::LazyLock;

use recurring_core::Outcome;
use revio::{
    AmountMatch, CancelPurchase, CaptureAnswer, CapturePurchase, ChangeClient, ChargeAnswer, ChargePurchase,
    CreateClient, CreatePurchase, DeleteClient, DeletePurchaseRecurringToken, DeleteRecurringToken,
    GetClient, GetPublicKey, GetPurchase, ListRecurringTokens, Operation, Payer, PaymentMethodsQuery,
    RefundAnswer, RefundPurchase, ReleasePurchase, Secret, UpdateClient,
};

use super::{Call, money, run};
use crate::check::{Allowed, CANARY, answer};

const BRAND: &str = "5c523a6d-cad0-462e-b9bb-79b16495f3b9";
const CLIENT: &str = "98e9cf98-dbd4-4a84-a304-dffbda2bef19";
const PURCHASE: &str = "00000000-0000-4000-8000-0000000000a1";

/// A charge, a capture and a refund are declined with 400.
const DECLINING: Allowed = Allowed { declines_with_any_status: true, refuses_with_any_status: false };

static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let (sent, part) = (money(100, "ZAR"), money(40, "ZAR"));
    let token = || Secret::new(CANARY);
    vec![
        call(
            CreatePurchase::one_product(BRAND, Payer::client_id(CLIENT), "Monthly plan", sent),
            move |purchase| !matches!(purchase.amount_match(sent), AmountMatch::Different(_)),
        ),
        call(GetPurchase::new(PURCHASE), |purchase| purchase.id == PURCHASE),
        declining(ChargePurchase::new(PURCHASE, token()).with_expected(sent), move |answer| match answer {
            ChargeAnswer::Purchase(purchase) => {
                let proven = purchase.amount_match(sent) == AmountMatch::Same;
                purchase.id == PURCHASE && (proven || !answer.outcome().went_through())
            }
            _ => !answer.outcome().went_through(),
        }),
        declining(RefundPurchase::new(PURCHASE).with_amount(part), move |answer| match answer {
            RefundAnswer::Payment(payment) => {
                let moved = payment.payment.as_ref();
                moved.and_then(|moved| moved.amount) == Some(part.minor())
                    && moved.and_then(|moved| moved.currency.as_deref()) == Some("ZAR")
            }
            RefundAnswer::Purchase(purchase) => purchase.id == PURCHASE,
            _ => answer.outcome() == Outcome::Declined,
        }),
        declining(CapturePurchase::new(PURCHASE), |answer| match answer {
            CaptureAnswer::Purchase(purchase) => purchase.id == PURCHASE,
            _ => answer.outcome() == Outcome::Declined,
        }),
        call(ReleasePurchase::new(PURCHASE), |purchase| purchase.id == PURCHASE),
        call(CancelPurchase::new(PURCHASE), |purchase| purchase.id == PURCHASE),
        call(DeletePurchaseRecurringToken::new(PURCHASE), |purchase| purchase.id == PURCHASE),
        call(PaymentMethodsQuery::new(BRAND, sent.currency()), |_| true),
        call(GetPublicKey, |_| true),
        call(CreateClient::new("customer@example.com"), |_| true),
        call(GetClient::new(CLIENT), |client| client.id == CLIENT),
        call(UpdateClient::new(CLIENT, "ann@example.com"), |client| client.id == CLIENT),
        call(ChangeClient::new(CLIENT).with_phone("+27 2"), |client| client.id == CLIENT),
        call(DeleteClient::new(CLIENT), |()| true),
        call(ListRecurringTokens::new(CLIENT), |_| true),
        call(DeleteRecurringToken::new(CLIENT, token()), |()| true),
    ]
});

pub(crate) fn read(bytes: &[u8]) {
    run(&CALLS, bytes);
}

fn call<R>(request: R, agrees: impl Fn(&R::Output) -> bool + Send + Sync + 'static) -> Call
where
    R: Operation<Api = revio::ApiError> + Send + Sync + 'static,
{
    Box::new(move |reply| answer(reply, Allowed::default(), request.read(reply), &agrees))
}

fn declining<R>(request: R, agrees: impl Fn(&R::Output) -> bool + Send + Sync + 'static) -> Call
where
    R: Operation<Api = revio::ApiError> + Send + Sync + 'static,
{
    Box::new(move |reply| answer(reply, DECLINING, request.read(reply), &agrees))
}
