use recurring_core::{DeclineReason, ErrorKind, GatewayTime, InvalidInput, Money, Outcome, Reply};
use recurring_gateway::{
    Class, ErrorExt as _, Method, Operation, PreparedRequest, check, check_echo, lenient, read_success,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card::Card;
use crate::error::{ApiError, Error};
use crate::ops::{MEDIA_TYPE, check_ids};
use crate::outlet::AtOutlet;
use crate::status::{self, Action, Frequency, RecurringState};
use crate::wire::{OrderBody, PaymentBody, RecurringPaymentBody};

/// `POST /recurring-payment/outlets/{outlet}/orders`: **takes the first payment from the card at once** and, if it
/// succeeds, has the gateway's scheduler take all later ones.
#[derive(Debug, Clone)]
#[must_use]
pub struct CreateRecurringPayment {
    amount: Money,
    frequency: Frequency,
    email_address: String,
    card: Card,
    action: Action,
    merchant_order_reference: Option<String>,
    billing_address: Option<Value>,
    merchant_attributes: Option<Value>,
}

impl CreateRecurringPayment {
    /// Creates the request for a payment of `amount`, now and again at every turn of `frequency`, until it is
    /// canceled in the portal. `email_address` is the customer's. Channel and type are `MoTo` and `RECURRING`.
    pub fn new(amount: Money, frequency: Frequency, email_address: impl Into<String>, card: Card) -> Self {
        Self {
            amount,
            frequency,
            email_address: email_address.into(),
            card,
            action: Action::Sale,
            merchant_order_reference: None,
            billing_address: None,
            merchant_attributes: None,
        }
    }

    /// Sets what is done with the card: `SALE` unless said otherwise.
    pub fn with_action(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    /// Sets your own name for it, 1 to 255 characters; left out unless set. Use letters, digits and hyphens only. It
    /// does not keep a second payment with the same name away. Assumption(create-optional-members): this call takes
    /// it; see SOURCES.md.
    pub fn with_merchant_order_reference(mut self, reference: impl Into<String>) -> Self {
        self.merchant_order_reference = Some(reference.into());
        self
    }

    /// Sets the gateway's `billingAddress` object, sent as it is; left out unless set.
    /// Assumption(create-optional-members): this call takes it; see SOURCES.md.
    pub fn with_billing_address(mut self, object: Value) -> Self {
        self.billing_address = Some(object);
        self
    }

    /// Sets the gateway's `merchantAttributes` object, sent as it is; left out unless set.
    /// Assumption(create-optional-members): this call takes it; see SOURCES.md.
    pub fn with_merchant_attributes(mut self, object: Value) -> Self {
        self.merchant_attributes = Some(object);
        self
    }

    fn check(&self) -> Result<(), InvalidInput> {
        check::text("action", self.action.as_str(), 50)?;
        check::text("frequency", self.frequency.as_str(), 50)?;
        // Not held to the form of an e-mail address: the source document's example is none.
        // Assumption(text-limits): 50, 254 and 255 characters are enough.
        check::text("email_address", &self.email_address, 254)?;
        if let Some(reference) = &self.merchant_order_reference {
            check::text("merchant_order_reference", reference, 255)?;
        }
        for (field, object) in
            [("billing_address", &self.billing_address), ("merchant_attributes", &self.merchant_attributes)]
        {
            if object.as_ref().is_some_and(|object| !object.is_object()) {
                return Err(InvalidInput::new(field, "must be a JSON object"));
            }
        }
        Ok(())
    }
}

impl Operation for AtOutlet<'_, CreateRecurringPayment> {
    type Api = ApiError;
    type Output = RecurringPayment;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        if self.outlet.is_ksa {
            let message = "N-Genius in Saudi Arabia takes another form of the recurring payment \
                (application/vnd.ni-recurring-payment.v2+json), whose body is not documented; \
                create the schedule in the portal";
            return Err(Error::unsupported(message));
        }
        let request = self.request;
        request.check()?;
        let path = ["/recurring-payment/outlets/", &self.outlet.segment, "/orders"].concat();
        let body = RecurringPaymentBody {
            order: OrderBody {
                action: request.action.as_str(),
                channel: "MoTo",
                order_type: "RECURRING",
                frequency: request.frequency.as_str(),
                email_address: &request.email_address,
                amount: request.amount.into(),
                merchant_order_reference: request.merchant_order_reference.as_deref(),
                billing_address: request.billing_address.as_ref(),
                merchant_attributes: request.merchant_attributes.as_ref(),
            },
            payment: PaymentBody {
                pan: request.card.pan.expose(),
                expiry: request.card.expiry.expose(),
                cvv: request.card.cvv.expose(),
                cardholder_name: request.card.cardholder_name.expose(),
            },
        };
        // The card number is hidden first: the few digits of the security code may be a part of it.
        Ok(PreparedRequest::new("create recurring payment", Class::Write, Method::Post, path)
            // The answer names neither the amount nor the card, and your own name only where the gateway repeats it.
            .on_own_connection()
            .header("content-type", MEDIA_TYPE)
            .header("accept", MEDIA_TYPE)
            .json(&body)
            .guard(&request.card.pan, &[])
            .hide(&request.card.expiry)
            .hide(&request.card.cvv)
            .hide(&request.card.cardholder_name))
    }

    /// Reads the reply. A payment that the gateway refuses (`FAILED`) is `Ok` with the outcome `Declined`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read, names another outlet, frequency or name, or names no order though it
    /// is not `FAILED`: such a payment could not be found again, and the reply is kept in the error.
    // Assumption(any-success-status): every status from 200 to 299 is a success; no document names the one.
    fn read(&self, reply: &Reply) -> Result<RecurringPayment, Error> {
        let request = self.request;
        let mut payment: RecurringPayment = read_success(reply, ApiError::read)?;
        let named = [&payment.reference, &payment.order_reference]
            .into_iter()
            .any(|reference| reference.as_ref().is_some_and(|text| !text.is_empty()));
        if !named && payment.state != RecurringState::Failed {
            let message = format!(
                "the gateway answered {}, but with neither a `reference` nor an `orderReference`",
                reply.status()
            );
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        check_ids(reply, &[("outletId", &self.outlet.reference, payment.outlet_id.as_deref())])?;
        let frequency = Some(payment.frequency.as_str()).filter(|text| !text.is_empty());
        // Without a name of ours, the gateway may give the order one of its own.
        let name = request.merchant_order_reference.as_deref().unwrap_or_default();
        let came_back = payment.merchant_order_reference.as_deref().filter(|_| !name.is_empty());
        check_echo(
            reply,
            &[
                ("frequency", request.frequency.as_str(), frequency),
                ("merchantOrderReference", name, came_back),
            ],
        )?;
        // The texts that are not known may quote a secret of the request.
        payment.state = payment.state.cleared(reply);
        Ok(payment)
    }
}

/// A recurring payment as the gateway answers it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct RecurringPayment {
    /// Its status; see [`RecurringPayment::outcome`].
    #[serde(default)]
    pub state: RecurringState,
    /// The reference of the order that holds all payments of the schedule.
    #[serde(default, deserialize_with = "lenient::id")]
    pub reference: Option<String>,
    /// How often it is repeated.
    #[serde(default)]
    pub frequency: Frequency,
    /// The reference of the order, for [`Client::get_order`](crate::Client::get_order). It may be the same as
    /// `reference`.
    #[serde(default, deserialize_with = "lenient::id")]
    pub order_reference: Option<String>,
    /// The outlet that took the payment.
    #[serde(default, deserialize_with = "lenient::id")]
    pub outlet_id: Option<String>,
    /// Your own name for it, if the answer repeats it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub merchant_order_reference: Option<String>,
    /// When the first payment was taken, UTC.
    #[serde(default, deserialize_with = "lenient::time")]
    pub start_time: Option<GatewayTime>,
    /// When the next payment is due, UTC, as the gateway says. It is never computed here.
    #[serde(default, deserialize_with = "lenient::time")]
    pub next_payment_on: Option<GatewayTime>,
}

impl RecurringPayment {
    /// Returns what the state means for the money of the first payment: `ACTIVE` is `Paid`, `FAILED` is `Declined`, and
    /// any unknown state is `Pending`: read the order.
    pub fn outcome(&self) -> Outcome {
        status::recurring_outcome(&self.state)
    }

    /// Returns why the first payment was refused: there exactly when [`outcome`](Self::outcome) is `Declined`. This
    /// answer never says why, so it is `Other`; [`Payment::decline_reason`](crate::Payment::decline_reason) of the
    /// order may say more.
    pub fn decline_reason(&self) -> Option<DeclineReason> {
        (self.outcome() == Outcome::Declined).then_some(DeclineReason::Other)
    }
}
