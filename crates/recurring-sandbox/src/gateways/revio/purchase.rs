//! One purchase.

use super::client::Client;
use super::refusal::{invalid, refuse, required, unplayed};
use crate::answer::Answer;
use crate::cards::{Card, Decline};
use crate::common::Common;
use crate::due::{DueKind, DueList, DuePayment};
use crate::json::{self, absent, child, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(super) const GATEWAY: &str = "revio";
const URLS: [&str; 4] = ["success_redirect", "failure_redirect", "cancel_redirect", "success_callback"];
const DEFAULT_CURRENCY: &str = "ZAR";

#[derive(Debug)]
struct Product {
    name: String,
    /// In ten-thousandths.
    quantity: i64,
    price: i64,
    discount: i64,
    category: String,
}

/// One attempt to take the money.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) method: &'static str,
    pub(super) at: Timestamp,
    pub(super) result: Result<(), Decline>,
}

#[derive(Debug)]
pub(super) struct Purchase {
    pub(super) id: String,
    client: Client,
    products: Vec<Product>,
    pub(super) currency: String,
    total_override: Option<i64>,
    pub(super) total: i64,
    pub(super) reference: String,
    urls: Map<String, Value>,
    send_receipt: bool,
    due: Option<i64>,
    due_strict: bool,
    /// The names of the payment methods that may be used; null for all.
    whitelist: Value,
    pub(super) force_recurring: bool,
    /// A payment only authorizes; a capture takes the money.
    pub(super) skip_capture: bool,
    pub(super) created: Timestamp,
    updated: Timestamp,
    viewed: Option<Timestamp>,
    pub(super) status: &'static str,
    history: Vec<(&'static str, Timestamp)>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) paid: Option<Timestamp>,
    /// The amount that was taken: the total, or the captured part of it.
    pub(super) taken: i64,
    pub(super) refunded: i64,
    pub(super) recurring_token: Option<String>,
    /// The card of the last attempt.
    pub(super) card: Option<Card>,
}

impl Purchase {
    pub(super) fn read(
        body: &Map<String, Value>,
        client: Client,
        common: &mut Common,
    ) -> Result<Purchase, Answer> {
        let details = child(body, "purchase").ok_or_else(|| required("purchase"))?;
        let currency = match text(details, "currency") {
            None if absent(details, "currency") => DEFAULT_CURRENCY,
            given => given
                .filter(|code| json::decimals(code).is_some())
                .ok_or_else(|| invalid("purchase", "currency must be an ISO 4217 code."))?,
        };
        let products =
            details.get("products").and_then(Value::as_array).filter(|products| !products.is_empty());
        let products =
            products.ok_or_else(|| invalid("purchase", "products must be an array with an object."))?;
        let products = products.iter().map(product).collect::<Result<Vec<Product>, Answer>>()?;
        let total_override =
            match details.get("total_override").filter(|value| !value.is_null()) {
                None => None,
                some => Some(some.and_then(json::integer).ok_or_else(|| {
                    invalid("purchase", "total_override must be an integer in minor units.")
                })?),
            };
        let sum = products.iter().try_fold(0_i64, |sum, product| sum.checked_add(product.total()?));
        let total = total_override.or(sum);
        let flag = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| invalid(name, "A boolean is needed.")),
        };
        let skip_capture = flag("skip_capture")?;
        // Source: sister brand. A purchase of nothing is a preauthorization, and needs `skip_capture`.
        let fine = |total: &i64| *total == 0 && skip_capture || json::minor(Some(&(*total).into())).is_some();
        let total = total.filter(fine).ok_or_else(|| invalid("purchase", "The total must be positive."))?;
        if !absent(details, "total") && details.get("total").and_then(json::integer) != Some(total) {
            return Err(unplayed("purchase.total"));
        }
        let cards = |list: &Vec<Value>| list.iter().any(|name| name == "visa" || name == "mastercard");
        let whitelist = match body.get("payment_method_whitelist").filter(|list| !list.is_null()) {
            None => Value::Null,
            Some(Value::Array(list)) if list.iter().all(Value::is_string) && cards(list) => {
                list.clone().into()
            }
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
                return Err(unplayed("payment_method_whitelist"));
            }
            Some(_) => return Err(invalid("payment_method_whitelist", "A list of names is needed.")),
        };
        let reference = match text(body, "reference") {
            Some(reference) if reference.chars().count() <= 128 => reference,
            None if absent(body, "reference") => "",
            _ => return Err(invalid("reference", "Text of at most 128 characters is needed.")),
        };
        let mut urls = Map::new();
        for name in URLS {
            let given = text(body, name).unwrap_or_default();
            if !absent(body, name) && !given.is_empty() && !json::is_url(given)
                || body.get(name).is_some_and(not_text)
            {
                return Err(invalid(name, "Enter a valid URL."));
            }
            urls.insert(name.to_owned(), given.into());
        }
        let due = match body.get("due").filter(|due| !due.is_null()) {
            None => None,
            Some(due) => Some(json::integer(due).ok_or_else(|| invalid("due", "Unix seconds are needed."))?),
        };
        let now = common.now();
        if due.is_some_and(|due| due <= now.as_second()) {
            return Err(refuse(400, "due", "due_not_greater_than_now", "`due` cannot be in the past!"));
        }
        let due_strict = match details.get("due_strict") {
            None | Some(Value::Null) => false,
            Some(value) => {
                value.as_bool().ok_or_else(|| invalid("purchase", "due_strict must be a boolean."))?
            }
        };
        Ok(Purchase {
            id: common.ids.uuid(),
            client,
            products,
            currency: currency.to_owned(),
            total_override,
            total,
            reference: reference.to_owned(),
            urls,
            send_receipt: flag("send_receipt")?,
            due,
            due_strict,
            whitelist,
            force_recurring: flag("force_recurring")?,
            skip_capture,
            created: now,
            updated: now,
            viewed: None,
            status: "created",
            history: vec![("created", now)],
            attempts: Vec::new(),
            paid: None,
            taken: 0,
            refunded: 0,
            recurring_token: None,
            card: None,
        })
    }

    /// The owner of a saved card.
    pub(super) fn owner(&self) -> &str {
        if self.client.id.is_empty() { &self.client.email } else { &self.client.id }
    }

    pub(super) fn title(&self) -> &str {
        self.products.first().map_or("Purchase", |product| &product.name)
    }

    pub(super) fn redirect(&self, name: &str) -> Option<&str> {
        text(&self.urls, name).filter(|url| !url.is_empty())
    }

    /// The merchant's page for a purchase whose page is over.
    pub(super) fn way_back(&self) -> Option<&str> {
        let first = if self.paid.is_some() { "success_redirect" } else { "failure_redirect" };
        [first, "cancel_redirect", "success_redirect"].into_iter().find_map(|name| self.redirect(name))
    }

    /// Whether the purchase can still be paid; a failed attempt leaves it open.
    pub(super) fn unpaid(&self) -> bool {
        matches!(self.status, "created" | "viewed" | "error" | "overdue")
    }

    pub(super) fn turn(&mut self, status: &'static str, now: Timestamp) {
        (self.status, self.updated) = (status, now);
        self.history.push((status, now));
    }

    /// Lets time pass.
    pub(super) fn refresh(&mut self, now: Timestamp) {
        let status = self.status_at(now);
        if status != self.status {
            self.turn(status, now);
        }
    }

    /// Once it is due, a purchase is overdue, which can be paid, or with `due_strict` expired, which cannot.
    pub(super) fn status_at(&self, now: Timestamp) -> &'static str {
        let open = matches!(self.status, "created" | "viewed" | "error");
        match self.due {
            Some(due) if open && due <= now.as_second() && self.due_strict => "expired",
            Some(due) if open && due <= now.as_second() => "overdue",
            _ => self.status,
        }
    }

    pub(super) fn falls_due(&self) -> DuePayment<'_> {
        DuePayment {
            reference: &self.reference,
            payment: &self.id,
            amount: Some((self.total, &self.currency)),
        }
    }

    /// Lists the moment at which an unpaid purchase is due.
    pub(super) fn list_due(&self, list: &mut DueList) {
        let open = matches!(self.status, "created" | "viewed" | "error");
        let due = self.due.filter(|_| open).and_then(|due| Timestamp::from_second(due).ok());
        if let Some(at) = due {
            let kind = if self.due_strict { DueKind::Expiry } else { DueKind::Overdue };
            list.add(at, GATEWAY, kind, self.falls_due(), "");
        }
    }

    /// The customer opened the page.
    pub(super) fn view(&mut self, now: Timestamp) {
        self.viewed.get_or_insert(now);
        if self.status == "created" {
            self.turn("viewed", now);
        }
    }

    pub(super) fn render(&self, origin: &str, brand: &str, company: &str, is_token: bool) -> Value {
        let products: Vec<Value> = self.products.iter().map(Product::render).collect();
        let history: Vec<Value> = self
            .history
            .iter()
            .map(|(status, at)| json!({"status": status, "timestamp": at.as_second()}))
            .collect();
        let attempts: Vec<Value> = self.attempts.iter().rev().map(Attempt::render).collect();
        let payment = self.paid.map(|at| {
            json!({
                "is_outgoing": false, "payment_type": "purchase", "amount": self.taken, "currency": self.currency,
                "net_amount": self.taken, "fee_amount": 0, "pending_amount": 0, "description": "",
                "paid_on": at.as_second(), "remote_paid_on": at.as_second(),
            })
        });
        let method = self.attempts.last().map_or("", |attempt| attempt.method);
        // Source: public documentation.
        let extra = self.card.as_ref().map_or(json!({}), |card| {
            json!({
                "card_brand": card.brand(), "masked_pan": card.masked("******"), "expiry_month": card.month,
                "expiry_year": card.year % 100, "cardholder_name": card.holder,
            })
        });
        let client_id = (!self.client.id.is_empty()).then_some(&self.client.id);
        let refundable = self.taken - self.refunded;
        let mut purchase = json!({
            "type": "purchase", "id": self.id,
            "created_on": self.created.as_second(), "updated_on": self.updated.as_second(),
            "client": self.client.details(), "client_id": client_id,
            "purchase": {
                "currency": self.currency, "products": products, "total": self.total, "language": "en", "notes": "",
                "debt": 0, "subtotal_override": null, "total_tax_override": null, "total_discount_override": null,
                "total_override": self.total_override, "request_client_details": [], "timezone": "UTC",
                "due_strict": self.due_strict,
            },
            "brand_id": brand, "company_id": company, "is_test": true, "payment": payment, "issuer_details": {},
            "transaction_data": {"payment_method": method, "extra": extra, "country": "", "attempts": attempts},
            "status": self.status, "status_history": history,
            "viewed_on": self.viewed.map(Timestamp::as_second), "send_receipt": self.send_receipt,
        });
        let rest = json!({
            "is_recurring_token": is_token, "recurring_token": self.recurring_token, "skip_capture": self.skip_capture,
            "force_recurring": self.force_recurring, "reference": self.reference, "reference_generated": "",
            "issued": self.created.strftime("%Y-%m-%d").to_string(), "due": self.due,
            "refund_availability": if refundable > 0 { "all" } else { "none" }, "refundable_amount": refundable,
            "currency_conversion": null, "payment_method_whitelist": self.whitelist, "creator_agent": "", "platform": "api",
            "product": "purchases", "created_from_ip": "", "invoice_url": null, "marked_as_paid": false,
            "checkout_url": format!("{origin}/pay/revio/{}", self.id), "direct_post_url": null,
            "billing_template_id": null, "user_id": null,
        });
        if let (Some(purchase), Value::Object(rest)) = (purchase.as_object_mut(), rest) {
            purchase.extend(rest);
            purchase.extend(self.urls.clone());
        }
        purchase
    }
}

fn not_text(value: &Value) -> bool {
    !value.is_null() && !value.is_string()
}

fn product(value: &Value) -> Result<Product, Answer> {
    let refuse = |message: &str| invalid("purchase", message);
    let product = value.as_object().ok_or_else(|| refuse("A product must be an object."))?;
    let name = text(product, "name").filter(|name| !name.is_empty() && name.chars().count() <= 256);
    let name = name.ok_or_else(|| refuse("A product needs a name of at most 256 characters."))?;
    let price = product.get("price").and_then(json::integer).filter(|price| *price >= 0);
    let price =
        price.ok_or_else(|| refuse("A product needs a price: an integer in minor units, not negative."))?;
    let quantity = match product.get("quantity") {
        None | Some(Value::Null) => Some(10_000),
        Some(Value::String(text)) => json::minor_from_decimal(text, 4),
        Some(number) => {
            json::integer(number).and_then(|whole| whole.checked_mul(10_000)).filter(|quantity| *quantity > 0)
        }
    };
    let quantity = quantity.ok_or_else(|| refuse("A quantity is positive and has at most four decimals."))?;
    let discount = match product.get("discount") {
        None | Some(Value::Null) => Some(0),
        Some(discount) => json::integer(discount).filter(|discount| *discount >= 0),
    };
    let discount =
        discount.ok_or_else(|| refuse("A discount is an integer in minor units, not negative."))?;
    let category = text(product, "category").unwrap_or_default().to_owned();
    Ok(Product { name: name.to_owned(), quantity, price, discount, category })
}

impl Product {
    /// The price of all pieces less the discount; `None` when that is not a whole minor unit, or negative.
    fn total(&self) -> Option<i64> {
        let all = i128::from(self.price) * i128::from(self.quantity);
        let whole = i64::try_from(all / 10_000).ok().filter(|_| all % 10_000 == 0)?;
        whole.checked_sub(self.discount).filter(|total| *total >= 0)
    }

    fn render(&self) -> Value {
        json!({
            "name": self.name, "quantity": json::decimal_text(self.quantity, 4), "price": self.price,
            "discount": self.discount, "tax_percent": "0.00", "category": self.category,
        })
    }
}

impl Attempt {
    fn render(&self) -> Value {
        let error =
            self.result.err().map(|decline| json!({"code": decline.code, "message": decline.message}));
        json!({
            "type": self.kind, "successful": self.result.is_ok(), "error": error, "payment_method": self.method,
            "extra": {}, "country": "", "client_ip": "127.0.0.1", "processing_time": self.at.as_second(),
            "processing_tx_id": self.id,
        })
    }
}
