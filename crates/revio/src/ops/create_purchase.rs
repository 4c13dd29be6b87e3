use recurring_core::{Currency, ErrorKind, InvalidInput, Money, Reply};
use recurring_gateway::{Class, ErrorExt as _, Method, Operation, PreparedRequest, check, check_echo};

use crate::error::{ApiError, Error};
use crate::ops::client_record::ClientDetails;
use crate::ops::product::Product;
use crate::ops::purchase::Purchase;
use crate::wire::{CreatePurchaseBody, PurchaseBody};

/// Who pays a purchase. The gateway takes exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payer {
    /// A client that the gateway knows, by its identifier. A card that is saved is listed under this client.
    ClientId(String),
    /// The details alone. A card that is saved has only the purchase's identifier to be found by.
    Details(ClientDetails),
}

impl Payer {
    /// Names a client that the gateway knows.
    pub fn client_id(id: impl Into<String>) -> Self {
        Self::ClientId(id.into())
    }

    /// Names a customer by the e-mail address alone.
    pub fn email(email: impl Into<String>) -> Self {
        Self::Details(ClientDetails::new(email))
    }
}

/// `POST /purchases/`: something to be paid, by the customer on a page or by a [charge](crate::ChargePurchase).
/// **Moves no money by itself**: a lost answer leaves at most an unpaid purchase behind.
#[derive(Debug, Clone)]
#[must_use]
pub struct CreatePurchase {
    brand_id: String,
    payer: Payer,
    products: Vec<Product>,
    currency: Option<Currency>,
    total_override: Option<i64>,
    force_recurring: bool,
    reference: Option<String>,
    success_redirect: Option<String>,
    failure_redirect: Option<String>,
    cancel_redirect: Option<String>,
    success_callback: Option<String>,
    send_receipt: Option<bool>,
    skip_capture: Option<bool>,
    payment_method_whitelist: Option<Vec<String>>,
    due: Option<i64>,
}

impl CreatePurchase {
    /// Creates the request for a purchase of these products, at least one, for a brand of yours. Its currency is the
    /// gateway's choice unless it is [set](Self::with_currency).
    pub fn new(brand_id: impl Into<String>, payer: Payer, products: Vec<Product>) -> Self {
        Self {
            brand_id: brand_id.into(),
            payer,
            products,
            currency: None,
            total_override: None,
            force_recurring: false,
            reference: None,
            success_redirect: None,
            failure_redirect: None,
            cancel_redirect: None,
            success_callback: None,
            send_receipt: None,
            skip_capture: None,
            payment_method_whitelist: None,
            due: None,
        }
    }

    /// Creates the request for a purchase of one product, in the currency of `amount`.
    pub fn one_product(
        brand_id: impl Into<String>,
        payer: Payer,
        name: impl Into<String>,
        amount: Money,
    ) -> Self {
        Self::new(brand_id, payer, vec![Product::new(name, amount.minor())]).with_currency(amount.currency())
    }

    /// Sets the currency of all prices.
    pub fn with_currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }

    /// Sets what is charged instead of the sum of the products, in minor units, 1 or more.
    pub fn with_total_override(mut self, minor: i64) -> Self {
        self.total_override = Some(minor);
        self
    }

    /// Saves the customer's card without asking them whether to. Only for the first payment: once this purchase is
    /// paid, its identifier is the token.
    pub fn with_force_recurring(mut self) -> Self {
        self.force_recurring = true;
        self
    }

    /// Sets your own name for it, 1 to 128 characters. The gateway does not check that it is unique.
    pub fn with_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Sets where the customer goes after paying.
    pub fn with_success_redirect(mut self, url: impl Into<String>) -> Self {
        self.success_redirect = Some(url.into());
        self
    }

    /// Sets where the customer goes after a failure.
    pub fn with_failure_redirect(mut self, url: impl Into<String>) -> Self {
        self.failure_redirect = Some(url.into());
        self
    }

    /// Sets where the customer goes instead of paying. The purchase can still be paid afterwards.
    pub fn with_cancel_redirect(mut self, url: impl Into<String>) -> Self {
        self.cancel_redirect = Some(url.into());
        self
    }

    /// Sets where the gateway reports the payment.
    pub fn with_success_callback(mut self, url: impl Into<String>) -> Self {
        self.success_callback = Some(url.into());
        self
    }

    /// Sets whether the gateway sends the customer a receipt.
    pub fn with_send_receipt(mut self, send: bool) -> Self {
        self.send_receipt = Some(send);
        self
    }

    /// Sets whether the money is only held, and **not taken** without a later capture.
    pub fn with_skip_capture(mut self, skip: bool) -> Self {
        self.skip_capture = Some(skip);
        self
    }

    /// Sets the only ways to pay that are allowed, such as `visa` and `mastercard`.
    pub fn with_payment_method_whitelist(
        mut self,
        methods: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.payment_method_whitelist = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Sets when it is due, in seconds since 1970. It can still be paid after that time.
    pub fn with_due(mut self, seconds: i64) -> Self {
        self.due = Some(seconds);
        self
    }

    fn check(&self) -> Result<(), InvalidInput> {
        check::id("brand_id", &self.brand_id)?;
        match &self.payer {
            Payer::ClientId(id) => check::id("client_id", id)?,
            Payer::Details(details) => details.check()?,
        }
        if self.products.is_empty() {
            return Err(InvalidInput::new("products", "must name at least one product"));
        }
        for product in &self.products {
            product.check()?;
        }
        self.check_total()?;
        if let Some(reference) = &self.reference {
            check::text("reference", reference, 128)?;
        }
        for (field, url) in [
            ("success_redirect", &self.success_redirect),
            ("failure_redirect", &self.failure_redirect),
            ("cancel_redirect", &self.cancel_redirect),
            ("success_callback", &self.success_callback),
        ] {
            if let Some(url) = url {
                check::web_address(field, url)?;
            }
        }
        if let Some(methods) = &self.payment_method_whitelist {
            if methods.is_empty() {
                return Err(InvalidInput::new("payment_method_whitelist", "must name at least one method"));
            }
            for method in methods {
                check::text("payment_method_whitelist", method, 64)?;
            }
        }
        if self.due.is_some_and(|due| due < 1) {
            return Err(InvalidInput::new("due", "must be a time in seconds since 1970"));
        }
        Ok(())
    }

    fn check_total(&self) -> Result<(), InvalidInput> {
        if let Some(total) = self.total_override {
            return if total < 1 {
                Err(InvalidInput::new("total_override", "must be 1 minor unit or more"))
            } else {
                Ok(())
            };
        }
        let prices = self.products.iter().map(Product::price);
        match prices.into_iter().try_fold(0_i64, i64::checked_add) {
            Some(1..) => Ok(()),
            Some(_) => Err(InvalidInput::new("products.price", "must add up to 1 minor unit or more")),
            None => Err(InvalidInput::new("products.price", "must not add up to more than 64 bits hold")),
        }
    }

    /// What the purchase costs in minor units, where that is beyond doubt.
    fn total(&self) -> Option<i64> {
        self.total_override.or_else(|| {
            self.products.iter().try_fold(0_i64, |total, product| total.checked_add(product.total()?))
        })
    }
}

impl Operation for CreatePurchase {
    type Api = ApiError;
    type Output = Purchase;

    /// Builds the request, without the API key.
    ///
    /// # Errors
    /// Names the input that breaks a rule; nothing has been sent.
    fn request(&self) -> Result<PreparedRequest, Error> {
        self.check()?;
        let (client_id, client) = match &self.payer {
            Payer::ClientId(id) => (Some(id.as_str()), None),
            Payer::Details(details) => (None, Some(details.body())),
        };
        let body = CreatePurchaseBody {
            purchase: PurchaseBody {
                products: self.products.iter().map(Product::body).collect(),
                currency: self.currency.map(Currency::code),
                total_override: self.total_override,
            },
            brand_id: &self.brand_id,
            client_id,
            client,
            force_recurring: self.force_recurring.then_some(true),
            reference: self.reference.as_deref(),
            success_redirect: self.success_redirect.as_deref(),
            failure_redirect: self.failure_redirect.as_deref(),
            cancel_redirect: self.cancel_redirect.as_deref(),
            success_callback: self.success_callback.as_deref(),
            send_receipt: self.send_receipt,
            skip_capture: self.skip_capture,
            payment_method_whitelist: self.payment_method_whitelist.as_deref(),
            due: self.due,
        };
        Ok(PreparedRequest::new("create purchase", Class::Write, Method::Post, "/purchases/").json(&body))
    }

    /// Reads the reply: the purchase, unpaid. Keep its identifier before charging it.
    ///
    /// # Errors
    /// `Unknown` when the reply cannot be read or names another brand, client, amount, currency or reference.
    fn read(&self, reply: &Reply) -> Result<Purchase, Error> {
        let purchase = Purchase::read(reply)?;
        check_echo(reply, &[("brand_id", &self.brand_id, purchase.brand_id.as_deref())])?;
        if let Payer::ClientId(id) = &self.payer {
            check_echo(reply, &[("client_id", id, purchase.client_id.as_deref())])?;
        }
        if let Some(reference) = &self.reference {
            check_echo(reply, &[("reference", reference, purchase.reference.as_deref())])?;
        }
        purchase.check_money(reply, self.total(), self.currency)?;
        // No money has moved, and none must move for an amount that cannot be compared.
        if let Some(member) = purchase.unreadable_amount() {
            let message = format!("the new purchase has a `{member}` that cannot be read");
            return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
        }
        Ok(purchase.cleared(reply))
    }
}
