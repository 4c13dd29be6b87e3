//! omno: a token from Keycloak, payments with a page, saved cards, charges of a saved card.
//!
//! From the source document: the paths of the saved cards and of the payment, `cardToken`, the bearer token. From
//! public documentation: Keycloak, the members of a payment, the answer with its three addresses, the status, and the
//! notification, which is not signed and has the members of the status, one for each change of it. Guesses:
//! the shape of the saved cards, and that a payment with a `cardToken` is charged at once; its answer shows nothing
//! of the outcome, so a client has to read the status. The sandbox accepts an order id twice, since nothing is
//! documented about that: a payment sent twice is taken twice, and the ledger shows it.

mod members;
mod payment;
mod rows;

pub(super) use members::MEMBERS;

use crate::answer::Answer;
use crate::bounded::BoundedStore;
use crate::cards::{Decline, REFUSED_BY_ISSUER};
use crate::common::Common;
use crate::due::{DueKind, DueList, DuePayment};
use crate::gateway::{
    CustomerAction, Gateway, OperationRow, Page, PageResult, PaymentRow, STATUS, StoredCard,
};
use crate::issuer::StoredCharge;
use crate::json;
use crate::members::{not_played, sentence};
use crate::outbox::{Notification, WebhookRules};
use crate::request::{Request, form};
use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use payment::{GATEWAY, Payment, SavedCard, read, refuse};
use serde_json::{Value, json};
use std::collections::HashMap;

const CLIENT_ID: &str = "sandbox_omno_client";
const CLIENT_SECRET: &str = "sandbox_omno_secret";
const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(300);
/// How long a customer may take on the page.
const PAGE_LIFE: SignedDuration = SignedDuration::from_mins(30);

#[derive(Debug, Default)]
pub(crate) struct Omno {
    tokens: HashMap<String, Timestamp>,
    payments: BoundedStore<Payment>,
    /// By token.
    cards: BoundedStore<SavedCard>,
    /// The number of the first payment whose page may still be open.
    young: u64,
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
        let own = self.cards.entries().filter(|(_, saved)| saved.customer == customer);
        let list: Vec<Value> = own
            .map(|(token, SavedCard { card, .. })| {
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
            let saved = self.cards.get(&token).ok_or_else(|| refuse(400, "cardToken is not known"))?;
            let charge = StoredCharge {
                gateway: GATEWAY,
                reference: payment.order_id.as_deref().unwrap_or_default(),
                amount: payment.amount,
                currency: &payment.currency,
                at: payment.created,
            };
            let result = common.issuer.ask(&saved.card, charge);
            payment.card = Some(saved.card.clone());
            payment.charged = self.cards.number(&token);
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
            let message = format!("The status of this payment is {}.", payment.status);
            return Some(Page::Closed { message, back: Some(payment.leads_to().to_owned()) });
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
                payment.saved = Some(self.cards.next_number());
                let customer = payment.customer.clone();
                self.cards.push(&token, SavedCard { customer, card: card.clone(), created: now });
            }
            payment.card = Some(card);
        }
        payment.notify(common);
        let redirect = Some(payment.leads_to().to_owned());
        Some(PageResult { message: "The payment has ended.", redirect })
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

    fn payments(&self, _: Timestamp) -> Box<dyn Iterator<Item = PaymentRow<'_>> + '_> {
        Box::new(self.payments.newest().map(|(_, _, payment)| rows::row(payment)))
    }

    fn stored_cards(&self) -> Box<dyn Iterator<Item = StoredCard<'_>> + '_> {
        Box::new(self.cards.newest().map(rows::stored))
    }

    fn events(&self) -> &'static [&'static str] {
        &[STATUS]
    }

    fn webhook(&self, common: &mut Common, payment: &str, _: &str) -> Option<(Notification, Vec<String>)> {
        let payment = self.payments.get(payment)?;
        Some((payment.notification(&common.origin), vec![payment.hook.clone()]))
    }

    fn expire_tokens(&mut self) {
        self.tokens.clear();
    }
}
