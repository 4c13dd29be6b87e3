//! omno: a token from Keycloak, payments with a page, saved cards, charges of a saved card.
//!
//! From the source document: the paths of the saved cards and of the payment, `cardToken`, the bearer token. From
//! public documentation: Keycloak, the members of a payment, the answer with its three addresses, the status, and the
//! notification, which is not signed and has the members of the status, one for each change of it. Guesses:
//! the shape of the saved cards, and that a payment with a `cardToken` is charged at once; its answer shows nothing
//! of the outcome, so a client has to read the status. The sandbox accepts an order id twice, since nothing is
//! documented about that: a payment sent twice is taken twice, and the ledger shows it.

mod members;

pub(super) use members::MEMBERS;

use crate::answer::Answer;
use crate::bounded::BoundedStore;
use crate::cards::{Card, Decline, REFUSED_BY_ISSUER};
use crate::common::Common;
use crate::due::{DueKind, DueList, DuePayment};
use crate::gateway::{CustomerAction, Gateway, OperationRow, Page, PageResult};
use crate::json::{self, absent, child, text};
use crate::ledger::{LedgerKind, PaymentNames};
use crate::members::{not_played, sentence};
use crate::outbox::{Notification, WebhookRules};
use crate::request::{Request, form};
use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const CLIENT_ID: &str = "sandbox_omno_client";
const CLIENT_SECRET: &str = "sandbox_omno_secret";
const GATEWAY: &str = "omno";
const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(300);
/// How long a customer may take on the page.
const PAGE_LIFE: SignedDuration = SignedDuration::from_mins(30);
const BILLING: [&str; 9] =
    ["firstName", "lastName", "address1", "city", "state", "country", "postalCode", "phone", "email"];

#[derive(Debug)]
struct Payment {
    id: String,
    amount: i64,
    decimals: u32,
    currency: String,
    order_id: Option<String>,
    customer: String,
    billing: Map<String, Value>,
    hook: String,
    callback: String,
    callback_fail: String,
    created: Timestamp,
    status: &'static str,
    card: Option<Card>,
    decline: Option<Decline>,
}

#[derive(Debug, Default)]
pub(crate) struct Omno {
    tokens: HashMap<String, Timestamp>,
    payments: BoundedStore<Payment>,
    /// Customer and card, by token.
    cards: BoundedStore<(String, Card)>,
    /// The number of the first payment whose page may still be open.
    young: u64,
}

fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

fn refuse_token(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

impl Omno {
    fn token(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        if request.method != Method::POST {
            return Err(refuse_token(405, "invalid_request", "HTTP 405 Method Not Allowed"));
        }
        if !request.sends("application/x-www-form-urlencoded") {
            return Err(refuse_token(400, "invalid_request", "Missing form parameter: grant_type"));
        }
        let fields = std::str::from_utf8(&request.body).map(form).unwrap_or_default();
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        if ["grant_type", "client_id", "client_secret"].iter().any(|name| count(&names, name) > 1) {
            return Err(refuse_token(400, "invalid_request", "duplicated parameter"));
        }
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match field("grant_type") {
            None => return Err(refuse_token(400, "invalid_request", "Missing form parameter: grant_type")),
            Some("client_credentials") => {}
            Some(_) => return Err(refuse_token(400, "unsupported_grant_type", "Unsupported grant_type")),
        }
        if field("client_id") != Some(CLIENT_ID) || field("client_secret") != Some(CLIENT_SECRET) {
            let description = "Invalid client or Invalid client credentials";
            return Err(refuse_token(401, "invalid_client", description));
        }
        let now = common.now();
        self.tokens.retain(|_, ends| *ends > now);
        let token = format!("sandbox_omno_token_{}", common.ids.hex());
        self.tokens.insert(token.clone(), now.checked_add(TOKEN_LIFE).unwrap_or(Timestamp::MAX));
        let answer = json!({
            "access_token": token, "expires_in": TOKEN_LIFE.as_secs(), "refresh_expires_in": 0,
            "token_type": "Bearer", "not-before-policy": 0, "scope": "profile email",
        });
        Ok(Answer::json(200, &answer))
    }

    fn authorized(&self, common: &Common, request: &Request) -> Result<(), Answer> {
        let ends = request.authorization("Bearer").and_then(|token| self.tokens.get(token));
        if ends.is_none_or(|ends| *ends <= common.now()) {
            return Err(refuse(401, "Unauthorized"));
        }
        if !request.accepts("application/json") {
            return Err(refuse(406, "Accept must take application/json"));
        }
        Ok(())
    }

    fn cards(&self, customer: &str) -> Answer {
        let own = self.cards.entries().filter(|(_, (owner, _))| owner == customer);
        let list: Vec<Value> = own
            .map(|(token, (_, card))| {
                json!({
                    "cardToken": token, "cardMask": card.masked("********"), "cardBrand": card.brand_upper(),
                    "expirationDate": format!("{:02}/{}", card.month, card.year), "cardholder": card.holder,
                })
            })
            .collect();
        Answer::json(200, &list.into())
    }

    fn create(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        if !request.sends("application/json") {
            return Err(refuse(415, "Content-Type must be application/json"));
        }
        let body = json::object(&request.body).map_err(|reason| refuse(400, &reason))?;
        if let Some(path) = not_played(MEMBERS, "create-payment", &body) {
            return Err(refuse(400, &sentence(path)));
        }
        let (mut payment, card_token) = read(&body, &request.body, common)?;
        if let Some(token) = card_token {
            let (_, card) = self.cards.get(&token).ok_or_else(|| refuse(400, "cardToken is not known"))?;
            let result = card.later(payment.created);
            payment.card = Some(card.clone());
            payment.settle(common, result);
            payment.notify(common);
        }
        let page = format!("{}/pay/omno/{}", common.origin, payment.id);
        let answer = json!({
            "paymentId": payment.id, "paymentUrl": page, "paymentUrlIframe": format!("{page}?view=iframe"),
            "paymentUrlIframeApm": format!("{page}?view=apm"),
        });
        let id = payment.id.clone();
        self.payments.push(&id, payment);
        Ok(Answer::json(200, &answer))
    }

    fn status(&self, common: &Common, id: &str) -> Result<Answer, Answer> {
        let payment = self.payments.get(id).ok_or_else(|| refuse(404, "Payment not found"))?;
        Ok(Answer::json(200, &payment.render(&common.origin)))
    }

    /// Ends the pages that were open too long.
    fn time_out(&mut self, common: &mut Common) {
        let now = common.now();
        self.young = self.young.max(self.payments.first_number());
        // The clock only moves forward, so the older ones are before the younger.
        while let Some(payment) = self.payments.at_mut(self.young) {
            if now.duration_since(payment.created) < PAGE_LIFE {
                return;
            }
            if payment.open() {
                payment.status = "Timeout";
                payment.notify(common);
            }
            self.young += 1;
        }
    }
}

fn count(names: &[&str], name: &str) -> usize {
    names.iter().filter(|given| **given == name).count()
}

/// Checks the request; returns the payment and the token of a saved card.
fn read(
    body: &Map<String, Value>,
    bytes: &[u8],
    common: &mut Common,
) -> Result<(Payment, Option<String>), Answer> {
    let currency = text(body, "currency").and_then(|code| Some((code, json::decimals(code)?)));
    let (currency, decimals) = currency.ok_or_else(|| refuse(400, "currency must be an ISO 4217 code"))?;
    let literal = std::str::from_utf8(bytes).ok().and_then(|body| json::literal(body, "amount"));
    let amount = literal.and_then(|literal| json::minor_from_decimal(&literal, decimals));
    let amount = amount.ok_or_else(|| {
        refuse(400, "amount must be a positive number with no more decimals than the currency has")
    })?;
    let url = |name: &str| match text(body, name).filter(|text| json::is_url(text)) {
        Some(url) => Ok(url.to_owned()),
        None => Err(refuse(400, &format!("{name} must be an http or https URL"))),
    };
    let (hook, callback, callback_fail) = (url("hookUrl")?, url("callback")?, url("callbackFail")?);
    let billing = child(body, "billing").ok_or_else(|| refuse(400, "billing is required"))?;
    let missing = BILLING.iter().find(|name| text(billing, name).is_none_or(str::is_empty));
    if let Some(missing) = missing {
        return Err(refuse(400, &format!("billing.{missing} is required")));
    }
    let optional = |members: &Map<String, Value>, name: &str| match text(members, name) {
        Some(text) => Ok(Some(text.to_owned())),
        None if absent(members, name) => Ok(None),
        None => Err(refuse(400, &format!("{name} must be text"))),
    };
    let customer = optional(billing, "externalUserId")?.filter(|id| !id.is_empty());
    optional(body, "lang")?;
    optional(body, "merchantTransactionId")?;
    let payment = Payment {
        id: common.ids.hex(),
        amount,
        decimals,
        currency: currency.to_owned(),
        order_id: optional(body, "orderId")?,
        customer: customer.unwrap_or_else(|| common.ids.uuid()),
        billing: billing.clone(),
        hook,
        callback,
        callback_fail,
        created: common.now(),
        status: "Created",
        card: None,
        decline: None,
    };
    Ok((payment, optional(body, "cardToken")?))
}

impl Payment {
    fn settle(&mut self, common: &mut Common, result: Result<(), Decline>) {
        match result {
            Ok(()) => {
                self.status = "Success";
                let names = PaymentNames {
                    reference: self.order_id.as_deref().unwrap_or_default(),
                    payment: &self.id,
                };
                common.move_money(LedgerKind::Charge, GATEWAY, names, (self.amount, &self.currency));
            }
            Err(decline) => {
                self.status = "Declined";
                self.decline = Some(decline);
            }
        }
    }

    fn open(&self) -> bool {
        matches!(self.status, "Created" | "Pending3DS")
    }

    fn notify(&self, common: &mut Common) {
        let body = self.render(&common.origin).to_string();
        common.notify(&Notification::new(GATEWAY, self.status, &self.id, body), [self.hook.clone()]);
    }

    fn render(&self, origin: &str) -> Value {
        let amount = json::decimal_number(self.amount, self.decimals);
        let card = |read: &dyn Fn(&Card) -> String| self.card.as_ref().map(read);
        json!({
            "id": self.id, "status": self.status, "amount": amount, "currency": self.currency,
            "createdAt": self.created.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "psp": "sandbox", "masterPsp": "sandbox",
            "cardMask": card(&|card| card.masked("********")), "cardholder": card(&|card| card.holder.clone()),
            "expirationDate": card(&|card| format!("{:02}/{:02}", card.month, card.year % 100)),
            "cardBrand": card(&Card::brand_upper), "country": self.billing.get("country"),
            "customerId": self.customer, "paymentResult": self.decline.map(|decline| decline.message),
            "initialAmount": amount, "initialCurrency": self.currency, "isApm": false, "paymentLog": [],
            "billingData": self.billing, "paymentTransactionRequests": [], "paymentSystemLog": [],
            "orderId": self.order_id,
            "3dsRedirectUrl": (self.status == "Pending3DS").then(|| format!("{origin}/pay/omno/{}", self.id)),
        })
    }
}

/// Guesses: any 2xx counts as received; three repetitions, ten minutes apart.
pub(super) const WEBHOOKS: WebhookRules = WebhookRules {
    accepts: |status, _| matches!(status, 200..300),
    backoff: |attempts| (attempts <= 3).then_some(10),
};

const OPERATIONS: &[OperationRow] = &[
    ("POST", "realms/omno/protocol/openid-connect/token", "token"),
    ("GET", "transaction/customer/*/cards", "list-cards"),
    ("POST", "transaction/create", "create-payment"),
    ("GET", "reporting/payments/*", "get-payment"),
];

impl Gateway for Omno {
    fn name(&self) -> &'static str {
        GATEWAY
    }

    fn prefix(&self) -> &'static [&'static str] {
        &["omno"]
    }

    fn settings(&self, origin: &str) -> Vec<(&'static str, String)> {
        let token_url = format!("{origin}/omno/realms/omno/protocol/openid-connect/token");
        vec![
            ("OMNO_BASE_URL", format!("{origin}/omno")),
            ("OMNO_TOKEN_URL", token_url),
            ("OMNO_CLIENT_ID", CLIENT_ID.to_owned()),
            ("OMNO_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("OMNO_HOOK_URL", "https://merchant.example/omno/hook".to_owned()),
            ("OMNO_CALLBACK_URL", "https://merchant.example/omno/paid".to_owned()),
            ("OMNO_CALLBACK_FAIL_URL", "https://merchant.example/omno/failed".to_owned()),
        ]
    }

    fn operations(&self) -> &'static [OperationRow] {
        OPERATIONS
    }

    fn webhooks(&self) -> &'static WebhookRules {
        &WEBHOOKS
    }

    fn answer(&mut self, common: &mut Common, request: &Request) -> Answer {
        let segments = request.segments_after(1);
        let token_path = ["realms", "omno", "protocol", "openid-connect", "token"];
        let answer = if segments == token_path {
            self.token(common, request)
        } else {
            self.authorized(common, request).and_then(|()| match (&request.method, segments.as_slice()) {
                (&Method::GET, ["transaction", "customer", customer, "cards"]) => Ok(self.cards(customer)),
                (&Method::POST, ["transaction", "create"]) => self.create(common, request),
                (&Method::GET, ["reporting", "payments", id]) => self.status(common, id),
                _ => Err(refuse(404, "Not Found")),
            })
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn page(&mut self, common: &mut Common, id: &str) -> Option<Page> {
        let payment = self.payments.get_mut(id)?;
        if !payment.open() {
            return Some(Page::Closed(format!("The status of this payment is {}.", payment.status)));
        }
        // On the page the customer is authenticated.
        if payment.status == "Created" {
            payment.status = "Pending3DS";
            payment.notify(common);
        }
        let amount = Some(json::display_amount(payment.amount, &payment.currency));
        Some(Page::Open { title: "Payment".to_owned(), amount })
    }

    fn customer(&mut self, common: &mut Common, id: &str, action: CustomerAction) -> Option<PageResult> {
        let now = common.now();
        let payment = self.payments.get_mut(id)?;
        let cancelled =
            Decline { code: "cancelled", message: "The customer canceled the payment.", response: "17" };
        let result = match &action {
            CustomerAction::Pay(card) => card.first(now),
            CustomerAction::Decline => Err(REFUSED_BY_ISSUER),
            CustomerAction::Cancel => Err(cancelled),
        };
        payment.settle(common, result);
        if let CustomerAction::Pay(card) = action {
            if result.is_ok() {
                let token = common.ids.uuid();
                self.cards.push(&token, (payment.customer.clone(), card.clone()));
            }
            payment.card = Some(card);
        }
        payment.notify(common);
        let to = if result.is_ok() { &payment.callback } else { &payment.callback_fail };
        Some(PageResult { message: "The payment has ended.", redirect: Some(to.clone()) })
    }

    fn catch_up(&mut self, common: &mut Common) {
        self.time_out(common);
    }

    fn list_due(&self, list: &mut DueList) {
        for payment in self.payments.iter().filter(|payment| payment.open()) {
            let Ok(at) = payment.created.checked_add(PAGE_LIFE) else { continue };
            let due = DuePayment {
                reference: payment.order_id.as_deref().unwrap_or_default(),
                payment: &payment.id,
                amount: Some((payment.amount, &payment.currency)),
            };
            list.add(at, GATEWAY, DueKind::Expiry, due, "");
        }
    }

    fn expire_tokens(&mut self) {
        self.tokens.clear();
    }
}
