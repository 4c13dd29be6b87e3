//! The client: the customer whose cards are stored.

use super::refusal::{invalid, required};
use crate::answer::Answer;
use crate::json::{absent, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const TEXTS: [&str; 19] = [
    "phone",
    "full_name",
    "personal_code",
    "street_address",
    "country",
    "city",
    "zip_code",
    "state",
    "shipping_street_address",
    "shipping_country",
    "shipping_city",
    "shipping_zip_code",
    "shipping_state",
    "legal_name",
    "brand_name",
    "registration_number",
    "tax_number",
    "bank_account",
    "bank_code",
];

#[derive(Debug, Clone)]
pub(super) struct Client {
    /// Empty for a client that was written into a purchase and has no id of its own.
    pub(super) id: String,
    pub(super) email: String,
    details: Map<String, Value>,
    created: Timestamp,
    updated: Timestamp,
}

impl Client {
    pub(super) fn read(body: &Map<String, Value>, id: String, now: Timestamp) -> Result<Client, Answer> {
        let mut client = Client { id, email: String::new(), details: Map::new(), created: now, updated: now };
        client.change(body, false, now)?;
        Ok(client)
    }

    /// Changes the client. Unless `partly`, members that are missing are emptied, and the e-mail address is required.
    pub(super) fn change(
        &mut self,
        body: &Map<String, Value>,
        partly: bool,
        now: Timestamp,
    ) -> Result<(), Answer> {
        let email = match text(body, "email") {
            Some(email)
                if email.len() <= 254 && email.split('@').filter(|part| !part.is_empty()).count() == 2 =>
            {
                email.to_owned()
            }
            None if absent(body, "email") && partly => self.email.clone(),
            None if absent(body, "email") => return Err(required("email")),
            _ => return Err(invalid("email", "Enter a valid email address.")),
        };
        let mut details = if partly { self.details.clone() } else { Map::new() };
        for name in TEXTS.into_iter().filter(|name| !absent(body, name)) {
            let value = text(body, name).ok_or_else(|| invalid(name, "Text is needed."))?;
            details.insert(name.to_owned(), value.into());
        }
        (self.email, self.details, self.updated) = (email, details, now);
        Ok(())
    }

    /// The details, as a purchase has them too: missing text is empty text.
    pub(super) fn details(&self) -> Value {
        let mut details: Map<String, Value> =
            TEXTS.iter().map(|name| ((*name).to_owned(), "".into())).collect();
        details.extend(self.details.clone());
        details.insert("email".to_owned(), self.email.as_str().into());
        details.insert("cc".to_owned(), json!([]));
        details.insert("bcc".to_owned(), json!([]));
        details.into()
    }

    pub(super) fn render(&self) -> Value {
        let mut client = self.details();
        if let Some(client) = client.as_object_mut() {
            client.insert("type".to_owned(), "client".into());
            client.insert("id".to_owned(), self.id.as_str().into());
            client.insert("created_on".to_owned(), self.created.as_second().into());
            client.insert("updated_on".to_owned(), self.updated.as_second().into());
        }
        client
    }
}
