//! The calls about an order: what goes wrong, what their answers mean, and what a gateway may add to them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test stops by panicking")]

mod common;

use common::{
    account, any_signature, by_reference, client, dollars, lost_order, part_of_an_order, voided_order,
};
use recurring_fixtures::fault::{self, Behavior, FaultServer, RawReply, Sends};
use recurring_fixtures::{Case, variants};
use serde_json::{Value, json};
use tokenpay_signed::{
    Client, Currency, DeclineReason, Effect, Error, ErrorKind, Operation as _, OrderKey, Outcome, Proof,
    QueryOrder, RefundOrder, Reply, Reversal, TokenOrder, VoidOrder,
};

const QUERY: &str = "tokenpay-signed/query-order/by-reference";
const VOID: &str = "tokenpay-signed/void-order/voided";
const REFUND: &str = "tokenpay-signed/refund-order/partial";

fn body(case: &str) -> Vec<u8> {
    Case::load(case).response_body()
}

fn reply(body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(200, Vec::new(), body.into())
}

async fn check<T>(case: &str, sends: Sends, call: impl AsyncFn(Client) -> Result<T, Error>) {
    let call = &call;
    fault::check(RawReply::json(200, body(case)), sends, fault::no_prelude, &[], |url| async move {
        call(client(&url, any_signature())).await.map(drop).map_err(|error| error.effect().as_str())
    })
    .await;
}

#[tokio::test]
async fn query_order() {
    check(QUERY, Sends::AtMostThree, async |client| client.query_order(&lost_order()).await).await;
}

#[tokio::test]
async fn void_order() {
    check(VOID, Sends::Once, async |client| client.void_order(&voided_order()).await).await;
}

#[tokio::test]
async fn refund_order() {
    check(REFUND, Sends::Once, async |client| client.refund_order(&part_of_an_order()).await).await;
}

type Read = fn(&Reply) -> Result<(), Error>;

fn assert_other<T: std::fmt::Debug>(answer: Result<T, Error>, member: &str) {
    let error = answer.expect_err("another order");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{member}");
    assert!(error.to_string().contains(member), "{error}");
    assert!(error.reply().is_some_and(|reply| reply.body().len() > 100), "the reply is kept");
}

#[test]
fn an_answer_about_another_order_is_unknown_and_kept() {
    let by_id = |id| QueryOrder::new(OrderKey::OrderId(id));
    assert_other(account().operation(&by_id(5805)).read(&reply(body(QUERY))), "order.id");
    assert_eq!(
        account().operation(&by_id(5804)).read(&reply(body(QUERY))).expect("this one").order.id,
        "5804"
    );
    let other = VoidOrder::new(OrderKey::OrderId(5804));
    assert_other(account().operation(&other).read(&reply(body(VOID))), "order.id");
    let readers: [(&str, Read); 2] = [
        (QUERY, |reply| account().operation(&lost_order()).read(reply).map(drop)),
        (REFUND, |reply| account().operation(&part_of_an_order()).read(reply).map(drop)),
    ];
    for (case, read) in readers {
        for other in [json!("merRef0003"), json!("MERREF0002"), json!(7), json!("")] {
            for body in variants::with_member_replaced(&body(case), "merchantReference", other) {
                assert_other(read(&reply(body)), "merchantReference");
            }
        }
    }
    // A look-up by reference must name it: the answer is taken for the lost charge.
    for body in variants::with_member_null(&body(QUERY), "merchantReference") {
        assert_other(account().operation(&lost_order()).read(&reply(body)), "merchantReference");
    }
    for body in variants::with_member_removed(&body(REFUND), "merchantReference") {
        assert_other(account().operation(&part_of_an_order()).read(&reply(body)), "merchantReference");
    }
}

#[test]
fn a_refund_of_another_amount_or_currency_is_unknown_and_kept() {
    let read = |body: Vec<u8>| account().operation(&part_of_an_order()).read(&reply(body));
    for other in [json!("HKD"), json!("usd")] {
        let replaced = variants::with_member_replaced(&body(REFUND), "currency", other);
        assert_eq!(replaced.len(), 2);
        for body in replaced {
            assert_other(read(body), "currency");
        }
    }
    for other in [json!(11), json!("10.01"), json!("-10"), json!("1e1")] {
        // The first one is the amount of the order, which is that of the charge.
        let replaced = variants::with_member_replaced(&body(REFUND), "amount", other.clone());
        let [order, transaction] = <[Vec<u8>; 2]>::try_from(replaced).expect("two amounts");
        if other == json!(11) || other == json!("10.01") {
            assert_eq!(read(order).expect("ours").outcome(), Outcome::Paid);
        } else {
            assert_other(read(order), "amount");
        }
        assert_other(read(transaction), "transaction.amount");
    }
    // A part of 10 is neither all of 10 nor more than 9.
    for all in [json!(10), json!(9)] {
        let order = variants::with_member_replaced(&body(REFUND), "amount", all).remove(0);
        assert_other(read(order), "amount");
    }
    // A transaction of another kind, such as the charge, has the amount of the charge.
    for kind in [json!("SALE"), json!(null)] {
        for other in variants::with_member_replaced(&body(REFUND), "type", kind) {
            for body in variants::with_member_replaced(&other, "amount", json!(30)) {
                assert_eq!(read(body).expect("ours").outcome(), Outcome::Paid);
            }
        }
    }
}

fn answer(code: &str, order: &str, kind: &str, transaction: &str) -> Value {
    json!({
        "responseCode": code, "message": "Card reported stolen",
        "order": {"id": 5803, "merchantReference": "merRef1656991803097", "currency": "USD", "status": order},
        "transaction": {"type": kind, "status": transaction},
    })
}

#[test]
fn only_a_known_status_says_that_money_goes_back() {
    use Outcome::{Declined, Paid, Pending};
    // After a void, after a refund.
    for (code, order, kind, transaction, void, refund) in [
        ("0000", "VOIDED", "VOID", "SUCCESS", Paid, Paid),
        ("0000", "VOIDED", "SALE", "VOIDED", Paid, Paid),
        ("0000", "REFUNDED", "REFUND", "REFUNDED", Paid, Paid),
        ("0000", "REFUNDED", "", "", Paid, Paid),
        ("0000", "REFUNDED", "REFUND", "SETTLED", Paid, Paid),
        ("0000", "PARTIALLY_REFUNDED", "REFUND", "SUCCESS", Pending, Paid),
        ("0000", "REFUNDED", "REFUND", "DECLINED", Pending, Pending),
        ("0000", "REFUNDED", "REFUND", "HALF_DONE", Pending, Pending),
        ("0000", "SUCCESS", "REFUND", "SUCCESS", Pending, Pending),
        ("0000", "PROCESSING", "REFUND", "SUCCESS", Pending, Pending),
        ("0000", "FAILURE", "SALE", "DECLINED", Pending, Pending),
        ("0000", "HALF_DONE", "REFUND", "SUCCESS", Pending, Pending),
        ("0000", "", "", "", Pending, Pending),
        ("0000", "SUCCESS", "SALE", "DECLINED", Pending, Pending),
        ("0000", "SUCCESS", "Refund", "DECLINED", Declined, Declined),
        ("2001", "SETTLED", "REFUND", "DECLINED", Declined, Declined),
        ("2001", "SUCCESS", "VOID", "DECLINED", Declined, Declined),
    ] {
        let reply = reply(answer(code, order, kind, transaction).to_string());
        let refunded = account().operation(&part_of_an_order()).read(&reply).expect("an answer");
        let voided = account().operation(&voided_order()).read(&reply).expect("an answer");
        let name = format!("{code} {order} {kind} {transaction}");
        assert_eq!((voided.outcome(), refunded.outcome()), (void, refund), "{name}");
    }
    for (order, kind, transaction) in
        [("REFUNDED", "REFUND", "SUCCESS"), ("SUCCESS", "SALE", "DECLINED"), ("FAILURE", "SALE", "DECLINED")]
    {
        let reply = reply(answer("2001", order, kind, transaction).to_string());
        let error = account()
            .operation(&part_of_an_order())
            .read(&reply)
            .expect_err("no success, and no definite no");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{order}");
    }
    let alone = reply(r#"{"responseCode":"0000","message":"Success"}"#);
    for answer in [
        account().operation(&voided_order()).read(&alone),
        account().operation(&part_of_an_order()).read(&alone),
    ] {
        assert_eq!(answer.expect("a success without an order").outcome(), Outcome::Pending);
    }
    let twice = reply(r#"{"responseCode":"1005","message":"Order already refunded"}"#);
    let error = account().operation(&part_of_an_order()).read(&twice).expect_err("the second refund");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, Effect::Unknown));
}

#[test]
fn a_look_up_says_what_became_of_the_charge() {
    use Outcome::{Canceled, Declined, Paid, Pending};
    let query = QueryOrder::new(OrderKey::OrderId(5803));
    for (order, transaction, outcome) in [
        ("SUCCESS", "SUCCESS", Paid),
        ("SETTLED", "", Paid),
        ("VOIDED", "VOIDED", Canceled),
        ("REFUNDED", "REFUNDED", Paid),
        ("REFUNDED", "SUCCESS", Paid),
        ("PARTIALLY_REFUNDED", "", Paid),
        ("SUCCESS", "REFUNDED", Paid),
        ("FAILURE", "DECLINED", Declined),
        ("CANCELLED", "", Canceled),
        ("OPEN", "DECLINED", Declined),
        ("FAILURE", "REFUNDED", Pending),
        ("REFUNDED", "DECLINED", Pending),
        ("VOIDED", "HALF_DONE", Pending),
        ("OPEN", "", Pending),
        ("OPEN", "VOIDED", Pending),
        ("PROCESSING", "SUCCESS", Pending),
        ("CLOSED", "", Pending),
        ("HALF_DONE", "SUCCESS", Pending),
        ("", "", Pending),
    ] {
        let reply = reply(answer("0000", order, "SALE", transaction).to_string());
        let answer = account().operation(&query).read(&reply).expect("an order");
        assert_eq!(answer.charge_outcome(), outcome, "{order} {transaction}");
        let reason = (outcome == Declined).then_some(DeclineReason::StolenOrLost);
        assert_eq!(answer.decline_reason(), reason, "{order} {transaction}");
    }
    let refused = reply(answer("2001", "FAILURE", "SALE", "DECLINED").to_string());
    assert_eq!(account().operation(&query).read(&refused).expect("a definite no").charge_outcome(), Declined);
    let paid = reply(answer("2001", "SUCCESS", "SALE", "SUCCESS").to_string());
    assert_eq!(account().operation(&query).read(&paid).expect_err("no success").effect(), Effect::Unknown);
}

/// What an answer says, whichever call it belongs to.
fn says(case: &str, body: Vec<u8>) -> Result<Outcome, Error> {
    let reply = reply(body);
    match case {
        QUERY => {
            account().operation(&lost_order()).read(&reply).map(|answer: TokenOrder| answer.charge_outcome())
        }
        VOID => account().operation(&voided_order()).read(&reply).map(|answer: Reversal| answer.outcome()),
        _ => account().operation(&part_of_an_order()).read(&reply).map(|answer: Reversal| answer.outcome()),
    }
}

#[test]
fn new_members_and_new_values_do_no_harm() {
    for case in [QUERY, VOID, REFUND] {
        let body = body(case);
        for body in variants::with_unknown_member(&body) {
            assert_eq!(says(case, body).expect(case), Outcome::Paid);
        }
        for value in [json!("UNHEARD_OF"), json!(7)] {
            for body in variants::with_member_replaced(&body, "status", value) {
                assert_eq!(says(case, body).expect(case), Outcome::Pending, "{case}");
            }
        }
        for member in
            ["message", "transaction", "netAmount", "recurring", "createTime", "cardType", "merchantId"]
        {
            for odd in [json!(null), json!(1), json!("x"), json!([]), json!({"a": 1})] {
                for body in variants::with_member_replaced(&body, member, odd) {
                    assert_eq!(says(case, body).expect(member), Outcome::Paid, "{case} {member}");
                }
            }
        }
        for list in [r#"["0000","Success"]"#, r#"["0000","Success",null,null]"#, "[]", "null"] {
            assert_eq!(says(case, list.into()).expect_err(list).effect(), Effect::Unknown, "{case}");
        }
    }
    // Without a readable order it is unknown what became of the money.
    for odd in [json!(null), json!(7), json!([])] {
        for case in [VOID, REFUND] {
            for body in variants::with_member_replaced(&body(case), "order", odd.clone()) {
                assert_eq!(says(case, body).expect(case), Outcome::Pending);
            }
        }
        for body in variants::with_member_replaced(&body(QUERY), "order", odd.clone()) {
            assert_eq!(says(QUERY, body).expect_err("no order").effect(), Effect::Unknown);
        }
    }
}

#[tokio::test]
async fn bad_input_sends_nothing() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let client = client(&server.url(), any_signature());
    let dinars =
        |text| tokenpay_signed::Money::parse(text, Currency::from_code("KWD").expect("KWD")).expect("money");
    for (key, field) in [
        (OrderKey::OrderId(0), "order_id"),
        (OrderKey::OrderId(-5), "order_id"),
        (by_reference(""), "merchant_reference"),
        (by_reference("a\n"), "merchant_reference"),
        (by_reference(&"x".repeat(65)), "merchant_reference"),
    ] {
        for error in [
            client.query_order(&QueryOrder::new(key.clone())).await.expect_err(field),
            client.void_order(&VoidOrder::new(key.clone())).await.expect_err(field),
            client.refund_order(&RefundOrder::new(key.clone(), dollars("1"))).await.expect_err(field),
        ] {
            let local = (ErrorKind::InvalidRequest, Effect::NotApplied(Proof::Local));
            assert_eq!((error.kind(), error.effect()), local, "{field}");
            assert!(error.to_string().contains(field), "{error}");
        }
    }
    for amount in [dinars("1.234"), dollars("10000000.00")] {
        let refund = RefundOrder::new(OrderKey::OrderId(1), amount);
        let error = client.refund_order(&refund).await.expect_err("amount");
        assert!(error.to_string().contains("amount"), "{error}");
        assert!(account().operation(&refund).request().is_err());
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn order_id_is_kept_digit_for_digit() {
    for (written, id) in [
        ("9007199254740993", "9007199254740993"),
        (r#""9007199254740993""#, "9007199254740993"),
        ("9223372036854775807", "9223372036854775807"),
        ("5803.0", "5803"),
        (r#""5803.00""#, "5803"),
        ("5803.5", "5803.5"),
        (r#""A-5803.0""#, "A-5803.0"),
    ] {
        let body = format!(r#"{{"responseCode":"0000","message":"Success","order":{{"id":{written}}}}}"#);
        let answer: TokenOrder = serde_json::from_str(&body).expect(written);
        assert_eq!(answer.order.id, id, "{written}");
        assert_eq!(answer.order.parent_order_id(), id.parse().ok(), "{written}");
    }
    for bad in ["null", r#""""#, "{}", "[1]"] {
        let body = format!(r#"{{"responseCode":"0000","order":{{"id":{bad}}}}}"#);
        serde_json::from_str::<TokenOrder>(&body).expect_err(bad);
    }
}

#[tokio::test]
async fn amount_in_another_currency_is_never_sent() {
    let server = FaultServer::start(|_, _| Behavior::StaySilent).await;
    let client = client(&server.url(), any_signature());
    let yen = tokenpay_signed::Money::parse("3000", Currency::from_code("JPY").expect("JPY")).expect("money");
    let token = || tokenpay_signed::TokenId::from("436");
    let refused = [
        client.sale(&tokenpay_signed::Sale::new("u", token(), yen, "r-1")).await.map(drop),
        client.recurring(&tokenpay_signed::Recurring::new("u", token(), yen, "r-1", 1)).await.map(drop),
        client.refund_order(&RefundOrder::new(by_reference("r-1"), yen)).await.map(drop),
    ];
    for answer in refused {
        let error = answer.expect_err("another currency");
        assert_eq!(error.effect(), Effect::NotApplied(Proof::Local));
        assert!(error.to_string().contains("USD"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

/// Its notification could be read in two ways, and would be refused.
#[test]
fn reference_that_could_be_cut_is_refused() {
    for (reference, usable) in [
        ("sub-42", true),
        ("a&b", true),
        ("a=b", true),
        ("a=b&c", true),
        ("x&status=SUCCESS", false),
        ("a&b&c=", false),
    ] {
        let sale =
            tokenpay_signed::Sale::new("u", tokenpay_signed::TokenId::text("1"), dollars("30"), reference);
        let refused = account().operation(&sale).request().err();
        let rule = refused.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(
            (refused.is_none(), rule.contains("merchant_reference")),
            (usable, !usable),
            "{reference}: {rule}"
        );
    }
}
