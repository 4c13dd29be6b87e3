use recurring_core::NotAfter;

use crate::record::Record;

/// What accompanies one operation that can move money, beside its request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Call<'a> {
    /// Learns the gateway's reference before money moves.
    pub record: &'a dyn Record,
    /// The moment after which the operation must not send anything, neither a write nor a read.
    pub not_after: Option<NotAfter>,
}

impl<'a> Call<'a> {
    /// Creates a call without a time limit.
    pub fn new(record: &'a dyn Record) -> Self {
        Self { record, not_after: None }
    }

    /// Sets the moment after which nothing is sent.
    #[must_use]
    pub fn with_not_after(mut self, limit: NotAfter) -> Self {
        self.not_after = Some(limit);
        self
    }
}
