//! One registered webhook.

use super::refusal::{invalid, required};
use crate::answer::Answer;
use crate::json::{absent, is_url, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A registered webhook.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) id: String,
    title: String,
    all_events: bool,
    events: Vec<String>,
    pub(super) callback: String,
    created: Timestamp,
    updated: Timestamp,
}

impl Webhook {
    /// A webhook of which nothing is set yet.
    pub(super) fn new(id: String, now: Timestamp) -> Self {
        Self {
            id,
            title: String::new(),
            all_events: false,
            events: Vec::new(),
            callback: String::new(),
            created: now,
            updated: now,
        }
    }

    /// Whether this event is sent to it.
    pub(super) fn takes(&self, event: &str) -> bool {
        self.all_events || self.events.iter().any(|known| known == event)
    }

    /// Sets what the body has; unless `partly`, `title` and `callback` are required.
    pub(super) fn change(
        &mut self,
        body: &Map<String, Value>,
        partly: bool,
        now: Timestamp,
    ) -> Result<(), Answer> {
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

    pub(super) fn render(&self, public_key: &str) -> Value {
        json!({
            "type": "webhook", "id": self.id, "created_on": self.created.as_second(),
            "updated_on": self.updated.as_second(), "title": self.title, "all_events": self.all_events,
            "public_key": public_key, "events": self.events, "callback": self.callback,
        })
    }
}
