//! All that tokenpay-signed remembers: enrollments, tokens and orders.

use super::members::MEMBERS;
use super::order::{MERCHANT_ID, Order, card_type};
use super::refusal::{BAD_SIGNATURE, NOT_FOUND, invalid, malformed, refuse, unplayed};
use super::signed::Signed;
use crate::answer::Answer;
use crate::bounded::BoundedStore;
use crate::cards::Card;
use crate::common::Common;
use crate::json::{self, absent, text};
use crate::keys::KeyFolder;
use crate::members::not_played;
use crate::request::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::signature::Verifier;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::fmt;
use std::path::PathBuf;

const FIRST_TOKEN: i64 = 436;
pub(super) const FIRST_ORDER: i64 = 5798;
pub(super) const FIRST_TRANSACTION: i64 = 3974;

#[derive(Debug)]
pub(super) struct Enrollment {
    pub(super) user: String,
    pub(super) success: String,
    pub(super) fail: String,
    pub(super) cancel: Option<String>,
    pub(super) done: bool,
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) id: i64,
    pub(super) user: String,
    pub(super) card: Card,
    pub(super) created: Timestamp,
}

/// A page, with the merchant's reference of its order.
#[derive(Debug)]
pub(super) struct Checkout {
    pub(super) reference: String,
    pub(super) callbacks: Map<String, Value>,
}

pub(crate) struct Tokenpay {
    pub(super) merchant: VerifyingKey<Sha256>,
    pub(super) gateway: SigningKey<Sha256>,
    pub(super) enrollments: BoundedStore<Enrollment>,
    /// The pages of the hosted checkout.
    pub(super) checkouts: BoundedStore<Checkout>,
    pub(super) tokens: BoundedStore<Token>,
    pub(super) next_token: i64,
    /// By the merchant's reference, which is claimed as long as the order is remembered.
    pub(super) orders: BoundedStore<Order>,
    /// The token and the user of each sale that allows later charges, by the order's id.
    pub(super) sales: BoundedStore<(i64, String)>,
    /// The files with the merchant's private key and with the public half of the gateway's.
    pub(super) merchant_key_file: PathBuf,
    pub(super) gateway_key_file: PathBuf,
}

impl fmt::Debug for Tokenpay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenpay")
            .field("tokens", &self.tokens)
            .field("orders", &self.orders)
            .finish_non_exhaustive()
    }
}

impl Tokenpay {
    pub(crate) fn new(
        merchant: &RsaPrivateKey,
        gateway: RsaPrivateKey,
        folder: &KeyFolder,
    ) -> std::io::Result<Tokenpay> {
        Ok(Tokenpay {
            merchant_key_file: folder.write_private("sandbox_tokenpay_merchant_private_key.pem", merchant)?,
            gateway_key_file: folder.write_public("sandbox_tokenpay_gateway_public_key.pem", &gateway)?,
            merchant: VerifyingKey::new(merchant.to_public_key()),
            gateway: SigningKey::new(gateway),
            enrollments: BoundedStore::default(),
            checkouts: BoundedStore::default(),
            tokens: BoundedStore::default(),
            next_token: FIRST_TOKEN,
            orders: BoundedStore::default(),
            sales: BoundedStore::default(),
        })
    }

    /// Opens the envelope and checks the signature over the request's text exactly as it was sent.
    /// Then refuses what this call has and the sandbox does not play.
    pub(super) fn open(&self, request: &Request, call: &str) -> Result<Signed, Answer> {
        if !request.sends("application/json") {
            return Err(malformed(400, "Content-Type must be application/json"));
        }
        let envelope = json::object(&request.body).map_err(|reason| malformed(400, &reason))?;
        let signed_text = text(&envelope, "request").ok_or_else(|| malformed(400, "request must be text"))?;
        let signature =
            text(&envelope, "signature").ok_or_else(|| malformed(400, "signature must be text"))?;
        let signature = STANDARD.decode(signature).ok();
        let signature = signature.and_then(|bytes| Signature::try_from(bytes.as_slice()).ok());
        let genuine = signature
            .is_some_and(|signature| self.merchant.verify(signed_text.as_bytes(), &signature).is_ok());
        if !genuine {
            return Err(refuse(BAD_SIGNATURE, "Invalid signature"));
        }
        let members = json::object(signed_text.as_bytes()).map_err(|reason| malformed(400, &reason))?;
        let signed = Signed { members, text: signed_text.to_owned() };
        if signed.number("merchantId") != Some(MERCHANT_ID) {
            return Err(refuse(NOT_FOUND, "No public key"));
        }
        not_played(MEMBERS, call, &signed.members).map_or(Ok(signed), |path| Err(unplayed(path)))
    }

    pub(super) fn add_token(&mut self, common: &mut Common, signed: &Signed) -> Result<Answer, Answer> {
        let user = signed.user()?;
        let urls = signed.callbacks(&["success", "fail", "notify"])?;
        let url = |name: &str| text(&urls, name).unwrap_or_default().to_owned();
        let cancel = text(&urls, "cancel").map(str::to_owned);
        let enrollment = Enrollment { user, success: url("success"), fail: url("fail"), cancel, done: false };
        let id = common.ids.uuid();
        let page = format!("{}/pay/tokenpay/{id}", common.origin);
        self.enrollments.push(&id, enrollment);
        Ok(Answer::json(200, &json!({"responseCode": "0000", "message": "Success", "data": page})))
    }

    pub(super) fn query_token(&self, signed: &Signed) -> Result<Answer, Answer> {
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

    pub(super) fn delete_token(&mut self, signed: &Signed) -> Result<Answer, Answer> {
        let (id, _) = self.token(signed, &signed.user()?)?;
        self.tokens.remove(&id.to_string());
        Ok(Answer::json(200, &json!({"responseCode": "0000", "message": "Success"})))
    }

    pub(super) fn token(&self, signed: &Signed, user: &str) -> Result<(i64, Card), Answer> {
        let id = signed.number("tokenId").ok_or_else(|| invalid("tokenId", "a number"))?;
        let token = self.tokens.get(&id.to_string()).filter(|token| token.user.eq_ignore_ascii_case(user));
        token.map(|token| (id, token.card.clone())).ok_or_else(|| refuse(NOT_FOUND, "Token not found"))
    }

    pub(super) fn sale(&mut self, common: &mut Common, signed: &Signed) -> Result<Answer, Answer> {
        let notify = signed.notify()?;
        let recurring = signed.recurring()?;
        signed.check_items()?;
        self.charge(common, signed, notify, Some(recurring))
    }

    pub(super) fn recurring(&mut self, common: &mut Common, signed: &Signed) -> Result<Answer, Answer> {
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

    pub(super) fn find(&self, signed: &Signed) -> Result<&Order, Answer> {
        if !absent(&signed.members, "orderId") && signed.number("orderId").is_none() {
            return Err(invalid("orderId", "a number"));
        }
        if !absent(&signed.members, "merchantReference")
            && text(&signed.members, "merchantReference").is_none()
        {
            return Err(invalid("merchantReference", "text"));
        }
        let order = match (signed.number("orderId"), text(&signed.members, "merchantReference")) {
            (Some(id), _) => number_of(id).and_then(|number| self.orders.at(number)),
            (None, Some(reference)) => self.orders.get(reference),
            (None, None) => return Err(invalid("orderId", "orderId or merchantReference is needed")),
        };
        let order = order.ok_or_else(|| refuse(NOT_FOUND, "Order not found"))?;
        // The vendor's own plugin sends both names; which one would count if they named two orders is not documented.
        match text(&signed.members, "merchantReference") {
            Some(reference) if reference != order.reference => {
                Err(invalid("merchantReference", "another order than orderId"))
            }
            _ => Ok(order),
        }
    }

    pub(super) fn query(&self, signed: &Signed) -> Result<Answer, Answer> {
        let order = self.find(signed)?;
        let answer = json!({"responseCode": "0000", "message": "Success", "order": order.render()});
        Ok(Answer::json(200, &answer))
    }
}

/// An order's id is its number, counted from the first.
pub(super) fn number_of(order_id: i64) -> Option<u64> {
    u64::try_from(order_id.checked_sub(FIRST_ORDER)?).ok()
}
