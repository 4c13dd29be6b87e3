//! One payment: how it is read, how it ends, and how it is answered.

use crate::answer::Answer;
use crate::cards::{Card, Decline};
use crate::common::Common;
use crate::json::{self, absent, child, text};
use crate::ledger::{LedgerKind, PaymentNames};
use crate::outbox::Notification;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(super) const GATEWAY: &str = "omno";
const BILLING: [&str; 9] =
    ["firstName", "lastName", "address1", "city", "state", "country", "postalCode", "phone", "email"];

#[derive(Debug)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) decimals: u32,
    pub(super) currency: String,
    pub(super) order_id: Option<String>,
    pub(super) customer: String,
    pub(super) billing: Map<String, Value>,
    pub(super) hook: String,
    pub(super) callback: String,
    pub(super) callback_fail: String,
    pub(super) created: Timestamp,
    pub(super) status: &'static str,
    pub(super) card: Option<Card>,
    pub(super) decline: Option<Decline>,
    /// The number of the stored card that it charged.
    pub(super) charged: Option<u64>,
    /// The number of the stored card that it saved.
    pub(super) saved: Option<u64>,
}

/// A card that was saved on the page.
#[derive(Debug)]
pub(super) struct SavedCard {
    pub(super) customer: String,
    pub(super) card: Card,
    pub(super) created: Timestamp,
}

pub(super) fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

/// Checks the request; returns the payment and the token of a saved card.
pub(super) fn read(
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
        charged: None,
        saved: None,
    };
    Ok((payment, optional(body, "cardToken")?))
}

impl Payment {
    pub(super) fn settle(&mut self, common: &mut Common, result: Result<(), Decline>) {
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

    pub(super) fn open(&self) -> bool {
        matches!(self.status, "Created" | "Pending3DS")
    }

    /// The merchant's page that follows on the payment page.
    pub(super) fn leads_to(&self) -> &str {
        if self.status == "Success" { &self.callback } else { &self.callback_fail }
    }

    pub(super) fn notify(&self, common: &mut Common) {
        let notification = self.notification(&common.origin);
        common.notify(&notification, [self.hook.clone()]);
    }

    /// The notification of the payment as it is now.
    pub(super) fn notification(&self, origin: &str) -> Notification {
        Notification::new(GATEWAY, self.status, &self.id, self.render(origin).to_string())
    }

    pub(super) fn render(&self, origin: &str) -> Value {
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
