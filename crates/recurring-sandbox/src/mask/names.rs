//! The names of members whose values may be shown.

/// Members and fields with harmless values, in small letters, sorted: what is paid, how it went, and the merchant's own
/// reference. No name, no address, no id of the gateway's (at some gateways an id is the token), no key.
const MEMBERS: [&str; 80] = [
    "action",
    "amount",
    "balance",
    "brand",
    "captured",
    "cardbrand",
    "cardtype",
    "channel",
    "code",
    "completed",
    "country",
    "created",
    "created_on",
    "createdat",
    "createdatetime",
    "createtime",
    "credit_debit",
    "currency",
    "currencycode",
    "debt",
    "discount",
    "domain",
    "error",
    "error_code",
    "errorcode",
    "event",
    "event_type",
    "eventname",
    "expires_in",
    "fee_amount",
    "force_recurring",
    "frequency",
    "grant_type",
    "isrecurring",
    "issued",
    "kind",
    "language",
    "last_transaction_added",
    "localizedmessage",
    "merchant_order_id",
    "merchantorderreference",
    "merchantreference",
    "message",
    "modified",
    "net_amount",
    "netamount",
    "nextpaymenton",
    "orderid",
    "paid_on",
    "payment_method",
    "payment_method_brand",
    "payment_type",
    "pending_amount",
    "platform",
    "price",
    "processing_time",
    "product",
    "product_type",
    "quantity",
    "reason",
    "recurring",
    "recurring_type",
    "reference",
    "refund_availability",
    "refundable_amount",
    "remote_paid_on",
    "responsecode",
    "starttime",
    "state",
    "status",
    "tax_percent",
    "timestamp",
    "timezone",
    "token_type",
    "total",
    "type",
    "updated_on",
    "updatedatetime",
    "updatetime",
    "viewed_on",
];

/// Members with ids that a gateway gave out, in small letters, sorted. The pages show them, recordings do not.
const IDS: [&str; 21] = [
    "_id",
    "brand_id",
    "client_id",
    "company_id",
    "eventid",
    "first_authorised_transaction_id",
    "id",
    "merchant_id",
    "merchantid",
    "order_id",
    "orderreference",
    "outletid",
    "parentorderid",
    "paymentid",
    "processing_tx_id",
    "project_id",
    "refund_of_order_id",
    "rrn",
    "stan",
    "transaction_id",
    "webhook_id",
];

/// Members with addresses, in small letters, sorted. They are shown without their query.
const ADDRESSES: [&str; 19] = [
    "3dsredirecturl",
    "callback",
    "callbackfail",
    "cancel_redirect",
    "cancelurl",
    "checkout_url",
    "checkouturl",
    "failure_redirect",
    "failure_url",
    "hookurl",
    "href",
    "order_url",
    "payment_url",
    "paymenturl",
    "redirecturl",
    "return_url",
    "success_callback",
    "success_redirect",
    "webhook_url",
];

/// Whether the value of this member is harmless, in a recording too.
pub(super) fn harmless(name: &str) -> bool {
    listed(&MEMBERS, name)
}

/// Whether the pages show the value of this member.
pub(super) fn visible(name: &str) -> bool {
    harmless(name) || listed(&IDS, name)
}

/// Whether this member holds an address.
pub(super) fn is_address(name: &str) -> bool {
    listed(&ADDRESSES, name)
}

fn listed(list: &[&str], name: &str) -> bool {
    // Asked for every member of every call.
    let small = || name.bytes().map(|byte| byte.to_ascii_lowercase());
    list.binary_search_by(|known| known.bytes().cmp(small())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_members_are_sorted() {
        assert!(MEMBERS.is_sorted() && IDS.is_sorted() && ADDRESSES.is_sorted());
    }
}
