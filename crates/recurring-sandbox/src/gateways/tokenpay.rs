//! tokenpay-signed: every call is one signed text in an envelope.
//!
//! From the source document: the envelope, the recurring charge and its answer; account and first ids are those of
//! its example, so that the example's request text is taken as it stands. From public documentation: the other calls
//! under `/tokenization/`, the query, the notification. Guesses: that a refund and a void are told to the order's own
//! `callbackUrl.notify`, as its payment is; that refusals come as HTTP 200 with another
//! `responseCode`, and that query, void and refund of the hosted page serve token orders. Every code but `0000` is
//! this sandbox's own.

mod money;
mod order;
mod signed;

use crate::answer::Answer;
use crate::call::Call;
use crate::cards::Card;
use crate::json::{self, absent, text};
use crate::page::{Customer, Done, Sheet};
use crate::shelf::Shelf;
use crate::world::{Common, Hosted};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use order::{Order, card_type};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::signature::Verifier;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use sha2::Sha256;
use signed::Signed;
use std::fmt;

pub(crate) const MERCHANT_ID: i64 = 3;
const GATEWAY: &str = "tokenpay-signed";
const FIRST_TOKEN: i64 = 436;
const FIRST_ORDER: i64 = 5798;
const FIRST_TRANSACTION: i64 = 3974;
/// The account's currency; a request names none.
pub(crate) const CURRENCY: &str = "USD";
const DECIMALS: u32 = 2;
const LONGEST_AMOUNT: usize = 9;

const BAD_ENVELOPE: &str = "1000";
const BAD_SIGNATURE: &str = "1001";
const BAD_PARAMETER: &str = "1002";
const DUPLICATE: &str = "1003";
const NOT_FOUND: &str = "1004";
const DECLINED: &str = "2001";

#[derive(Debug)]
struct Enrolment {
    user: String,
    success: String,
    fail: String,
    cancel: Option<String>,
    done: bool,
}

#[derive(Debug)]
struct Token {
    id: i64,
    user: String,
    card: Card,
}

pub(crate) struct Tokenpay {
    merchant: VerifyingKey<Sha256>,
    gateway: SigningKey<Sha256>,
    enrolments: Shelf<Enrolment>,
    tokens: Shelf<Token>,
    next_token: i64,
    /// By the merchant's reference, which is claimed as long as the order is remembered.
    orders: Shelf<Order>,
    /// The token and the user of each sale that allows later charges, by the order's id.
    sales: Shelf<(i64, String)>,
}

impl fmt::Debug for Tokenpay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenpay")
            .field("tokens", &self.tokens)
            .field("orders", &self.orders)
            .finish_non_exhaustive()
    }
}

fn refuse(code: &str, message: &str) -> Answer {
    Answer::json(200, &json!({"responseCode": code, "message": message}))
}

fn invalid(name: &str, message: &str) -> Answer {
    refuse(BAD_PARAMETER, &format!("Invalid parameter {name}: {message}"))
}

fn malformed(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"responseCode": BAD_ENVELOPE, "message": message}))
}

impl Tokenpay {
    pub(crate) fn new(merchant: RsaPublicKey, gateway: RsaPrivateKey) -> Tokenpay {
        Tokenpay {
            merchant: VerifyingKey::new(merchant),
            gateway: SigningKey::new(gateway),
            enrolments: Shelf::default(),
            tokens: Shelf::default(),
            next_token: FIRST_TOKEN,
            orders: Shelf::default(),
            sales: Shelf::default(),
        }
    }

    pub(crate) fn answer(&mut self, common: &mut Common, call: &Call) -> Answer {
        let segments = call.segments_after(1);
        let known = matches!(
            segments.as_slice(),
            ["tokenization", "add-token" | "query-token" | "delete-token" | "sale" | "recurring"]
                | ["hosted-checkout", "query" | "void" | "refund"]
        );
        if !known || call.slash {
            return malformed(404, "Not found");
        }
        if call.method != Method::POST {
            return malformed(405, "Method not allowed");
        }
        let answer = self.open(call).and_then(|signed| match segments.as_slice() {
            [_, "add-token"] => self.add_token(common, &signed),
            [_, "query-token"] => self.query_token(&signed),
            [_, "delete-token"] => self.delete_token(&signed),
            [_, "sale"] => self.sale(common, &signed),
            [_, "recurring"] => self.recurring(common, &signed),
            [_, "query"] => self.query(&signed),
            [_, what] => self.give_back(common, &signed, *what == "void"),
            _ => Err(malformed(404, "Not found")),
        });
        answer.unwrap_or_else(|refusal| refusal)
    }

    /// Opens the envelope and checks the signature over the request's text exactly as it was sent.
    fn open(&self, call: &Call) -> Result<Signed, Answer> {
        if !call.sends("application/json") {
            return Err(malformed(400, "Content-Type must be application/json"));
        }
        let envelope = json::object(&call.body).map_err(|reason| malformed(400, &reason))?;
        let request = text(&envelope, "request").ok_or_else(|| malformed(400, "request must be text"))?;
        let signature =
            text(&envelope, "signature").ok_or_else(|| malformed(400, "signature must be text"))?;
        let signature = STANDARD.decode(signature).ok();
        let signature = signature.and_then(|bytes| Signature::try_from(bytes.as_slice()).ok());
        let genuine =
            signature.is_some_and(|signature| self.merchant.verify(request.as_bytes(), &signature).is_ok());
        if !genuine {
            return Err(refuse(BAD_SIGNATURE, "Invalid signature"));
        }
        let members = json::object(request.as_bytes()).map_err(|reason| malformed(400, &reason))?;
        let signed = Signed { members, request: request.to_owned() };
        if signed.number("merchantId") != Some(MERCHANT_ID) {
            return Err(refuse(NOT_FOUND, "No public key"));
        }
        Ok(signed)
    }

    fn add_token(&mut self, common: &mut Common, signed: &Signed) -> Result<Answer, Answer> {
        let user = signed.user()?;
        let urls = signed.callbacks(&["success", "fail", "notify"])?;
        let url = |name: &str| text(&urls, name).unwrap_or_default().to_owned();
        let cancel = text(&urls, "cancel").map(str::to_owned);
        let enrolment = Enrolment { user, success: url("success"), fail: url("fail"), cancel, done: false };
        let id = common.ids.uuid();
        let page = format!("{}/pay/tokenpay/{id}", common.origin);
        self.enrolments.push(&id, enrolment);
        Ok(Answer::json(200, &json!({"responseCode": "0000", "message": "Success", "data": page})))
    }

    fn query_token(&self, signed: &Signed) -> Result<Answer, Answer> {
        let user = signed.user()?;
        // The source document: the value is case insensitive.
        let own = self.tokens.iter().filter(|token| token.user.eq_ignore_ascii_case(&user));
        let list: Vec<Value> = own
            .map(|token| {
                json!({
                    "tokenId": token.id, "userId": token.user, "maskedPan": token.card.masked("XXXXXX"),
                    "cardBrand": card_type(&token.card), "cardSubBrand": card_type(&token.card),
                    "expiryDate": format!("{:04}{:02}", token.card.year, token.card.month),
                })
            })
            .collect();
        Ok(Answer::json(200, &json!({"responseCode": "0000", "message": "Success", "list": list})))
    }

    fn delete_token(&mut self, signed: &Signed) -> Result<Answer, Answer> {
        let (id, _) = self.token(signed, &signed.user()?)?;
        self.tokens.remove(&id.to_string());
        Ok(Answer::json(200, &json!({"responseCode": "0000", "message": "Success"})))
    }

    fn token(&self, signed: &Signed, user: &str) -> Result<(i64, Card), Answer> {
        let id = signed.number("tokenId").ok_or_else(|| invalid("tokenId", "a number"))?;
        let token = self.tokens.get(&id.to_string()).filter(|token| token.user.eq_ignore_ascii_case(user));
        token.map(|token| (id, token.card.clone())).ok_or_else(|| refuse(NOT_FOUND, "Token not found"))
    }

    fn sale(&mut self, common: &mut Common, signed: &Signed) -> Result<Answer, Answer> {
        let notify = signed.notify()?;
        let recurring = match signed.members.get("isRecurring") {
            None | Some(Value::Null) => false,
            Some(value) => value.as_bool().ok_or_else(|| invalid("isRecurring", "true or false"))?,
        };
        let items = signed.members.get("lineItems").filter(|items| !items.is_null());
        let fine = |item: &Value| {
            let price = item.get("priceData");
            item.get("quantity").is_some_and(Value::is_number)
                && price.and_then(|price| price.get("name")).is_some_and(Value::is_string)
                && price.and_then(|price| price.get("unitAmount")).is_some_and(Value::is_number)
        };
        if !items.is_none_or(|items| items.as_array().is_some_and(|items| items.iter().all(fine))) {
            return Err(invalid("lineItems", "an array of {quantity, priceData{name, unitAmount}}"));
        }
        self.charge(common, signed, notify, Some(recurring))
    }

    fn recurring(&mut self, common: &mut Common, signed: &Signed) -> Result<Answer, Answer> {
        let notify = signed.notify()?;
        // Mandatory in the table of the source document, missing in its example.
        if !absent(&signed.members, "reason") && text(&signed.members, "reason").is_none() {
            return Err(invalid("reason", "text"));
        }
        let user = signed.user()?;
        let (token, _) = self.token(signed, &user)?;
        let parent = signed.number("parentOrderId").ok_or_else(|| invalid("parentOrderId", "a number"))?;
        let sale = self.sales.get(&parent.to_string());
        if !sale.is_some_and(|(sold, to)| *sold == token && to.eq_ignore_ascii_case(&user)) {
            return Err(refuse(NOT_FOUND, "Parent order not found"));
        }
        self.charge(common, signed, notify, None)
    }

    fn find(&self, signed: &Signed) -> Result<&Order, Answer> {
        let order = match (signed.number("orderId"), text(&signed.members, "merchantReference")) {
            (Some(id), _) => number_of(id).and_then(|number| self.orders.at(number)),
            (None, Some(reference)) => self.orders.get(reference),
            (None, None) => return Err(invalid("orderId", "orderId or merchantReference is needed")),
        };
        order.ok_or_else(|| refuse(NOT_FOUND, "Order not found"))
    }

    /// The signed notification for an order.
    pub(crate) fn notification(&self, order_id: i64) -> Option<String> {
        self.orders.at(number_of(order_id)?)?.notification(&self.gateway)
    }

    fn query(&self, signed: &Signed) -> Result<Answer, Answer> {
        let order = self.find(signed)?;
        let answer = json!({"responseCode": "0000", "message": "Success", "order": order.render()});
        Ok(Answer::json(200, &answer))
    }
}

/// An order's id is its number, counted from the first.
fn number_of(order_id: i64) -> Option<u64> {
    u64::try_from(order_id.checked_sub(FIRST_ORDER)?).ok()
}

impl Hosted for Tokenpay {
    fn sheet(&mut self, _: &mut Common, id: &str) -> Option<Sheet> {
        let enrolment = self.enrolments.get(id)?;
        Some(if enrolment.done {
            Sheet::Closed("This page has been used.".to_owned())
        } else {
            Sheet::Open { title: "Save your card".to_owned(), amount: None }
        })
    }

    fn customer(&mut self, common: &mut Common, id: &str, act: Customer) -> Option<Done> {
        let enrolment = self.enrolments.get_mut(id)?;
        enrolment.done = true;
        let to = match act {
            Customer::Pays(card) if card.first(common.now()).is_ok() => {
                let token = Token { id: self.next_token, user: enrolment.user.clone(), card };
                self.tokens.push(&self.next_token.to_string(), token);
                self.next_token = self.next_token.saturating_add(1);
                &enrolment.success
            }
            Customer::Pays(_) | Customer::Declines => &enrolment.fail,
            Customer::Cancels => enrolment.cancel.as_ref().unwrap_or(&enrolment.fail),
        };
        Some(Done { message: "The page has ended.", to: Some(to.clone()) })
    }
}
