use recurring_core::{Decimal, InvalidInput};
use recurring_gateway::check;

use crate::wire::ProductBody;

/// The longest name of a product.
const LONGEST_NAME: usize = 256;

/// One line of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Product {
    name: String,
    price: i64,
    quantity: Option<String>,
    discount: Option<i64>,
    category: Option<String>,
}

impl Product {
    /// Creates a product by its name, 1 to 256 characters, and its price in minor units, 0 or more.
    pub fn new(name: impl Into<String>, price_minor: i64) -> Self {
        Self { name: name.into(), price: price_minor, quantity: None, discount: None, category: None }
    }

    /// Sets how many: a plain decimal number above zero, such as `2` or `1.5`. One, unless said otherwise.
    pub fn with_quantity(mut self, quantity: impl Into<String>) -> Self {
        self.quantity = Some(quantity.into());
        self
    }

    /// Sets a discount in minor units, 0 or more.
    pub fn with_discount(mut self, minor: i64) -> Self {
        self.discount = Some(minor);
        self
    }

    /// Sets a category, 1 to 255 characters.
    pub fn with_category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), InvalidInput> {
        check::text("products.name", &self.name, LONGEST_NAME)?;
        if self.price < 0 {
            return Err(InvalidInput::new("products.price", "must be 0 or more minor units"));
        }
        if let Some(quantity) = &self.quantity {
            let quantity = Decimal::parse("products.quantity", quantity)?;
            if quantity.as_str().bytes().all(|byte| matches!(byte, b'0' | b'.')) {
                return Err(InvalidInput::new("products.quantity", "must be more than zero"));
            }
        }
        if self.discount.is_some_and(|discount| discount < 0) {
            return Err(InvalidInput::new("products.discount", "must be 0 or more minor units"));
        }
        match &self.category {
            Some(category) => check::text("products.category", category, 255),
            None => Ok(()),
        }
    }

    pub(crate) fn price(&self) -> i64 {
        self.price
    }

    /// What the line costs in minor units, where that is beyond doubt.
    // Assumption(line-total): price times a whole quantity; no document says how a discount counts or a fraction is
    // rounded.
    pub(crate) fn total(&self) -> Option<i64> {
        if self.discount.is_some_and(|discount| discount != 0) {
            return None;
        }
        match &self.quantity {
            None => Some(self.price),
            Some(quantity) => {
                let whole = Decimal::parse("products.quantity", quantity).ok()?.to_minor(0).ok()?;
                self.price.checked_mul(whole)
            }
        }
    }

    pub(crate) fn body(&self) -> ProductBody<'_> {
        ProductBody {
            name: &self.name,
            price: self.price,
            quantity: self.quantity.as_deref(),
            discount: self.discount,
            category: self.category.as_deref(),
        }
    }
}
