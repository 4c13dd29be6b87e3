//! Webhooks that a merchant registers: beside the account's one address, each may have its own and its own events.
//!
//! Source: sister brand. Here all of them are signed with the account's key.

use super::account::{Revio, page};
use super::refusal::{invalid, not_found, read, refuse, required};
use crate::answer::Answer;
use crate::common::Common;
use crate::json::{absent, is_url, text};
use crate::request::Request;
use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A registered webhook.
#[derive(Debug)]
pub(super) struct Webhook {
    id: String,
    title: String,
    all_events: bool,
    events: Vec<String>,
    pub(super) callback: String,
    created: Timestamp,
    updated: Timestamp,
}

impl Webhook {
    /// Whether this event is sent to it.
    pub(super) fn takes(&self, event: &str) -> bool {
        self.all_events || self.events.iter().any(|known| known == event)
    }

    /// Sets what the body has; unless `partly`, `title` and `callback` are required.
    fn change(&mut self, body: &Map<String, Value>, partly: bool, now: Timestamp) -> Result<(), Answer> {
        for (name, field) in [("title", &mut self.title), ("callback", &mut self.callback)] {
            match text(body, name).filter(|given| !given.is_empty()) {
                Some(given) => given.clone_into(field),
                None if absent(body, name) && partly => {}
                None => return Err(required(name)),
            }
        }
        if !is_url(&self.callback) {
            return Err(invalid("callback", "Enter a valid URL."));
        }
        match body.get("all_events").filter(|value| !value.is_null()) {
            None => {}
            Some(Value::Bool(all)) => self.all_events = *all,
            Some(_) => return Err(invalid("all_events", "A boolean is needed.")),
        }
        if let Some(events) = body.get("events").filter(|events| !events.is_null()) {
            let names = events.as_array().and_then(|events| {
                events.iter().map(|event| event.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            });
            self.events = names.ok_or_else(|| invalid("events", "A list of events is needed."))?;
        }
        self.updated = now;
        Ok(())
    }

    fn render(&self, public_key: &str) -> Value {
        json!({
            "type": "webhook", "id": self.id, "created_on": self.created.as_second(),
            "updated_on": self.updated.as_second(), "title": self.title, "all_events": self.all_events,
            "public_key": public_key, "events": self.events, "callback": self.callback,
        })
    }
}

impl Revio {
    /// Answers a request under `webhooks/`, of which `path` is the rest.
    pub(super) fn webhooks(
        &mut self,
        common: &mut Common,
        request: &Request,
        path: &[&str],
    ) -> Result<Answer, Answer> {
        match (&request.method, path) {
            (&Method::POST, []) => {
                let now = common.now();
                let mut webhook = Webhook {
                    id: common.ids.uuid(),
                    title: String::new(),
                    all_events: false,
                    events: Vec::new(),
                    callback: String::new(),
                    created: now,
                    updated: now,
                };
                webhook.change(&read(request, "create-webhook")?, false, now)?;
                let answer = Answer::json(201, &webhook.render(&self.public_key));
                let id = webhook.id.clone();
                self.webhooks.push(&id, webhook);
                Ok(answer)
            }
            (&Method::GET, []) => {
                let all = self.webhooks.iter().map(|webhook| webhook.render(&self.public_key));
                page(common, request, all.collect())
            }
            (&Method::GET, [id]) => {
                let webhook = self.webhooks.get(id).ok_or_else(not_found)?;
                Ok(Answer::json(200, &webhook.render(&self.public_key)))
            }
            (&Method::PUT | &Method::PATCH, [id]) => {
                let body = read(request, "update-webhook")?;
                let webhook = self.webhooks.get_mut(id).ok_or_else(not_found)?;
                webhook.change(&body, request.method == Method::PATCH, common.now())?;
                Ok(Answer::json(200, &webhook.render(&self.public_key)))
            }
            (&Method::DELETE, [id]) => {
                self.webhooks.remove(id).ok_or_else(not_found)?;
                Ok(Answer::empty(204))
            }
            (_, [] | [_]) => {
                Err(refuse(405, "__all__", "method_not_allowed", "The method is not allowed here."))
            }
            _ => Err(not_found()),
        }
    }

    /// The addresses of the account for this event.
    pub(super) fn webhook_urls(&self, common: &Common, event: &str) -> Vec<String> {
        let account_wide = common.outbox.account_wide(super::purchase::GATEWAY);
        account_wide.into_iter().chain(self.registered_urls(event)).collect()
    }

    /// The addresses of the registered webhooks for this event, without the account's one address.
    pub(super) fn registered_urls(&self, event: &str) -> Vec<String> {
        let registered = self.webhooks.iter().filter(|webhook| webhook.takes(event));
        registered.map(|webhook| webhook.callback.clone()).collect()
    }
}
