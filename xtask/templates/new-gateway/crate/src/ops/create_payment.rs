use recurring_core::{InvalidInput, Money, Outcome, Reply, Secret};
use recurring_gateway::{
    Class, Method, Operation, PreparedRequest, check, check_echo, lenient, require_echo,
};
use serde::Deserialize;

use crate::error::{ApiError, Error, read_object};
use crate::status::{self, PaymentStatus};
use crate::wire::CreatePaymentBody;

/// `POST /payments`: **takes money** with a stored card.
// Assumption(made-up): the whole wire format.
#[derive(Debug, Clone)]
#[must_use]
pub struct CreatePayment {
    reference: String,
    amount: Money,
    token: Secret,
}

impl CreatePayment {
    /// Charges a stored card. `reference` is your own name for the payment, stored before it is sent.
    pub fn new(reference: impl Into<String>, amount: Money, token: Secret) -> Self {
        Self { reference: reference.into(), amount, token }
    }

    fn check(&self) -> Result<(), InvalidInput> {
        check::text("reference", &self.reference, 64)?;
        check::id("token", self.token.expose())
    }
}

impl Operation for CreatePayment {
    type Api = ApiError;
    type Output = Payment;

    fn request(&self) -> Result<PreparedRequest, Error> {
        self.check()?;
        let body = CreatePaymentBody {
            reference: &self.reference,
            amount: self.amount.minor(),
            currency: self.amount.currency().code(),
            token: self.token.expose(),
        };
        Ok(PreparedRequest::new("create payment", Class::Write, Method::Post, "/payments")
            .header("content-type", "application/json")
            .json(&body)
            .hide(&self.token))
    }

    /// Reads the reply. A definite answer must name the amount, currency and reference of this request.
    fn read(&self, reply: &Reply) -> Result<Payment, Error> {
        let payment: Payment = read_object(reply)?;
        let amount = payment.amount.map(|amount| amount.to_string());
        let sent = self.amount.minor().to_string();
        let echo = [
            ("amount", sent.as_str(), amount.as_deref()),
            ("currency", self.amount.currency().code(), payment.currency.as_deref()),
            ("reference", &self.reference, payment.reference.as_deref()),
        ];
        if payment.outcome().is_definite() {
            require_echo(reply, &echo)?;
        } else {
            check_echo(reply, &echo)?;
        }
        Ok(payment)
    }
}

/// A payment as the gateway reports it. Only `id` is certain to be there.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
#[must_use = "a decline and an open end are answers too: look at the outcome"]
pub struct Payment {
    /// The gateway's identifier.
    #[serde(deserialize_with = "lenient::required_text")]
    pub id: String,
    /// The gateway's status; see [`Payment::outcome`].
    #[serde(default)]
    pub status: PaymentStatus,
    /// Minor units.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub amount: Option<i64>,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Your own name for it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reference: Option<String>,
}

impl Payment {
    /// What the status means for the money.
    pub fn outcome(&self) -> Outcome {
        status::outcome(&self.status)
    }
}
