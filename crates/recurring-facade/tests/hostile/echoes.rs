//! The table of what a reply repeats of its request.

/// Name of the operation, members that must be there and agree, and members that must agree where they are.
///
/// The members of the example are replaced at their first place. An operation without a row is answered by nothing that
/// was sent: a list, an empty answer, or only what the gateway itself made up.
type Echo = (&'static str, &'static [&'static str], &'static [&'static str]);

const ECHOES: &[Echo] = &[
    ("tokenpay-signed recurring", &["amount", "currency", "merchantReference"], &["merchantId"]),
    ("tokenpay-signed sale", &["amount", "currency", "merchantReference"], &["merchantId"]),
    ("tokenpay-signed void_order", &["id"], &[]),
    ("tokenpay-signed refund_order", &["currency", "merchantReference"], &["amount"]),
    ("tokenpay-signed query_order", &["merchantReference"], &[]),
    ("tokenpay-signed query_token", &[], &["userId"]),
    ("revio create_client", &[], &["email"]),
    ("revio update_client", &["id"], &["email"]),
    ("revio get_client", &["id"], &[]),
    ("revio change_client", &["id"], &[]),
    ("revio delete_purchase_recurring_token", &["id"], &[]),
    ("revio get_purchase", &["id"], &[]),
    ("revio charge_purchase", &["id", "currency", "total"], &["amount"]),
    ("revio capture_purchase", &["id"], &["amount", "total"]),
    ("revio release_purchase", &["id"], &[]),
    ("revio cancel_purchase", &["id"], &[]),
    ("revio refund_purchase", &["id", "amount", "currency"], &[]),
    ("revio create_purchase", &[], &["total", "client_id"]),
    ("ngenius capture_payment", &["amount", "currencyCode"], &["reference", "orderReference"]),
    ("ngenius void_payment", &[], &["reference", "orderReference"]),
    ("ngenius refund_payment", &["currencyCode"], &["reference", "orderReference"]),
    ("ngenius pay_with_saved_card", &["value", "currencyCode"], &["reference", "orderReference"]),
    ("emspay create_order first", &[], &["amount", "currency", "merchant_order_id"]),
    ("emspay create_order recurring", &[], &["amount", "currency", "merchant_order_id"]),
    ("emspay cancel_order", &[], &["amount", "currency"]),
    ("emspay get_order", &[], &["amount", "currency"]),
    ("emspay refund_order", &[], &["amount", "currency"]),
    ("emspay update_order", &["id"], &["amount", "merchant_order_id", "description"]),
    ("omno get_payment", &["id"], &[]),
];

/// The members of the good reply of an operation that must be there, and those that must agree.
pub(crate) fn echoes(operation: &str) -> (&'static [&'static str], &'static [&'static str]) {
    ECHOES
        .iter()
        .find(|(name, ..)| *name == operation)
        .map_or((&[], &[]), |(_, required, compared)| (*required, *compared))
}
