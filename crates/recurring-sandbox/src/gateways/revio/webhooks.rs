//! Webhooks that a merchant registers: beside the account's one address, each may have its own and its own events.
//!
//! Source: sister brand. Here all of them are signed with the account's key.

use super::account::{Revio, page};
use super::refusal::{not_found, read, refuse};
use super::webhook::Webhook;
use crate::answer::Answer;
use crate::common::Common;
use crate::request::Request;
use axum::http::Method;

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
                let mut webhook = Webhook::new(common.ids.uuid(), now);
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
