use recurring_core::{InvalidInput, Money, Reply, Secret};
use recurring_gateway::{Method, Operation, PreparedRequest, check};

use crate::card::{check_cvv, check_expiry};
use crate::error::{ApiError, Error};
use crate::ops::hal::Href;
use crate::ops::order::Order;
use crate::ops::payment::{Payment, SavedCard};
use crate::ops::{MEDIA_TYPE, check_one_is, check_proven, payment_path, read_payment, write};
use crate::outlet::AtOutlet;
use crate::status::PaymentState;
use crate::wire::SavedCardBody;

/// `PUT` on the link `payment:saved-card` of an order's payment: **takes the order's amount from a card that the
/// gateway keeps**. The feature has to be enabled for the account.
///
/// How an order that waits for such a payment is created is not a part of this crate: create it by other means, read it
/// with [`Client::get_order`](crate::Client::get_order), and pay it here.
#[derive(Debug, Clone)]
#[must_use]
pub struct PayWithSavedCard {
    order_reference: String,
    payment_reference: String,
    link: Href,
    amount: Money,
    card_token: Secret,
    expiry: Secret,
    cardholder_name: Secret,
    cvv: Option<Secret>,
    recapture_csc: bool,
}

impl PayWithSavedCard {
    /// Creates the request to pay `order` with `card`. Read the order right before: exactly one of its payments must
    /// have just begun (`STARTED`) and have the link, and none may have been paid. `amount` is what you expect to be
    /// taken; the order's own amount is taken, so both must be the same.
    ///
    /// # Errors
    /// When the order is not one that waits for this payment, or the card has no token, expiry date or name.
    pub fn new(order: &Order, card: &SavedCard, amount: Money) -> Result<Self, InvalidInput> {
        let refuse = |field: &'static str, rule: &'static str| Err(InvalidInput::new(field, rule));
        let Some(order_reference) = order.reference.clone() else {
            return refuse("order", "has no reference");
        };
        // Anything else may be under way or paid already, and a second payment would charge the customer again.
        let [payment] = order.payments.as_slice() else {
            return refuse("order", "must have exactly one payment");
        };
        if payment.state != PaymentState::Started {
            return refuse("order", "must have a payment that has just begun (STARTED)");
        }
        let (Some(link), Some(payment_reference)) = (&payment.links().saved_card, &payment.reference) else {
            return refuse("order", "cannot be paid with a saved card: its payment has no link for it");
        };
        let paid = payment.amount.as_ref().or(order.amount.as_ref());
        let known = paid.is_some_and(|paid| paid.currency_code.is_some() && paid.value.is_some());
        if !known || !paid.is_some_and(|paid| paid.may_be(amount)) {
            return refuse("amount", "must be the amount of the order");
        }
        let Some(card_token) = &card.card_token else {
            return refuse("card", "has no token");
        };
        check::text("card_token", card_token.expose(), 4096)?;
        let expiry = card.expiry.as_deref().unwrap_or_default();
        check_expiry(expiry)?;
        let cardholder_name = card.cardholder_name.as_deref().unwrap_or_default();
        check::text("cardholder_name", cardholder_name, 255)?;
        Ok(Self {
            order_reference,
            payment_reference: payment_reference.clone(),
            link: link.clone(),
            amount,
            card_token: card_token.clone(),
            expiry: expiry.into(),
            cardholder_name: cardholder_name.into(),
            cvv: None,
            recapture_csc: card.recapture_csc == Some(true),
        })
    }

    /// Sets the security code, 3 or 4 digits, as the customer gave it now. It must not be stored.
    pub fn with_cvv(mut self, cvv: impl Into<Secret>) -> Self {
        self.cvv = Some(cvv.into());
        self
    }

    /// Sets whether the security code is sent. Assumption(saved-card-cvv): exactly when the card's own `recapture_csc`
    /// says so, unless set here; see SOURCES.md.
    pub fn with_recapture_csc(mut self, send_cvv: bool) -> Self {
        self.recapture_csc = send_cvv;
        self
    }
}

impl Operation for AtOutlet<'_, PayWithSavedCard> {
    type Api = ApiError;
    type Output = Payment;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// When the link does not lead to this payment below `base_url`, or the security code is missing, not asked for or none; nothing has
    /// been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        let payment = payment_path(self.outlet, &request.order_reference, &request.payment_reference)?;
        let Some(path) = request.link.to(&self.outlet.base_url, &payment, None, "saved-card") else {
            let rule = "cannot be paid here: its link does not lead to this payment at the gateway's address";
            return Err(InvalidInput::new("order", rule).into());
        };
        match (&request.cvv, request.recapture_csc) {
            (Some(cvv), true) => check_cvv(cvv)?,
            (None, true) => return Err(InvalidInput::new("cvv", "is needed for this card").into()),
            (Some(_), false) => {
                let rule = "is not asked for with this card; set `with_recapture_csc(true)` to send it";
                return Err(InvalidInput::new("cvv", rule).into());
            }
            (None, false) => {}
        }
        let body = SavedCardBody {
            expiry: request.expiry.expose(),
            card_token: request.card_token.expose(),
            cardholder_name: request.cardholder_name.expose(),
            cvv: request.cvv.as_ref().map(Secret::expose),
        };
        // The token is hidden first: the few digits of the security code may be a part of it.
        let prepared = write("pay with saved card", Method::Put, path)
            .header("content-type", MEDIA_TYPE)
            .json(&body)
            .guard(&request.card_token, &["cardToken"])
            .hide(&request.expiry)
            .hide(&request.cardholder_name);
        Ok(match &request.cvv {
            Some(cvv) => prepared.hide(cvv),
            None => prepared,
        })
    }

    /// Reads the reply: the payment as it is now. A payment that the bank refuses is `Ok` with the outcome
    /// `Declined`; `AWAIT_3DS` is `ActionRequired`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another payment, order, outlet or amount.
    fn read(&self, reply: &Reply) -> Result<Payment, Error> {
        let request = self.request;
        let payment = read_payment(
            reply,
            &self.outlet.reference,
            &request.order_reference,
            &request.payment_reference,
        )?;
        check_one_is(reply, "amount", request.amount, [payment.amount.as_ref()])?;
        if payment.outcome().went_through() {
            let named = payment.amount.as_ref().is_some_and(|amount| amount.is(request.amount));
            check_proven(reply, "amount", named)?;
        }
        Ok(payment)
    }
}
