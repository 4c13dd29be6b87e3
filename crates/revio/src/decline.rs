//! The gateway's codes for a refused payment, and what they mean.

use recurring_core::DeclineReason;

/// What the codes for a refused payment mean.
///
/// A time-out is not among them on purpose: what timed out may still go through, see [`is_open`].
// Assumption(re-enter-transaction): it means that the customer must authenticate.
const DECLINES: [(&str, DeclineReason); 45] = [
    ("insufficient_funds", DeclineReason::InsufficientFunds),
    ("expired_card", DeclineReason::ExpiredCard),
    ("invalid_recurring_token", DeclineReason::InvalidCredential),
    ("recurring_token_expired", DeclineReason::InvalidCredential),
    ("restricted_card", DeclineReason::InvalidCredential),
    ("invalid_card_number", DeclineReason::InvalidCredential),
    ("invalid_card_data", DeclineReason::InvalidCredential),
    ("invalid_expires", DeclineReason::InvalidCredential),
    ("invalid_issuer_number", DeclineReason::InvalidCredential),
    ("transaction_not_supported_or_not_valid_for_card", DeclineReason::InvalidCredential),
    ("lost_card", DeclineReason::StolenOrLost),
    ("stolen_card", DeclineReason::StolenOrLost),
    ("3ds_authentication_failed", DeclineReason::AuthenticationRequired),
    ("timeout_3ds_enrollment_check", DeclineReason::AuthenticationRequired),
    ("re_enter_transaction", DeclineReason::AuthenticationRequired),
    ("exceeds_withdrawal_limit", DeclineReason::Limit),
    ("exceeds_frequency_limit", DeclineReason::Limit),
    ("exceeded_account_limit", DeclineReason::Limit),
    ("exceeded_terminal_limit", DeclineReason::Limit),
    ("issuer_not_available", DeclineReason::ProcessorError),
    ("soft_decline_contact_support", DeclineReason::ProcessorError),
    ("acquirer_connection_error", DeclineReason::ProcessorError),
    ("acquirer_internal_error", DeclineReason::ProcessorError),
    ("do_not_honour", DeclineReason::DoNotHonour),
    ("authorization_failed", DeclineReason::DoNotHonour),
    ("payment_rejected_other_reason", DeclineReason::DoNotHonour),
    ("transaction_not_permitted_to_cardholder", DeclineReason::DoNotHonour),
    ("security_violation", DeclineReason::DoNotHonour),
    ("decline_irregular_transaction_pattern", DeclineReason::DoNotHonour),
    ("suspected_fraud", DeclineReason::SuspectedFraud),
    ("antifraud_general", DeclineReason::SuspectedFraud),
    ("blacklisted_tx", DeclineReason::SuspectedFraud),
    ("blacklisted_tx_issuing_country", DeclineReason::SuspectedFraud),
    ("blacklisted_tx_risk_score", DeclineReason::SuspectedFraud),
    ("no_matching_terminal", DeclineReason::Setup),
    ("transaction_not_permitted_on_terminal", DeclineReason::Setup),
    ("acquirer_configuration_error", DeclineReason::Setup),
    ("acquirer_routing_error", DeclineReason::Setup),
    ("acquirer_error_cs", DeclineReason::Setup),
    ("s2s_not_supported", DeclineReason::Setup),
    ("unknown_payment_method", DeclineReason::Setup),
    ("payment_method_details_missing", DeclineReason::Setup),
    ("invalid_amount", DeclineReason::Setup),
    ("partial_forbidden", DeclineReason::Setup),
    ("exceeded_acquirer_refund_amount", DeclineReason::Setup),
];

/// What the codes of the platform's own validation of the card begin with.
const VALIDATION: &str = "validation_";

/// Codes after which the money may have moved.
// Assumption(open-codes): so may it after `general_transaction_error`, which gives no reason, and every fault of the
// acquirer.
const OPEN: [&str; 6] = [
    "timeout",
    "timeout_acquirer_status_check",
    "merchant_response_timeout",
    "reconcile_error",
    "purchase_already_paid_for",
    "general_transaction_error",
];

/// Whether a code leaves open whether the money moved: it is not a decline.
pub(crate) fn is_open(code: &str) -> bool {
    OPEN.contains(&code) || code.starts_with("acquirer_")
}

/// What a code for a refused payment means; `Other` for one that is not known.
pub(crate) fn decline_reason(code: &str) -> DeclineReason {
    match DECLINES.iter().find(|(known, _)| *known == code) {
        Some((_, reason)) => *reason,
        None if code.starts_with(VALIDATION) => DeclineReason::Setup,
        None => DeclineReason::Other,
    }
}

/// Returns every code for a refused payment that is known, and what it means. For documentation, from the mapping
/// itself.
pub fn documented_declines() -> Vec<(String, DeclineReason)> {
    DECLINES.iter().map(|(code, reason)| ((*code).to_owned(), *reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes that another brand of the same platform documents, by what they mean.
    const DOCUMENTED: [(&[&str], &[DeclineReason]); 8] = [
        (
            &[
                "timeout",
                "timeout_acquirer_status_check",
                "merchant_response_timeout",
                "reconcile_error",
                "purchase_already_paid_for",
                "general_transaction_error",
            ],
            &[DeclineReason::Other],
        ),
        (
            &[
                "recurring_token_expired",
                "expired_card",
                "lost_card",
                "stolen_card",
                "restricted_card",
                "invalid_card_number",
                "invalid_card_data",
                "invalid_expires",
                "invalid_issuer_number",
                "transaction_not_supported_or_not_valid_for_card",
            ],
            &[DeclineReason::InvalidCredential, DeclineReason::ExpiredCard, DeclineReason::StolenOrLost],
        ),
        (
            &["3ds_authentication_failed", "timeout_3ds_enrollment_check", "re_enter_transaction"],
            &[DeclineReason::AuthenticationRequired],
        ),
        (
            &[
                "insufficient_funds",
                "exceeds_withdrawal_limit",
                "exceeds_frequency_limit",
                "exceeded_account_limit",
                "exceeded_terminal_limit",
                "issuer_not_available",
                "soft_decline_contact_support",
                "acquirer_connection_error",
                "acquirer_internal_error",
            ],
            &[DeclineReason::InsufficientFunds, DeclineReason::Limit, DeclineReason::ProcessorError],
        ),
        (
            &[
                "do_not_honour",
                "authorization_failed",
                "payment_rejected_other_reason",
                "transaction_not_permitted_to_cardholder",
                "security_violation",
                "decline_irregular_transaction_pattern",
            ],
            &[DeclineReason::DoNotHonour],
        ),
        (
            &[
                "suspected_fraud",
                "antifraud_general",
                "blacklisted_tx",
                "blacklisted_tx_issuing_country",
                "blacklisted_tx_risk_score",
            ],
            &[DeclineReason::SuspectedFraud],
        ),
        (
            &[
                "no_matching_terminal",
                "transaction_not_permitted_on_terminal",
                "acquirer_configuration_error",
                "acquirer_routing_error",
                "acquirer_error_cs",
                "s2s_not_supported",
                "unknown_payment_method",
                "payment_method_details_missing",
                "invalid_amount",
                "partial_forbidden",
                "exceeded_acquirer_refund_amount",
            ],
            &[DeclineReason::Setup],
        ),
        (
            &[
                "validation_card_details_missing",
                "validation_card_number_invalid",
                "validation_card_number_not_provided",
                "validation_card_number_too_long",
                "validation_cardholder_name_invalid",
                "validation_cardholder_name_not_provided",
                "validation_cardholder_name_too_long",
                "validation_cvc_invalid",
                "validation_cvc_not_provided",
                "validation_cvc_too_long",
                "validation_expires_invalid",
                "validation_expires_not_provided",
                "validation_expires_too_long",
            ],
            &[DeclineReason::Setup],
        ),
    ];

    #[test]
    fn documented_code_is_a_reason_or_open() {
        let mut seen = std::collections::BTreeSet::new();
        for (codes, reasons) in DOCUMENTED {
            for code in codes {
                assert!(seen.insert(code), "{code} is listed twice");
                let (reason, open) = (decline_reason(code), is_open(code));
                assert!(reasons.contains(&reason), "{code} is {reason:?}");
                // Nothing is both without a reason and final.
                assert!(open || reason != DeclineReason::Other, "{code}");
                assert_eq!(
                    open,
                    reasons == [DeclineReason::Other] || code.starts_with("acquirer_"),
                    "{code}"
                );
            }
        }
        assert_eq!(seen.len(), 63);
    }

    #[test]
    fn every_code_for_a_refused_payment() {
        use DeclineReason as Reason;
        for (code, reason) in [
            ("insufficient_funds", Reason::InsufficientFunds),
            ("expired_card", Reason::ExpiredCard),
            ("invalid_recurring_token", Reason::InvalidCredential),
            ("do_not_honour", Reason::DoNotHonour),
            ("stolen_card", Reason::StolenOrLost),
            ("3ds_authentication_failed", Reason::AuthenticationRequired),
            ("exceeds_withdrawal_limit", Reason::Limit),
            ("issuer_not_available", Reason::ProcessorError),
            ("suspected_fraud", Reason::SuspectedFraud),
            ("no_matching_terminal", Reason::Setup),
            ("validation_cvc_not_provided", Reason::Setup),
            ("timeout", Reason::Other),
            ("timeout_acquirer_status_check", Reason::Other),
            ("purchase_charge_error", Reason::Other),
            ("INSUFFICIENT_FUNDS", Reason::Other),
            ("", Reason::Other),
        ] {
            assert_eq!(decline_reason(code), reason, "{code}");
        }
        let documented = documented_declines();
        assert_eq!(documented.len(), DECLINES.len());
        let codes: std::collections::BTreeSet<_> = documented.iter().map(|(code, _)| code).collect();
        assert_eq!(codes.len(), DECLINES.len(), "no code is listed twice");
        assert!(documented.iter().all(|(_, reason)| *reason != Reason::Other));
    }

    #[test]
    fn code_after_which_money_may_have_moved_is_open() {
        for code in OPEN.iter().chain(&["acquirer_connection_error", "acquirer_of_tomorrow"]) {
            assert!(is_open(code), "{code}");
        }
        for code in ["insufficient_funds", "do_not_honour", "timeout_3ds_enrollment_check", "TIMEOUT", ""] {
            assert!(!is_open(code), "{code}");
        }
    }
}
