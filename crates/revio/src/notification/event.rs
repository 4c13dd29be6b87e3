use recurring_gateway::open_enum;

open_enum! {
    /// What happened (open).
    pub enum EventType {
        /// A purchase was created.
        PurchaseCreated = "purchase.created",
        /// The customer has opened the page of a purchase.
        PurchaseViewed = "purchase.viewed",
        /// A purchase was paid: by the customer, by a charge, or by a capture.
        PurchasePaid = "purchase.paid",
        /// A try to pay failed.
        PurchasePaymentFailure = "purchase.payment_failure",
        /// The customer's payment is on its way.
        PurchasePendingExecute = "purchase.pending_execute",
        /// The charge of a token is on its way.
        PurchasePendingCharge = "purchase.pending_charge",
        /// The charge of a subscription that the gateway runs failed.
        PurchaseSubscriptionChargeFailure = "purchase.subscription_charge_failure",
        /// The purchase was canceled: it cannot be paid any more.
        PurchaseCancelled = "purchase.cancelled",
        /// The money is held on the card.
        PurchaseHold = "purchase.hold",
        /// Held money was taken.
        PurchaseCaptured = "purchase.captured",
        /// Held money is being taken.
        PurchasePendingCapture = "purchase.pending_capture",
        /// Held money could not be taken.
        PurchaseCaptureFailure = "purchase.capture_failure",
        /// The authorization hold was released.
        PurchaseReleased = "purchase.released",
        /// The authorization hold is being released.
        PurchasePendingRelease = "purchase.pending_release",
        /// The authorization hold could not be released.
        PurchaseReleaseFailure = "purchase.release_failure",
        /// The card was checked and saved without an amount.
        PurchasePreauthorized = "purchase.preauthorized",
        /// The money was settled with the merchant. The status can still be `paid`.
        PurchaseSettled = "purchase.settled",
        /// The identifier of the purchase is no longer a token.
        PurchaseRecurringTokenDeleted = "purchase.recurring_token_deleted",
        /// The token is being deleted.
        PurchasePendingRecurringTokenDelete = "purchase.pending_recurring_token_delete",
        /// A refund is on its way.
        PurchasePendingRefund = "purchase.pending_refund",
        /// A refund failed.
        PurchaseRefundFailure = "purchase.refund_failure",
        /// Money was given back: the object is the payment, which names the purchase.
        PaymentRefunded = "payment.refunded",
        /// The customer's bank took the money back.
        PaymentChargedBack = "payment.charged_back",
        /// What the bank took back came back.
        PaymentChargebackReversed = "payment.chargeback_reversed",
        /// The subscription of a client that the gateway runs was canceled.
        BillingCancelled = "billing_template_client.subscription_billing_cancelled",
        /// A payout was created.
        PayoutCreated = "payout.created",
        /// A payout is on its way.
        PayoutPending = "payout.pending",
        /// A payout failed.
        PayoutFailed = "payout.failed",
        /// A payout was made.
        PayoutSuccess = "payout.success",
    }
}
