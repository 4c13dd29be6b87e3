//! All that emspay remembers: orders, refunds and vault tokens.

use super::order::{AccountIds, DEFAULT_PERIOD, GATEWAY, Order, after, kept, manual_capture, recurring};
use super::refusal::{invalid, not_found, read, unplayed};
use crate::answer::Answer;
use crate::bounded::BoundedStore;
use crate::cards::{Card, Decline};
use crate::common::Common;
use crate::ids::Ids;
use crate::issuer::StoredCharge;
use crate::json::{self, absent, text};
use crate::request::Request;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::time::Duration;

#[derive(Debug, Clone)]
pub(super) struct Vault {
    pub(super) card: Card,
    pub(super) first_transaction: String,
    pub(super) created: Timestamp,
    /// A series spans at most one year.
    pub(super) ends: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Emspay {
    pub(super) merchant_id: String,
    pub(super) project_id: String,
    pub(super) orders: BoundedStore<Order>,
    /// Refunds are orders too: the answer to each, by its id.
    pub(super) refunds: BoundedStore<Value>,
    pub(super) vaults: BoundedStore<Vault>,
    /// How long it holds back the answer to a recurring payment.
    wait: Duration,
}

impl Emspay {
    pub(crate) fn new(ids: &mut Ids, wait: Duration) -> Emspay {
        Emspay {
            merchant_id: ids.uuid(),
            project_id: ids.uuid(),
            orders: BoundedStore::default(),
            refunds: BoundedStore::default(),
            vaults: BoundedStore::default(),
            wait,
        }
    }

    fn ids(&self) -> AccountIds<'_> {
        AccountIds { merchant: &self.merchant_id, project: &self.project_id }
    }

    pub(super) fn create(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        let body = read(request, "create-order")?;
        let amount = json::minor(body.get("amount"))
            .ok_or_else(|| invalid("amount", "amount must be an integer of at least 1, in minor units"))?;
        let currency = text(&body, "currency").filter(|code| json::decimals(code).is_some());
        let currency =
            currency.ok_or_else(|| invalid("currency", "currency must be an ISO 4217 code"))?.to_owned();
        let kept = kept(&body)?;
        let now = common.now();
        let period = text(&kept, "expiration_period").unwrap_or(DEFAULT_PERIOD);
        let expires =
            after(now, period).ok_or_else(|| invalid("expiration_period", "not an ISO 8601 duration"))?;
        let (chosen, none) = (!absent(&body, "transactions"), Map::new());
        let transaction = match body.get("transactions").and_then(Value::as_array).map(Vec::as_slice) {
            // The customer chooses how to pay, on the order's own page.
            _ if !chosen => &none,
            Some([Value::Object(transaction)]) => transaction,
            _ => return Err(invalid("transactions", "transactions must be an array of one object")),
        };
        if chosen && text(transaction, "payment_method") != Some("credit-card") {
            return Err(invalid("transactions[0].payment_method", "only credit-card is enabled"));
        }
        let (recurring, vault_token) = recurring(transaction)?;
        let manual_capture = manual_capture(transaction, "transactions[0].")? || manual_capture(&body, "")?;
        let vault = match &vault_token {
            Some(token) => Some(self.vaults.get(token).cloned().ok_or_else(|| {
                invalid("transactions[0].payment_method_details.vault_token", "the vault token is not known")
            })?),
            None => None,
        };
        let mut order = Order {
            id: common.ids.uuid(),
            transaction_id: common.ids.uuid(),
            kept,
            amount,
            currency,
            taken: 0,
            refunded: 0,
            voided: 0,
            user_agent: request.header("user-agent").unwrap_or("unknown").to_owned(),
            created: now,
            filed: common.clock.unmoved(),
            modified: common.clock.unmoved(),
            expires,
            chosen,
            recurring,
            manual_capture,
            status: "new",
            card: None,
            vault_token,
            first_transaction: None,
            decline: None,
        };
        if let Some(vault) = vault {
            order.first_transaction = Some(vault.first_transaction);
            common.delay = self.wait;
            let too_late = Decline {
                code: "series_ended",
                message: "The first authorization is over a year old.",
                response: "05",
            };
            let charge = StoredCharge {
                gateway: GATEWAY,
                reference: text(&order.kept, "merchant_order_id").unwrap_or_default(),
                amount: order.amount,
                currency: &order.currency,
                at: now,
            };
            let result =
                if now >= vault.ends { Err(too_late) } else { common.issuer.ask(&vault.card, charge) };
            order.card = Some(vault.card);
            match result {
                Ok(()) => order.pay(common, "processing"),
                Err(decline) => order.refuse(decline),
            }
            order.notify(common, &self.project_id);
        }
        let answer = order.render(self.ids(), &common.origin);
        let id = order.id.clone();
        self.orders.push(&id, order);
        Ok(Answer::json(201, &answer))
    }

    /// Finds the order, refreshes and changes it, notifies the merchant of a new status, and answers it.
    pub(super) fn with(
        &mut self,
        common: &mut Common,
        id: &str,
        change: impl FnOnce(&mut Order, &mut Common) -> Result<u16, Answer>,
    ) -> Result<Answer, Answer> {
        let order = self.orders.get_mut(id).ok_or_else(not_found)?;
        order.refresh(&common.clock);
        let before = order.status;
        let status = change(order, common)?;
        if order.status != before {
            order.notify(common, &self.project_id);
        }
        let at = self.orders.get(id).ok_or_else(not_found)?;
        Ok(Answer::json(status, &at.render(self.ids(), &common.origin)))
    }

    pub(super) fn change(
        &mut self,
        common: &mut Common,
        id: &str,
        request: &Request,
    ) -> Result<Answer, Answer> {
        let body = read(request, "update-order")?;
        let changed = kept(&body)?;
        // The platform's own SDK sends back the order that it read.
        if let Some(given) = body.get("transactions").filter(|given| !given.is_null()) {
            let order = self.orders.get(id).ok_or_else(not_found)?;
            if order.render(self.ids(), &common.origin).get("transactions") != Some(given) {
                return Err(unplayed("transactions"));
            }
        }
        self.with(common, id, |order, common| {
            let same_amount =
                absent(&body, "amount") || json::minor(body.get("amount")) == Some(order.amount);
            let same_currency = absent(&body, "currency") || text(&body, "currency") == Some(&order.currency);
            if !same_amount || !same_currency {
                return Err(invalid("amount", "amount and currency of an order cannot be changed"));
            }
            order.kept.extend(changed);
            order.modified = common.clock.unmoved();
            Ok(200)
        })
    }

    pub(super) fn list(&mut self, common: &mut Common, request: &Request) -> Result<Answer, Answer> {
        let bound = |name: &str| match request.query(name) {
            None => Ok(None),
            Some(text) => {
                text.parse::<Timestamp>().map(Some).map_err(|_| invalid(name, "not an RFC 3339 time stamp"))
            }
        };
        let (since, until) = (bound("created_since")?, bound("created_until")?);
        for order in self.orders.iter_mut() {
            order.refresh(&common.clock);
        }
        let within =
            |at: Timestamp| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until);
        // A caller may count by its own clock, or by that of the sandbox.
        let wanted = self.orders.iter().filter(|order| within(order.filed) || within(order.created));
        let orders: Vec<Value> = wanted.map(|order| order.render(self.ids(), &common.origin)).collect();
        // Source: two sister brands, the only documents that print the list.
        Ok(Answer::json(200, &orders.into()))
    }
}
