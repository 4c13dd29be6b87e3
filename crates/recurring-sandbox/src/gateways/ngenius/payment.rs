//! One payment of an order: its result, captures and refunds, and how it is answered.

use crate::cards::{Card, Decline};
use crate::common::Common;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What all payments of an order share.
#[derive(Debug)]
pub(super) struct Terms {
    /// The gateway's reference of the order.
    pub(super) reference: String,
    /// `SALE`, `PURCHASE` or `AUTH`
    pub(super) action: String,
    pub(super) amount: i64,
    pub(super) currency: String,
}

/// Money that was taken of an authorized payment.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) reference: String,
    pub(super) amount: i64,
    pub(super) refunded: i64,
    pub(super) at: Timestamp,
}

#[derive(Debug)]
pub(super) struct Refund {
    pub(super) reference: String,
    pub(super) amount: i64,
    pub(super) at: Timestamp,
}

/// The result of a payment that was tried.
#[derive(Debug)]
pub(super) struct Tried {
    /// `None` where the customer entered none.
    pub(super) card: Option<Card>,
    pub(super) result: Result<(), Decline>,
    /// The card, saved under this token when the payment succeeded.
    pub(super) token: Option<String>,
    /// The reference of the payment that saved the card under the token that was charged.
    pub(super) charged: Option<String>,
    authorization: String,
    retrieval: String,
}

impl Tried {
    pub(super) fn new(common: &mut Common, card: Option<Card>, result: Result<(), Decline>) -> Tried {
        Tried {
            card,
            result,
            token: result.is_ok().then(|| common.ids.uuid()),
            charged: None,
            authorization: common.ids.digits(6),
            retrieval: common.ids.digits(12),
        }
    }
}

#[derive(Debug)]
pub(super) struct Payment {
    pub(super) reference: String,
    pub(super) at: Timestamp,
    /// `None` while it waits for a card.
    pub(super) tried: Option<Tried>,
    pub(super) captures: Vec<Capture>,
    pub(super) refunds: Vec<Refund>,
    pub(super) reversed: bool,
}

impl Payment {
    pub(super) fn waiting(common: &mut Common, at: Timestamp) -> Payment {
        Payment {
            reference: common.ids.uuid(),
            at,
            tried: None,
            captures: Vec::new(),
            refunds: Vec::new(),
            reversed: false,
        }
    }

    pub(super) fn captured(&self) -> i64 {
        self.captures.iter().map(|capture| capture.amount).sum()
    }

    pub(super) fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// The money that was taken, also where it was returned later.
    pub(super) fn taken(&self, terms: &Terms) -> i64 {
        let approved = self.tried.as_ref().is_some_and(|tried| tried.result.is_ok());
        if approved && terms.action == "PURCHASE" { terms.amount } else { self.captured() }
    }

    pub(super) fn state(&self, terms: &Terms) -> &'static str {
        let purchase = terms.action == "PURCHASE";
        let (captured, refunded, taken) = (self.captured(), self.refunded(), self.taken(terms));
        match &self.tried {
            None => "STARTED",
            Some(tried) if tried.result.is_err() => "FAILED",
            Some(_) if self.reversed => "REVERSED",
            Some(_) if refunded > 0 && refunded == taken => "REFUNDED",
            Some(_) if refunded > 0 => "PARTIALLY_REFUNDED",
            Some(_) if purchase => "PURCHASED",
            Some(_) if captured == 0 => "AUTHORISED",
            Some(_) if captured < terms.amount => "PARTIALLY_CAPTURED",
            Some(_) => "CAPTURED",
        }
    }

    pub(super) fn render(&self, terms: &Terms, origin: &str, outlet: &str) -> Value {
        let money = |value: i64| json!({"currencyCode": terms.currency, "value": value});
        let path =
            format!("transactions/outlets/{outlet}/orders/{}/payments/{}", terms.reference, self.reference);
        // The real gateway links to hosts of its own network too: a client must not follow them.
        let (inside, here) =
            (format!("http://transaction-service/{path}"), format!("{origin}/ngenius/{path}"));
        let state = self.state(terms);
        let mut rendered = json!({
            "_id": format!("urn:payment:{}", self.reference), "reference": self.reference, "state": state,
            "amount": money(terms.amount), "updateDateTime": milliseconds(self.at), "outletId": outlet,
            "orderReference": terms.reference,
        });
        let mut links = Map::new();
        let mut link = |name: &str, href: String| links.insert(name.to_owned(), json!({"href": href}));
        link("self", inside.clone());
        match state {
            "STARTED" => drop(link("payment:saved-card", format!("{here}/saved-card"))),
            "AUTHORISED" => {
                link("cnp:cancel", format!("{here}/cancel"));
                link("cnp:capture", format!("{here}/captures"));
            }
            "PARTIALLY_CAPTURED" => drop(link("cnp:capture", format!("{here}/captures"))),
            "PURCHASED" => {
                link("cnp:cancel", format!("{here}/cancel"));
                link("cnp:refund", format!("{here}/refund"));
            }
            "PARTIALLY_REFUNDED" if terms.action == "PURCHASE" => {
                link("cnp:refund", format!("{here}/refund"));
            }
            _ => {}
        }
        let captures = self.captures.iter().map(|capture| {
            let own = format!("captures/{}", capture.reference);
            let mut links = json!({"self": {"href": format!("{inside}/{own}")}});
            if let Some(links) = links.as_object_mut().filter(|_| capture.refunded < capture.amount) {
                links.insert("cnp:refund".to_owned(), json!({"href": format!("{here}/{own}/refund")}));
            }
            json!({
                "_links": links, "amount": money(capture.amount), "createdTime": milliseconds(capture.at),
                "state": "SUCCESS",
            })
        });
        let refunds = self.refunds.iter().map(|refund| {
            json!({
                "_links": {"self": {"href": format!("{inside}/refund/{}", refund.reference)}},
                "amount": money(refund.amount), "createdTime": milliseconds(refund.at), "state": "SUCCESS",
            })
        });
        let mut embedded = Map::new();
        for (name, list) in [
            ("cnp:capture", captures.collect::<Vec<Value>>()),
            ("cnp:refund", refunds.collect::<Vec<Value>>()),
        ] {
            if !list.is_empty() {
                embedded.insert(name.to_owned(), list.into());
            }
        }
        if let Some(rendered) = rendered.as_object_mut() {
            rendered.insert("_links".to_owned(), links.into());
            if !embedded.is_empty() {
                rendered.insert("_embedded".to_owned(), embedded.into());
            }
            if let Some(tried) = &self.tried {
                rendered.extend(tried.members());
            }
        }
        rendered
    }
}

impl Tried {
    fn members(&self) -> Map<String, Value> {
        let response = match self.result {
            Ok(()) => json!({
                "authorizationCode": self.authorization, "success": true, "resultCode": "00",
                "resultMessage": "Successful approval/completion", "rrn": self.retrieval, "mid": "sandbox",
            }),
            Err(decline) => json!({
                "success": false, "resultCode": decline.response,
                "resultMessage": decline.message, "rrn": self.retrieval, "mid": "sandbox",
            }),
        };
        let mut members = Map::new();
        members.insert("authResponse".to_owned(), response);
        let Some(card) = &self.card else { return members };
        let expiry = format!("{:04}-{:02}", card.year, card.month);
        let method = json!({
            "expiry": expiry, "cardholderName": card.holder, "name": card.brand_upper(),
            "pan": card.masked("******"),
        });
        members.insert("paymentMethod".to_owned(), method);
        if let Some(token) = &self.token {
            let saved = json!({
                "maskedPan": card.masked("******"), "expiry": expiry, "cardholderName": card.holder,
                "scheme": card.brand_upper(), "cardToken": token, "recaptureCsc": recaptures_code(card),
            });
            members.insert("savedCard".to_owned(), saved);
        }
        members
    }
}

/// Whether the security code is needed again: for the Mastercard test card, so that both ways can be tried. This
/// sandbox's own convention.
pub(super) fn recaptures_code(card: &Card) -> bool {
    card.brand() == "mastercard"
}

pub(super) fn milliseconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
