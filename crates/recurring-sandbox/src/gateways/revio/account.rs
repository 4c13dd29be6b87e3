//! All that revio remembers: clients, purchases and saved cards.

use super::client::Client;
use super::purchase::Purchase;
use super::refusal::{invalid, not_found, read, refuse, refuse_all, required};
use super::webhook::Webhook;
use crate::answer::Answer;
use crate::bounded::BoundedStore;
use crate::cards::Card;
use crate::common::Common;
use crate::ids::Ids;
use crate::json::{self, absent, text};
use crate::keys::{KeyFolder, public_pem};
use crate::request::Request;
use axum::http::Method;
use jiff::Timestamp;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::VecDeque;
use std::path::PathBuf;

/// An assumption: how long a page of a list is.
const ON_A_PAGE: usize = 10;

/// A saved card. Its id is the id of the purchase that saved it.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) id: String,
    /// The client's id, or the e-mail address when the purchase named no client.
    pub(super) owner: String,
    pub(super) card: Card,
    pub(super) created: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Revio {
    pub(super) brand: String,
    pub(super) company: String,
    pub(super) clients: BoundedStore<Client>,
    pub(super) purchases: BoundedStore<Purchase>,
    pub(super) tokens: BoundedStore<Token>,
    pub(super) webhooks: BoundedStore<Webhook>,
    /// Purchases that a slow acquirer is charging, in the order of their ends.
    pub(super) slow: VecDeque<(Timestamp, String, Card)>,
    /// One key signs all that is sent, to the webhook and to `success_callback`. `/public_key/` has its public half.
    pub(super) key: SigningKey<Sha256>,
    pub(super) public_key: String,
    /// The file with the public half of the key.
    pub(super) public_key_file: PathBuf,
}

impl Revio {
    pub(crate) fn new(ids: &mut Ids, key: RsaPrivateKey, folder: &KeyFolder) -> std::io::Result<Revio> {
        Ok(Revio {
            public_key: public_pem(&key)?,
            public_key_file: folder.write_public("sandbox_revio_webhook_public_key.pem", &key)?,
            key: SigningKey::new(key),
            brand: ids.uuid(),
            company: ids.uuid(),
            clients: BoundedStore::default(),
            purchases: BoundedStore::default(),
            tokens: BoundedStore::default(),
            webhooks: BoundedStore::default(),
            slow: VecDeque::new(),
        })
    }

    pub(super) fn client(&self, id: &str) -> Result<&Client, Answer> {
        self.clients.get(id).ok_or_else(not_found)
    }

    pub(super) fn create_client(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        let client = Client::read(&read(request, "create-client")?, common.ids.uuid(), common.now())?;
        let answer = Answer::json(201, &client.render());
        let id = client.id.clone();
        self.clients.push(&id, client);
        Ok(answer)
    }

    pub(super) fn list_clients(&self, common: &Common, request: &Request) -> Result<Answer, Answer> {
        page(common, request, self.clients.iter().map(Client::render).collect())
    }

    pub(super) fn change_client(
        &mut self,
        common: &Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let client = self.clients.get_mut(id).ok_or_else(not_found)?;
        client.change(&read(request, "update-client")?, request.method == Method::PATCH, common.now())?;
        Ok(Answer::json(200, &client.render()))
    }

    pub(super) fn delete_client(&mut self, id: &str) -> Result<Answer, Answer> {
        self.clients.remove(id).ok_or_else(not_found)?;
        let own = self.tokens.iter().filter(|token| token.owner == id);
        let own: Vec<String> = own.map(|token| token.id.clone()).collect();
        own.iter().for_each(|token| drop(self.tokens.remove(token)));
        Ok(Answer::empty(204))
    }

    pub(super) fn tokens(&self, common: &Common, id: &str, request: &Request) -> Result<Answer, Answer> {
        self.client(id)?;
        let own = self.tokens.iter().filter(|token| token.owner == id);
        page(common, request, own.map(Token::render).collect())
    }

    pub(super) fn delete_token(&mut self, client: &str, id: &str) -> Result<Answer, Answer> {
        self.tokens.get(id).filter(|token| token.owner == client).ok_or_else(not_found)?;
        self.tokens.remove(id);
        Ok(Answer::empty(204))
    }

    pub(super) fn purchase(&self, id: &str) -> Result<&Purchase, Answer> {
        self.purchases.get(id).ok_or_else(not_found)
    }

    /// The purchase as an answer.
    pub(super) fn show(&self, common: &Common, status: u16, purchase: &Purchase) -> Answer {
        Answer::json(status, &self.render(common, purchase))
    }

    pub(super) fn render(&self, common: &Common, purchase: &Purchase) -> Value {
        let is_token = self.tokens.get(&purchase.id).is_some();
        purchase.render(&common.origin, &self.brand, &self.company, is_token)
    }

    /// Other brands of the same platform ask for the brand and the currency.
    pub(super) fn payment_methods(&self, request: &Request) -> Result<Answer, Answer> {
        let brand = request.query("brand_id").ok_or_else(|| required("brand_id"))?;
        if brand != self.brand {
            return Err(refuse(400, "brand_id", "does_not_exist", "There is no such brand."));
        }
        let currency = request.query("currency").ok_or_else(|| required("currency"))?;
        json::decimals(currency).ok_or_else(|| invalid("currency", "An ISO 4217 code is needed."))?;
        let answer = json!({
            "available_payment_methods": ["visa", "mastercard"], "by_country": {"any": ["card"]},
            "country_names": {"any": "Any"}, "names": {"visa": "Visa", "mastercard": "Mastercard", "card": "Card"},
            "logos": {}, "card_methods": ["visa", "mastercard"],
        });
        Ok(Answer::json(200, &answer))
    }

    pub(super) fn create_purchase(
        &mut self,
        common: &mut Common,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let body = read(request, "create-purchase")?;
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
        // Assumption: the account's one address, which names no events, is spared this one.
        let (event, body) = ("purchase.created", self.render(common, &purchase));
        self.sign_and_send(common, body, event, self.registered_urls(event));
        let id = purchase.id.clone();
        self.purchases.push(&id, purchase);
        Ok(answer)
    }
}

/// One page of a list, with the addresses of its neighbors.
pub(super) fn page(common: &Common, request: &Request, all: Vec<Value>) -> Result<Answer, Answer> {
    let number: usize = match request.query("page") {
        None => 1,
        Some(page) => page.parse().ok().filter(|page| *page > 0).ok_or_else(not_found)?,
    };
    let mut pages = all.chunks(ON_A_PAGE);
    let results = match pages.nth(number - 1) {
        Some(page) => page,
        None if number == 1 => &[],
        None => return Err(not_found()),
    };
    let address = |number: usize| format!("{}{}?page={number}", common.origin, request.path);
    let next = pages.next().map(|_| address(number + 1));
    let previous = (number > 1).then(|| address(number - 1));
    Ok(Answer::json(200, &json!({"next": next, "previous": previous, "results": results})))
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
