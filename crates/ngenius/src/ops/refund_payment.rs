use recurring_core::{InvalidInput, Money, Reply};
use recurring_gateway::{Method, Operation, PreparedRequest, check, check_echo};

use crate::error::{ApiError, Error};
use crate::ops::capture::{Capture, Refund};
use crate::ops::hal::Href;
use crate::ops::payment::Payment;
use crate::ops::{MEDIA_TYPE, check_one_is, check_proven, payment_path, read_payment, write};
use crate::outlet::AtOutlet;
use crate::status::PaymentState;
use crate::wire::MoneyBody;

/// Refunds a payment, the whole or a part. **Gives money back.**
///
/// The address is taken from the payment as it was read in its order, the first of these that leads, below the client's
/// own base address, to what it is said to be; a link elsewhere, or to another payment, is never followed:
///
/// 1. the payment's own link `cnp:cancel`, if it is `PURCHASED` and given back as a whole;
/// 2. the payment's own link `cnp:refund`;
/// 3. the link `cnp:refund` of its capture;
/// 4. `POST /transactions/outlets/{outlet}/orders/{order}/payments/{payment}/captures/{capture}/refund`.
///
/// In Saudi Arabia the gateway refunds only after the payment was settled. The gateway has no idempotency key: the
/// same refund sent twice may give the money back twice.
#[derive(Debug, Clone)]
#[must_use]
pub struct RefundPayment {
    order_reference: String,
    payment_reference: String,
    amount: Money,
    cancel: Option<Href>,
    cancel_method: Method,
    refunds: Vec<Href>,
    capture_reference: Option<String>,
    /// How many refunds of this amount the payment had before.
    refunds_before: usize,
}

impl RefundPayment {
    /// Creates the request to give `amount` of this payment back. Read the order right before: `payment` is one of
    /// its payments, `order_reference` its reference.
    ///
    /// # Errors
    /// When the payment has no reference, belongs to another order, has another currency, is smaller than `amount`,
    /// is `REFUNDED` already, or offers no way: neither a link nor a capture, or several captures of which none is
    /// the obvious one (see [`RefundPayment::of_capture`]).
    pub fn of(
        payment: &Payment,
        order_reference: impl Into<String>,
        amount: Money,
    ) -> Result<Self, InvalidInput> {
        let capture = the_only_capture(&payment.captures);
        let mut request = Self::new(payment, order_reference.into(), amount, capture)?;
        let whole = payment.amount.as_ref().is_some_and(|paid| paid.value == Some(amount.minor()));
        // Assumption(cancel-link-is-whole): a cancellation gives everything back, whatever amount it names: it
        // must not be used for a part.
        if payment.state == PaymentState::Purchased && whole {
            request.cancel = payment.links().cancel.clone();
        }
        if let Some(link) = &payment.links().refund {
            request.refunds.insert(0, link.clone());
        }
        if request.cancel.is_none() && request.refunds.is_empty() && request.capture_reference.is_none() {
            let purchased = payment.state == PaymentState::Purchased && payment.links().cancel.is_some();
            let rule = match payment.captures.len() {
                0 if purchased => "can be given back as a whole only",
                0 | 1 => "offers no refund: it has neither a link for it nor a capture",
                _ => "has several captures: say which one is refunded",
            };
            return Err(InvalidInput::new("payment", rule));
        }
        Ok(request)
    }

    /// Creates the request to give `amount` of one capture of this payment back, by that capture's link or documented
    /// address. For a payment with several captures; `capture_reference` is one of `payment.captures`.
    ///
    /// # Errors
    /// Those of [`RefundPayment::of`], and when the payment has no such capture.
    pub fn of_capture(
        payment: &Payment,
        order_reference: impl Into<String>,
        capture_reference: &str,
        amount: Money,
    ) -> Result<Self, InvalidInput> {
        let named = |capture: &&Capture| capture.reference.as_deref() == Some(capture_reference);
        let Some(capture) = payment.captures.iter().find(named) else {
            return Err(InvalidInput::new("capture_reference", "is not a capture of this payment"));
        };
        Self::new(payment, order_reference.into(), amount, Some(capture))
    }

    fn new(
        payment: &Payment,
        order_reference: String,
        amount: Money,
        capture: Option<&Capture>,
    ) -> Result<Self, InvalidInput> {
        let refuse = |field: &'static str, rule: &'static str| Err(InvalidInput::new(field, rule));
        check::id("order_reference", &order_reference)?;
        let Some(payment_reference) = payment.reference.clone() else {
            return refuse("payment", "has no reference");
        };
        if payment.order_reference.as_ref().is_some_and(|own| !own.eq_ignore_ascii_case(&order_reference)) {
            return refuse("order_reference", "is not the order of this payment");
        }
        if payment.state == PaymentState::Refunded {
            return refuse("payment", "was refunded as a whole already");
        }
        if let Some(paid) = &payment.amount {
            if paid.currency_code.as_deref().is_some_and(|code| code != amount.currency().code()) {
                return refuse("amount", "must be in the currency of the payment");
            }
            if paid.value.is_some_and(|value| value < amount.minor()) {
                return refuse("amount", "must not be more than the payment");
            }
        }
        if payment.refundable().is_some_and(|left| left < amount.minor()) {
            return refuse("amount", "must not be more than what is left of the payment");
        }
        Ok(Self {
            order_reference,
            payment_reference,
            amount,
            refunds_before: refunds_of(payment, amount),
            cancel: None,
            cancel_method: Method::Put,
            refunds: capture.and_then(|capture| capture.links.refund.clone()).into_iter().collect(),
            capture_reference: capture.and_then(|capture| capture.reference.clone()),
        })
    }

    /// Sets the method for the link `cnp:cancel`. Assumption(cancel-link-method): `PUT`, unless said otherwise here;
    /// see SOURCES.md.
    pub fn with_cancel_method(mut self, method: Method) -> Self {
        self.cancel_method = method;
        self
    }
}

impl Operation for AtOutlet<'_, RefundPayment> {
    type Api = ApiError;
    type Output = Payment;

    /// Builds the request, without the access token.
    ///
    /// # Errors
    /// When no link leads to this payment below `base_url` and there is no capture to name instead, or a reference cannot be
    /// one; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        let request = self.request;
        let payment = payment_path(self.outlet, &request.order_reference, &request.payment_reference)?;
        let own = |link: &Href, operation| {
            link.to(&self.outlet.base_url, &payment, request.capture_reference.as_deref(), operation)
        };
        let cancel = request.cancel.as_ref().and_then(|link| own(link, "cancel"));
        let refund = || request.refunds.iter().find_map(|link| own(link, "refund"));
        let (method, path) = match (cancel, &request.capture_reference) {
            (Some(path), _) => (request.cancel_method, path),
            (None, Some(capture)) => {
                let capture = check::path_segment("capture_reference", capture)?;
                let documented = || format!("{payment}/captures/{capture}/refund");
                (Method::Post, refund().unwrap_or_else(documented))
            }
            (None, None) => {
                let rule = "offers no refund here: none of its links leads to a refund of this payment at the gateway's address";
                (Method::Post, refund().ok_or_else(|| InvalidInput::new("payment", rule))?)
            }
        };
        Ok(write("refund payment", method, path)
            .header("content-type", MEDIA_TYPE)
            .json(&MoneyBody { amount: request.amount.into() }))
    }

    /// Reads the reply: the payment as it is now, with its refunds. Any other answer is an error with the effect
    /// `Unknown`.
    ///
    /// The outcome of the answer is that of the *payment*: `PARTIALLY_REFUNDED` and `REFUNDED` are `Paid`, and a
    /// purchase that was canceled may come back as `REVERSED`, which is `Canceled`: no money was kept. Whether the
    /// refund went through is shown by the state and by `refunds`.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read, names another payment, order, outlet or currency, names refunds of
    /// which none has the amount that was sent, or says that money was given back and does not prove how much.
    // Assumption(answers-with-payment): the gateway answers with the payment.
    fn read(&self, reply: &Reply) -> Result<Payment, Error> {
        let request = self.request;
        let payment = read_payment(
            reply,
            &self.outlet.reference,
            &request.order_reference,
            &request.payment_reference,
        )?;
        let currency = payment.amount.as_ref().and_then(|amount| amount.currency_code.as_deref());
        check_echo(reply, &[("currencyCode", request.amount.currency().code(), currency)])?;
        let amounts = payment.refunds.iter().map(|refund| refund.amount.as_ref());
        check_one_is(reply, "cnp:refund", request.amount, amounts)?;
        match payment.state {
            PaymentState::Refunded | PaymentState::Reversed => {
                check_proven(reply, "currencyCode", currency.is_some())?;
            }
            // An older refund of the same amount proves nothing.
            PaymentState::PartiallyRefunded => {
                check_proven(reply, "currencyCode", currency.is_some())?;
                check_proven(
                    reply,
                    "cnp:refund",
                    refunds_of(&payment, request.amount) > request.refunds_before,
                )?;
            }
            _ => {}
        }
        Ok(payment)
    }
}

fn refunds_of(payment: &Payment, amount: Money) -> usize {
    let is_amount = |refund: &&Refund| refund.amount.as_ref().is_some_and(|named| named.is(amount));
    payment.refunds.iter().filter(is_amount).count()
}

/// The only capture, or of several the only one that offers a refund.
fn the_only_capture(captures: &[Capture]) -> Option<&Capture> {
    if let [only] = captures {
        return Some(only);
    }
    let mut refundable = captures.iter().filter(|capture| capture.links.refund.is_some());
    match (refundable.next(), refundable.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}
