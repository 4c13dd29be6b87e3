use recurring_core::InvalidInput;
use recurring_gateway::{BaseUrl, check};

use crate::config::Environment;

/// An outlet of the merchant at the gateway: what a request needs besides its own values.
#[derive(Debug, Clone)]
pub struct Outlet {
    pub(crate) reference: String,
    /// The reference, as a path has it.
    pub(crate) segment: String,
    pub(crate) base_url: BaseUrl,
    pub(crate) is_ksa: bool,
}

impl Outlet {
    /// Creates an outlet by the gateway's own reference.
    ///
    /// # Errors
    /// When the reference or the address of the environment cannot be one.
    pub fn new(environment: &Environment, reference: impl Into<String>) -> Result<Self, InvalidInput> {
        let reference = reference.into();
        let segment = check::path_segment("outlet", &reference)?.into_owned();
        Ok(Self { reference, segment, base_url: environment.base_url()?, is_ksa: environment.is_ksa() })
    }

    /// Names the outlet of a request. The result is an [`Operation`](crate::Operation): it shows the request without a
    /// network, and reads a reply.
    pub fn operation<'a, R>(&'a self, request: &'a R) -> AtOutlet<'a, R> {
        AtOutlet { outlet: self, request }
    }
}

/// A request for one outlet; see [`Outlet::operation`].
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct AtOutlet<'a, R> {
    pub(crate) outlet: &'a Outlet,
    pub(crate) request: &'a R,
}
