//! revio: clients, purchases with a page, and charges of a saved card by another purchase.
//!
//! From the source document: the paths, the purchase request, `client` against `client_id`, the list of tokens. From
//! public documentation: the members of a purchase, the charge and its refusals, the token being the id of the first
//! purchase, capture, release and refund, the signed notifications. From other brands of the same platform:
//! cancelling, `delete_recurring_token`, the payment methods, the public key. Guesses: `ZAR` when no currency is
//! given, the codes of refused members, ten tokens on a page of the list, that a capture of a part gives up the rest,
//! and that `success_callback` hears of `purchase.paid` only.

mod client;
mod money;
mod notify;
mod purchase;

use crate::answer::Answer;
use crate::call::Call;
use crate::cards::{Card, REFUSED_BY_ISSUER};
use crate::ids::Ids;
use crate::json::{self, absent, text};
use crate::keys::public_pem;
use crate::page::{Customer, Done, Sheet};
use crate::shelf::Shelf;
use crate::world::{Common, Hosted};
use axum::http::Method;
use client::Client;
use jiff::Timestamp;
use money::settle;
use purchase::{Attempt, Purchase};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::VecDeque;

pub(crate) const API_KEY: &str = "sandbox_revio_key";
const GATEWAY: &str = "revio";
const TOKENS_ON_A_PAGE: usize = 10;

/// A saved card. Its id is the id of the purchase that saved it.
#[derive(Debug, Clone)]
struct Token {
    id: String,
    /// The client's id, or the e-mail address when the purchase named no client.
    owner: String,
    card: Card,
    created: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Revio {
    brand: String,
    company: String,
    clients: Shelf<Client>,
    purchases: Shelf<Purchase>,
    tokens: Shelf<Token>,
    /// Purchases that a slow acquirer is charging, in the order of their ends.
    slow: VecDeque<(Timestamp, String, Card)>,
    /// One key signs all: what goes to the webhook and what goes to `success_callback`. `/public_key/` shows it.
    key: SigningKey<Sha256>,
    public_key: String,
}

/// One refusal under the name of a member, or under `__all__`.
fn refuse(status: u16, name: &str, code: &str, message: &str) -> Answer {
    let mut body = Map::new();
    body.insert(name.to_owned(), json!([{"message": message, "code": code}]));
    Answer::json(status, &body.into())
}

fn refuse_all(code: &str, message: &str) -> Answer {
    refuse(400, "__all__", code, message)
}

fn invalid(name: &str, message: &str) -> Answer {
    refuse(400, name, "invalid", message)
}

fn required(name: &str) -> Answer {
    refuse(400, name, "required", "This field is required.")
}

fn not_found() -> Answer {
    refuse(404, "__all__", "not_found", "Not found.")
}

impl Revio {
    pub(crate) fn new(ids: &mut Ids, key: RsaPrivateKey) -> std::io::Result<Revio> {
        Ok(Revio {
            public_key: public_pem(&key)?,
            key: SigningKey::new(key),
            brand: ids.uuid(),
            company: ids.uuid(),
            clients: Shelf::default(),
            purchases: Shelf::default(),
            tokens: Shelf::default(),
            slow: VecDeque::new(),
        })
    }

    pub(crate) fn brand(&self) -> &str {
        &self.brand
    }

    pub(crate) fn answer(&mut self, common: &mut Common, call: &Call) -> Answer {
        if call.authorization("Bearer") != Some(API_KEY) {
            return refuse(401, "__all__", "authentication_failed", "Invalid token.");
        }
        if !call.slash {
            return not_found();
        }
        let segments = call.segments_after(3);
        let answer = match (&call.method, segments.as_slice()) {
            (&Method::POST, ["clients"]) => self.create_client(common, call),
            (&Method::GET, ["clients", id]) => {
                self.client(id).map(|client| Answer::json(200, &client.render()))
            }
            (&Method::PUT | &Method::PATCH, ["clients", id]) => self.change_client(common, id, call),
            (&Method::DELETE, ["clients", id]) => self.delete_client(id),
            (&Method::GET, ["clients", id, "recurring_tokens"]) => self.tokens(common, id, call),
            (&Method::DELETE, ["clients", id, "recurring_tokens", token]) => self.delete_token(id, token),
            (&Method::POST, ["purchases"]) => self.create_purchase(common, call),
            (&Method::GET, ["purchases", id]) => {
                self.purchase(id).map(|purchase| self.show(common, 200, purchase))
            }
            (&Method::POST, ["purchases", id, "charge"]) => self.charge(common, id, call),
            (&Method::POST, ["purchases", id, "capture"]) => self.capture(common, id, call),
            (&Method::POST, ["purchases", id, "release"]) => self.release(common, id),
            (&Method::POST, ["purchases", id, "cancel"]) => self.cancel(common, id),
            (&Method::POST, ["purchases", id, "refund"]) => self.refund(common, id, call),
            (&Method::POST, ["purchases", id, "delete_recurring_token"]) => self.forget(common, id),
            (&Method::GET, ["payment_methods"]) => self.payment_methods(call),
            (&Method::GET, ["public_key"]) => Ok(Answer::json(200, &self.public_key.as_str().into())),
            (_, ["clients" | "purchases"] | ["clients" | "purchases", _]) => {
                Err(refuse(405, "__all__", "method_not_allowed", "The method is not allowed here."))
            }
            _ => Err(not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn client(&self, id: &str) -> Result<&Client, Answer> {
        self.clients.get(id).ok_or_else(not_found)
    }

    fn create_client(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        let client = Client::read(&read(call)?, common.ids.uuid(), common.now())?;
        let answer = Answer::json(201, &client.render());
        let id = client.id.clone();
        self.clients.push(&id, client);
        Ok(answer)
    }

    fn change_client(&mut self, common: &Common, id: &str, call: &Call) -> Result<Answer, Answer> {
        let client = self.clients.get_mut(id).ok_or_else(not_found)?;
        client.change(&read(call)?, call.method == Method::PATCH, common.now())?;
        Ok(Answer::json(200, &client.render()))
    }

    fn delete_client(&mut self, id: &str) -> Result<Answer, Answer> {
        self.clients.remove(id).ok_or_else(not_found)?;
        let own = self.tokens.iter().filter(|token| token.owner == id);
        let own: Vec<String> = own.map(|token| token.id.clone()).collect();
        own.iter().for_each(|token| drop(self.tokens.remove(token)));
        Ok(Answer::empty(204))
    }

    fn tokens(&self, common: &Common, id: &str, call: &Call) -> Result<Answer, Answer> {
        self.client(id)?;
        let page: usize = match call.query("page") {
            None => 1,
            Some(page) => page.parse().ok().filter(|page| *page > 0).ok_or_else(not_found)?,
        };
        let own: Vec<&Token> = self.tokens.iter().filter(|token| token.owner == id).collect();
        let mut pages = own.chunks(TOKENS_ON_A_PAGE);
        let results: Vec<Value> = match pages.nth(page - 1) {
            Some(tokens) => tokens.iter().map(|token| token.render()).collect(),
            None if page == 1 => Vec::new(),
            None => return Err(not_found()),
        };
        let address = |page: usize| format!("{}{}?page={page}", common.origin, call.path);
        let next = pages.next().map(|_| address(page + 1));
        let previous = (page > 1).then(|| address(page - 1));
        Ok(Answer::json(200, &json!({"next": next, "previous": previous, "results": results})))
    }

    fn delete_token(&mut self, client: &str, id: &str) -> Result<Answer, Answer> {
        self.tokens.get(id).filter(|token| token.owner == client).ok_or_else(not_found)?;
        self.tokens.remove(id);
        Ok(Answer::empty(204))
    }

    fn purchase(&self, id: &str) -> Result<&Purchase, Answer> {
        self.purchases.get(id).ok_or_else(not_found)
    }

    /// The purchase as an answer.
    fn show(&self, common: &Common, status: u16, purchase: &Purchase) -> Answer {
        Answer::json(status, &self.render(common, purchase))
    }

    fn render(&self, common: &Common, purchase: &Purchase) -> Value {
        let is_token = self.tokens.get(&purchase.id).is_some();
        purchase.render(&common.origin, &self.brand, &self.company, is_token)
    }

    /// Other brands of the same platform ask for the brand and the currency.
    fn payment_methods(&self, call: &Call) -> Result<Answer, Answer> {
        let brand = call.query("brand_id").ok_or_else(|| required("brand_id"))?;
        if brand != self.brand {
            return Err(refuse(400, "brand_id", "does_not_exist", "There is no such brand."));
        }
        let currency = call.query("currency").ok_or_else(|| required("currency"))?;
        json::decimals(currency).ok_or_else(|| invalid("currency", "An ISO 4217 code is needed."))?;
        let answer = json!({
            "available_payment_methods": ["visa", "mastercard"], "by_country": {"any": ["card"]},
            "country_names": {"any": "Any"}, "names": {"visa": "Visa", "mastercard": "Mastercard", "card": "Card"},
            "logos": {}, "card_methods": ["visa", "mastercard"],
        });
        Ok(Answer::json(200, &answer))
    }

    fn create_purchase(&mut self, common: &mut Common, call: &Call) -> Result<Answer, Answer> {
        let body = read(call)?;
        let brand = text(&body, "brand_id").ok_or_else(|| required("brand_id"))?;
        if brand != self.brand {
            return Err(refuse(400, "brand_id", "does_not_exist", "There is no such brand."));
        }
        let client = match (absent(&body, "client"), absent(&body, "client_id")) {
            (true, true) => {
                let message = "Either client or client_id is required.";
                return Err(refuse_all("purchase_client_or_id_required", message));
            }
            (false, false) => {
                let message = "Only one of client and client_id may be given.";
                return Err(refuse_all("purchase_client_or_id_only", message));
            }
            (true, false) => {
                let found = text(&body, "client_id").and_then(|id| self.clients.get(id));
                let unknown = || refuse(400, "client_id", "does_not_exist", "There is no such client.");
                found.ok_or_else(unknown)?.clone()
            }
            (false, true) => {
                let members =
                    json::child(&body, "client").ok_or_else(|| invalid("client", "An object is needed."))?;
                Client::read(members, String::new(), common.now())?
            }
        };
        let purchase = Purchase::read(&body, client, common)?;
        let answer = self.show(common, 201, &purchase);
        let id = purchase.id.clone();
        self.purchases.push(&id, purchase);
        Ok(answer)
    }
}

impl Token {
    fn render(&self) -> Value {
        json!({
            "payment_method": self.card.brand(), "description": self.card.masked("******"),
            "created_on": self.created.as_second(), "updated_on": self.created.as_second(),
            "type": "client_recurring_token", "id": self.id,
        })
    }
}

fn read(call: &Call) -> Result<Map<String, Value>, Answer> {
    if !call.sends("application/json") {
        return Err(refuse_all("parse_error", "Content-Type must be application/json"));
    }
    json::object(&call.body).map_err(|reason| refuse_all("parse_error", &reason))
}

impl Hosted for Revio {
    fn sheet(&mut self, common: &mut Common, id: &str) -> Option<Sheet> {
        let purchase = self.purchases.get_mut(id)?;
        if !purchase.unpaid() {
            let message = format!("This purchase is {}. Nothing is left to pay here.", purchase.status);
            return Some(Sheet::Closed(message));
        }
        purchase.view(common.now());
        let amount = Some(json::for_people(purchase.total, &purchase.currency));
        Some(Sheet::Open { title: purchase.title().to_owned(), amount })
    }

    fn customer(&mut self, common: &mut Common, id: &str, act: Customer) -> Option<Done> {
        let now = common.now();
        let purchase = self.purchases.get_mut(id)?;
        let (message, to, event) = match act {
            // The customer goes away; the purchase itself can still be paid.
            Customer::Cancels => ("The payment was cancelled.", "cancel_redirect", None),
            Customer::Declines => {
                let error = Err(REFUSED_BY_ISSUER);
                purchase.attempts.push(Attempt {
                    id: common.ids.uuid(),
                    kind: "execute",
                    method: "",
                    at: now,
                    result: error,
                });
                purchase.turn("error", now);
                (REFUSED_BY_ISSUER.message, "failure_redirect", Some("purchase.payment_failure"))
            }
            Customer::Pays(card) => {
                let result = card.first(now);
                let event = Some(settle(purchase, common, &card, result, "execute"));
                if result.is_ok() && purchase.force_recurring {
                    let owner = purchase.owner().to_owned();
                    self.tokens.push(id, Token { id: id.to_owned(), owner, card, created: now });
                }
                match result {
                    Ok(()) => ("The payment is complete.", "success_redirect", event),
                    Err(decline) => (decline.message, "failure_redirect", event),
                }
            }
        };
        let to = purchase.redirect(to).map(str::to_owned);
        if let Some(event) = event {
            self.tell(common, id, event);
        }
        Some(Done { message, to })
    }
}
